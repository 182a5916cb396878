"""What the commands print with: the two consoles, errors and closing words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfhpo.errors import TfhpoError


def console() -> Console:
    """Returns the console of standard output."""
    return Console()


def show_error(error: TfhpoError) -> None:
    """Prints an error on standard error: its first line in red, what follows it plain.

    Some errors have more to show than a line: a list of differences, or a trial's traceback.
    """
    first, *others = str(error).splitlines() or [""]
    rest = "".join(f"\n{line}" for line in others)
    text = Text.assemble(("Error: ", "bold red"), (first, "bold red"), rest)
    Console(stderr=True).print(text, soft_wrap=True)


def show_hints(hints: Sequence[tuple[str, str]]) -> None:
    """Prints what can be done next.

    Args:
        hints: What for, and the command or file.
    """
    width = max(len(purpose) for purpose, _ in hints)
    out = console()
    out.print()
    for purpose, command in hints:
        # Unbroken, so that it can be copied.
        out.print(Text.assemble(f"{purpose:<{width}}  ", (command, "bold cyan")), soft_wrap=True)
