"""The optimiser as one parameter, with a conditional scope for the parameters of each."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.errors import ArgumentError
from tfhpo.hp.decay import weight_decay as declared_decay
from tfhpo.hp.momenta import beta_1, beta_2, epsilon, momentum
from tfhpo.hp.rates import RATES, rate_range
from tfhpo.hp.scheduling import Maker, check_maker, scheduled
from tfhpo.schedules import checks

#: The optimisers that `optimizer` knows.
OPTIMIZERS = tuple(RATES)
#: Those it chooses from unless told otherwise.
DEFAULT_OPTIMIZERS = ("momentum", "rmsprop", "adam", "adamw")

# The smallest and the largest rate.
_Range = tuple[float, float]
# Chosen here; a fixed one would leave a parameter that changes nothing.
_TAKEN = ("momentum", "nesterov", "weight_decay", "name")
_TUNED = ("beta_1", "beta_2", "epsilon")


@dataclass(frozen=True)
class _Kind:
    """One optimiser.

    Args:
        make: Keras's class.
        fixed: Arguments that make it what its name says.
        momentum: Whether it has a momentum to tune.
        adam: Whether it has Adam's decay rates and epsilon.
        decays: The range of its weight decay, besides 0.
        always_decays: Whether it has no point without weight decay.
    """

    make: Callable[..., Any]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    momentum: bool = False
    adam: bool = False
    decays: tuple[float, float] = (1e-6, 1e-4)
    always_decays: bool = False


_KINDS = {
    "sgd": _Kind(keras.optimizers.SGD),
    "momentum": _Kind(keras.optimizers.SGD, momentum=True),
    "nesterov": _Kind(keras.optimizers.SGD, {"nesterov": True}, momentum=True),
    "adagrad": _Kind(keras.optimizers.Adagrad),
    "adadelta": _Kind(keras.optimizers.Adadelta),
    "rmsprop": _Kind(keras.optimizers.RMSprop),
    "adam": _Kind(keras.optimizers.Adam, adam=True),
    "adamw": _Kind(keras.optimizers.AdamW, adam=True, decays=(1e-4, 1e-1), always_decays=True),
    "adamax": _Kind(keras.optimizers.Adamax, adam=True),
    "nadam": _Kind(keras.optimizers.Nadam, adam=True),
    "lion": _Kind(keras.optimizers.Lion, decays=(1e-3, 1.0)),
}


def optimizer(
    hp: Any,
    optimizers: str | Sequence[str] | None = None,
    *,
    learning_rate: _Range | Mapping[str, _Range] | None = None,
    fine_tuning: bool = False,
    weight_decay: bool | float = False,
    schedule: Maker | None = None,
    tune_betas: bool = False,
    name: str = "optimizer",
    **kwargs: Any,
) -> Any:
    """Declares the optimiser as one parameter, and returns it ready for `model.compile`.

    Each optimiser has a conditional scope of its own, with parameters called after it:
    `adam_learning_rate`, `momentum_momentum`, `sgd_weight_decay`. With another `name`, that stands
    before them, so that one model may have two such optimisers.

    AdamW has a weight decay in any case, 1e-4 … 1e-1 on a log scale, around Keras's 0.004;
    Loshchilov & Hutter 2019, "Decoupled weight decay regularization". Lion's, if asked for, is 0 or
    1e-3 … 1: Chen et al. 2023, "Symbolic discovery of optimization algorithms", multiply AdamW's by
    3 to 10. The others' is that of `hp.weight_decay`. Ranges of the rates: `hp.learning_rate`.

    Example:
        >>> import functools
        >>> import keras_tuner
        >>> from tfhpo import hp, schedules
        >>> space = keras_tuner.HyperParameters()
        >>> type(hp.optimizer(space, ["adam", "sgd"])).__name__
        'Adam'
        >>> [one.name for one in space.space]
        ['optimizer', 'adam_learning_rate', 'sgd_learning_rate']
        >>> planned = functools.partial(schedules.tunable, total_steps=1000)
        >>> hp.optimizer(space, ["adam"], schedule=planned, clipnorm=1.0).clipnorm
        1.0

    Args:
        hp: The `keras_tuner.HyperParameters`.
        optimizers: One of `hp.OPTIMIZERS`, or a list of several: "sgd" (without momentum),
            "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "adamax",
            "nadam", "lion". A single one makes no parameter of the choice. Default
            `hp.DEFAULT_OPTIMIZERS`: momentum, rmsprop, adam, adamw.
        learning_rate: The smallest and the largest initial rate, in place of the recommended ones:
            a pair for all, or by optimiser, {"adam": (1e-4, 1e-2)}.
        fine_tuning: Whether the network is pretrained; the recommended rates are lower then.
        weight_decay: True to tune it, or one value for all; by default none, but for AdamW.
        schedule: Makes the optimiser's schedule, called in the scope of the one that is chosen with
            `hp`, `learning_rate=` its rate and `name="adam_schedule"`, say, neither of which it
            may fix. It may return a float, too, for a rate that is constant.
        tune_betas: Whether to tune Adam's decay rates and epsilon, and those of its relatives,
            which are 0.9, 0.999 and 1e-8 otherwise.
        name: The parameter's name.
        **kwargs: Further arguments of Keras, for each of the optimisers: `clipnorm=1.0`.

    Returns:
        The Keras optimiser; None in a conditional scope that is not active.

    Raises:
        ArgumentError: If an optimiser is not known or listed twice, or does not take an argument;
            if `schedule` is no function of these arguments, or makes neither a schedule nor a
            float; if another argument breaks its rule.
    """
    kinds = _checked_kinds(optimizers)
    rates = _checked_rates(kinds, learning_rate, fine_tuning=fine_tuning)
    check_maker(schedule)
    if not isinstance(weight_decay, bool):
        weight_decay = arguments.not_negative("weight_decay", weight_decay)
    taken = (*_TAKEN, *_TUNED) if arguments.flag("tune_betas", tune_betas) else _TAKEN
    _check_kwargs(kinds, kwargs, taken)
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS)
    chosen = kinds[0] if len(kinds) == 1 else declare.choice(name, kinds)
    made = None
    for kind in kinds:
        own = declare.under(f"{kind}_" if name == "optimizer" else f"{name}_{kind}_")
        # The schedule is the user's to make, and only with values: its scope may hide parameters.
        scope = declare.scope(name, [kind], whole=schedule is None)
        with contextlib.nullcontext() if len(kinds) == 1 else scope:
            rate = own.real("learning_rate", *rates[kind], sampling="log")
            others = _own_arguments(own, kind, weight_decay, tune_betas)
            if kind == chosen and own.active:
                rate = rate if schedule is None else scheduled(schedule, own, rate)
                made = _KINDS[kind].make(learning_rate=rate, **{**others, **kwargs})
    return made


def _own_arguments(
    declare: Declarer, name: str, weight_decay: bool | float, tune_betas: bool
) -> dict[str, Any]:
    """Returns the arguments of an optimiser besides its rate, with their parameters declared."""
    kind, hp, prefix = _KINDS[name], declare.hp, declare.prefix
    own: dict[str, Any] = dict(kind.fixed)
    if kind.momentum:
        own["momentum"] = momentum(hp, name=f"{prefix}momentum")
    if kind.adam:
        own["beta_1"] = beta_1(hp, tune=tune_betas, name=f"{prefix}beta_1")
        own["beta_2"] = beta_2(hp, tune=tune_betas, name=f"{prefix}beta_2")
        own["epsilon"] = epsilon(hp, tune=tune_betas, name=f"{prefix}epsilon")
    if not isinstance(weight_decay, bool):
        own["weight_decay"] = weight_decay
    elif kind.always_decays:
        own["weight_decay"] = declare.real("weight_decay", *kind.decays, sampling="log")
    elif weight_decay:
        low, high = kind.decays
        own["weight_decay"] = declared_decay(
            hp, minimum=low, maximum=high, name=f"{prefix}weight_decay"
        )
    return own


def _checked_kinds(optimizers: str | Sequence[str] | None) -> list[str]:
    chosen = DEFAULT_OPTIMIZERS if optimizers is None else optimizers
    return checks.names("optimizers", chosen, OPTIMIZERS)


def _checked_rates(kinds: Sequence[str], given: Any, *, fine_tuning: bool) -> dict[str, _Range]:
    """Returns the smallest and the largest rate of each optimiser."""
    rates = {kind: rate_range(kind, fine_tuning=fine_tuning) for kind in kinds}
    if given is None:
        return rates
    own = dict(given) if isinstance(given, Mapping) else dict.fromkeys(kinds, given)
    unknown = [kind for kind in own if kind not in rates]
    if unknown:
        raise ArgumentError(
            f"`learning_rate` must be a pair, or a mapping of some of the optimisers {list(kinds)} "
            f"to pairs. Received: {unknown[0]!r}.{checks.kind_hint(unknown[0], kinds)}"
        )
    checked = {
        kind: checks.bounds("learning_rate", pair, arguments.positive) for kind, pair in own.items()
    }
    return rates | checked


def _check_kwargs(kinds: Sequence[str], kwargs: Mapping[str, Any], taken: Sequence[str]) -> None:
    """Refuses arguments that an optimiser does not take, or that are chosen here.

    Args:
        kinds: The optimisers.
        kwargs: The arguments.
        taken: The names of those that are chosen here.
    """
    known = {kind: set(inspect.signature(_KINDS[kind].make).parameters) for kind in kinds}
    for argument in kwargs:
        if argument in taken and any(argument in known[kind] for kind in kinds):
            raise ArgumentError(
                f"`{argument}` is chosen by tfhpo.hp.optimizer. "
                f"Received: {argument}={kwargs[argument]!r}."
            )
        for kind in kinds:
            if argument not in known[kind]:
                hint = checks.kind_hint(argument, known[kind].difference(taken, ["kwargs"]))
                raise ArgumentError(
                    "Further arguments must be known to each of the optimisers. "
                    f"Received: {argument!r}, which {kind!r} does not take.{hint}"
                )
