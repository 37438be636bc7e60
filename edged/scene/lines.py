"""Who crosses which line: docs/crossings.md, which this follows word by word.

The state is one number for each pair of walker and line that met and is not decided yet: how often it went through from left to right, less
how often from right to left. On clear ground that number is a passage, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from edged import config
from edged.labels import Aliases, expanded
from edged.messages import Direction
from edged.scene.shapes import Place, Point, Polyline, anchored, size
from edged.scene.stitching import Step, Walker

MARGIN = 0.1  # box sizes from the line: clear ground
BRIEF = 0.02  # the same for who was just first seen, or is not seen any more
SETTLED = 0.2  # seconds on clear ground


class Crossing(NamedTuple):
    """`walker` went through `line`; `at` in seconds, `point` in fractions of the picture."""

    walker: Walker
    line: config.Line
    direction: Direction
    at: float
    point: Point


@dataclass(frozen=True, slots=True)
class _Open:
    """`unknown`: it was first seen on the line, so nobody knows from which side it came. `clear`: since when it is on clear ground, if it is."""

    net: int
    unknown: bool
    at: float
    point: Point
    clear: float | None = None


class Lines:
    """The lines of one session of one camera, `labels` being the detector's. `aspect` is width by height of the picture."""

    def __init__(self, labels: tuple[str, ...], aliases: Aliases, aspect: float) -> None:
        self._labels = tuple(label.lower() for label in labels)
        self._aliases = aliases
        self._aspect = aspect
        self._lines: dict[str, _Counted] = {}
        self._open: dict[int, dict[str, _Open]] = {}

    def use(self, lines: Sequence[config.Line]) -> None:
        """From now on these. One that is as before goes on; a new or changed one counts who goes through it from now on."""
        old = self._lines
        self._lines = {
            line.id: old[line.id] if line.id in old and old[line.id].line == line else self._counted(line)
            for line in lines
        }
        same = {name for name, counted in self._lines.items() if old.get(name) is counted}
        for states in self._open.values():
            for name in states.keys() - same:
                del states[name]

    def step(self, step: Step) -> list[Crossing]:
        """The passages that a step proves."""
        walker, now = step.walker, step.now
        if step.of:
            self._open[walker.id] = dict(self._open.get(step.of.id, {}))
        states = self._open.setdefault(walker.id, {})
        if step.before is None:
            self._born(states, now)
            return []
        found: list[Crossing] = []
        anchor, start, end = None, (0.0, 0.0), (0.0, 0.0)
        for name, counted in self._lines.items():
            if counted.line.anchor != anchor:
                anchor = counted.line.anchor
                start = anchored(step.before.box, anchor, self._aspect)
                end = anchored(now.box, anchor, self._aspect)
            net, share = counted.shape.passed(start, end)
            if net:
                states[name] = _met(states.get(name), net, share, step.before, now, start, end)
            if name in states:
                found += self._judged(counted, states, step, end)
        return found

    def end(self, walker: Walker) -> list[Crossing]:
        """The passages that the end of a walker proves; it is forgotten."""
        states = self._open.pop(walker.id, {})
        if walker.heir:
            return []
        return [
            crossing
            for name, state in states.items()
            if state.net
            and not state.unknown
            and self._off(self._lines[name], walker.place, BRIEF)
            and (crossing := self._crossing(self._lines[name], state, walker))
        ]

    def _born(self, states: dict[str, _Open], place: Place) -> None:
        for name, counted in self._lines.items():
            if not self._off(counted, place, BRIEF):
                states[name] = _Open(0, True, place.at, (0.0, 0.0))

    def _judged(self, counted: "_Counted", states: dict[str, _Open], step: Step, point: Point) -> list[Crossing]:
        name, now = counted.line.id, step.now
        state = states[name]
        if not state.net and not state.unknown:
            del states[name]
            return []
        if counted.shape.distance(point) < MARGIN * size(now.box, self._aspect):
            return []
        if state.clear is None and not state.unknown:
            states[name] = replace(state, clear=now.at)
            return []
        if state.clear is not None and now.at - state.clear < SETTLED:
            return []
        del states[name]
        crossing = None if state.unknown else self._crossing(counted, state, step.walker)
        return [crossing] if crossing else []

    def _off(self, counted: "_Counted", place: Place, margin: float) -> bool:
        point = anchored(place.box, counted.line.anchor, self._aspect)
        return counted.shape.distance(point) >= margin * size(place.box, self._aspect)

    def _crossing(self, counted: "_Counted", state: _Open, walker: Walker) -> Crossing | None:
        if counted.classes is not None and walker.label not in counted.classes:
            return None
        direction: Direction = "in" if (state.net > 0) != counted.line.reversed else "out"
        x, y = state.point
        return Crossing(walker, counted.line, direction, state.at, (x / self._aspect, y))

    def _counted(self, line: config.Line) -> "_Counted":
        wanted = expanded(line.labels, self._aliases)
        classes = frozenset(index for index, label in enumerate(self._labels) if label in wanted)
        return _Counted(line, Polyline(line.points, self._aspect), classes if wanted else None)


class _Counted(NamedTuple):
    """`classes`: those that count; None: all."""

    line: config.Line
    shape: Polyline
    classes: frozenset[int] | None


def _met(state: _Open | None, net: int, share: float, before: Place, now: Place, start: Point, end: Point) -> _Open:
    at = before.at + share * (now.at - before.at)
    point = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
    if state is None:
        return _Open(net, False, at, point)
    return replace(state, net=state.net + net, at=at, point=point, clear=None)
