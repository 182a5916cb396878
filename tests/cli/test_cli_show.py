"""`show` and `export` on a study."""

import csv
import json

import pytest
from command_line import invoke, refusal


def test_show_prints_results_and_failures(finished):
    text = invoke("show", finished).output
    assert text.index("0.875") < text.index("0.5") < text.index("ValueError: too wide")
    assert "3 trials: 2 completed, 1 failed" in text


def test_show_takes_the_file_too(finished):
    assert invoke("show", finished / "study.sqlite").output == invoke("show", finished).output


def test_show_the_best_only(finished):
    text = invoke("show", finished, "--top", 1).output
    assert "0.875" in text
    assert "0.5" not in text


def test_show_the_failed_only(finished):
    text = invoke("show", finished, "--failed").output
    assert "ValueError: too wide" in text
    assert "0.875" not in text


@pytest.mark.parametrize("top", [0, -1])
def test_at_least_one_trial_is_asked_for(finished, top):
    assert invoke("show", finished, "--top", top).exit_code == 2


def test_a_file_that_is_no_study_is_refused(tmp_path):
    path = tmp_path / "study.sqlite"
    path.write_text("no database, but long enough to be taken for the header of one" * 4)
    assert str(path) in refusal("show", tmp_path)


def test_export_csv_beside_the_study(finished):
    result = invoke("export", finished, "--to", "csv")
    assert result.output.strip() == str(finished / "study.csv")
    with (finished / "study.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["score"] for row in rows] == ["0.5", "0.875", ""]


def test_export_json_to_a_place(finished, tmp_path):
    invoke("export", finished, "--to", "json", "--out", tmp_path / "all.json")
    contents = json.loads((tmp_path / "all.json").read_text())
    assert [trial["score"] for trial in contents["trials"]] == [0.5, 0.875, None]


def test_another_format_is_refused(finished):
    result = invoke("export", finished, "--to", "xlsx")
    assert result.exit_code == 2
    assert "csv" in result.output


def test_export_into_no_folder_is_refused(finished, tmp_path):
    message = refusal("export", finished, "--to", "csv", "--out", tmp_path / "no" / "study.csv")
    assert "study.csv" in message
