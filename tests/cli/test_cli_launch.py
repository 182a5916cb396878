"""`tfhpo launch` with scripts that only pretend to search: processes, output, signals, statuses."""

import os
import signal
import socket
import sys
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from command_line import invoke, program, refusal

from tfhpo.cli.launching import Launch, Patience

# What the scripts begin with. A named pipe keeps processes apart without a clock.
PRELUDE = """
import os, signal, sys
from pathlib import Path
me = os.environ["KERASTUNER_TUNER_ID"]
here = Path(__file__).parent
def wait_for(words):
    heard = []
    while len(heard) < words:
        heard += (here / "pipe").read_text().split()
    return heard
def tell(word):
    # One write is whole, and waits for the reader.
    with open(here / "pipe", "w") as pipe:
        pipe.write(f"{word} ")
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""
SHORT = Patience(after_search=0.1, to_tell=0.1, to_end=60.0)


@pytest.fixture
def script(tmp_path):
    """Writes a script; returns its path."""
    os.mkfifo(tmp_path / "pipe")

    def write(text):
        path = tmp_path / "script.py"
        path.write_text(PRELUDE + text)
        return path

    return write


@pytest.fixture
def launch(script, capfd):
    """Runs a script as a chief and workers; returns the status and the lines on standard error."""

    def run(text, workers=1, max_restarts=3, patience=SHORT):
        names = ["chief", *(f"worker{index}" for index in range(workers))]
        command = [sys.executable, str(script(text))]
        status = Launch(command, {name: {} for name in names}, max_restarts, patience).run()
        return status, capfd.readouterr().err.splitlines()

    return run


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_process_has_its_variables_and_the_scripts_arguments(script):
    path = script("""
names = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "CUDA_VISIBLE_DEVICES")
print(*(os.environ[name] for name in names), *sys.argv[1:])
""")
    result = invoke("launch", "--workers", 2, "--gpus-per-trial", 0, path, "data", "--workers", 9)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    assert sorted(lines) == ["[chief]", "[worker0]", "[worker1]"]
    (told,) = set(lines.values())
    address, port, devices, *arguments = told.split()
    assert (address, devices, arguments) == ("127.0.0.1", "-1", ["data", "--workers", "9"])
    assert 0 < int(port) < 2**16


def test_nobody_can_take_the_port_before_the_chief(script):
    path = script("""
import socket
port, held = (os.environ.get(name) for name in ("KERASTUNER_ORACLE_PORT", "TFHPO_HELD_PORT"))
for reuse in ("SO_REUSEADDR", "SO_REUSEPORT"):
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, getattr(socket, reuse), 1)
        try:
            server.bind(("127.0.0.1", int(port)))
            print(reuse, "has it")
        except OSError:
            print(reuse, "is refused")
print("told" if held == port else "not told")
""")
    result = invoke("launch", "--workers", 1, path)
    tried = ["SO_REUSEADDR is refused", "SO_REUSEPORT has it"]
    told = [*(f"[chief] {one}" for one in (*tried, "told"))]
    assert [line for line in result.stdout.splitlines() if "[chief]" in line] == told
    assert "[worker0] not told" in result.stdout


def test_a_port_that_is_taken_is_refused_before_anything_starts(script):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refusal("launch", "--workers", 1, "--port", port, script("print('started')"))
    assert told.startswith(f"The chief needs a port of 127.0.0.1 that is free. Received: {port} (")


def test_the_port_can_be_chosen(script):
    path = script("print(os.environ['KERASTUNER_ORACLE_PORT'])")
    result = invoke("launch", "--workers", 1, "--port", 4711, path)
    assert sorted(result.stdout.splitlines()) == ["[chief] 4711", "[worker0] 4711"]


def test_lines_stay_whole_and_on_their_stream(script):
    path = script("""
print("half", end=" "); print("and half"); print("1 %\\r99 %\\r100 %"); print("no end", end="")
print("an error", file=sys.stderr)
""")
    result = invoke("launch", "--workers", 1, path)
    texts = ["half and half", "100 %", "no end"]
    for name in ("chief", "worker0"):
        mine = [line for line in result.stdout.splitlines() if line.startswith(f"[{name}]")]
        assert mine == [f"[{name}] {text}" for text in texts]
    assert sorted(result.stderr.splitlines()) == ["[chief] an error", "[worker0] an error"]


def test_a_killed_worker_is_started_again(launch):
    status, lines = launch("""
if me == "chief":
    wait_for(1)
elif not (here / "once").exists():
    (here / "once").touch()
    die()
else:
    tell("done")
""")
    assert (status, lines) == (
        0,
        ["[launch] worker0 was killed by SIGKILL: it is started again."],
    )


def test_but_not_for_ever(launch):
    status, lines = launch(
        """
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
signal.pause() if me == "chief" else die()
""",
        max_restarts=2,
    )
    again = "[launch] worker0 was killed by SIGKILL: it is started again."
    assert lines == [
        again,
        again,
        "[launch] worker0 was killed by SIGKILL.",
        "[launch] No worker is left: the chief is ended.",
    ]
    assert status == 128 + signal.SIGKILL


def test_a_worker_that_fails_is_not_started_again_and_the_others_go_on(launch):
    status, lines = launch(
        """
if me == "chief":
    wait_for(1)
elif me == "worker0":
    sys.exit(3)
else:
    tell("done")
""",
        workers=2,
    )
    assert (status, lines) == (3, ["[launch] worker0 has failed with exit status 3."])


def test_the_failure_of_the_chief_ends_all(launch, tmp_path):
    status, lines = launch(
        """
if me == "chief":
    wait_for(2)
    sys.exit(4)
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
(here / me).write_text(str(os.getpid()))
tell(me)
signal.pause()
""",
        workers=2,
    )
    assert (status, lines) == (4, ["[launch] chief has failed with exit status 4."])
    assert not any(is_alive(int((tmp_path / f"worker{one}").read_text())) for one in (0, 1))


def test_workers_may_not_outlive_the_chief_for_long(launch):
    status, lines = launch("""
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
if me == "chief":
    wait_for(1)
else:
    tell("ready")
    signal.pause()
""")
    assert (status, lines) == (
        124,
        ["[launch] worker0 went on for more than 0.1 s after the chief: ended."],
    )


def test_one_that_does_not_heed_an_interruption_is_killed_with_what_it_started(launch, tmp_path):
    status, _ = launch(
        """
signal.signal(signal.SIGINT, signal.SIG_IGN)
if me == "chief":
    wait_for(1)
    sys.exit(4)
child = os.fork()
if child:
    (here / "pids").write_text(f"{os.getpid()} {child}")
    tell("ready")
signal.pause()
""",
        patience=Patience(0.1, 0.1, 0.1),
    )
    assert status == 4
    mine, child = map(int, (tmp_path / "pids").read_text().split())
    assert not is_alive(mine)
    # The orphan is dead, if its new parent has not yet asked.
    assert not is_alive(child) or _is_zombie(child)


def _is_zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all(script, tmp_path, number):
    path = script(f"""
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
(here / me).write_text(str(os.getpid()))
if me == "chief":
    wait_for(2)
    os.kill(os.getppid(), {int(number)})
else:
    tell(me)
signal.pause()
""")
    done = program("launch", "--workers", 2, path, folder=tmp_path)
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr == f"[launch] {number.name}: all are ended.\n"
    names = ("chief", "worker0", "worker1")
    assert not any(is_alive(int((tmp_path / name).read_text())) for name in names)


def test_nothing_outlives_a_launch_that_is_killed(script, tmp_path):
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    path = script("""
held = open(here / "held", "w")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if me == "chief":
    wait_for(2)
    os.kill(os.getppid(), signal.SIGKILL)
else:
    tell(me)
signal.pause()
""")
    done = program("launch", "--workers", 2, path, folder=tmp_path)
    assert done.returncode == -signal.SIGKILL
    # The end of what nobody has written: the last of them has ended.
    assert wait([held], 60)
    assert os.read(held, 1) == b""
    os.close(held)


def test_what_cannot_be_launched_is_refused(script, tmp_path):
    missing = tmp_path / "missing.py"
    assert refusal("launch", missing) == f"A script to launch is a file. Received: '{missing}'."
    path = script("")
    assert "at least 1" in refusal("launch", "--workers", 0, path)
    assert "--gpus-per-trial=7" in refusal("launch", "--gpus-per-trial", 7, path)
    assert "--cpus-per-trial=0" in refusal("launch", "--cpus-per-trial", 0, path)


def test_each_worker_has_its_cores(script, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("tfhpo.execution.resources.usable_cpus", lambda: 4)
    path = script("print(os.environ.get('OMP_NUM_THREADS'))")
    result = invoke("launch", "--workers", 1, "--cpus-per-trial", 3, path)
    assert sorted(result.stdout.splitlines()) == ["[chief] None", "[worker0] 3"]
