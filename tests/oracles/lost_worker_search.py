"""The script of a chief and three workers, two of which come to grief in mid-trial.

"killed" is killed by SIGKILL in its first trial; "frozen" stops in its first trial until it is told
to go on; "steady" lives. Each waits for a line before it searches, and "steady" for another one
when it has ended trial 0001.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np

import tfhpo
from tfhpo.oracles import RandomOracle

TRIALS = 4
EPOCHS = 2
ME = os.environ["KERASTUNER_TUNER_ID"]


class Grief(tfhpo.tuners.SearchListener):
    def on_epoch_end(self, trial, execution, epoch, metrics):
        if ME == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if ME == "frozen" and trial.trial_id == "0001" and epoch == 0:
            os.kill(os.getpid(), signal.SIGSTOP)

    def on_trial_end(self, trial):
        tell("ended", trial.trial_id, trial.status.value)
        if ME == "steady" and trial.trial_id == "0001":
            sys.stdin.readline()


def build(hp):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-4, 1e-2, sampling="log")), "mse")
    return model


def tell(*words):
    print(*words, flush=True)


def main(folder):
    later = Path(folder) / "later"

    def clock():
        """An hour later once the file is there: no lease needs to be waited for."""
        return time.monotonic() + 3600 * later.exists()

    tuner = tfhpo.Tuner(
        RandomOracle("loss", TRIALS, seed=3, clock=clock),
        build,
        directory=folder,
        project_name="project",
        listeners=[Grief()],
        logdir=Path(folder) / "logs",
    )
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    tell("ready")
    sys.stdin.readline()
    tuner.search(x, x.sum(1), epochs=EPOCHS, verbose=0)
    best = tuner.get_best_models()[0]
    tell("best", tuner.get_best_hyperparameters()[0]["rate"], best.count_params())


if __name__ == "__main__":
    main(sys.argv[1])
