"""One task of a cluster of two: runs a search in step with the other, and prints what it saw.

Its arguments are the project's folder, in which of its trials the second task ends without a word,
and in which Ctrl-C is pressed at the first, after which both search again; then the task that meets
with an error alone, in its first epoch. -1 is for none.
"""

import json
import os
import signal
import sys
from pathlib import Path

import keras
from distributed_models import FIT, X, Y, normalised, told

import tfhpo
from tfhpo.errors import StudyError

FOLDER = Path(sys.argv[1])
FATAL, INTERRUPTED, ALONE = map(int, sys.argv[2:])
INDEX = json.loads(os.environ["TF_CONFIG"])["task"]["index"]


class Witness(keras.callbacks.Callback):
    """Keeps what this task sees of every epoch, and does what the arguments ask for."""

    def __init__(self):
        super().__init__()
        self.seen, self.trial = [], -1

    def on_train_begin(self, logs=None):
        self.trial += 1

    def on_train_batch_begin(self, batch, logs=None):
        if INDEX == 0 and self.trial == INTERRUPTED and batch == 1:
            signal.raise_signal(signal.SIGINT)
        if ALONE == INDEX and batch == 1:
            raise OSError("The disk of this task is full.")  # The other is about to train with it.

    def on_epoch_end(self, epoch, logs=None):
        if INDEX == 1 and self.trial == FATAL:
            os._exit(0)
        self.seen.append([epoch, logs["loss"], logs["val_loss"]])

    def __deepcopy__(self, memo):
        return self  # A tuner gives each trial its own copy.


def build(hp):
    if hp.Boolean("broken"):
        raise RuntimeError("This configuration cannot be built.")
    return normalised(hp)


# A shell that runs the tests in its background has taken this handler away.
signal.signal(signal.SIGINT, signal.default_int_handler)
witness = Witness()
tuner = tfhpo.RandomSearch(
    build,
    "val_loss",
    5,
    seed=1,
    directory=FOLDER / str(INDEX),  # Their folders need not be shared.
    pruner="median",
    max_consecutive_failed_trials=5,
    distribution="multi_worker_mirrored",
)
tuner._crew._after_error = 10.0  # Both tasks are equally fast.
found = {"leads": tuner.leads, "seen": witness.seen}


def search():
    """What becomes of a search."""
    error = None
    try:
        tuner.search(X, Y, epochs=2, callbacks=lambda: [witness], **FIT)
    except tfhpo.errors.DistributionError as raised:
        error = str(raised)
    known = told(tuner) if tuner.leads else {}
    return known | {"reason": tuner.stop_reason, "error": error, "epochs": len(witness.seen)}


if INTERRUPTED >= 0:
    found["interrupted"] = search()
found |= search()
if tuner.leads and found["error"] is None:
    model = tuner.get_best_models()[0]
    found["variables"] = type(model.weights[0].value).__name__
    found["best"] = tuner.study().best()[0].score
    found["again"] = model.evaluate(X[:20], Y[:20], verbose=0)[0]
if not tuner.leads:
    try:
        tuner.get_best_models()
    except StudyError as error:
        found["refusal"] = str(error)
found["files"] = sorted(path.name for path in (FOLDER / str(INDEX)).rglob("*") if path.is_file())
print(json.dumps(found), flush=True)
# TensorFlow's servers would wait for one another.
os._exit(0)
