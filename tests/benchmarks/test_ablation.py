"""The ablation: every variant is what it says while it searches, and nothing of it stays."""

import numpy as np
import pytest

from benchmarks import ablation
from benchmarks.ablation import VARIANTS, Variant, contenders, markdown, varied
from benchmarks.problems import problem
from benchmarks.regret import Run, curve
from tfhpo.strategies import TPE, tpe

RUN = Run("tpe", "waves", 0)
TWO_STARTS = "bayesian, fits from two starts"
ALL = [(engine, variant) for engine, variants in VARIANTS.items() for variant in variants]


@pytest.mark.parametrize(("engine", "variant"), ALL)
def test_every_variant_searches(engine, variant):
    rivals = contenders(engine, [variant])
    regrets = curve(Run(f"{engine}, {variant}", "network", 1), 12, rivals)
    assert np.isfinite(regrets).all()


def test_a_fit_from_two_starts_has_them(monkeypatch):
    starts = []
    # The two that it chooses from, whatever it finds.
    monkeypatch.setattr(
        ablation, "most_probable", lambda *arguments: starts.append(arguments[3]) or arguments[3][0]
    )
    curve(RUN, 8, {"tpe": contenders("bayesian", ["fits from two starts"])[TWO_STARTS]})
    assert [len(each) for each in starts] == [2] * len(starts)
    assert starts


def test_branches_call_for_points_where_there_are_any():
    rivals = contenders("bayesian", ["without branches", "every fourth point in a branch"])
    curves = {
        name: [list(curve(Run(rival, name, 0), 30, rivals)) for rival in rivals]
        for name in ("waves", "optimizer")
    }
    as_it_is, without, rarer = curves["waves"]
    assert as_it_is == without == rarer
    as_it_is, without, rarer = curves["optimizer"]
    assert as_it_is != without != rarer != as_it_is


def test_what_a_variant_replaces_is_put_back():
    seen = []
    variant = Variant({"num_candidates": 7}, {"strategies.tpe._SPREAD": 0.5})

    class Watched(TPE):
        def _propose(self):
            seen.append((self.num_candidates, tpe._SPREAD))
            return super()._propose()

    before = tpe._SPREAD
    list(varied(Watched, variant, problem("waves"), 0, 3, np.random.default_rng(0)))
    assert seen == [(7, 0.5)] * 3
    assert before == tpe._SPREAD != 0.5


def test_a_name_that_is_not_there_is_no_variant():
    variant = Variant(replaced={"strategies.tpe._GONE": 1.0})
    with pytest.raises(AttributeError, match="_GONE"):
        list(varied(TPE, variant, problem("waves"), 0, 1, np.random.default_rng(0)))


def test_the_engine_as_it_is_is_a_variant_that_changes_nothing():
    rivals = contenders("tpe", []) | {"same": contenders("tpe", ["bandwidth 2"])["tpe"]}
    assert np.array_equal(curve(RUN, 15, rivals), curve(RUN._replace(contender="same"), 15, rivals))
    assert not np.array_equal(
        curve(RUN, 15, rivals),
        curve(Run("tpe, bandwidth 2", "waves", 0), 15, contenders("tpe", ["bandwidth 2"])),
    )


def test_the_table_tells_paired_differences_on_chosen_and_held_out_problems():
    curves = {}
    for seed, base in enumerate([0.1, 0.5]):
        for name, extra in (("waves", 0.0), ("ridge", 0.2)):
            curves[Run("tpe", name, seed)] = np.full(20, base)
            curves[Run("tpe, x", name, seed)] = np.full(20, base + extra + 0.01 * seed)
    *_, own, other = markdown(curves, ["waves", "ridge"], ["tpe", "tpe, x"], [20]).splitlines()
    assert own == "| as it is | 0.300 ± 0.200 |  |  |"
    # The seeds differ by much, their differences by little.
    assert other == "| x | 0.405 ± 0.205 | +0.005 ± 0.005 | +0.205 ± 0.005 |"


def test_an_unknown_variant_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ablation", "--variants", "bandwith 2"])
    with pytest.raises(SystemExit):
        ablation.main()
    assert "bandwith 2" in capsys.readouterr().err
