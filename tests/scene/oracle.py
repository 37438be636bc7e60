"""What docs/crossings.md says of a path that is known at every moment: written from that page, not from the code.

Everything here is worked out from the true path of a point, sampled so finely that nothing happens in between; lengths in picture heights.
"""

import itertools
from collections import Counter
from dataclasses import dataclass

import numpy as np

FINE = 0.002  # seconds
CLEAR, ON_THE_LINE, SETTLED = 0.1, 0.02, 0.2


@dataclass(frozen=True)
class Path:
    """Where the point was: `points` (N, 2) at `times` (N,), straight in between. `size` is that of its box."""

    times: np.ndarray
    points: np.ndarray
    size: float


def crossings(path: Path, line: np.ndarray, is_reversed: bool = False) -> Counter[str]:
    """How often the path counts as `in` and as `out` at the line through `line` (M, 2)."""
    times = np.union1d(np.arange(path.times[0], path.times[-1], FINE), path.times)
    points = np.stack([np.interp(times, path.times, path.points[:, axis]) for axis in (0, 1)], axis=1)
    away = distances(points, line) / path.size
    meetings = sorted(met(points, line, times))
    counted: Counter[str] = Counter()
    balance, known, clear_since = 0, away[0] >= ON_THE_LINE, np.inf
    for moment, (time, far) in enumerate(zip(times, away, strict=True)):
        while meetings and meetings[0][0] <= time:
            balance += meetings.pop(0)[1]
            clear_since = np.inf
        over = moment == len(times) - 1
        if far >= CLEAR:
            clear_since = min(clear_since, time)
        settled = far >= CLEAR and time - clear_since >= SETTLED
        if not known:
            # it stands on the line: until it is on clear ground, it has come from neither side
            known = bool(far >= CLEAR)
            balance = 0
        elif settled or (over and far >= ON_THE_LINE):
            if balance:
                counted["in" if (balance > 0) != is_reversed else "out"] += 1
            balance = 0
    return counted


def distances(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(N,): from each of `points` to the line."""
    nearest = np.full(len(points), np.inf)
    for start, end in itertools.pairwise(line):
        along = end - start
        share = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
        nearest = np.minimum(nearest, np.linalg.norm(start + share[:, None] * along - points, axis=1))
    return nearest


def met(points: np.ndarray, line: np.ndarray, times: np.ndarray) -> list[tuple[float, int]]:
    """When the path goes through the line, and which way: +1 from left to right of who walks along it, the picture's y pointing down.

    A passage is where the signed distance from a segment's carrier changes sign between its ends.
    """
    found = []
    for start, end in itertools.pairwise(line):
        length = np.linalg.norm(end - start)
        along = (end - start) / length
        to_the_right = np.array([-along[1], along[0]])
        off = (points - start) @ to_the_right
        for i in np.flatnonzero((off[:-1] < 0) != (off[1:] < 0)):
            share = off[i] / (off[i] - off[i + 1])
            place = (points[i] + share * (points[i + 1] - points[i]) - start) @ along
            if 0.0 <= place < length:
                found.append((float(times[i] + share * (times[i + 1] - times[i])), 1 if off[i] < 0 else -1))
    return found
