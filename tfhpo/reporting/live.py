"""One line that is rewritten in place in a terminal or a notebook; one now and then in a log."""

from __future__ import annotations

import contextlib
import html
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

#: How often the line is drawn at most, per second.
REFRESH = 4
# Seconds between two lines of a log: a night's search should tell that it lives, in few lines.
_LOG_EVERY = 30.0


class PatientConsole(Console):
    """Falls silent where nobody reads any more: what is told of a search must not end it."""

    def on_broken_pipe(self) -> None:
        """Says no more."""
        self.quiet = True


class LiveLine(ABC):
    """A line at the bottom of the output, drawn anew while something runs.

    Args:
        console: Where it is drawn.
        draw: Returns the present line for a width in characters.
    """

    def __init__(self, console: Console, draw: Callable[[int], Text]) -> None:
        self._console = console
        self._draw = draw

    @abstractmethod
    def open(self) -> None:
        """Shows the line."""

    @abstractmethod
    def refresh(self) -> None:
        """Draws the line anew, soon."""

    @abstractmethod
    def note(self, text: Text) -> None:
        """Prints a line that stays, beside the live one."""

    @abstractmethod
    def close(self, last: Text | None) -> None:
        """Leaves one last line, or none, in place of the live one; harmless when closed already."""


class TerminalLine(LiveLine):
    """The line at the bottom of a terminal; what others print appears above it.

    A thread draws it, so that the time goes on during a long epoch.
    """

    def __init__(self, console: Console, draw: Callable[[int], Text]) -> None:
        super().__init__(console, draw)
        self._live = Live(
            console=console,
            get_renderable=lambda: self._draw(console.width),
            refresh_per_second=REFRESH,
            transient=True,
        )

    def open(self) -> None:
        self._live.start()

    def refresh(self) -> None:
        """Leaves it to the thread: drawing at every step of a fast model would slow it down."""

    def note(self, text: Text) -> None:
        self._console.print(text, no_wrap=True, overflow="ellipsis")

    def close(self, last: Text | None) -> None:
        if not self._live.is_started:
            return
        self._live.stop()
        if last is not None:
            self._console.print(last)


class NotebookLine(LiveLine):
    """The line in a notebook's cell: one display that is updated.

    IPython's own displays serve, since rich's would need ipywidgets.
    """

    _WIDTH = 160

    def __init__(self, console: Console, draw: Callable[[int], Text]) -> None:
        super().__init__(console, draw)
        self._display: Any = None
        self._drawn = 0.0

    def open(self) -> None:
        from IPython.display import display

        self._display = display(  # type: ignore[no-untyped-call,unused-ignore]
            self._bundle(self._draw(self._WIDTH)), raw=True, display_id=True
        )

    def refresh(self) -> None:
        now = time.monotonic()
        if self._display is not None and now - self._drawn >= 1 / REFRESH:
            self._drawn = now
            self._display.update(self._bundle(self._draw(self._WIDTH)), raw=True)

    def note(self, text: Text) -> None:
        self._console.print(text)

    def close(self, last: Text | None) -> None:
        if self._display is not None:
            self._display.update(self._bundle(last or Text()), raw=True)
            self._display = None

    @staticmethod
    def _bundle(text: Text) -> dict[str, str]:
        style = "margin:0;white-space:pre-wrap"
        return {
            "text/plain": text.plain,
            "text/html": f'<pre style="{style}">{html.escape(text.plain)}</pre>',
        }


class LogLine(LiveLine):
    """A line now and then, each below the former, for a log file or a pipe."""

    _WIDTH = 160

    def __init__(self, console: Console, draw: Callable[[int], Text]) -> None:
        super().__init__(console, draw)
        self._is_open = False
        self._drawn = 0.0

    def open(self) -> None:
        self._is_open, self._drawn = True, time.monotonic()

    def refresh(self) -> None:
        """Prints the line where the last one was printed long ago."""
        now = time.monotonic()
        if self._is_open and now - self._drawn >= _LOG_EVERY:
            self._drawn = now
            self.note(self._draw(self._WIDTH))

    def note(self, text: Text) -> None:
        # As `PatientConsole`, whose method not every version of rich knows.
        with contextlib.suppress(BrokenPipeError):
            # Breaking it at the width of a terminal that is not there would serve nobody.
            self._console.print(text, soft_wrap=True)
            # Who follows a log wants to know at once, not when a buffer is full.
            self._console.file.flush()

    def close(self, last: Text | None) -> None:
        if self._is_open and last is not None:
            self.note(last)
        self._is_open = False


def line_for(console: Console, draw: Callable[[int], Text]) -> LiveLine:
    """Returns the kind of line that suits the output.

    Args:
        console: Where it is drawn.
        draw: Returns the present line for a width in characters.
    """
    if console.is_jupyter:
        return NotebookLine(console, draw)
    if console.is_interactive:
        return TerminalLine(console, draw)
    return LogLine(console, draw)
