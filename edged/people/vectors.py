"""Where a process keeps the vectors it searches: a file that is also its matrix, so that a start need not read them from the broker.

The file is derived and may be deleted. Each row has a checksum over its name and its vector; with a single row that does not fit nothing of the file is used.
"""

import mmap
import os
import zlib
from pathlib import Path
from typing import IO

import numpy as np
import structlog
from numpy.typing import NDArray

log = structlog.get_logger()

Floats = NDArray[np.float32]

NAME = np.dtype([("identity", "S64"), ("sample", "S64"), ("sum", "<u4")])
GROWTH = 1_024  # rows, at least


class Held:
    """Rows in a file of floats, and one of names beside it; both grow together. Blocks, as a page that is not in memory does."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self.lost = False
        self._dimensions = dimensions
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._floats = _opened(path)
        self._names = _opened(path.with_suffix(".names"))
        self._map: mmap.mmap | None = None
        self.matrix: Floats = np.empty((0, dimensions), np.float32)
        self._mapped(os.fstat(self._floats.fileno()).st_size // (4 * dimensions))

    def read(self) -> list[tuple[str, str]] | None:
        """The names of the rows, or None when the file cannot be trusted."""
        raw = os.pread(self._names.fileno(), os.fstat(self._names.fileno()).st_size // NAME.itemsize * NAME.itemsize, 0)
        slots = np.frombuffer(raw, NAME)
        used = int(np.count_nonzero(slots["identity"]))
        if used > len(self.matrix) or np.count_nonzero(slots["identity"][:used]) != used:
            return None
        names = [
            (i.decode(), s.decode()) for i, s in zip(slots["identity"][:used], slots["sample"][:used], strict=True)
        ]
        if len(set(names)) != used:  # killed while a row moved
            return None
        sums = slots["sum"][:used].tolist()
        for row, (name, wanted) in enumerate(zip(names, sums, strict=True)):
            if _sum(name, self.matrix[row]) != wanted:
                return None
        return names

    def grow(self) -> None:
        """With a full disk it goes on in memory, and the file is `lost`."""
        rows = len(self.matrix) + max(GROWTH, len(self.matrix) // 8)
        if self.lost:
            self._in_memory(rows)
            return
        try:
            # reserved, not only announced: writing into a mapped hole of a full disk would end the process
            os.posix_fallocate(self._floats.fileno(), 0, rows * 4 * self._dimensions)
            os.posix_fallocate(self._names.fileno(), 0, rows * NAME.itemsize)
        except OSError as error:
            log.warning("gallery in memory", error=error.strerror, note="the next start reads everything again")
            self.lost = True
            self._in_memory(rows)
            return
        self._mapped(rows)

    def named(self, row: int, identity: str, sample: str) -> None:
        if self.lost:
            return
        slot = np.zeros(1, NAME)
        slot[0] = identity.encode(), sample.encode(), _sum((identity, sample), self.matrix[row])
        os.pwrite(self._names.fileno(), slot.tobytes(), row * NAME.itemsize)

    def cleared(self, row: int) -> None:
        """Overwrites the row: somebody may have been erased."""
        self.matrix[row] = 0
        if not self.lost:
            os.pwrite(self._names.fileno(), bytes(NAME.itemsize), row * NAME.itemsize)

    def take(self, rows: NDArray[np.intp]) -> Floats:
        """Read, not mapped: a single row would bring sixteen pages of the file into memory."""
        if self.lost:
            return self.matrix[rows]
        found = np.empty((len(rows), self._dimensions), np.float32)
        length, file = 4 * self._dimensions, self._floats.fileno()
        for place, row in enumerate(rows.tolist()):
            os.preadv(file, [found[place].data], row * length)
        return found

    def flush(self) -> None:
        """Returns when the rows are on the disk."""
        if self._map is not None:
            self._map.flush()
        os.fsync(self._names.fileno())

    def rest(self) -> None:
        """What was read need not stay in memory."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        self.matrix = np.empty((0, self._dimensions), np.float32)
        self._map = None
        self._floats.close()
        self._names.close()

    def _mapped(self, rows: int) -> None:
        if rows:
            self._map = mmap.mmap(self._floats.fileno(), rows * 4 * self._dimensions)
            self.matrix = np.frombuffer(self._map, np.float32).reshape(rows, self._dimensions)

    def _in_memory(self, rows: int) -> None:
        matrix = np.empty((rows, self._dimensions), np.float32)
        matrix[: len(self.matrix)] = self.matrix
        self.matrix, self._map = matrix, None


def _opened(path: Path) -> IO[bytes]:
    path.touch(mode=0o600)
    return path.open("r+b", buffering=0)


def _sum(name: tuple[str, str], vector: Floats) -> int:
    return zlib.crc32(vector.data, zlib.crc32(f"{name[0]}.{name[1]}".encode()))
