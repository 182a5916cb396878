"""Oracles in a folder of their own, closed when the test ends."""

from __future__ import annotations

import pytest
from chiefs import LEASE, Clock, Serving, build_number, free_port, variables
from driving import declare, drive

from tfhpo.oracles import RandomOracle
from tfhpo.oracles.chief import ChiefClient
from tfhpo.oracles.chief.attendance import Attendance


@pytest.fixture
def placed(tmp_path):
    """Puts an oracle into a project's folder, as a tuner does."""
    oracles = []

    def place(oracle, project="project"):
        oracle._set_project_dir(str(tmp_path), project)
        oracles.append(oracle)
        return oracle

    yield place
    for oracle in oracles:
        oracle.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def port(monkeypatch):
    """A free port, at which this process is to be the chief."""
    number = free_port()
    for name, value in variables("chief", number).items():
        monkeypatch.setenv(name, value)
    return number


@pytest.fixture
def attendance(clock):
    return Attendance(LEASE, clock, patience=100, first_patience=200)


@pytest.fixture
def chief(placed, clock, port, attendance):
    """Starts a chief with an oracle of one parameter."""
    started = []

    def start(max_trials=1, **arguments):
        given = {"seed": 0, "lease": LEASE, "clock": clock, **arguments}
        oracle = placed(RandomOracle("loss", max_trials, **given))
        declare(oracle, build_number)
        oracle.open()
        started.append(Serving(oracle, attendance))
        return started[-1]

    yield start
    # One whose test has failed would wait for its workers.
    clock.now += 1e9
    for serving in started:
        serving.wait()


@pytest.fixture
def worker(port, tmp_path):
    """Makes workers, each as from a process of its own."""
    made = []

    def make(name):
        local = RandomOracle("loss", 1)
        local._set_project_dir(str(tmp_path), "project")
        made.append(ChiefClient(local, name))
        return made[-1]

    yield make
    for one in made:
        one._heartbeat.stop()


@pytest.fixture
def random_search(placed):
    """Runs a random search by hand and closes its study; returns the oracle."""

    def search(build, max_trials=5, trials=None, **arguments):
        oracle = placed(RandomOracle("loss", max_trials, **{"seed": 0, **arguments}))
        drive(oracle, build, trials)
        oracle.close()
        return oracle

    return search
