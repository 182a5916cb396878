"""When a search that keeps failing should stop, and what it should say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tfhpo.errors import SearchFailedError
from tfhpo.study.outcomes import cause_of

# A diverged trial is a result of its parameters more often than a mistake in the code, so it takes
# more of them in a row to stop a search.
_DIVERGED_FACTOR = 3
_DIVERGED = "is not finite"
_ADVICE = ".\nEvery training diverged: smaller rates, scaled inputs or clipped gradients may help."
# What differs between equal causes: addresses of objects, and numbers.
_VARIES = re.compile(r"0x[0-9a-f]+|[-+]?\d+(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)


def diverged_message(objective: str, score: float) -> str:
    """Returns the message of a trial whose objective, or the loss behind it, is NaN or infinite."""
    return f"The objective {objective} {_DIVERGED}: {score}"


def _in_full(message: str | None) -> str:
    return f"\n\nThe last one in full:\n{message}"


@dataclass(frozen=True)
class FailureLimit:
    """Stops a search whose first trials all fail alike.

    A single success lifts the limit for good: later failures are the business of the strategy,
    which learns to avoid them.

    Args:
        count: How many first trials must fail alike, or None never to stop.
    """

    count: int | None

    def check(self, messages: Sequence[str | None]) -> None:
        """Raises once the limit is reached.

        Args:
            messages: The causes of all ended trials, in the order of their ends, when every one of
                them failed; anything else is not the business of this limit.

        Raises:
            SearchFailedError: With the cause they share.
        """
        if self.count is None or not messages:
            return
        causes = {_VARIES.sub("#", cause_of(message)) for message in messages}
        diverged = all(_DIVERGED in cause for cause in causes)
        limit = self.count * _DIVERGED_FACTOR if diverged else self.count
        if len(causes) == 1 and len(messages) >= limit:
            raise SearchFailedError(
                f"The first {len(messages)} trials all failed alike, so the search stops: "
                f"{cause_of(messages[-1])}" + (_ADVICE if diverged else _in_full(messages[-1]))
            )
