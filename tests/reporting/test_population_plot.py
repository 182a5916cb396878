"""The population of a genetic algorithm, generation by generation."""

import numpy as np
import pytest
from example_studies import completed, study_of

from tfhpo.errors import ArgumentError
from tfhpo.reporting import plot_population, population_data
from tfhpo.study import Event

GENETIC = {"strategy": "genetic"}
TRIALS = [completed(number, 0.1 * number) for number in range(4)]
EVENTS = [
    Event(0, 2, "generation", {"number": 1, "members": [1, 0], "scores": [-0.1, 0.0]}),
    Event(1, 4, "generation", {"number": 2, "members": [3, 2], "scores": [-0.3, -0.2]}),
]


def test_scores_are_those_of_the_objective():
    data = population_data(study_of(TRIALS, events=EVENTS, settings=GENETIC))
    assert [one.trials for one in data.generations] == [2, 4]
    assert data.generations[1].scores == pytest.approx((0.3, 0.2))
    data = population_data(study_of(TRIALS, direction="min", events=EVENTS, settings=GENETIC))
    assert data.generations[1].scores == pytest.approx((-0.3, -0.2))


def test_the_picture_shows_the_data(tmp_path):
    data = population_data(study_of(TRIALS, events=EVENTS, settings=GENETIC))
    figure = plot_population(data, tmp_path / "population.png")
    members, medians, best = figure.axes[0].get_lines()
    np.testing.assert_allclose(members.get_ydata(), [0.1, 0.0, 0.3, 0.2], atol=1e-12)
    np.testing.assert_allclose(medians.get_ydata(), [0.05, 0.25])
    np.testing.assert_allclose(best.get_ydata(), [0.1, 0.3])
    assert (tmp_path / "population.png").read_bytes().startswith(b"\x89PNG")


def test_before_the_first_generation_there_is_nothing_to_draw():
    figure = plot_population(population_data(study_of([], settings=GENETIC)))
    assert figure.axes[0].get_title() == "no generation yet"


def test_other_strategies_have_no_population():
    with pytest.raises(ArgumentError, match="'elastic-grid'"):
        population_data(study_of(TRIALS))
