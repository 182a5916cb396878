"""A search on three workers that tells of each epoch on standard output; run by `test_faults.py`.

python struck_search.py FOLDER
"""

import sys

from small_searches import FIT, X, Y, classifier, random_search

import tfhpo

TRIALS = 40


class Telling(tfhpo.tuners.SearchListener):
    """Prints a line for every epoch."""

    def on_epoch_end(self, trial, execution, epoch, metrics):
        print("epoch", flush=True)


if __name__ == "__main__":
    tuner = random_search(
        sys.argv[1],
        classifier,
        max_trials=TRIALS,
        workers=3,
        max_retries_per_trial=2,
        max_consecutive_failed_trials=None,
        listeners=[Telling()],
    )
    tuner.search(X, Y, **{**FIT, "epochs": 3})
    print("done", flush=True)
