"""Points in polygons."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


def inside(points: NDArray[np.floating], polygon: Sequence[Point]) -> NDArray[np.bool_]:
    """(N,): which of `points` (N, 2) lie in `polygon`, by the even-odd rule; the polygon closes itself."""
    x, y = points[:, 0, None], points[:, 1, None]
    start = np.asarray(polygon, np.float64)
    end = np.roll(start, -1, axis=0)
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    crossing = start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    odd: NDArray[np.bool_] = (spans & (x < crossing)).sum(axis=1) % 2 == 1
    return odd


def inside_any(points: NDArray[np.floating], polygons: Sequence[Sequence[Point]]) -> NDArray[np.bool_]:
    """(N,): which of `points` (N, 2) lie in one of `polygons` or more."""
    within = np.zeros(len(points), np.bool_)
    for polygon in polygons:
        within |= inside(points, polygon)
    return within
