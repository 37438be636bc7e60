"""Points and polylines. Everything is in picture heights, so that a step sideways and a step down weigh the same."""

from collections.abc import Sequence
from math import hypot, inf
from typing import NamedTuple

from edged.config import Anchor

Point = tuple[float, float]
Corners = tuple[float, float, float, float]


class Place(NamedTuple):
    """A box (x1, y1, x2, y2 in fractions of the picture) at a time in seconds."""

    at: float
    box: Corners


def anchored(box: Corners, anchor: Anchor, aspect: float) -> Point:
    """The point of `box` that stands for it. `aspect` is width by height of the picture."""
    x = (box[0] + box[2]) * 0.5 * aspect
    if anchor == "bottom_center":
        return x, box[3]
    return x, box[1] if anchor == "top_center" else (box[1] + box[3]) * 0.5


def size(box: Corners, aspect: float) -> float:
    """The longer side of `box`."""
    return max((box[2] - box[0]) * aspect, box[3] - box[1])


class Polyline:
    """`points` in fractions of the picture, joined by straight segments; `closed` joins the last to the first."""

    def __init__(self, points: Sequence[Point], aspect: float, closed: bool = False) -> None:
        placed = [(x * aspect, y) for x, y in points]
        ends = [*placed[1:], placed[0]] if closed else placed[1:]
        self._segments = [
            (x0, y0, x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in zip(placed, ends, strict=False) if (x0, y0) != (x1, y1)
        ]
        self._left, self._right = min(x for x, _ in placed), max(x for x, _ in placed)
        self._top, self._bottom = min(y for _, y in placed), max(y for _, y in placed)

    def passed(self, start: Point, end: Point) -> tuple[int, float]:
        """How often the way straight from `start` to `end` goes through from left to right, less how often from right to left.

        Also the share of the way at which it last met a segment. A point on a segment counts as right of it, and a joint belongs to
        one of its two segments, so ways that follow each other never count the same passage twice, or not at all.
        """
        ax, ay = start
        bx, by = end
        if (
            (ax < self._left and bx < self._left)
            or (ax > self._right and bx > self._right)
            or (ay < self._top and by < self._top)
            or (ay > self._bottom and by > self._bottom)
        ):
            return 0, 0.0
        ex, ey = bx - ax, by - ay
        net, last = 0, 0.0
        for x, y, dx, dy in self._segments:
            before = dx * (ay - y) - dy * (ax - x)
            after = dx * (by - y) - dy * (bx - x)
            if (before < 0.0) == (after < 0.0):
                continue
            near = ex * (y - ay) - ey * (x - ax)
            far = ex * (y + dy - ay) - ey * (x + dx - ax)
            if (near < 0.0) == (far < 0.0):
                continue
            net += 1 if before < 0.0 else -1
            last = max(last, before / (before - after))
        return net, last

    def distance(self, point: Point) -> float:
        """From `point` to the nearest of the line."""
        px, py = point
        nearest = inf
        for x, y, dx, dy in self._segments:
            share = ((px - x) * dx + (py - y) * dy) / (dx * dx + dy * dy)
            share = min(1.0, max(0.0, share))
            nearest = min(nearest, hypot(x + share * dx - px, y + share * dy - py))
        return nearest

    def contains(self, point: Point) -> bool:
        """Whether `point` lies within, by the even-odd rule; for a closed one."""
        px, py = point
        within = False
        for x, y, dx, dy in self._segments:
            if (y > py) != (y + dy > py) and px < x + (py - y) / dy * dx:
                within = not within
        return within
