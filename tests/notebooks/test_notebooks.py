"""Every notebook runs from top to bottom, at a reduced size."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
REDUCED = {
    "01_quickstart": 'max_trials = 3\nepochs = 1\nfolder = "quickstart"',
    "02_schedules": 'max_trials = 3\nepochs = 1\nfolder = "schedules"',
    "03_parallel": 'max_trials = 2\nepochs = 1\nfolder = "parallel"',
    "bayesian_strategy": "tried = [0.1, 0.4, 0.8]\nnoise = 0.1",
}
# What the last output holds.
END = {
    # The last cell went on with the search of the first: the study grew by two trials.
    "01_quickstart": "'text/plain': '5'",
    # The accuracy of the best network of the staged search.
    "02_schedules": "'accuracy': ",
    "03_parallel": "'accuracy': ",
    "bayesian_strategy": "image/png",
}


def reduced(path: Path) -> nbformat.NotebookNode:
    """Returns the notebook with its cell of parameters replaced."""
    notebook = nbformat.read(path, as_version=4)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1, f"{path.name} must have one cell tagged `parameters`"
    tagged[0].source = REDUCED[path.stem]
    return notebook


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = reduced(path)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert END[path.stem] in str(notebook.cells[-1].outputs[-1])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs")]
