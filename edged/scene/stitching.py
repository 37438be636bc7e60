"""Tracks to walkers: what the lines and zones follow. A track that goes on as another, because the tracker lost it, stays one walker.

A track that begins where one that is out of sight should be by now takes over what is known of it. The other keeps its own knowledge too:
should it come back after all, they were two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

from edged.scene.shapes import Corners, Place, Point, size
from edged.vision.tracker import Tracked, Update

_LONGEST = 1.5  # seconds between the last look at the one and the first at the other
_NEAR = 0.35  # box sizes between where it should be and where it is …
_SPREAD = 0.4  # … and so many more for every second: half the speed of a walker
_SIZE_RATIO = 1.6
_STEADY = 0.3  # seconds over which a speed is averaged


@dataclass(slots=True)
class Walker:
    """One object on its way; `place` is where it was seen last, `heir` the walker that took it for itself while it was out of sight."""

    id: int
    label: int
    score: float
    place: Place
    speed: Point = (0.0, 0.0)
    heir: "Walker | None" = None


class Step(NamedTuple):
    """A walker went from one place to the next. `before` is None for the very first; `of` is whom it then goes on for, if anybody."""

    walker: Walker
    before: Place | None
    now: Place
    of: Walker | None = None


class Walkers:
    """The walkers of one session; their state is bounded by the tracks that are open. `aspect` is width by height of the picture."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._open: dict[int, Walker] = {}

    def __len__(self) -> int:
        return len(self._open)

    def see(self, update: Update, at: float) -> list[Step]:
        """The steps that an update for the frame at `at` seconds means, in order of time for each walker."""
        steps = []
        for tracked in update.tracks:
            walker = self._open.get(tracked.id)
            if walker is None:
                steps += self._began(tracked, update, at)
            elif at > walker.place.at:
                steps.append(self._went(walker, tracked, Place(at, tracked.box)))
        return steps

    def end(self, ended: Iterable[Tracked]) -> list[Walker]:
        """The walkers of the tracks that are over; they are forgotten."""
        return [walker for tracked in ended if (walker := self._open.pop(tracked.id, None))]

    def end_all(self) -> list[Walker]:
        everybody, self._open = list(self._open.values()), {}
        return everybody

    def _began(self, tracked: Tracked, update: Update, at: float) -> list[Step]:
        births = {started.id: birth for started, birth in zip(update.started, update.births, strict=True)}
        first, *way = (Place(*glimpse) for glimpse in (*births.get(tracked.id, ()), (at, tracked.box)))
        walker = Walker(tracked.id, tracked.label, tracked.score, first)
        lost = self._lost(walker, {other.id for other in update.tracks})
        self._open[tracked.id] = walker
        if lost:
            lost.heir, walker.speed = walker, lost.speed
        steps = [Step(walker, lost.place if lost else None, first, lost)]
        return steps + [self._went(walker, tracked, place) for place in way if place.at > walker.place.at]

    def _went(self, walker: Walker, tracked: Tracked, now: Place) -> Step:
        before = walker.place
        seconds = now.at - before.at
        (x0, y0), (x1, y1) = self._middle(before.box), self._middle(now.box)
        new = seconds / (seconds + _STEADY)
        vx, vy = walker.speed
        walker.speed = vx + new * ((x1 - x0) / seconds - vx), vy + new * ((y1 - y0) / seconds - vy)
        walker.place, walker.label, walker.score, walker.heir = now, tracked.label, tracked.score, None
        return Step(walker, before, now)

    def _lost(self, new: Walker, seen: set[int]) -> Walker | None:
        """Of the walkers out of sight the one that `new` most likely is."""
        likely = [
            (miss, walker.id)
            for walker in self._open.values()
            if walker.id not in seen and walker.heir is None and (miss := self._miss(walker, new)) <= 1.0
        ]
        return self._open[min(likely)[1]] if likely else None

    def _miss(self, lost: Walker, new: Walker) -> float:
        """How far `new` begins from where `lost` should be, in shares of what can be believed."""
        gap = new.place.at - lost.place.at
        old, young = size(lost.place.box, self._aspect), size(new.place.box, self._aspect)
        if not 0.0 < gap <= _LONGEST or lost.label != new.label or max(old, young) > _SIZE_RATIO * min(old, young):
            return 2.0
        (x0, y0), (x1, y1) = self._middle(lost.place.box), self._middle(new.place.box)
        vx, vy = lost.speed
        # it may have gone on as it did, or stopped
        miss = min(hypot(x1 - x0 - vx * gap, y1 - y0 - vy * gap), hypot(x1 - x0, y1 - y0))
        return miss / (old * (_NEAR + _SPREAD * gap))

    def _middle(self, box: Corners) -> Point:
        return (box[0] + box[2]) * 0.5 * self._aspect, (box[1] + box[3]) * 0.5
