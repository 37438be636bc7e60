"""What is wrong with lines and zones as somebody drew them, and with settings that contradict each other."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from edged.config import Camera
from edged.messages import Point

_SAME = 1e-3  # of the picture's sides
_LEAST_AREA = 1e-4  # of the picture


def fault(camera: Camera) -> str:
    """The first fault of `camera`'s settings, as a sentence that says where and what next; empty: there is none."""
    return next(_faults(camera), "")


def _faults(camera: Camera) -> Iterator[str]:
    for place, drawn in (("lines", camera.lines), ("zones", camera.zones)):
        names = [one.id for one in drawn]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"{place}[{index}].id: {name!r} is used twice: give each its own"
    for index, line in enumerate(camera.lines):
        for (x0, y0), (x1, y1) in pairwise(line.points):
            if max(abs(x1 - x0), abs(y1 - y0)) < _SAME:
                yield f"lines[{index}].points: two that follow each other are the same point: leave one out"
    for index, zone in enumerate(camera.zones):
        if any(_cross(*one, *other) for one, other in combinations(_sides(zone.polygon), 2)):
            yield f"zones[{index}].polygon: its sides cross each other: put the corners in order around it"
        if abs(_area(zone.polygon)) < _LEAST_AREA:
            yield f"zones[{index}].polygon: it encloses nothing: draw it larger"
    if camera.recognition.blur and camera.direct:
        yield "direct: what browsers play without edged shows faces: leave it empty, or recognition.blur off"


def _sides(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def _area(polygon: Sequence[Point]) -> float:
    return 0.5 * sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in _sides(polygon))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether a-b and c-d have a point inside both."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
