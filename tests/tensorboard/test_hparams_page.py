"""TensorBoard's own page on a search with all its fates, seen by a headless browser."""

import headless_browser
import numpy as np
import pytest
import recorded_search as search
from matplotlib.image import imread

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(headless_browser.EXECUTABLE is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def page(tensorboard_server, tmp_path_factory):
    logdir = tmp_path_factory.mktemp("logs")
    search.first_process(logdir)
    search.second_process(logdir)
    board = tensorboard_server(logdir)
    board.wait_until(lambda: len(board.session_groups()) == 20)
    with headless_browser.browser(tmp_path_factory.mktemp("browser")) as page:
        page.open(f"{board.url}/#hparams")
        page.wait_until("visibleText().includes('0019')")
        yield page


def assert_drawn(path):
    """A page that failed to draw is of few colours."""
    pixels = imread(path)[::4, ::4, :3].reshape(-1, 3)
    assert len(np.unique((pixels * 255).astype(int), axis=0)) > 100


def test_the_table_shows_every_trial_under_the_columns_that_matter(page, tmp_path):
    shown = page.evaluate("seek('tf-hparams-table-view').shadowRoot.textContent")
    for name in ["batch_norm", "dropout", "learning_rate", "optimizer", "units"]:
        assert name in shown
    assert "best val_accuracy" in shown
    text = page.evaluate("visibleText()")
    assert [number for number in range(20) if f"{number:04d}" not in text] == []
    page.screenshot(tmp_path / "table.png")
    assert_drawn(tmp_path / "table.png")


def test_parallel_coordinates_draw_every_trial_with_a_score(page, tmp_path):
    page.evaluate("seek('paper-tab', 'PARALLEL').click()")
    lines = "[...everything()].filter((each) => each.matches('g.foreground path'))"
    page.wait_until(f"{lines}.some((line) => line.checkVisibility())")
    page.screenshot(tmp_path / "parallel.png")
    assert_drawn(tmp_path / "parallel.png")
    names = page.evaluate(f"{lines}.map((line) => line.__data__.name).sort()")
    assert names == [f"{number:04d}" for number in [*range(12), 15, 16, 18]]
    axes = page.evaluate("seek('tf-hparams-parallel-coords-plot').shadowRoot.textContent")
    assert "best val_accuracy" in axes
    assert "optimizer" in axes
