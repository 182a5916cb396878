"""Bad arguments are refused when the schedule is made, with the rule and the value."""

import keras
import numpy as np
import pytest

from tfhpo import schedules
from tfhpo.errors import ArgumentError
from tfhpo.schedules.checks import MOST_STEPS

#: Each class with good arguments, of which a test spoils one.
GOOD = {
    "Constant": {"learning_rate": 0.1},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "NaturalExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [10, 20], "values": [0.1, 0.01, 0.001]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "LinearCosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "NoisyLinearCosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10},
    "WarmUp": {"schedule": 0.1, "warmup_steps": 10},
    "TriangularCycle": {
        "initial_learning_rate": 0.01, "maximal_learning_rate": 0.1, "step_size": 10,
    },
    "OneCycle": {"maximal_learning_rate": 0.1, "total_steps": 10},
}  # fmt: skip

NAN, INFINITY = float("nan"), float("inf")
#: What no number of any kind may be.
NO_NUMBERS = [NAN, INFINITY, True, np.True_, "0.1", None, 1j, np.array(0.1), [0.1]]

POSITIVE = ("a finite number above 0", [0, 0.0, -0.1, *NO_NUMBERS])
NOT_NEGATIVE = ("a finite number of 0 or more", [-0.1, *NO_NUMBERS])
AT_LEAST_ONE = ("a finite number of 1 or more", [0.99, 0, -1, *NO_NUMBERS])
LENGTHENING = ("1, or a finite number of 1.00001 or more", [1.000009, 0.99, 0, -1, *NO_NUMBERS])
FRACTION = ("a number from 0 to 1", [-0.1, 1.1, *NO_NUMBERS])
BELOW_ONE = ("a number of 0 or more and below 1", [-0.1, 1.0, *NO_NUMBERS])
ABOVE_ZERO = ("a number above 0 and of 1 at most", [0.0, 1.1, *NO_NUMBERS])
WHOLE = (f"an integer from 0 to {MOST_STEPS}", [-1, 2**31, 1.5, 10.0, *NO_NUMBERS])
COUNT = (f"an integer from 1 to {MOST_STEPS}", [0, -1, 2**31, 1.5, 10.0, *NO_NUMBERS])
FLAG = ("True or False", [0, 1, None, "yes"])
NAME = ("a text, not empty and without '/'", [None, "", "a/b", 3])
RATES = ("a finite number above 0", [[0.1, 0.0, 0.1], [0.1, NAN, 1], [0.1, True, 1]])
STEPS = ("a finite number of 0 or more", [[-1, 5], [1, INFINITY], [False, 5], ["1", 2]])
LIST = ("a list of numbers", [3, None, "123", {1: 2}, np.ones((2, 2))])
ORDER = ("strictly ascending order", [[], [20, 10], [10, 10], [0, 5, 4]])
LENGTH = ("one more than `boundaries`", [[0.1], [0.1, 0.2], [0.1] * 4, []])

RULES = {
    "Constant": {"learning_rate": POSITIVE},
    "ExponentialDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE, "decay_rate": POSITIVE,
        "staircase": FLAG,
    },
    "NaturalExponentialDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE, "decay_rate": POSITIVE,
        "staircase": FLAG,
    },
    "InverseTimeDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE, "decay_rate": POSITIVE,
        "staircase": FLAG,
    },
    "PolynomialDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE,
        "end_learning_rate": NOT_NEGATIVE, "power": POSITIVE, "cycle": FLAG,
    },
    "CosineDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE, "alpha": FRACTION,
        "warmup_steps": WHOLE,
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": POSITIVE, "first_decay_steps": POSITIVE, "t_mul": LENGTHENING,
        "m_mul": POSITIVE, "alpha": FRACTION,
    },
    "LinearCosineDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE, "num_periods": NOT_NEGATIVE,
        "alpha": NOT_NEGATIVE, "beta": NOT_NEGATIVE,
    },
    "NoisyLinearCosineDecay": {
        "initial_learning_rate": POSITIVE, "decay_steps": POSITIVE,
        "initial_variance": NOT_NEGATIVE, "variance_decay": NOT_NEGATIVE,
        "num_periods": NOT_NEGATIVE, "alpha": NOT_NEGATIVE, "beta": NOT_NEGATIVE, "seed": WHOLE,
        "non_negative": FLAG,
    },
    "WarmUp": {
        "schedule": ("a schedule or a rate: ", POSITIVE[1]),
        "warmup_steps": WHOLE, "initial_learning_rate": NOT_NEGATIVE,
    },
    "TriangularCycle": {
        "initial_learning_rate": POSITIVE, "maximal_learning_rate": POSITIVE, "step_size": COUNT,
        "gamma": ABOVE_ZERO, "mode": ("one of ['triangular',", ["Triangular", None, 2]),
    },
    "OneCycle": {
        "maximal_learning_rate": POSITIVE, "total_steps": COUNT, "warmup_fraction": BELOW_ONE,
        "initial_divisor": AT_LEAST_ONE, "final_divisor": AT_LEAST_ONE,
        "annealing": ("one of ['cosine', 'linear']", ["cos", None]),
    },
}  # fmt: skip
CASES = [
    (kind, name, rule, value)
    for kind, rules in RULES.items()
    for name, (rule, values) in rules.items()
    for value in values
]
CASES += [(kind, "name", NAME[0], value) for kind in GOOD for value in NAME[1]]
CASES += [
    ("PiecewiseConstantDecay", name, rule, value)
    for name, (rule, values) in [
        ("boundaries", STEPS), ("boundaries", LIST), ("boundaries", ORDER),
        ("values", RATES), ("values", LIST), ("values", LENGTH),
    ]
    for value in values
]  # fmt: skip


def make(kind, **changes):
    return getattr(schedules, kind)(**{**GOOD[kind], **changes})


@pytest.mark.parametrize(("kind", "name", "rule", "value"), CASES)
def test_a_bad_argument_is_refused(kind, name, rule, value):
    with pytest.raises(ArgumentError) as caught:
        make(kind, **{name: value})
    message = str(caught.value)
    assert f"`{name}` must be" in message
    assert rule in message
    # Of a list that is refused for one of its members, the member is shown.
    shown = value if isinstance(value, list) and name in ("boundaries", "values") else [value]
    assert any(repr(one) in message for one in [value, *shown])


@pytest.mark.parametrize("kind", GOOD)
def test_every_class_and_argument_has_its_rule(kind):
    checked = {name for case, name, _, _ in CASES if case == kind}
    assert set(make(kind).get_config()) - checked <= {"warmup_target"}


@pytest.mark.parametrize("kind", GOOD)
def test_the_error_is_a_value_error(kind):
    with pytest.raises(ValueError, match="`name` must be"):
        make(kind, name="a/b")


@pytest.mark.parametrize("target", [0.0, -1.0, True, NAN])
def test_the_target_of_a_warm_up_must_be_a_rate(target):
    with pytest.raises(ArgumentError, match="`warmup_target` must be a finite number above 0"):
        make("CosineDecay", warmup_target=target)


def test_a_warm_up_needs_a_target():
    with pytest.raises(ArgumentError, match=r"must come with .*warmup_steps=5"):
        make("CosineDecay", warmup_steps=5)


def test_a_warm_up_may_begin_at_0_but_a_decay_may_not():
    assert float(make("CosineDecay", initial_learning_rate=0, warmup_target=0.1)(0)) > 0
    with pytest.raises(ArgumentError, match="`initial_learning_rate` must be a finite number of"):
        make("CosineDecay", initial_learning_rate=-1, warmup_target=0.1)


@pytest.mark.parametrize("highest", [0.01, 0.001])
def test_a_cycle_needs_a_height(highest):
    with pytest.raises(ArgumentError, match=f"maximal_learning_rate={highest}"):
        make("TriangularCycle", maximal_learning_rate=highest)


@pytest.mark.parametrize("mode", ["triangular", "triangular2"])
def test_gamma_belongs_to_its_mode(mode):
    with pytest.raises(ArgumentError, match=rf"mode={mode!r}, gamma=0\.9"):
        make("TriangularCycle", mode=mode, gamma=0.9)


def test_a_whole_rate_is_a_rate():
    """Keras makes integer tensors of it, and every later rate 0."""
    schedule = schedules.ExponentialDecay(1, 10, 0.5)
    assert float(schedule(10)) == pytest.approx(0.5)
    pieces = schedules.PiecewiseConstantDecay([3], [1, 0.5])
    assert [float(pieces(step)) for step in (3, 4)] == [1.0, 0.5]


@pytest.mark.parametrize("as_list", [tuple, np.array])
def test_boundaries_may_be_any_sequence(as_list):
    schedule = schedules.PiecewiseConstantDecay(as_list([10, 20]), as_list([0.1, 0.01, 0.001]))
    assert schedule.get_config()["boundaries"] == [10, 20]


def test_boundaries_may_lie_between_steps():
    schedule = schedules.PiecewiseConstantDecay([2.5], [0.1, 0.01])
    assert [round(float(schedule(step)), 4) for step in (2, 3)] == [0.1, 0.01]


@pytest.mark.parametrize("steps", [12.5, 1, np.int32(7), 1e12])
def test_decay_steps_may_be_any_positive_number(steps):
    assert np.isfinite(float(make("ExponentialDecay", decay_steps=steps)(3)))


@pytest.mark.parametrize(
    ("received", "named"),
    [
        (schedules.CosineDecay, r"the class CosineDecay, .*: CosineDecay\(\.\.\.\)"),
        (keras.optimizers.Adam(), r"schedule=<.*Adam object"),
        (lambda step: 0.1, r"schedule=<function"),
    ],
)
def test_what_is_warmed_up_must_be_a_schedule_or_a_rate(received, named):
    with pytest.raises(ArgumentError, match=f"must be a schedule or a rate: .*{named}"):
        schedules.WarmUp(received, 10)
