"""The script that a chief and its workers run alike, as KerasTuner's users write it.

It says "ready" and waits for a line, so that all workers begin together.
"""

from __future__ import annotations

import json
import os
import sys

import keras
import numpy as np

import tfhpo
from tfhpo.oracles import RandomOracle

TRIALS = 8
EPOCHS = 2


# The seed of each trial that this process ran, in their order.
SEEDS: dict[str, int] = {}


def build(hp):
    units = hp.Int("units", 1, 8)
    if list(SEEDS)[-1:] == ["0005"]:
        raise OSError(f"no model of {units} units")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(units)(inputs)))
    # Read by some models only, and found out in mid-search.
    momentum = hp.Float("momentum", 0.1, 0.9, default=0.3) if units > 2 else 0.0
    rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.SGD(rate, momentum), "mse")
    return model


def main(folder):
    # The seed is drawn, on the chief.
    oracle = RandomOracle("loss", TRIALS)
    tuner = tfhpo.Tuner(oracle, build, directory=folder, project_name="project", checkpoints=0)
    begin = tuner._link.begin

    def noting_seeds(trial, tuner_id):
        begin(trial, tuner_id)
        SEEDS[trial.trial_id] = tuner._link.seed(trial)

    tuner._link.begin = noting_seeds
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    print("ready", flush=True)
    sys.stdin.readline()
    tuner.search(x, x.sum(1), epochs=EPOCHS, verbose=0)
    found = {
        "tuner": os.environ["KERASTUNER_TUNER_ID"],
        "seeds": SEEDS,
        "own_trials": len(oracle.trials),
        "stop_reason": tuner.stop_reason,
    }
    print("found", json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
