"""Search spaces to test with: named ones, and hypothesis strategies that make up new ones."""

import scipy.stats
from hypothesis import strategies as st

from tfhpo.space import (
    Condition,
    FloatRange,
    IntegerRange,
    Levels,
    Parameter,
    Prior,
    Space,
    Steps,
)


def when(parent, *values):
    return Condition(parent, values)


def cnn():
    """The tutorial's CNN with an optimiser to choose: mixed, conditional, infinite."""
    return Space(
        [
            Parameter("units", Levels((128, 256, 512), ordered=True)),
            Parameter("dropout", Steps(0.1, 0.3, 0.05)),
            Parameter("rate", FloatRange(1e-3, 1e-1, "log")),
            Parameter("batch", Steps(16, 256, 2, "log")),
            Parameter("filters", IntegerRange(4, 64)),
            Parameter("augment", Levels((False, True))),
            Parameter("angle", FloatRange(0.0, 30.0), (when("augment", True),)),
            Parameter("optimizer", Levels(("sgd", "adam", "lamb"))),
            Parameter(
                "momentum", FloatRange(0.5, 0.99, "reverse_log"), (when("optimizer", "sgd"),)
            ),
            Parameter("beta", FloatRange(0.8, 0.999), (when("optimizer", "adam", "lamb"),)),
        ]
    )


def flat():
    """Three finite parameters, 24 configurations."""
    return Space(
        [
            Parameter("kind", Levels(("a", "b"))),
            Parameter("width", Steps(1, 4)),
            Parameter("rate", Steps(0.0, 1.0, 0.5)),
        ]
    )


def nested():
    """Conditions three deep, one name under two of them; 14 configurations."""
    mlp, cnn_ = when("model", "mlp"), when("model", "cnn")
    deep = (mlp, when("layers", 2))
    return Space(
        [
            Parameter("model", Levels(("mlp", "cnn", "linear"))),
            Parameter("layers", Steps(1, 2), (mlp,)),
            Parameter("skip", Levels((False, True)), deep),
            Parameter("gain", Steps(1, 3), (*deep, when("skip", True))),
            Parameter("units", Steps(8, 16, 8), (mlp,)),
            Parameter("units", Steps(1, 3), (cnn_,)),
        ]
    )


def single():
    """Every parameter has one value."""
    return Space(
        [
            Parameter("only", Levels(("x",))),
            Parameter("fixed", FloatRange(0.5, 0.5)),
            Parameter("step", Steps(3, 3)),
            Parameter("log", IntegerRange(7, 7)),
        ]
    )


FINITE = {"flat": flat, "nested": nested, "single": single}


# ---------------------------------------------------------------------- made-up domains


@st.composite
def float_ranges(draw):
    scale = draw(st.sampled_from(["linear", "log", "reverse_log"]))
    if scale == "linear":
        low = draw(st.floats(-1e3, 1e3))
        return FloatRange(low, low + draw(st.floats(0, 1e3)))
    low = draw(st.floats(1e-5, 1e2))
    return FloatRange(low, low * draw(st.floats(1, 1e4)), scale)


@st.composite
def steps(draw, most=40):
    """Stepped ranges of at most `most` values; the step divides about half of them."""
    last, cut = draw(st.integers(0, most - 1)), draw(st.sampled_from([0, 0.5]))
    if draw(st.booleans()):
        low, step = draw(st.integers(-50, 50)), draw(st.integers(1, 7))
        return Steps(low, low + last * step + int(cut * step), step)
    if draw(st.booleans()):
        low, step = draw(st.integers(-500, 500)) / 100, draw(st.integers(1, 300)) / 100
        return Steps(low, low + (last + cut) * step, step)
    low, scale = draw(st.integers(1, 9)), draw(st.sampled_from(["log", "reverse_log"]))
    step, last = draw(st.integers(2, 4)), min(last, 8)
    return Steps(low, low * step**last + int(cut * step), step, scale)


@st.composite
def integer_ranges(draw, most=300):
    low = draw(st.integers(1, 50))
    scale = draw(st.sampled_from(["log", "reverse_log"]))
    return IntegerRange(low, low + draw(st.integers(0, most - 1)), scale)


def levels(most=5):
    numbers = st.lists(st.integers(-9, 9), min_size=1, max_size=most, unique=True).map(tuple)
    words = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=most, unique=True)
    return st.one_of(
        st.builds(Levels, numbers, ordered=st.booleans()),
        st.builds(Levels, words.map(tuple)),
        st.just(Levels((False, True))),
    )


def finite_domains(most=4):
    return st.one_of(steps(most), integer_ranges(most), levels(most))


def domains():
    return st.one_of(float_ranges(), steps(), integer_ranges(), levels())


# ---------------------------------------------------------------------- made-up spaces


def _values(domain):
    return [domain.from_unit(domain.unit_of_index(index)) for index in range(domain.size)]


@st.composite
def _prior(draw, domain):
    """A distribution over a continuous domain, or none."""
    if not isinstance(domain, FloatRange) or domain.size == 1 or draw(st.booleans()):
        return None
    low, high = domain.low, domain.high
    width, middle = high - low, (high + low) / 2
    candidates = [scipy.stats.uniform(low, width), scipy.stats.norm(middle, width / 6)]
    if low > 0:
        candidates.append(scipy.stats.loguniform(low, high))
    return Prior(draw(st.sampled_from(candidates)))


@st.composite
def _condition(draw, parents):
    """Conditions of a new parameter: those of a parent, and some values of the parent."""
    parent = draw(st.sampled_from(parents))
    values = draw(st.permutations(_values(parent.domain)))
    split = draw(st.integers(1, len(values)))
    chosen, left = Condition(parent.name, tuple(values[:split])), tuple(values[split:])
    return (*parent.conditions, chosen), (*parent.conditions, Condition(parent.name, left))


@st.composite
def spaces(draw, kinds=None, most=5):
    """Spaces of up to `most` names; conditions up to three deep, names used under two of them."""
    kinds = domains() if kinds is None else kinds
    parameters = []
    for number in range(draw(st.integers(1, most))):
        name, domain = f"p{number}", draw(kinds)
        prior = draw(_prior(domain))
        parents = [p for p in parameters if p.size and p.size <= 8 and len(p.conditions) < 3]
        if not parents or draw(st.booleans()):
            parameters.append(Parameter(name, domain, prior=prior))
            continue
        conditions, otherwise = draw(_condition(parents))
        parameters.append(Parameter(name, domain, conditions, prior=prior))
        if otherwise[-1].values and draw(st.booleans()):
            parameters.append(Parameter(name, draw(kinds), otherwise))
    return Space(parameters)


def finite_spaces(most=3):
    return spaces(finite_domains(), most)
