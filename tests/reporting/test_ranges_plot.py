"""The ranges of the elastic grid, as data and as a picture."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_studies import SPACE, completed, elastic_study, study_of

from tfhpo.errors import ArgumentError
from tfhpo.reporting import plot_ranges, ranges_data
from tfhpo.space import Condition, FloatRange, Levels, Parameter, Space
from tfhpo.strategies import ElasticGrid


@pytest.fixture(scope="module")
def study():
    return elastic_study(40)


def closed(study):
    """What the search recorded of the rounds that have ended."""
    return [event for event in study.events if event.kind == "round"]


def test_rounds_follow_one_another_from_the_first_trial_to_the_last(study):
    for parameter in ranges_data(study).parameters:
        ends = [one.end for one in parameter.rounds]
        assert [one.first for one in parameter.rounds] == [0, *ends[:-1]]
        assert ends == sorted(set(ends))
        assert ends[-1] == len(study.trials) > ends[-2] == closed(study)[-1].after_trial
        assert len(parameter.rounds) == len(closed(study)) + 1 > 3
        assert [one.kept for one in parameter.rounds][-2:] == [closed(study)[-1].data["kept"], None]


def test_the_first_round_searches_everything(study):
    data = ranges_data(study)
    first = {parameter.name: parameter.rounds[0] for parameter in data.parameters}
    assert (first["rate"].low, first["rate"].high) == pytest.approx((1e-4, 1e-1))
    assert set(first["optimizer"].active) == {"adam", "sgd", "nadam"}
    assert first["units"].active == (128, 256, 512)
    assert first["rate"].active is None
    assert first["dropout"].active is None


def test_ranges_are_those_that_the_strategy_recorded(study):
    data = ranges_data(study)
    for column, parameter in enumerate(data.parameters):
        for event, one in zip(closed(study), parameter.rounds[:-1], strict=True):
            told = event.data["columns"][column]
            assert (one.low, one.high) == (told["low_value"], told["high_value"])
            assert one.kept == event.data["kept"]
        told = study.events[-1].data["columns"][column]
        assert study.events[-1].kind == "opening"
        assert (parameter.rounds[-1].low, parameter.rounds[-1].high) == (
            told["low_value"],
            told["high_value"],
        )
    assert len({(one.low, one.high) for one in data.parameters[2].rounds}) > 1


def test_axes_know_their_scale_and_choices(study):
    about = {p.name: (p.choices, p.low, p.high, p.scale) for p in ranges_data(study).parameters}
    assert about["rate"] == (None, 1e-4, 1e-1, "log")
    assert about["momentum"] == (None, 0.5, 0.99, "reverse_log")
    assert about["units"] == ((128, 256, 512), None, None, "linear")
    assert about["dropout"][1:] == (0.1, 0.3, "linear")


def test_trials_are_told_where_they_were_active(study):
    data = ranges_data(study)
    decay = data.parameters[5]
    assert set(decay.values) == {t.number for t in study.trials if "decay" in t.values}
    assert 0 < len(decay.values) < len(study.trials)
    assert data.best == study.best()[0].number
    assert data.failed == {t.number for t in study.trials if t.score is None}


def test_one_name_under_two_conditions_is_two_parameters():
    space = Space(
        [
            *SPACE.parameters,
            Parameter("nesterov", Levels((True, False)), (Condition("optimizer", ("sgd",)),)),
            Parameter("nesterov", FloatRange(0, 1), (Condition("optimizer", ("nadam",)),)),
        ]
    )
    study = elastic_study(20, space=space)
    data = ranges_data(study)
    first, second = data.parameters[-2:]
    assert first.name == "nesterov (optimizer in ['sgd'])"
    assert second.name == "nesterov (optimizer in ['nadam'])"
    optimizers = {trial.number: trial.values["optimizer"] for trial in study.trials}
    assert {optimizers[number] for number in first.values} == {"sgd"}
    assert {optimizers[number] for number in second.values} == {"nadam"}


def test_a_parameter_that_came_later_has_no_earlier_rounds(study):
    grown = Space([*SPACE.parameters, Parameter("late", FloatRange(0, 1))])
    data = ranges_data(study_of(study.trials, events=closed(study), space=grown))
    assert data.parameters[-1].rounds == ()
    plot_ranges(data)


def test_a_trial_outside_of_the_space_has_no_place(study):
    stray = completed(len(study.trials), 9.0, units=7)
    data = ranges_data(study_of([*study.trials, stray], events=study.events))
    assert stray.number not in data.parameters[0].values
    assert data.best == stray.number
    plot_ranges(data)


def changed(*parameters):
    """The space of the examples with these parameters in the place of those of their names."""
    by_name = {parameter.name: parameter for parameter in parameters}
    return Space([by_name.get(parameter.name, parameter) for parameter in SPACE.parameters])


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("units", Levels((64, 128, 256), ordered=True)),
        Parameter("units", Levels((512, 128, 256))),
        Parameter("optimizer", Levels(("adam", "sgd"))),
        Parameter("optimizer", FloatRange(0.0, 1.0)),
        Parameter("rate", FloatRange(1e-3, 1e-2, "log")),
        Parameter("rate", Levels((1e-4, 1e-1))),
    ],
)
def test_a_round_is_shown_only_where_the_changed_space_holds_its_values(study, parameter):
    """What `extend=True` leaves behind: rounds of the space before, trials of both."""
    space = changed(parameter)
    data = ranges_data(study_of(study.trials, events=study.events, space=space))
    column = space.names.index(parameter.name)
    before = ranges_data(study).parameters[column].rounds
    after = data.parameters[column].rounds
    assert set(after) < set(before)
    for one in after:
        for value in (one.low, one.high, *(one.active or ())):
            parameter.domain.to_unit(value)
    # The first round searched everything, which is more than there is now.
    assert not any(one.first == 0 for one in after)
    assert data.parameters[3].rounds == ranges_data(study).parameters[3].rounds
    plot_ranges(data)


def test_a_range_is_found_by_its_name_where_columns_moved(study):
    moved = Space([*SPACE.parameters[1:4], SPACE.parameters[0], *SPACE.parameters[4:]])
    data = ranges_data(study_of(study.trials, events=study.events, space=moved))
    before = {one.name: one.rounds for one in ranges_data(study).parameters}
    assert {one.name: one.rounds for one in data.parameters} == before


def test_a_replaced_parameter_does_not_take_the_range_of_the_former(study):
    other = Parameter("warmup", FloatRange(0.0, 1.0))
    space = Space([SPACE.parameters[0], other, *SPACE.parameters[2:]])
    data = ranges_data(study_of(study.trials, events=study.events, space=space))
    assert [(one.kept, one.low, one.high) for one in data.parameters[1].rounds] == [(None, 0, 1)]
    assert data.parameters[0].rounds == ranges_data(study).parameters[0].rounds
    plot_ranges(data)


def test_a_study_of_another_strategy_is_refused():
    with pytest.raises(ArgumentError, match="a study of the strategy 'random'"):
        ranges_data(study_of([completed(0, 1.0)], settings={"strategy": "random"}))


def test_a_young_search_has_its_first_round_open_over_everything():
    young = elastic_study(3)
    assert [event.kind for event in young.events] == ["opening"]
    data = ranges_data(young)
    assert [(one.first, one.end, one.kept) for one in data.parameters[0].rounds] == [(0, 3, None)]
    first = {parameter.name: parameter.rounds[0] for parameter in data.parameters}
    assert (first["rate"].low, first["rate"].high) == pytest.approx((1e-4, 1e-1))
    assert first["optimizer"].active == ("adam", "sgd", "nadam")
    assert first["units"].active == (128, 256, 512)
    assert set(data.parameters[0].values) == {0, 1, 2}
    figure = plot_ranges(data)
    # The band, scored trials, failed trials, and the star.
    assert len(figure.axes[2].collections) == 4
    assert "range, open" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_search_without_any_trial_has_a_picture():
    plot_ranges(ranges_data(study_of([], settings={"strategy": ElasticGrid.name})))


def test_the_open_round_of_a_strategy_that_was_replaced_is_not_shown(study):
    events, settings = study.events, {"strategy": "random"}
    data = ranges_data(study_of(study.trials, events=events, settings=settings))
    assert [one.kept for one in data.parameters[0].rounds] == [
        event.data["kept"] for event in closed(study)
    ]


def test_a_parameter_of_the_open_round_alone_is_searched_as_a_whole(study):
    grown = Space([*SPACE.parameters, Parameter("late", FloatRange(0.5, 2.0))])
    data = ranges_data(study_of(study.trials, events=study.events, space=grown))
    (late,) = data.parameters[-1].rounds
    assert (late.low, late.high, late.kept) == (0.5, 2.0, None)


def test_a_round_that_has_just_opened_has_no_band(study):
    last = closed(study)[-1].after_trial
    data = ranges_data(study_of(study.trials[:last], events=study.events))
    assert data.parameters[0].rounds[-1].end == last
    assert data.parameters[0].rounds[-1].kept is not None
    legend = plot_ranges(data).legends[0].get_texts()
    assert "range, open" not in [text.get_text() for text in legend]


@pytest.mark.parametrize("direction", ["min", "max"])
def test_the_picture_has_a_panel_for_each_parameter(direction, tmp_path):
    data = ranges_data(elastic_study(30, direction=direction))
    path = tmp_path / "new" / "ranges.png"
    figure = plot_ranges(data, path)
    panels = figure.axes[: len(data.parameters)]
    assert [axes.get_title(loc="left") for axes in panels] == [p.name for p in data.parameters]
    assert panels[2].get_yscale() == "log"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_bands_and_cells_are_drawn_for_every_round(study):
    data = ranges_data(study)
    panels = plot_ranges(data).axes
    optimizer = data.parameters[4]
    cells = sum(len(one.active) for one in optimizer.rounds)
    # Beside the cells: scored trials, failed trials, and the star.
    assert len(panels[4].collections) == cells + 3
    assert len(panels[2].collections) == len(data.parameters[2].rounds) + 3


def test_drawing_touches_no_global_state():
    """Neither pyplot nor a window system; importing alone does not even load matplotlib."""
    code = """
import sys
import tfhpo.reporting
assert "matplotlib" not in sys.modules
from example_studies import elastic_study
tfhpo.reporting.plot_ranges(tfhpo.reporting.ranges_data(elastic_study(15)))
assert "matplotlib.pyplot" not in sys.modules
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"PYTHONPATH": os.pathsep.join([str(here.parents[1]), str(here)])},
    )
