"""The progress line and the pictures in a real notebook kernel."""

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

PICTURE = """
from tfhpo.reporting import HistoryData, plot_history

plot_history(HistoryData("loss", "min", (0, 1), (2.0, 1.0), (2.0, 1.0), ()))
"""


# nbclient's kernel manager says so of its own event loop.
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_one_updated_line_and_the_picture():
    cells = [nbformat.v4.new_code_cell(source) for source in (CELL, PICTURE)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,), (picture,) = (cell.outputs for cell in notebook.cells)
    assert "image/png" in picture.data
    assert output.output_type == "display_data"
    assert output.data["text/plain"].startswith("3 trials in")
    assert "best loss 1 in trial 0" in output.data["text/html"]
