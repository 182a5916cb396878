"""The documents hold no gap that was to be filled later, and every file that they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"]

# [words](target), ![words](target "title"), and the src or href of HTML.
LINK = re.compile(r"""\]\(<?([^)\s>]+)[^)]*\)|\b(?:src|href)=["']([^"']+)["']""")
# Words in capitals joined by underscores, such as REGRET_TABLE.
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
# The environment variables that tfhpo, its benchmarks, KerasTuner and TensorFlow read.
VARIABLES = re.compile(r"(TFHPO|KERASTUNER|KERAS|TF|CUDA)_[A-Z0-9_]+")


def words_without_links(text):
    return LINK.sub("", text)


def placeholders(text):
    """Returns the words that stand for what was to be written later."""
    found = PLACEHOLDER.findall(words_without_links(text))
    return [word for word in found if not VARIABLES.fullmatch(word)]


def missing(text, folder):
    """Returns the relative links of a document in this folder that lead nowhere."""
    targets = [one or other for one, other in LINK.findall(text)]
    relative = [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:|#", target)]
    return [target for target in relative if not (folder / target.partition("#")[0]).exists()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_holds_no_placeholder(name):
    assert placeholders((ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_relative_links_of_a_document_lead_somewhere(name):
    path = ROOT / name
    assert missing(path.read_text(encoding="utf-8"), path.parent) == []


def test_the_checks_see_what_they_look_for(tmp_path):
    (tmp_path / "here.md").touch()
    text = """REGRET_TABLE, TFHPO_DATA and an HTML page: [a](here.md#part), [b](https://x.org/A_B),
    ![c](gone.png "C"), <img src="lost.png">, [d](#part)"""
    assert placeholders(text) == ["REGRET_TABLE"]
    assert missing(text, tmp_path) == ["gone.png", "lost.png"]
