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
    """Prints an error as one red line on standard error."""
    text = Text.assemble(("Error: ", "bold red"), (" ".join(str(error).split()), "red"))
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
