"""What recording a trial costs: tfhpo's study, tfhpo's oracle and KerasTuner's, side by side.

Every subject records the same trials: eight hyperparameters, three epochs with two metrics each,
an end. No model is trained, so all of the time is overhead. The cost at n is the mean over the last
tenth of the first n trials: a cost that grows with the study shows as a growing row.

    python benchmarks/study_overhead.py                        # KerasTuner up to 1,000 trials
    python benchmarks/study_overhead.py --kt-max 10000         # takes minutes
    python benchmarks/study_overhead.py --only study
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tfhpo.study import STUDY_FILE, Report, Study, StudyHeader, TrialRecord, TrialStatus

COUNTS = (100, 1_000, 10_000)
EPOCHS = 3

#: Records the trial of a given number.
Record = Callable[[int], None]


@contextmanager
def study_alone(folder: Path, _: int) -> Iterator[Record]:
    """The study on disk with a strategy's state of 2 kB (a random generator's size)."""
    header = StudyHeader("val_loss", "min", {}, {}, "benchmark")
    with Study.open(folder / STUDY_FILE, header) as study:

        def record(number: int) -> None:
            values = {f"p{k}": (number + k) / 7 for k in range(8)}
            point = {"x": list(values.values())}
            state = {"generator": [number + k for k in range(300)]}
            trial_id, now = f"{number:08}", time.time()
            running = TrialRecord(
                number, trial_id, TrialStatus.RUNNING, values, started=now, point=point
            )
            study.start(running, state)
            for step in range(EPOCHS):
                study.report(Report(number, 0, 0, step, metrics(number, step)))
            score = metrics(number, EPOCHS)["val_loss"]
            study.finish(
                TrialRecord(
                    number,
                    trial_id,
                    TrialStatus.COMPLETED,
                    values,
                    score=score,
                    metrics=metrics(number, EPOCHS),
                    started=now,
                    ended=time.time(),
                    point=point,
                ),
                state,
            )

        yield record


@contextmanager
def keras_tuner_oracle(folder: Path, trials: int) -> Iterator[Record]:
    """KerasTuner's random search."""
    from keras_tuner.oracles import RandomSearchOracle

    yield driven_oracle(RandomSearchOracle, folder, trials)


@contextmanager
def tfhpo_oracle(folder: Path, trials: int) -> Iterator[Record]:
    """Tfhpo's random search, with its study."""
    from tfhpo.oracles import RandomOracle

    yield driven_oracle(RandomOracle, folder, trials)


def driven_oracle(oracle_class: Callable[..., Any], folder: Path, trials: int) -> Record:
    """Returns the calls that KerasTuner's tuner makes to an oracle for one trial."""
    import keras_tuner as kt

    space = kt.HyperParameters()
    for k in range(8):
        space.Float(f"p{k}", 0.0, 1.0)
    oracle = oracle_class(
        objective=kt.Objective("val_loss", "min"), max_trials=trials, hyperparameters=space, seed=0
    )
    oracle._set_project_dir(str(folder), "overhead")
    oracle.verbose = 0  # Its table per trial is display, not recording.

    def record(number: int) -> None:
        trial = oracle.create_trial("tuner0")
        for step in range(EPOCHS):
            oracle.update_trial(trial.trial_id, metrics(number, step), step=step)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    return record


def metrics(number: int, step: int) -> dict[str, float]:
    """Returns made-up results that differ from trial to trial."""
    return {"val_loss": 1.0 / (1 + number + step), "val_accuracy": step / (1 + number)}


SUBJECTS: dict[str, Callable[[Path, int], AbstractContextManager[Record]]] = {
    "study": study_alone,
    "keras_tuner": keras_tuner_oracle,
    "tfhpo": tfhpo_oracle,
}
TITLES = {
    "study": "tfhpo study alone",
    "keras_tuner": "KerasTuner RandomSearchOracle",
    "tfhpo": "tfhpo RandomOracle with its study",
}


def costs(subject: str, limit: int) -> dict[int, float]:
    """Returns the milliseconds per trial at each count up to the limit."""
    counts = [count for count in COUNTS if count <= limit]
    ends = []
    with (
        tempfile.TemporaryDirectory() as folder,
        SUBJECTS[subject](Path(folder), max(counts, default=0)) as record,
    ):
        for number in range(max(counts, default=0)):
            record(number)
            ends.append(time.perf_counter())
    return {count: mean_of_last_tenth(ends[:count]) for count in counts}


def mean_of_last_tenth(ends: list[float]) -> float:
    """Returns the mean time between the last tenth of the moments, in milliseconds."""
    tenth = len(ends) // 10
    return 1e3 * (ends[-1] - ends[-1 - tenth]) / tenth


def disk_wait(repeats: int = 100) -> float:
    """Returns the milliseconds that this disk takes to confirm a write."""
    with tempfile.TemporaryFile() as file:
        begin = time.perf_counter()
        for _ in range(repeats):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return 1e3 * (time.perf_counter() - begin) / repeats


def main() -> None:
    """Measures the subjects asked for and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="measure this one only")
    parser.add_argument("--max", type=int, default=COUNTS[-1], help="trials at most")
    parser.add_argument("--kt-max", type=int, default=1_000, help="trials at most for KerasTuner")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} cores, disk confirms a write in {disk_wait():.2f} ms\n"
    )
    print("| ms per trial | " + " | ".join(f"at {count:,}" for count in COUNTS) + " |")
    print("|---|" + "---:|" * len(COUNTS))
    for subject in arguments.only or SUBJECTS:
        limit = arguments.kt_max if subject == "keras_tuner" else arguments.max
        found = costs(subject, min(limit, arguments.max))
        cells = (f"{found[count]:.2f}" if count in found else "-" for count in COUNTS)
        print(f"| {TITLES[subject]} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
