"""Where modules are found, as another process is told."""

from __future__ import annotations

import sys
from pathlib import Path


def module_path() -> list[str]:
    """Returns where this process finds modules, wherever the other one runs."""
    # An empty entry is the present folder, which may be another one there.
    return [entry or str(Path.cwd()) for entry in sys.path]
