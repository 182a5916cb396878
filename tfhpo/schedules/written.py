"""How a schedule is written, in a message or at a prompt."""

from __future__ import annotations

import inspect
from typing import Any


class Written:
    """Writes a schedule as the call that makes it, without what is at its default."""

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters
        told = (
            f"{name}={value!r}"
            for name, value in self._arguments().items()
            if value != parameters[name].default
        )
        return f"{type(self).__name__}({', '.join(told)})"

    def _arguments(self) -> dict[str, Any]:
        """Returns the arguments, by their names."""
        config: dict[str, Any] = self.get_config()  # type: ignore[attr-defined]
        return config
