"""A figure that a notebook shows by itself; imported only where something is drawn."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib figure that is shown where it is a cell's value.

    A notebook shows an ordinary figure only after pyplot was imported.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
