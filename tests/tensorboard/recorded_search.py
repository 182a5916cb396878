"""A search as TensorBoard meets it, told to the listener by hand: 20 trials with all their fates.

0000 - 0011   completed; every third one twice (two executions); the optimiser is conditional
0012 - 0014   failed in the first epoch; 0012 with a loss that is not a number
0015, 0016    pruned
0017          build failure: no execution ever began
0018          killed in its first attempt and run again by a second process
0019          still running
"""

import dataclasses
import math

from tfhpo.space import Condition, FloatRange, Levels, Parameter, Space, Steps
from tfhpo.study.records import TrialRecord, TrialStatus
from tfhpo.tensorboard import HParamsLogger

OBJECTIVE = "val_accuracy"
METRICS = ["loss", "val_loss", "val_accuracy"]
EPOCHS = 4
_KNOWN = [
    Parameter("learning_rate", FloatRange(1e-4, 1e-1, "log"), default=1e-3),
    Parameter("units", Steps(32, 512, 1)),
    Parameter("dropout", Steps(0.0, 0.5, 0.1)),
    Parameter("batch_norm", Levels((False, True))),
    Parameter("optimizer", Levels(("adam", "sgd"))),
]
# Found by the first build that chooses this optimiser.
_FOUND = [
    Parameter("momentum", FloatRange(0.0, 0.99), (Condition("optimizer", ("sgd",)),)),
    Parameter("decay", FloatRange(1e-6, 1e-4, "log"), (Condition("optimizer", ("sgd",)),)),
    Parameter("decay", FloatRange(1e-5, 1e-3, "log"), (Condition("optimizer", ("adam",)),)),
]
FIRST_SPACE = Space(_KNOWN)
SPACE = Space([*_KNOWN, *_FOUND])


def trial(number, status=TrialStatus.RUNNING, **changes):
    """Returns the record of a trial; its values cover the space evenly."""
    place = number / 19
    sgd = number % 2 == 1
    values = {
        "learning_rate": 1e-4 * 1000**place,
        "units": 32 + (number * 197) % 480,
        # As a step computed elsewhere is: 0.30000000000000004.
        "dropout": (number % 6) * 0.1,
        "batch_norm": number % 3 == 0,
        "optimizer": "sgd" if sgd else "adam",
        "decay": 10 ** (-4.9 + 0.8 * place),
    }
    if sgd:
        values["momentum"] = 0.99 * (1 - place)
    return TrialRecord(number, f"{number:04d}", status, values, **changes)


def score(number, execution=0):
    """The best validation accuracy, reached in the epoch before the last."""
    return 0.95 - (number / 19 - 0.6) ** 2 - 0.01 * execution


def executions(number):
    return 2 if number % 3 == 0 else 1


def run_epochs(logger, record, execution, epochs=EPOCHS):
    for epoch in range(epochs):
        best = score(record.number, execution)
        metrics = {
            "loss": math.exp(-epoch) + record.number / 50,
            "val_loss": math.exp(-epoch) + record.number / 40,
            "val_accuracy": best - 0.05 * abs(epoch - (EPOCHS - 2)),
            "learning_rate": record.values["learning_rate"] * 0.5**epoch,
        }
        logger.on_epoch_end(record, execution, epoch, metrics)


def complete(logger, record, status=TrialStatus.COMPLETED):
    """Runs a trial to its good end."""
    final = dataclasses.replace(record, status=status)
    for execution in range(executions(record.number)):
        logger.on_execution_begin(record, execution)
        run_epochs(logger, record, execution)
        logger.on_execution_end(final, execution, "success", score(record.number, execution))
    logger.on_trial_end(final)


def fail(logger, record, metrics):
    """Runs a trial whose first epoch is its last."""
    logger.on_execution_begin(record, 0)
    logger.on_epoch_end(record, 0, 0, metrics)
    logger.on_execution_end(record, 0, "failure", None)
    logger.on_trial_end(dataclasses.replace(record, status=TrialStatus.FAILED))


def first_process(logdir):
    """Tells all but the last trial; dies in 0018."""
    logger = HParamsLogger(logdir)
    logger.on_search_begin(FIRST_SPACE, OBJECTIVE, "max", METRICS)
    for number in range(12):
        complete(logger, trial(number))
    logger.on_space_growth(SPACE)
    fail(logger, trial(12), {"loss": math.nan, "val_accuracy": 0.1})
    fail(logger, trial(13), {"loss": 3.0})
    fail(logger, trial(14), {"loss": 4.0})
    complete(logger, trial(15), TrialStatus.PRUNED)
    complete(logger, trial(16), TrialStatus.PRUNED)
    logger.on_trial_end(trial(17, TrialStatus.FAILED))
    logger.on_execution_begin(trial(18), 0)
    run_epochs(logger, trial(18), 0, epochs=2)


def second_process(logdir):
    """Resumes the search: runs 0018 again and begins 0019."""
    logger = HParamsLogger(logdir)
    logger.on_search_begin(SPACE, OBJECTIVE, "max", METRICS)
    complete(logger, trial(18, attempt=1))
    logger.on_execution_begin(trial(19), 0)
    run_epochs(logger, trial(19), 0, epochs=1)
    logger.on_search_end(SPACE)
