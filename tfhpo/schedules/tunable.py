"""The learning-rate schedule as a hyperparameter: its kind, and each kind's own parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfhpo import arguments
from tfhpo.declaring import Declarer, Role
from tfhpo.schedules import checks
from tfhpo.schedules import kinds as known
from tfhpo.schedules.training_length import training_steps
from tfhpo.schedules.warm_up import WarmUp

#: The names of all kinds.
KINDS = tuple(known.KINDS)
#: Those that `tunable` chooses from unless told otherwise.
DEFAULT_KINDS = ("constant", "exponential", "polynomial", "cosine", "cosine_restarts", "one_cycle")

# Shares of the training; 0 is none.
_WARM_UPS = (0.0, 0.01, 0.02, 0.05, 0.1)
_share = arguments.fraction_below_one.worded(
    "True or False, or a share of the training of 0 or more and below 1"
)


def tunable(
    hp: Any,
    *,
    learning_rate: float | tuple[float, float] = (1e-4, 1e-1),
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    samples: int | None = None,
    batch_size: int | None = None,
    kinds: str | Sequence[str] | None = None,
    warmup: bool | float = True,
    name: str = "schedule",
    seed: int = 0,
) -> Any:
    """Declares a learning-rate schedule as a hyperparameter, and returns it for the optimiser.

    The parameter `schedule` is the kind; what belongs to one kind only is declared in a conditional
    scope and called after it: `schedule_cosine_restarts_t_mul`. All are fractions of the training's
    length and of the rate, so the same space serves trainings of any length, which may be a
    hyperparameter itself. The decays reach their end with the training's last step.

    ===================  =======================================================================
    kind                 its parameters, each with the kind's name before it
    ===================  =======================================================================
    constant             none
    exponential          final_fraction 1e-4 … 0.5; staircase, stairs 2 … 10
    natural_exponential  decay 0.5 … 9; staircase, stairs
    inverse_time         final_fraction 1e-3 … 0.5; staircase, stairs
    piecewise_constant   drops 1 … 4, each by factor 0.05 … 0.5; first_drop 0.2 … 0.8 of the
                         training, the others evenly after it
    polynomial           final_fraction 1e-4 … 0.1; power 0.25, 0.5, 1, 2, 4; cycle, cycles 2 … 5
    cosine               alpha (lowest over highest rate) 0, 0.001, 0.01, 0.1
    cosine_restarts      cycles 2 … 5 in the training; t_mul 1, 1.5, 2; m_mul 0.5 … 1; alpha
    linear_cosine        num_periods 0.5, 1.5, 2.5, 3.5; alpha; beta 1e-4 … 1e-2
    noisy_linear_cosine  the same; initial_variance 0.01 … 1; variance_decay 0.3 … 1
    triangular           cycles 1 … 8; base_fraction 0.01 … 0.5; mode; final_height 0.01 … 0.5
    one_cycle            warmup_fraction 0.1 … 0.5; initial_divisor 3 … 100; final_divisor
                         10 … 1e5; annealing
    ===================  =======================================================================

    The warm-up, `schedule_warmup`, is a share of the training: 0 (none), 0.01, 0.02, 0.05 or 0.1.
    In n steps of it the rate is 1/(n+1), 2/(n+1), ... of the first one, and the schedule takes the
    rest of the training. The kinds that rise by themselves, triangular and one_cycle, have none.
    No rate is ever below 0, that of the noisy kind included.

    Sources: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts"; Smith
    2017, "Cyclical learning rates for training neural networks"; Smith & Topin 2018,
    "Super-convergence"; Goyal et al. 2017, "Accurate, large minibatch SGD", for the warm-up.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import schedules
        >>> hp = keras_tuner.HyperParameters()
        >>> schedule = schedules.tunable(hp, epochs=5, samples=1000, batch_size=32,
        ...                              kinds=["cosine", "one_cycle"])
        >>> list(hp.values)
        ['schedule', 'schedule_learning_rate', 'schedule_warmup', 'schedule_cosine_alpha']
        >>> schedule.decay_steps
        160

    Args:
        hp: The `keras_tuner.HyperParameters`.
        learning_rate: The initial rate, of triangular and one_cycle the peak (the two linear
            cosines begin at 1 + alpha + beta times it, the noisy one around that); or the smallest
            and the largest one, between which it is tuned on a log scale as
            `schedule_learning_rate`.
        total_steps: The training's length in steps (batches). Or give:
        epochs: The training's length in epochs, in `tfhpo.Hyperband` of the highest rung, with
            either
        steps_per_epoch: Steps per epoch, or
        samples: training examples per epoch (after any validation split), with
        batch_size: examples per step.
        kinds: One of `schedules.KINDS`, or a list of several. A single one makes no parameter of
            the kind. Default `schedules.DEFAULT_KINDS`: constant, exponential, polynomial, cosine,
            cosine_restarts, one_cycle.
        warmup: Whether to tune a warm-up; or its share of the training, from 0 to below 1.
        name: The parameter's name, and the beginning of the others'.
        seed: Of the noisy kind: a whole number of 0 or more. Default 0.

    Returns:
        A `keras.optimizers.schedules.LearningRateSchedule`; None in a conditional scope that is not
        active. Its attribute `training_steps` is the length that it was planned for: tfhpo's tuners
        warn where they train for another. A process that loads a model saved with it first says
        `from tfhpo import schedules`, or `from tfhpo import hp`.

    Raises:
        ArgumentError: If the length is not told, or in several ways, or an argument breaks its
            rule.
    """
    names = checks.names("kinds", DEFAULT_KINDS if kinds is None else kinds, KINDS)
    checks.whole("seed", seed, least=0)
    declare = Declarer(hp, Role.LEARNING_RATE_AND_LOSS)
    chosen = names[0] if len(names) == 1 else declare.choice(name, names)
    rate = _declared_rate(declare, name, learning_rate)
    share = _warm_up(declare, name, names, warmup)
    makers = {}
    for one in names:
        with _scope(declare, name, [one], names):
            own = declare.under(f"{name}_{one}_")
            makers[one] = known.KINDS[one].declare(own, seed)
    if not declare.active:
        return None
    steps = training_steps(
        total_steps=total_steps,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        samples=samples,
        batch_size=batch_size,
    )
    rate = arguments.positive("learning_rate", rate)
    # The kinds that rise by themselves have none, and the others a step after it.
    warms = share is not None and not known.KINDS[chosen].rises
    rising = min(round(share * steps), steps - 1) if warms else 0
    schedule = makers[chosen](rate, steps - rising)
    if rising:
        # From a first rate above 0: a step at a rate of 0 would be lost.
        schedule = WarmUp(schedule, rising, rate / (rising + 1))
    # For whoever trains: no argument of the schedule, and so not saved with it.
    schedule.training_steps = steps
    return schedule


def _declared_rate(declare: Declarer, name: str, learning_rate: Any) -> Any:
    """Returns the rate: the one given, or one that is declared between the two given."""
    if not isinstance(learning_rate, (list, tuple)):
        return learning_rate
    ends = checks.bounds("learning_rate", learning_rate, arguments.positive)
    return declare.real(f"{name}_learning_rate", *ends, sampling="log")


def _warm_up(declare: Declarer, name: str, names: list[str], given: Any) -> Any:
    """Returns the warm-up's share of the training: declared, or as given; None for none."""
    if not isinstance(given, (bool, np.bool_)):
        return _share("warmup", given)
    flat = [one for one in names if not known.KINDS[one].rises]
    if not flat or not given:
        return None
    with _scope(declare, name, flat, names):
        return declare.choice(f"{name}_warmup", _WARM_UPS)


def _scope(
    declare: Declarer, name: str, kinds: list[str], names: list[str]
) -> contextlib.AbstractContextManager[None]:
    """Returns the scope of some of the kinds: none where these are all."""
    if len(kinds) == len(names):
        return contextlib.nullcontext()
    return declare.scope(name, kinds)
