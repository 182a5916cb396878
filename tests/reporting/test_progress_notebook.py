"""The progress line in a real notebook kernel."""

import nbformat
import pytest
from nbclient import NotebookClient

CELL = """
from tfhpo.reporting import ProgressLine
from tfhpo.study import TrialRecord, TrialStatus

line = ProgressLine("loss", "min", max_trials=3)
line.on_search_begin(None, "loss", "min", [])
for number in range(3):
    trial = TrialRecord(number, str(number), TrialStatus.COMPLETED, {}, score=1.0 + number)
    line.on_trial_begin(trial)
    line.on_epoch_end(trial, 0, 0, {"loss": 1.0})
    line.on_trial_end(trial)
line.on_search_end(None)
"""


# nbclient's kernel manager says so of its own event loop.
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_one_display_that_ends_as_the_summary():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/plain"].startswith("3 trials in")
    assert "best loss 1 in trial 0" in output.data["text/html"]
