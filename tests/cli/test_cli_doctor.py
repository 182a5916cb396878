"""`doctor`: what it finds, and when it is alarmed."""

import configparser
import re

import pytest
from command_line import ROOT, invoke

from tfhpo.cli import doctor
from tfhpo.execution import Gpus


def requirements(lines):
    """Returns package to least version, of a list in setup.cfg."""
    found = (re.fullmatch(r"([\w-]+)>=([\d.]+)", line.strip()) for line in lines.splitlines())
    return {match[1]: match[2] for match in found if match}


def test_it_looks_for_what_the_package_declares():
    declared = configparser.ConfigParser()
    declared.read(ROOT / "setup.cfg")
    assert requirements(declared["options"]["install_requires"]) == doctor.REQUIRED
    extras = declared["options.extras_require"]
    for package, extra in doctor.OPTIONAL.items():
        assert package in extras[extra]
    assert declared["options"]["python_requires"] == f">={doctor._PYTHON}"


def test_a_missing_package_is_serious():
    finding = doctor.required_package("no-such-package", "1.2")
    assert finding.is_serious
    assert finding.advice == "pip install 'no-such-package>=1.2'"


def test_an_old_package_is_serious():
    finding = doctor.required_package("numpy", "999.0")
    assert finding.is_serious
    assert "too old" in finding.found


@pytest.mark.parametrize("least", ["0.1", "1"])
def test_a_newer_package_is_fine(least):
    assert not doctor.required_package("numpy", least).is_serious


def test_versions_compare_as_numbers():
    assert doctor._numbers("2.18.0rc1") == (2, 18, 0)
    assert doctor._numbers("2.9") < doctor._numbers("2.18")
    assert doctor._numbers("3.dev1") == (3,)


def test_an_optional_package_is_not_serious():
    finding = doctor.optional_package("no-such-package", "ray")
    assert not finding.is_serious
    assert finding.advice == "pip install 'tfhpo[ray]'"


def test_a_healthy_installation():
    result = invoke("doctor")
    assert result.exit_code == 0, result.output
    for part in ("tensorflow", "keras backend", "CPU:0", "trials at a time", "one replica"):
        assert part in result.output


def test_a_sick_installation_exits_with_1(monkeypatch):
    monkeypatch.setattr(doctor, "REQUIRED", {"no-such-package": "1.2"})
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "pip install 'no-such-package>=1.2'" in result.output


@pytest.mark.parametrize(
    ("gpus", "found", "is_advised"),
    [
        (Gpus([], "nvidia-smi"), "none", False),
        (Gpus(["GPU-1f"], "nvidia-smi"), "GPU-1f (known by nvidia-smi)", False),
        (Gpus(["0", "1"], "/proc/it/gpus"), "0, 1 (known by /proc/it/gpus)", True),
    ],
)
def test_who_knows_of_the_gpus_is_told(monkeypatch, gpus, found, is_advised):
    monkeypatch.setattr("tfhpo.execution.find_gpus", lambda: gpus)
    finding = doctor.gpus_to_divide()
    assert finding.found == found
    assert ("nvidia-smi is missing" in finding.advice) == is_advised
    assert not finding.is_serious
