"""The best and the median mean of a problem: found once where they are not known, then kept.

They lie in a cache folder: the variable TFHPO_CACHE, else `tfhpo-benchmarks` in the folder for
temporary files. Whoever changes a problem deletes its file there.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tfhpo.space import Point, Space


def landmarks(name: str, find: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """Returns the best and the median of a problem, from the cache where they are known.

    Args:
        name: The problem's.
        find: Searches for the two.
    """
    named = os.environ.get("TFHPO_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "tfhpo-benchmarks"
    kept = folder / f"{name}.json"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        # Beside first: another process must not read half a file.
        beside = kept.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(find()))
        beside.replace(kept)
    best, median = json.loads(kept.read_text())
    return best, median


def child(parents: Sequence[Point], width: float, space: Space, rng: np.random.Generator) -> Point:
    """Returns a parent moved in about a third of its columns; what opens starts at random.

    Args:
        parents: Points to choose from.
        width: The standard deviation of a move, in places of the unit cube.
        space: Theirs.
        rng: Draws the parent and the move.
    """
    parent = parents[int(rng.integers(len(parents)))]
    moved = rng.random(len(space)) < 1 / 3
    places = np.where(parent.active, parent.x, rng.random(len(space)))
    places = np.where(moved, places + width * rng.standard_normal(len(space)), places)
    fresh = rng.random(len(space)) < 0.02
    return space.point(np.clip(np.where(fresh, rng.random(len(space)), places), 0.0, 1.0))
