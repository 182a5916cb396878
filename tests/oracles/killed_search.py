"""A search to be killed. This process imports everything once and forks the ones that search.

For each line of standard input, `<strategy> <folder>`, it forks a child that searches until it is
done or killed. The child tells its process id, then each step once it is recorded; this process
tells how the child ended.
"""

from __future__ import annotations

import math
import os
import sys
from functools import partial

from driving import COMPLETED, INVALID, STOPPED

from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    HyperbandOracle,
    PolicyGradientOracle,
    RandomOracle,
    StagedOracle,
    TPEOracle,
)

TRIALS = 250
EPOCHS = 3


def over_rungs(objective, trials, **kwargs):
    return HyperbandOracle(objective, 9, max_trials=trials, proposer="tpe", **kwargs)


ORACLES = {
    "random": RandomOracle,
    "elastic_grid": ElasticGridOracle,
    "bayesian": BayesianOracle,
    "tpe": TPEOracle,
    "genetic": GeneticOracle,
    "policy_gradient": PolicyGradientOracle,
    "hyperband": over_rungs,
    "pruned": partial(TPEOracle, pruner="median"),
    "staged": partial(StagedOracle, stages=[["rate"], ["kind"], []], strategy="tpe"),
}


def build(hp):
    """Conditional by scope and by a plain `if`; some of it is found out in mid-search only."""
    if "epochs" in hp:
        hp.get("epochs")
    score = (hp.Float("rate", 1e-4, 1, sampling="log") - 0.01) ** 2
    kind = hp.Choice("kind", ["flat", "deep", "wide"])
    with hp.conditional_scope("kind", ["deep"]):
        if kind == "deep":
            score += hp.Int("layers", 1, 5) / 10
    if kind == "wide":
        score += hp.Float("dropout", 0, 0.5, step=0.1)
    return score


def attempt(oracle, trial):
    """Runs one attempt; it may raise, or diverge, by its values and its seed."""
    seed = oracle.trial_seed(trial.trial_id)
    score = build(trial.hyperparameters)
    for step in range(EPOCHS):
        loss, last = score + EPOCHS - step, step + 1 == EPOCHS
        go_on = oracle.report(trial.trial_id, {"loss": loss}, step, last=last)
        tell("reported", trial.trial_id, oracle.trial_record(trial.trial_id).repeat, step)
        if not go_on:
            return loss
    if seed % 5 == 0:
        raise FloatingPointError(f"seed {seed}")
    return math.nan if seed % 7 == 0 else score


def search(strategy, folder):
    oracle = ORACLES[strategy](
        "loss", TRIALS, seed=0, max_retries_per_trial=1, max_consecutive_failed_trials=None
    )
    oracle._set_project_dir(folder, "search")
    hp = oracle.get_space()
    build(hp)
    oracle.update_space(hp)
    while (trial := oracle.create_trial("tuner0")).status != STOPPED:
        tell("created", trial.trial_id)
        try:
            oracle.update_trial(trial.trial_id, {"loss": attempt(oracle, trial)})
            trial.status = COMPLETED
        except FloatingPointError as error:
            trial.status, trial.message = INVALID, str(error)
        oracle.end_trial(trial)
        record = oracle.trial_record(trial.trial_id)
        tell("ended", record.trial_id, record.repeat, record.status, record.score)


def tell(*words):
    # One write is whole or absent, whenever the kill comes.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main():
    tell("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            tell("child", os.getpid())
            search(*line.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        tell("dead", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
