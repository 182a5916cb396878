"""The environment variables by which one process of tfhpo tells another of something."""

from __future__ import annotations

#: The chief's port, where the program that started it holds that for it.
HELD_PORT = "TFHPO_HELD_PORT"
