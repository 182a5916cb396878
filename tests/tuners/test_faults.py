"""Workers and the driver of a search are killed again and again: no trial is lost or doubled."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest
from struck_search import TRIALS

from tfhpo.study import TrialStatus, read_study

HERE = Path(__file__).parent
# A worker dies with every so many epochs that are told, and the driver with these.
WORKER_DIES, DRIVER_DIES = 14, (20, 50, 80)


def started(folder):
    """The search as a program of its own."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "struck_search.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[1]}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def workers(driver):
    """The processes that a driver has started."""
    return psutil.Process(driver.pid).children(recursive=True)


def struck(folder):
    """Runs the search to its end, killing; returns how many workers and drivers, and all seen."""
    rng, told, seen = random.Random(0), 0, set()
    killed = Counter()
    while True:
        with started(folder) as driver:
            for line in driver.stdout:
                if line == "done\n":
                    continue
                told += 1
                alive = workers(driver)
                seen |= set(alive)
                if killed["drivers"] < len(DRIVER_DIES) and told >= DRIVER_DIES[killed["drivers"]]:
                    killed["drivers"] += 1
                    driver.send_signal(signal.SIGKILL)
                    break
                # None is left where the driver has ended since it told of its last epoch.
                if told % WORKER_DIES == 0 and alive:
                    killed["workers"] += 1
                    with contextlib.suppress(psutil.NoSuchProcess):
                        rng.choice(alive).kill()
            else:
                assert driver.wait() == 0
                return killed, seen


@pytest.mark.slow
def test_a_search_under_fire(tmp_path):
    killed, seen = struck(tmp_path)
    assert killed["drivers"] == len(DRIVER_DIES)
    assert killed["workers"] >= 7
    # Those of a driver that was killed end by themselves.
    _, alive = psutil.wait_procs(seen, timeout=60)
    assert not alive

    study = read_study(tmp_path / "search")
    assert [trial.number for trial in study.trials] == list(range(TRIALS))
    assert len({tuple(sorted(trial.values.items())) for trial in study.trials}) == TRIALS
    outcomes = Counter(trial.status for trial in study.trials)
    assert set(outcomes) <= {TrialStatus.COMPLETED, TrialStatus.FAILED}
    assert outcomes[TrialStatus.COMPLETED] > TRIALS / 2
    for trial in study.trials:
        if trial.status is TrialStatus.FAILED:
            assert "SIGKILL" in trial.message
        else:
            # The attempt that counts has all its epochs, each once.
            steps = [report.step for report in study.reports[trial.number]]
            assert steps == [0, 1, 2]
    with sqlite3.connect(study.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
