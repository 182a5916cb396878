"""What every strategy must do: one list of checks, run over a table of strategies.

A check takes a `Contender` and fails by an assertion. `CHECKS` holds them all; the table, and how a
new strategy joins it, is in test_conformance.py.

The checks drive a strategy through `Search`, a small stand-in for an oracle, which knows the
trials by their values alone. It notices on its own when a strategy repeats a trial or waits for
nothing, so every check watches for that too.

A strategy of many fidelities searches the same spaces with a fidelity before their columns. Where
others try all configurations of a space, it tries each at one rung at least.
"""

import copy
import json
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from example_spaces import FINITE, cnn, finite_spaces, flat, nested, single, spaces, when
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Space, Steps
from tfhpo.strategies import Outcome, Result, Strategy, Suggestion

CHECKS = []


@dataclass(frozen=True)
class Contender:
    """A strategy under test.

    Attributes:
        make: The strategy's class, or a function of the same arguments.
        random: Whether another seed means another search.
        fidelity: The parameter that says how much a trial is given, for a strategy that needs one.
        options: Further arguments of `make`.
    """

    make: Callable[..., Strategy]
    random: bool = True
    fidelity: Parameter | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def dressed(self, space: Space) -> Space:
        """Returns the space with the fidelity before its columns."""
        return Space([self.fidelity, *space.parameters]) if self.fidelity else space

    def new(self, space: Space, seed: int, **options: Any) -> Strategy:
        """Returns a strategy for a dressed space."""
        if self.fidelity:
            options["fidelity"] = self.fidelity.name
        return self.make(space, np.random.default_rng(seed), **self.options, **options)

    def search(self, space: Space, seed: int = 0, **options: Any) -> "Search":
        strategy = self.new(self.dressed(space), seed, **options)
        return Search(strategy, fidelity=self.fidelity.name if self.fidelity else None)


def check(function: Callable[[Contender], None]) -> Callable[[Contender], None]:
    CHECKS.append(function)
    return function


def loss(values: dict[str, Any]) -> float:
    """A smooth function of the numbers among the values, with a step for each choice."""
    numbers = [
        math.log1p(abs(float(v))) if not isinstance(v, str) else len(v) for v in values.values()
    ]
    return sum((number - 0.7) ** 2 for number in numbers)


def sometimes_failing(values: dict[str, Any]) -> float:
    """The same, where about a quarter of all trials fail."""
    return math.nan if random.Random(repr(values)).random() < 0.25 else loss(values)


def everything(values: dict[str, Any]) -> dict[str, Any]:
    """What a build reads that reads all active parameters."""
    return values


@dataclass
class Search:
    """Runs a strategy as an oracle does, and watches that no trial is repeated.

    Attributes:
        strategy: What is under test.
        read: Which of its values a trial really reads.
        used: Key to the values that the trial used: all suggested ones while it is pending.
        fidelity: The name of the parameter that is no part of a configuration, if there is one.
    """

    strategy: Strategy
    read: Callable[[dict[str, Any]], dict[str, Any]] = everything
    used: dict[int, dict[str, Any]] = field(default_factory=dict)
    fidelity: str | None = None

    @property
    def space(self) -> Space:
        return self.strategy.space

    def ask(self, n: int = 1) -> list[Suggestion]:
        suggestions = self.strategy.suggest(n)
        assert len(suggestions) <= n
        for suggestion in suggestions:
            self._take(suggestion)
        return suggestions

    def _take(self, suggestion: Suggestion) -> None:
        assert suggestion.key == len(self.used)
        values = self.space.decode(suggestion.point.x, suggestion.point.active)
        assert not self.repeats(values), f"{values} repeats a trial"
        self.used[suggestion.key] = values

    def repeats(self, values: dict[str, Any]) -> bool:
        """Whether the values agree with everything that some trial used."""
        return any(used.items() <= values.items() for used in self.used.values())

    def configurations(self) -> list[dict[str, Any]]:
        """The different configurations that were tried: the used values without the fidelity."""
        found: list[dict[str, Any]] = []
        for values in self.used.values():
            configuration = {k: v for k, v in values.items() if k != self.fidelity}
            if configuration not in found:
                found.append(configuration)
        return found

    def tell(
        self, suggestion: Suggestion, score: float | None = None, pruned: bool = False
    ) -> None:
        """Runs a trial and tells its result, or the given one."""
        values = self.read(self.used[suggestion.key])
        self.used[suggestion.key] = values
        told = loss(values) if score is None else score
        point = self._kept(suggestion.point, self.space.encode(values))
        self.strategy.observe([Result(suggestion.key, point, told, pruned)])

    @staticmethod
    def _kept(suggested: Point, told: Point) -> Point:
        # Decoding and encoding may move a place by a rounding; the suggested one holds.
        x = told.x.copy()
        common = np.flatnonzero(suggested.active & told.active[: len(suggested.active)])
        x[common] = suggested.x[common]
        return Point(x, told.active)

    def run(
        self, trials: int, n: int = 1, score: Callable[[dict[str, Any]], float] | None = None
    ) -> list[Suggestion]:
        """Runs up to so many trials, `n` at a time, and returns their suggestions."""
        done: list[Suggestion] = []
        while len(done) < trials:
            batch = self.ask(min(n, trials - len(done)))
            for suggestion in batch:
                values = self.used[suggestion.key]
                self.tell(suggestion, *([] if score is None else [score(values)]))
            done += batch
            if not batch:
                assert self.strategy.finished, "it waits, but nothing is pending"
                break
        return done

    def run_out(self, n: int = 1) -> None:
        """Runs a finite space until the strategy finishes, and checks that all of it was seen."""
        size = self.space.size
        assert size is not None
        self.run(size + len(self.used) + 1, n)
        assert self.strategy.finished
        assert self.ask(3) == []
        seen = self.configurations()
        for point in self.space.lattice(2):
            values = self.space.decode(point.x).items()
            assert any(one.items() <= values for one in seen), "a configuration was left out"

    def saved(self) -> tuple[str, list[Any]]:
        """All that an oracle keeps of the strategy, as text."""
        history = self.strategy.history
        return json.dumps(self.strategy.state()), [
            history.entry(key) for key in range(len(history))
        ]

    def restored_by(self, contender: Contender, **options: Any) -> "Search":
        """Returns the same search with another instance, restored from what was saved."""
        state, entries = self.saved()
        other = contender.new(self.space, 999, **options)
        other.restore(json.loads(state), entries)
        return Search(other, self.read, dict(self.used), self.fidelity)


def places(suggestions: list[Suggestion]) -> list[Any]:
    return [(s.key, s.point.x.tolist(), s.point.active.tolist()) for s in suggestions]


def go_on_alike(left: Search, right: Search, trials: int = 15) -> None:
    """Checks that two searches make the same suggestions from here on."""
    for _ in range(trials):
        mine, theirs = left.ask(), right.ask()
        assert places(mine) == places(theirs)
        assert left.strategy.finished == right.strategy.finished
        for one, other in zip(mine, theirs, strict=True):
            left.tell(one)
            right.tell(other)
    assert left.strategy.state() == right.strategy.state()


# ---------------------------------------------------------------------- what it suggests


@check
def suggestions_lie_in_the_space(contender: Contender) -> None:
    @settings(max_examples=15)
    @given(spaces())
    def holds(space: Space) -> None:
        search = contender.search(space)
        for suggestion in search.run(25):
            x, active = suggestion.point
            assert x.dtype == np.float64
            assert active.dtype == np.bool_
            assert np.all((x >= 0) & (x <= 1))
            assert np.all(x[~active] == 0)
            assert np.array_equal(search.space.active(x), active)
            again = search.space.point(x)
            assert np.array_equal(again.x, x), "a place is not that of a value"

    holds()


@check
def a_batch_of_sixteen_is_distinct_before_any_result(contender: Contender) -> None:
    search = contender.search(cnn())
    assert len(search.ask(16)) == 16
    assert len(search.strategy.history.pending) == 16


@check
def asking_for_nothing_gives_nothing(contender: Contender) -> None:
    assert contender.search(cnn()).ask(0) == []


@check
def a_point_held_for_someone_else_is_not_suggested(contender: Contender) -> None:
    search = contender.search(flat())
    held = list(search.space.lattice(2))[5]
    search.used[search.strategy.hold(held)] = search.space.decode(held.x)
    assert len(search.ask(30)) == 23
    assert len(search.configurations()) == 24


# ---------------------------------------------------------------------- seeds


@check
def a_seed_repeats_the_search(contender: Contender) -> None:
    for seed in (0, 1):
        first, second = contender.search(cnn(), seed), contender.search(cnn(), seed)
        assert places(first.run(40, n=3)) == places(second.run(40, n=3))


@check
def another_seed_is_another_search(contender: Contender) -> None:
    runs = [places(contender.search(cnn(), seed).run(20)) for seed in (0, 1, 2)]
    assert (runs[0] != runs[1] != runs[2]) == contender.random


@check
def no_other_randomness_is_touched(contender: Contender) -> None:
    before = random.getstate(), copy.deepcopy(np.random.get_state())  # noqa: NPY002
    contender.search(cnn()).run(30)
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    np.testing.assert_equal(after, before)


# ---------------------------------------------------------------------- state


@check
def a_restored_search_goes_on_exactly(contender: Contender) -> None:
    for trials in (0, 1, 7, 31):
        search = contender.search(cnn())
        search.run(trials)
        go_on_alike(search, search.restored_by(contender))


@check
def a_search_restored_anywhere_goes_on_exactly(contender: Contender) -> None:
    @settings(max_examples=15)
    @given(spaces(), st.integers(0, 30), st.integers(0, 5), st.integers(0, 2**32))
    def holds(space: Space, trials: int, pending: int, seed: int) -> None:
        search = contender.search(space, seed)
        search.run(trials, n=2, score=sometimes_failing)
        waiting = search.ask(pending)
        if waiting:
            search.tell(waiting.pop(), math.nan)
        again = search.restored_by(contender)
        go_on_alike(search, again, trials=8)
        for suggestion in waiting:
            search.tell(suggestion)
            again.tell(suggestion)
        go_on_alike(search, again, trials=8)

    holds()


@check
def a_finished_search_stays_finished_when_restored(contender: Contender) -> None:
    search = contender.search(nested())
    search.run_out()
    again = search.restored_by(contender)
    assert again.strategy.finished
    assert again.ask() == []


@check
def a_saved_state_does_not_change_with_the_search(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(5)
    state = search.strategy.state()
    before = copy.deepcopy(state)
    search.run(15)
    assert state == before


@check
def restoring_does_not_tie_two_strategies_together(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(5)
    state, entries = search.strategy.state(), search.saved()[1]
    before = copy.deepcopy(state)
    other = Search(contender.new(search.space, 7), used=dict(search.used))
    other.strategy.restore(state, entries)
    other.run(15)
    assert search.strategy.state() == before == state


@check
def the_state_stays_small(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(300)
    assert len(json.dumps(search.strategy.state())) < 20_000


# ---------------------------------------------------------------------- results


@check
def failures_are_bad_points_and_the_search_goes_on(contender: Contender) -> None:
    search = contender.search(cnn())
    bad = [math.nan, math.inf, -math.inf]
    for number in range(40):
        (suggestion,) = search.ask()
        search.tell(suggestion, bad[number % 3] if number % 2 else None)
    history = search.strategy.history
    assert (len(history.failed), len(history.completed)) == (20, 20)
    assert history.entry(history.best).outcome is Outcome.COMPLETED
    assert np.all(np.isfinite(history.scores[history.completed]))


@check
def a_search_whose_trials_all_fail_goes_on(contender: Contender) -> None:
    search = contender.search(cnn())
    for _ in range(40):
        (suggestion,) = search.ask()
        search.tell(suggestion, math.nan)
    assert search.strategy.history.best is None


@check
def a_finite_space_is_covered_even_if_all_trials_fail(contender: Contender) -> None:
    search = contender.search(nested())
    for _ in range(14):
        (suggestion,) = search.ask()
        search.tell(suggestion, math.inf)
    assert search.ask() == []
    assert search.strategy.finished


@check
def pruned_trials_teach_and_are_never_the_best(contender: Contender) -> None:
    search = contender.search(cnn())
    told: dict[int, float] = {}
    for _ in range(30):
        for suggestion in search.ask():
            score = loss(search.used[suggestion.key])
            pruned = suggestion.key % 3 == 2
            search.tell(suggestion, score, pruned=pruned)
            if not pruned:
                told[suggestion.key] = score
    assert search.strategy.history.best == min(told, key=lambda key: (told[key], key))
    assert search.strategy.recommend() in told
    assert len(search.strategy.history.scored) == 30
    go_on_alike(search, search.restored_by(contender))


@check
def results_may_be_late_and_out_of_order(contender: Contender) -> None:
    search = contender.search(cnn())
    waiting: list[Suggestion] = []
    for number in range(60):
        waiting += search.ask(2)
        if number % 3 != 2:
            search.tell(waiting.pop(number % len(waiting)))
    for suggestion in reversed(waiting):
        search.tell(suggestion)
    assert len(search.strategy.history.pending) == 0
    search.run(20)


@check
def equal_scores_do_no_harm(contender: Contender) -> None:
    search = contender.search(cnn())
    for _ in range(40):
        (suggestion,) = search.ask()
        search.tell(suggestion, 1.0)
    assert search.strategy.history.best == 0


@check
def huge_scores_do_no_harm(contender: Contender) -> None:
    search = contender.search(cnn())
    for number in range(40):
        (suggestion,) = search.ask()
        search.tell(suggestion, (-1.0) ** number * 1e300)
    assert search.strategy.history.best == 1


@check
def a_result_is_told_once_and_for_a_known_key(contender: Contender) -> None:
    search = contender.search(cnn())
    (suggestion,) = search.ask()
    search.tell(suggestion)
    with pytest.raises(ArgumentError, match="told once"):
        search.tell(suggestion)
    for key in (7, -1):
        with pytest.raises(ArgumentError, match=f"Received: {key}"):
            search.strategy.observe([Result(key, suggestion.point, 1.0)])


@check
def a_known_score_can_be_revised(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(12)
    history = search.strategy.history
    search.strategy.revise({7: -1e6, 2: math.nan, 3: 5.0})
    assert history.best == 7
    assert (2 in history.failed, float(history.scores[3])) == (True, 5.0)
    search.strategy.revise({7: math.inf, 2: -1e5})
    assert history.best == 2
    go_on_alike(search, search.restored_by(contender))


@check
def a_search_goes_by_revised_scores_whose_order_is_the_same(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(14)
    waiting = search.ask()
    scores = search.strategy.history.scores
    known = np.flatnonzero(np.isfinite(scores))
    search.strategy.revise({int(key): float(np.exp(3.0 * scores[key])) for key in known})
    again = search.restored_by(contender)
    assert places(search.ask(2)) == places(again.ask(2))
    for suggestion in waiting:
        search.tell(suggestion)
        again.tell(suggestion)
    go_on_alike(search, again)


@check
def a_score_that_is_awaited_cannot_be_revised(contender: Contender) -> None:
    search = contender.search(cnn())
    (suggestion,) = search.ask()
    for key in (suggestion.key, 7):
        with pytest.raises(ArgumentError, match=f"Received: .*{key}"):
            search.strategy.revise({key: 1.0})


# ---------------------------------------------------------------------- finite spaces


@check
def finite_spaces_are_covered_without_repeats(contender: Contender) -> None:
    for space in FINITE.values():
        search = contender.search(space())
        search.run_out()
        assert len(search.configurations()) == space().size


@check
def made_up_finite_spaces_are_covered_without_repeats(contender: Contender) -> None:
    @settings(max_examples=20)
    @given(finite_spaces(), st.integers(0, 9))
    def holds(space: Space, seed: int) -> None:
        search = contender.search(space, seed)
        search.run_out()
        assert len(search.configurations()) == space.size

    holds()


@check
def a_finite_space_is_covered_by_many_workers(contender: Contender) -> None:
    search = contender.search(flat())
    search.run_out(n=5)
    assert len(search.configurations()) == 24


@check
def a_space_of_one_value_gives_one_suggestion(contender: Contender) -> None:
    search = contender.search(single())
    (suggestion,) = search.ask(4)
    configuration = {"only": "x", "fixed": 0.5, "step": 3, "log": 7}
    assert search.configurations() == [configuration]
    search.tell(suggestion)
    search.run_out()
    assert search.configurations() == [configuration]


@check
def a_single_value_beside_others_does_no_harm(contender: Contender) -> None:
    rate = Parameter("rate", FloatRange(0.0, 1.0))
    search = contender.search(Space([*single().parameters, rate]))
    search.run(8)


# ---------------------------------------------------------------------- unread parameters


def shallow(values: dict[str, Any]) -> dict[str, Any]:
    """A build with a plain `if`: kind "a" reads nothing else."""
    return {"kind": "a"} if values["kind"] == "a" else values


@check
def what_a_build_does_not_read_does_not_count_as_tried_or_untried(contender: Contender) -> None:
    search = contender.search(flat())
    search.read = shallow
    search.run_out()
    assert len(search.configurations()) == 1 + 12


@check
def a_rare_way_out_of_unread_parameters_is_found(contender: Contender) -> None:
    # Once "a" ... "s" are known only "t" is left, in which a continuous parameter is read.
    kinds = tuple("abcdefghijklmnopqrst")
    space = Space(
        [
            Parameter("kind", Levels(kinds)),
            *[Parameter(f"rate{i}", FloatRange(0.0, 1.0)) for i in "12"],
        ]
    )
    search = contender.search(space, levels=2) if not contender.random else contender.search(space)
    search.read = lambda values: values if values["kind"] == "t" else {"kind": values["kind"]}
    trials = 23 if not contender.random else 60
    assert len(search.run(trials)) == trials
    assert {values["kind"] for values in search.used.values()} == set(kinds)


@check
def a_build_that_reads_nothing_has_one_configuration(contender: Contender) -> None:
    for space in (flat(), cnn()):
        search = contender.search(space)
        search.read = lambda values: {}
        search.run(1)
        assert search.ask() == []
        assert search.strategy.finished


# ---------------------------------------------------------------------- growing spaces


def grown() -> Space:
    """`flat` with a parameter that depends on another, and one that always counts."""
    depth = Parameter("depth", Steps(1, 2), (when("kind", "b"),))
    return flat().extended([depth, Parameter("bias", Levels((False, True)))])


@check
def new_parameters_join_in_mid_search(contender: Contender) -> None:
    search = contender.search(flat())
    search.run(10)
    search.strategy.extend(contender.dressed(grown()))
    suggestions = search.run(10)
    assert all(len(suggestion.point.x) == len(search.space) for suggestion in suggestions)
    assert all(suggestion.point.active[-1] for suggestion in suggestions)
    search.run_out()


@check
def a_search_of_a_grown_space_is_restored_exactly(contender: Contender) -> None:
    search = contender.search(flat())
    search.run(10)
    search.ask(2)
    search.strategy.extend(contender.dressed(grown()))
    search.run(3)
    go_on_alike(search, search.restored_by(contender))


@check
def a_finished_search_goes_on_when_its_space_grows(contender: Contender) -> None:
    search = contender.search(flat())
    waiting = search.ask()
    while more := search.ask():
        search.tell(waiting.pop())
        waiting = more
    (last,) = waiting
    assert len(search.configurations()) == 24
    search.strategy.extend(contender.dressed(grown()))
    search.read = lambda values: {"bias": False, **values}
    search.tell(last)
    search.read = everything
    search.run_out()
    assert any(values.get("bias") for values in search.used.values())


@check
def trials_under_way_while_the_space_grows_block_nothing_for_good(contender: Contender) -> None:
    # Suggested without the new parameters, they seem to use none, and so to cover the whole space.
    search = contender.search(flat())
    waiting = search.ask(24)
    search.strategy.extend(contender.dressed(grown()))
    assert search.ask(3) == []
    assert not search.strategy.finished
    # It turns out that kind "b" reads one of them, at its default.
    search.read = lambda values: {"bias": False, **values} if values["kind"] == "b" else values
    for suggestion in waiting:
        search.tell(suggestion)
    search.read = everything
    search.run_out()
    assert any(values.get("bias") for values in search.used.values())


@check
def known_columns_must_not_change_when_a_space_grows(contender: Contender) -> None:
    search = contender.search(flat())
    for other in (nested(), Space(flat().parameters[:2]), Space(flat().parameters[::-1])):
        with pytest.raises(ArgumentError, match="grows at its end only"):
            search.strategy.extend(other)


# ---------------------------------------------------------------------- arguments


@check
def an_empty_space_is_refused(contender: Contender) -> None:
    with pytest.raises(ArgumentError, match="at least one parameter"):
        contender.search(Space())


@check
def a_budget_below_one_is_refused(contender: Contender) -> None:
    for budget in (0, -1):
        with pytest.raises(ArgumentError, match=f"Received: {budget}"):
            contender.search(flat(), budget=budget)


@check
def a_budget_is_a_plan_and_no_limit(contender: Contender) -> None:
    assert len(contender.search(cnn(), budget=1).run(5)) == 5


@check
def it_has_a_name_and_tells_its_events_once(contender: Contender) -> None:
    search = contender.search(cnn())
    search.run(60)
    assert isinstance(search.strategy.name, str)
    assert search.strategy.name
    for event in search.strategy.take_events():
        assert json.loads(json.dumps({"kind": event.kind, **event.data}, allow_nan=False))
    assert search.strategy.take_events() == []
