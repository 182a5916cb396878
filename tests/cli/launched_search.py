"""What `tfhpo launch` runs: worker0 is killed in its first trial, and started again.

worker1 waits in its first trial until then, so that both have some.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np

import tfhpo

ME = os.environ["KERASTUNER_TUNER_ID"]


class Grief(tfhpo.tuners.SearchListener):
    def __init__(self, folder):
        self.died, self.pipe = folder / "died", folder / "pipe"
        self.is_waited_for = ME == "worker1"

    def on_epoch_end(self, trial, execution, epoch, metrics):
        if ME == "worker0" and not self.died.exists():
            self.died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.is_waited_for:
            self.is_waited_for = False
            self.pipe.read_text()


def build(hp):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-4, 1e-2, sampling="log")), "mse")
    return model


def main(folder):
    grief = Grief(folder)
    if ME == "worker0" and grief.died.exists():
        grief.pipe.write_text("again")
    tuner = tfhpo.RandomSearch(
        build,
        "loss",
        4,
        seed=3,
        directory=folder,
        project_name="project",
        listeners=[grief],
    )
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    tuner.search(x, x.sum(1), epochs=2)
    print("stopped by", tuner.stop_reason)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
