"""`schedules`: the picture is written, the table tells the rates."""

import collections

import pytest
from command_line import invoke, refusal

from tfhpo import schedules
from tfhpo.cli.schedules import KINDS
from tfhpo.schedules.families import families


@pytest.fixture
def picture(tmp_path):
    return tmp_path / "pictures" / "page.png"


def row(text, *words):
    """The numbers of the line that holds all the words."""
    (line,) = [line for line in text.splitlines() if all(word in line for word in words)]
    return [float(part) for part in line.split()[-5:]]


def test_the_page_of_all_families(picture):
    text = invoke("schedules", "--output", picture).output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.name in text.replace("\n", "")
    assert row(text, "to a constant ") == [0, 0.1, 0.1, 0.1, 0.1]
    assert row(text, "cycle, power=1 ") == [0.1, 0.025, 0.025, 0.025, 0]
    assert row(text, "cosine ", "alpha=0 ") == [0.1, 0.085, 0.05, 0.015, 0]
    kinds = [line.split()[0] for line in text.splitlines() if line[:1].isalpha()]
    for name in ("polynomial", "warm_up", "triangular", "one_cycle", "noisy_linear_cosine"):
        assert kinds.count(name) == 1


def test_another_length_and_rate(picture):
    text = invoke(
        "schedules", "--output", picture, "--total-steps", 5000, "--learning-rate", 2,
        "--kind", "cosine", "--kind", "one_cycle",
    ).output  # fmt: skip
    assert row(text, "alpha=0 ") == [2, 1.7, 1, 0.29, 0]
    assert "one_cycle" in text
    assert "polynomial" not in text


def test_every_schedule_is_computed_once(picture, monkeypatch):
    asked = collections.Counter()
    compute = schedules.Constant.__call__

    def counted(self, step):
        asked[self.learning_rate] += 1
        return compute(self, step)

    monkeypatch.setattr(schedules.Constant, "__call__", counted)
    invoke("schedules", "--output", picture, "--kind", "constant")
    assert list(asked.values()) == [1]


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_the_ending_tells_the_type(tmp_path, ending):
    path = tmp_path / f"page.{ending}"
    assert invoke("schedules", "--output", path, "--kind", "constant").exit_code == 0
    assert path.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "rule", "value"),
    [
        (["--total-steps", 19], "`total_steps` must be an integer from 20", "19"),
        (["--learning-rate", 0], "`learning_rate` must be a finite number above 0", "0.0"),
        (["--learning-rate", "nan"], "`learning_rate` must be a finite number above 0", "nan"),
        (["--kind", "cosin"], "`kinds` must be one of constant,", "Did you mean 'cosine'?"),
        (["--kind", "OneCycle"], "`kinds` must be one of constant,", "Did you mean 'one_cycle'?"),
        (["--kind", "cosine,one_cycle"], "`kinds` must be", "given one by one, without commas"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(picture, arguments, rule, value):
    message = refusal("schedules", "--output", picture, *arguments)
    assert rule in message
    assert value in message
    assert not picture.exists()


def test_an_unknown_ending_is_refused(tmp_path):
    message = refusal("schedules", "--output", tmp_path / "page.txt")
    assert "must end in one of ['" in message
    assert "page.txt" in message


def test_a_folder_in_the_place_of_the_picture_is_refused(picture):
    picture.mkdir(parents=True)
    assert "must be a file. Received: path=" in refusal("schedules", "--output", picture)
    assert ", a folder." in refusal("schedules", "--output", picture.parent)


def test_the_help_names_every_family():
    named = " ".join(invoke("schedules", "--help").output.replace("│", " ").split())
    assert KINDS in named
    every = dict.fromkeys(family.kind for family in families(100, 0.1))
    assert KINDS.split(", ") == list(every)


def test_by_default_the_picture_lies_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke("schedules", "--kind", "constant").exit_code == 0
    assert (tmp_path / "schedules.png").exists()
