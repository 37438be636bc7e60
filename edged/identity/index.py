"""Exact cosine search over the vectors of one kind and model. Pure; not for several threads at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Match(NamedTuple):
    """One sample of an identity; `score` is the cosine of both vectors, 1 at best."""

    identity: str
    sample: str
    score: float


class Index:
    """Vectors of `dimensions` floats and length 1, by sample."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._names: list[tuple[str, str]] = []
        self._rows: dict[str, int] = {}
        self._vectors = np.empty((0, dimensions), np.float32)

    def __len__(self) -> int:
        return len(self._names)

    def put(self, identity: str, sample: str, vector: NDArray[np.float32]) -> None:
        """Adds or replaces. Raises ValueError for another number of dimensions."""
        if vector.shape != (self.dimensions,):
            raise ValueError(f"a vector of {vector.size} numbers does not fit an index of {self.dimensions}")
        self.remove(sample)
        self._rows[sample] = len(self._names)
        self._names.append((identity, sample))
        self._vectors = np.vstack([self._vectors, vector[None]])

    def remove(self, sample: str) -> bool:
        """Whether it was there."""
        row = self._rows.pop(sample, None)
        if row is None:
            return False
        last = len(self._names) - 1
        if row != last:
            self._names[row] = self._names[last]
            self._vectors[row] = self._vectors[last]
            self._rows[self._names[row][1]] = row
        self._names.pop()
        self._vectors = self._vectors[:last]
        return True

    def search(self, vector: NDArray[np.float32], top: int = 10) -> list[Match]:
        """The `top` samples nearest to `vector`, the best first."""
        scores = self._vectors @ vector
        best = np.argsort(-scores, kind="stable")[:top]
        return [Match(*self._names[row], float(scores[row])) for row in best]
