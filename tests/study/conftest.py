"""Studies small enough to read in a failing test's output."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tfhpo
from tfhpo.study import STUDY_FILE, StudyHeader, TrialRecord, TrialStatus


@pytest.fixture
def header() -> StudyHeader:
    return StudyHeader(
        objective="val_loss",
        direction="min",
        space={"rate": {"kind": "float", "low": 1e-3, "high": 0.1}},
        settings={"strategy": "random", "seed": 0},
        version="0.1.0",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / STUDY_FILE


@pytest.fixture
def running() -> Callable[..., TrialRecord]:
    def make(number: int, **changes: object) -> TrialRecord:
        fields = {
            "trial_id": f"trial-{number}",
            "status": TrialStatus.RUNNING,
            "values": {"rate": 0.01 * (number + 1), "units": 8, "bias": True, "kind": "größe"},
            "seed": number,
            "started": 100.0 + number,
            "point": {"x": [0.5, 0.25]},
        }
        return TrialRecord(number=number, **{**fields, **changes})

    return make


@pytest.fixture
def completed(running: Callable[..., TrialRecord]) -> Callable[..., TrialRecord]:
    def make(number: int, score: float = 0.5, **changes: object) -> TrialRecord:
        fields = {
            "status": TrialStatus.COMPLETED,
            "score": score,
            "metrics": {"val_loss": score, "rate": 0.1},
            "best_step": 1,
            "ended": 200.0 + number,
        }
        return running(number, **{**fields, **changes})

    return make


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python process on a script's text; `unprivileged` is ready for it to call."""
    processes = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(Path(tfhpo.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def output_of(python: Callable[..., subprocess.Popen[str]]) -> Callable[..., str]:
    """Runs a script to its end and returns what it printed."""

    def run(script: str, *arguments: object) -> str:
        process = python(script, *arguments)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out

    return run


_PRELUDE = """
import os, sys, sqlite3, tempfile, shutil, encodings.idna
from tfhpo.errors import *
from tfhpo.study import *

HEADER = StudyHeader("val_loss", "min", {"rate": {"kind": "float", "low": 1e-3, "high": 0.1}},
                     {"strategy": "random", "seed": 0}, "0.1.0")

def running(number, **changes):
    return TrialRecord(number, f"trial-{number}", TrialStatus.RUNNING, {"rate": 0.5}, **changes)

def completed(number, score=0.5, **changes):
    return TrialRecord(number, f"trial-{number}", TrialStatus.COMPLETED, {"rate": 0.5}, score=score,
                       **changes)

def tell(*words):
    print(*words, flush=True)

def unprivileged():
    # Permissions do not bind root.
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
"""
