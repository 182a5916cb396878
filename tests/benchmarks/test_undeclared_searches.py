"""The benchmark of undeclared conditions: the same problem, of which the search knows less."""

import numpy as np

from benchmarks.problems import problem
from benchmarks.regret import Run, curve
from benchmarks.undeclared import CONTENDERS, markdown


def trials(title, name, number, seed=0):
    noise = np.random.default_rng(0)
    return list(CONTENDERS[title](problem(name), seed, number, noise))


def test_without_conditions_nothing_differs():
    for title in CONTENDERS:
        assert trials(title, "waves", 12) == trials(title.partition(",")[0], "waves", 12)


def test_the_problem_sees_what_the_conditions_let_count():
    for title in CONTENDERS:
        for values, _ in trials(title, "optimizer", 12):
            space = problem("optimizer").space
            assert set(space.decode(*space.encode(values))) == set(values)


def test_what_is_learnt_changes_the_search():
    learnt, ignored = (
        trials(f"bayesian, undeclared{rest}", "optimizer", 25) for rest in ("", " and not learnt")
    )
    assert learnt[:5] == ignored[:5]
    assert learnt != ignored


def test_the_table_has_a_row_for_each_search():
    names = ["optimizer"]
    curves = {
        Run(title, "optimizer", seed): np.full(50, 0.5 - 0.1 * seed)
        for title in CONTENDERS
        for seed in range(2)
    }
    lines = markdown(curves, names).splitlines()
    assert len(lines) == 2 + len(CONTENDERS)
    assert lines[3] == (
        "| bayesian, undeclared | 0.450 ± 0.050 | +0.000 ± 0.000 | 0.450 ± 0.050 | +0.000 ± 0.000 |"
    )
    assert curve(Run("tpe", "optimizer", 0), 5, CONTENDERS).shape == (5,)
