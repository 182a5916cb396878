"""The program itself: quick to start, clear in refusing."""

import re
import subprocess
import sys

import pytest
from command_line import ROOT, invoke, refusal

from tfhpo import __version__
from tfhpo.cli import main, screen
from tfhpo.errors import StudyMismatchError

HEAVY = ("tensorflow", "keras", "keras_tuner", "sklearn", "matplotlib", "scipy")
WATCH = f"""
import sys
from tfhpo.cli.main import app
try:
    app(sys.argv[1:])
finally:
    loaded = sorted(set({HEAVY}) & set(sys.modules))
    print("loaded:", *loaded)
"""


def loaded_by(*arguments):
    """Returns which of the heavy packages a command loads."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *map(str, arguments)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].removeprefix("loaded:").split()


@pytest.mark.parametrize(
    "command", [[], ["demo"], ["tune"], ["resume"], ["show"], ["doctor"], ["launch"]]
)
def test_help_loads_nothing_heavy(command):
    assert loaded_by(*command, "--help") == []


def test_show_and_export_load_no_tensorflow(finished, tmp_path):
    loaded = loaded_by("show", finished)
    loaded += loaded_by("export", finished, "--to", "csv", "--out", tmp_path / "study.csv")
    assert not {"tensorflow", "keras", "keras_tuner", "matplotlib"} & set(loaded)


def test_every_command_is_told():
    text = invoke("--help").output
    for command in ("demo", "tune", "resume", "show", "export", "doctor", "launch"):
        assert command in text


def test_version():
    assert invoke("--version").output == f"tfhpo {__version__}\n"


def test_an_unknown_command_is_refused():
    assert invoke("tunes").exit_code == 2


def test_an_error_of_the_family_is_one_line(tmp_path):
    assert refusal("show", tmp_path / "[/red]") == (f"There is no study at {tmp_path / '[/red]'}.")


def test_a_long_error_keeps_its_lines_and_only_the_first_is_red(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    screen.show_error(StudyMismatchError("It differs:\n\n  seed: was [1], is 2\n  x: was 3"))
    first, *others = capsys.readouterr().err.splitlines()
    assert "\x1b[1;31m" in first
    assert re.sub(r"\x1b\[[\d;]*m", "", first) == "Error: It differs:"
    assert others == ["", "  seed: was [1], is 2", "  x: was 3"]


def test_any_other_error_keeps_its_traceback(monkeypatch):
    def broken(findings):
        raise ZeroDivisionError

    monkeypatch.setattr("tfhpo.cli.doctor._print", broken)
    monkeypatch.setattr("tfhpo.cli.doctor._computing", list)
    monkeypatch.setattr(sys, "argv", ["tfhpo", "doctor"])
    with pytest.raises(ZeroDivisionError):
        main.main()
