"""What the columns of a space are, as far as breeding goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfhpo.space import BoolArray, Kind, Space


@dataclass(frozen=True)
class Genes:
    """The columns of a space.

    Args:
        categorical: Which columns are categorical, `d`.
        counts: The number of values of each column, `d`; 0 where it is infinite.
    """

    categorical: BoolArray
    counts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, space: Space) -> Genes:
        """Returns the genes of a space."""
        domains = [parameter.domain for parameter in space.parameters]
        return cls(
            np.array([domain.kind is Kind.CATEGORICAL for domain in domains], dtype=bool),
            np.array([domain.size or 0 for domain in domains], dtype=np.intp),
        )

    def __len__(self) -> int:
        return len(self.categorical)
