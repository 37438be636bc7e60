"""Exact cosine search over the vectors of one kind and model. Pure; used by one thread at a time."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edged.identity.scan import Scan

Floats = NDArray[np.float32]

BLOCK = 16_384  # rows that are scanned together
STALE = 512  # rows of a scanned block that may have changed since; they are compared one by one
CHUNK = 64  # scores of which the highest stands for all, where the limit of the best is sought
GATHERED = 4_096  # rows that are compared exactly at once
ROUNDING = 1e-5  # of float32 sums in another order


class Match(NamedTuple):
    """One sample of an identity; `score` is the cosine of both vectors, 1 at best."""

    identity: str
    sample: str
    score: float


class Rows(Protocol):
    """Where the vectors lie: a matrix (capacity, dimensions) that can grow. `named` and `cleared` say what became of a row.

    `take` copies some rows; `rest`: what of the matrix was looked at need not stay in memory.
    """

    @property
    def matrix(self) -> Floats: ...
    def grow(self) -> None: ...
    def named(self, row: int, identity: str, sample: str) -> None: ...
    def cleared(self, row: int) -> None: ...
    def take(self, rows: NDArray[np.intp]) -> Floats: ...
    def rest(self) -> None: ...


class Memory:
    """Rows in memory."""

    def __init__(self, dimensions: int) -> None:
        self.matrix: Floats = np.empty((256, dimensions), np.float32)

    def grow(self) -> None:
        grown = np.empty((len(self.matrix) + max(256, len(self.matrix) // 2), self.matrix.shape[1]), np.float32)
        grown[: len(self.matrix)] = self.matrix
        self.matrix = grown

    def named(self, row: int, identity: str, sample: str) -> None:
        """Memory needs no names."""

    def cleared(self, row: int) -> None:
        self.matrix[row] = 0

    def take(self, rows: NDArray[np.intp]) -> Floats:
        return self.matrix[rows]

    def rest(self) -> None:
        """Memory has nowhere else to put it."""


class Index:
    """Vectors of length 1, in rows without gaps; `names` are those that `rows` hold already.

    Whole blocks are scanned in int8 first, once `seal` has prepared them. What that cannot rule out is compared exactly, so the answer is that
    of a full comparison.
    """

    def __init__(self, rows: Rows, names: list[tuple[str, str]] | None = None) -> None:
        self.dimensions = rows.matrix.shape[1]
        self._held = rows
        self._names = names or []
        self._row = {name: row for row, name in enumerate(self._names)}
        self._scans: dict[int, Scan] = {}
        self._changed: dict[int, set[int]] = {}  # of each scan, the rows that changed after it was made

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: tuple[str, str]) -> bool:
        return name in self._row

    @property
    def names(self) -> list[tuple[str, str]]:
        """(identity, sample) of each row; do not change it."""
        return self._names

    def vector(self, identity: str, sample: str) -> Floats | None:
        row = self._row.get((identity, sample))
        return None if row is None else self._held.matrix[row].copy()

    def put(self, identity: str, sample: str, vector: Floats) -> None:
        """Adds or replaces. Raises ValueError for another number of dimensions."""
        self._check(vector)
        row = self._row.get((identity, sample))
        if row is None:
            row = len(self._names)
            while row >= len(self._held.matrix):
                self._held.grow()
            self._names.append((identity, sample))
            self._row[identity, sample] = row
        self._held.matrix[row] = vector
        self._held.named(row, identity, sample)
        self._touch(row)

    def remove(self, identity: str, sample: str) -> bool:
        """Whether it was there. The last row takes its place."""
        row = self._row.pop((identity, sample), None)
        if row is None:
            return False
        last = len(self._names) - 1
        if row != last:
            moved = self._names[row] = self._names[last]
            self._row[moved] = row
            self._held.matrix[row] = self._held.matrix[last]
            self._held.named(row, *moved)
            self._touch(row)
        self._names.pop()
        self._held.cleared(last)
        self._unseal(last // BLOCK)
        return True

    def seal(self) -> bool:
        """Prepares one more block, in some 0.1 s; False when there is none to prepare."""
        for number in range(len(self._names) // BLOCK):
            if number not in self._scans:
                self._scans[number] = Scan(self._held.matrix[number * BLOCK : (number + 1) * BLOCK])
                self._changed[number] = set()
                self._held.rest()
                return True
        return False

    def search(self, vector: Floats, top: int = 10) -> list[Match]:
        """The `top` samples nearest to `vector`, the best first."""
        self._check(vector)
        if not self._names or top < 1:
            return []
        query = np.ascontiguousarray(vector, np.float32)
        scores, error = self._coarse(query)
        rows = np.flatnonzero(scores >= _limit(scores, top) - 2 * error)
        exact = self._exact(rows, query)
        best = np.lexsort((rows, -exact))[:top]
        return [
            Match(names[0], names[1], float(exact[place])) for place in best for names in (self._names[rows[place]],)
        ]

    def _check(self, vector: Floats) -> None:
        if vector.shape != (self.dimensions,):
            raise ValueError(f"a vector of {vector.size} numbers does not fit an index of {self.dimensions}")

    def _coarse(self, query: Floats) -> tuple[Floats, float]:
        """(a score for each row, by how much it may be wrong)."""
        matrix, count = self._held.matrix, len(self._names)
        scores = np.empty(count, np.float32)
        error = ROUNDING
        for start in range(0, count, BLOCK):
            end = min(start + BLOCK, count)
            if scan := self._scans.get(start // BLOCK):
                scores[start:end], off = scan.scores(query)
                error = max(error, off)
                if changed := list(self._changed[start // BLOCK]):
                    scores[changed] = self._held.take(np.array(changed)) @ query
            else:
                np.matmul(matrix[start:end], query, out=scores[start:end])
        return scores, error

    def _exact(self, rows: NDArray[np.intp], query: Floats) -> Floats:
        parts = [self._held.take(rows[start : start + GATHERED]) @ query for start in range(0, len(rows), GATHERED)]
        return np.concatenate(parts)

    def _touch(self, row: int) -> None:
        number = row // BLOCK
        if number in self._scans:
            self._changed[number].add(row)
            if len(self._changed[number]) > STALE:
                self._unseal(number)

    def _unseal(self, number: int) -> None:
        self._scans.pop(number, None)
        self._changed.pop(number, None)


def _limit(scores: Floats, top: int) -> float:
    """A score that at least `top` of the rows reach; with few rows, or all of the same rank, the least of them."""
    if len(scores) <= top:
        return float(scores.min())
    if (
        len(scores) >= top * CHUNK * 4
    ):  # the highest of each chunk are enough to know a limit from below, and few to sort
        whole = len(scores) // CHUNK * CHUNK
        scores = scores[:whole].reshape(-1, CHUNK).max(axis=1)
    return float(np.partition(scores, len(scores) - top)[len(scores) - top])
