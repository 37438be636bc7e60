"""Who is in which zone, as docs/crossings.md says. The state is bounded by the walkers there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from edged import config
from edged.labels import Aliases, expanded
from edged.messages import Fullness
from edged.scene.occupancy import fullness
from edged.scene.shapes import Place, Point, Polyline, anchored, size
from edged.scene.stitching import Step, Walker

MARGIN = 0.1  # box sizes beyond the border: come or gone at once
HESITATION = 1.0  # seconds just beyond the border: come or gone as well


class Entered(NamedTuple):
    """`at` in seconds, `point` in fractions of the picture, `inside`: how many are there now."""

    walker: Walker
    zone: config.Zone
    at: float
    point: Point
    inside: int


class Left(NamedTuple):
    walker: Walker
    zone: config.Zone
    at: float
    entered: float
    inside: int


class Dwelled(NamedTuple):
    walker: Walker
    zone: config.Zone
    at: float
    entered: float


class Filled(NamedTuple):
    """A zone became as full as `state` says, because of the walker."""

    walker: Walker
    zone: config.Zone
    at: float
    inside: int
    state: Fullness
    previous: Fullness


Event = Entered | Left | Dwelled | Filled


class Zones:
    """The zones of one session of one camera, `labels` being the detector's. `aspect` is width by height of the picture."""

    def __init__(self, labels: tuple[str, ...], aliases: Aliases, aspect: float) -> None:
        self._labels = tuple(label.lower() for label in labels)
        self._aliases = aliases
        self._aspect = aspect
        self._zones: dict[str, _Zone] = {}

    def use(self, zones: Sequence[config.Zone]) -> list[Event]:
        """From now on these. Who is in a zone of the same name stays there until its new border says otherwise."""
        old, self._zones = self._zones, {}
        for settings in zones:
            known = old.pop(settings.id, None)
            wanted = expanded(settings.labels, self._aliases)
            self._zones[settings.id] = _Zone(
                settings,
                Polyline(settings.polygon, self._aspect, closed=True),
                frozenset(i for i, label in enumerate(self._labels) if label in wanted) if wanted else None,
                known.stays if known else {},
                known.turning if known else {},
                known.state if known else "ok",
            )
        return [
            event for zone in old.values() for stay in list(zone.stays.values()) for event in zone.leave(stay.walker)
        ]

    def step(self, step: Step) -> list[Event]:
        """What a step means for each zone."""
        events: list[Event] = []
        for zone in self._zones.values():
            if step.of:
                zone.pass_on(step.of, step.walker)
            point = anchored(step.now.box, zone.settings.anchor, self._aspect)
            margin = MARGIN * size(step.now.box, self._aspect)
            if zone.changed(step.walker, step.now, point, margin, first=step.before is None):
                events += zone.turn(step.walker, (point[0] / self._aspect, point[1]))
            events += zone.dwelled(step.walker, step.now.at)
        return events

    def end(self, walker: Walker) -> list[Event]:
        """The walker is gone."""
        events: list[Event] = []
        for zone in self._zones.values():
            zone.turning.pop(walker.id, None)
            events += zone.leave(walker)
        return events


@dataclass(slots=True)
class _Stay:
    walker: Walker
    since: float
    told: bool = False


@dataclass(slots=True)
class _Zone:
    """`classes`: those it heeds, None: all. `turning`: since when somebody has been on the other side of the border than it counts as."""

    settings: config.Zone
    shape: Polyline
    classes: frozenset[int] | None
    stays: dict[int, _Stay] = field(default_factory=dict)
    turning: dict[int, float] = field(default_factory=dict)
    state: Fullness = "ok"

    def changed(self, walker: Walker, now: Place, point: Point, margin: float, first: bool) -> bool:
        """Whether the walker has come or gone."""
        here = walker.id in self.stays
        heeded = here or self.classes is None or walker.label in self.classes
        if not heeded or self.shape.contains(point) == here:
            self.turning.pop(walker.id, None)
            return False
        since = self.turning.setdefault(walker.id, now.at)
        return first or now.at - since >= HESITATION or self.shape.distance(point) >= margin

    def turn(self, walker: Walker, point: Point) -> list[Event]:
        since = self.turning.pop(walker.id)
        if walker.id in self.stays:
            return self.leave(walker, since)
        self.stays[walker.id] = _Stay(walker, since)
        return [Entered(walker, self.settings, since, point, len(self.stays)), *self._filled(walker, since)]

    def leave(self, walker: Walker, at: float | None = None) -> list[Event]:
        stay = self.stays.pop(walker.id, None)
        if stay is None:
            return []
        when = walker.place.at if at is None else at
        return [Left(walker, self.settings, when, stay.since, len(self.stays)), *self._filled(walker, when)]

    def dwelled(self, walker: Walker, at: float) -> list[Event]:
        stay = self.stays.get(walker.id)
        if stay is None or stay.told or not self.settings.dwell or at - stay.since < self.settings.dwell:
            return []
        stay.told = True
        return [Dwelled(walker, self.settings, stay.since + self.settings.dwell, stay.since)]

    def pass_on(self, old: Walker, new: Walker) -> None:
        if stay := self.stays.pop(old.id, None):
            self.stays[new.id] = _Stay(new, stay.since, stay.told)
        if old.id in self.turning:
            self.turning[new.id] = self.turning.pop(old.id)

    def _filled(self, walker: Walker, at: float) -> list[Event]:
        previous = self.state
        self.state = fullness(len(self.stays), self.settings.warn_threshold, self.settings.max_capacity)
        if self.state == previous:
            return []
        return [Filled(walker, self.settings, at, len(self.stays), self.state, previous)]
