"""A real search under `tfhpo launch`, one of whose workers is killed in mid-trial."""

import os
import re
from pathlib import Path

import pytest
from command_line import program

from tfhpo.study import TrialStatus, read_study

pytestmark = pytest.mark.slow


def test_a_killed_worker_is_replaced_and_no_trial_is_lost(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    script = Path(__file__).with_name("launched_search.py")
    done = program(
        "launch", "--workers", 2, script, tmp_path, folder=tmp_path, TF_CPP_MIN_LOG_LEVEL="3"
    )
    assert done.returncode == 0, done.stderr
    assert "[launch] worker0 was killed by SIGKILL: it is started again." in done.stderr
    assert "has lost its worker 'worker0', which was started again." in done.stderr
    told = sorted(done.stdout.splitlines())
    names = ("chief", "worker0", "worker1")
    stops = [f"[{name}] stopped by max_trials" for name in names]
    assert [line for line in told if line in stops] == stops
    # The chief alone speaks of the whole search.
    summary, *parts = (line for line in told if line not in stops)
    assert re.fullmatch(r"\[chief\] 4 trials in .*; best loss .*", summary)
    for name, part in zip(names[1:], parts, strict=True):
        assert re.match(rf"\[{name}\] {name} has run \d trials? in ", part)
    trials = read_study(tmp_path / "project").trials
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert {trial.status for trial in trials} == {TrialStatus.COMPLETED}
    assert sorted(trial.interruptions for trial in trials) == [0, 0, 0, 1]
