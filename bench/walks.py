"""People who walk across lines, and how a tracker tells of them: sequences of every kind that lines have to count right.

A person's true path is known at every moment. What a tracker tells differs from it as real ones do: boxes tremble and jump, people are missed, hidden,
believed late, and change their ids. Paths keep away from what nobody could tell from such boxes: closer to a limit than the boxes tremble.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import hypot

import numpy as np
from numpy.random import Generator

from edged.config import Anchor, Line, Tracking
from edged.vision.detections import Found
from edged.vision.tracker import Corners, Glimpse, Tracked, Tracker, Update

ASPECT = 16 / 9
KEEP_LOST = 3.0
Point = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """`way` is the true path of the anchor: (seconds, x, y), in picture heights. `tremble` and `resize` are in sizes.

    `hidden`: from when to when nobody sees it; `missed`: how often a look misses it; `switches`: when it gets another id;
    `jumps`: when one look shows the box displaced by so much; `confirm`: looks before it is believed.
    """

    way: tuple[tuple[float, float, float], ...]
    height: float
    width: float
    tremble: float = 0.015
    resize: float = 0.0
    missed: float = 0.0
    confirm: int = 2
    hidden: tuple[tuple[float, float], ...] = ()
    switches: tuple[float, ...] = ()
    jumps: tuple[tuple[float, Point], ...] = ()

    @property
    def size(self) -> float:
        return max(self.height, self.width)


@dataclass(frozen=True)
class Walk:
    """One sequence: who walks, at which lines, seen how often."""

    kind: str
    lines: tuple[Line, ...]
    people: tuple[Person, ...]
    fps: float


def updates(walk: Walk, random: Generator) -> Iterator[tuple[float, Update]]:
    """What a tracker tells of a walk: (seconds, update) at each look, until everybody's track is over."""
    tracks = [_Track(person, walk.lines[0].anchor) for person in walk.people]
    numbers = iter(range(1, 1_000_000))
    for at in _times(walk):
        told, started, ended, births = [], [], [], []
        for track in tracks:
            ended += track.over(at)
            tracked, birth = track.look(at, random, 1.0 / walk.fps, numbers)
            if tracked:
                told.append(tracked)
            if tracked and birth is not None:
                started.append(tracked)
                births.append(birth)
        yield at, Update(tuple(told), tuple(started), tuple(ended), tuple(births))


def tracked(walk: Walk, random: Generator) -> Iterator[tuple[float, Update]]:
    """The same from edged's own tracker, which is given the boxes and no ids."""
    tracks = [_Track(person, walk.lines[0].anchor) for person in walk.people]
    tracker = Tracker(Tracking(keep_lost=KEEP_LOST), ASPECT, np.zeros(1, np.int32))
    for at in _times(walk):
        boxes = [box for track in tracks if (box := track.shown(at, random, 1.0 / walk.fps)) is not None]
        corners = np.array(boxes, np.float32).reshape(-1, 4)
        scores, classes = np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32)
        yield at, tracker.update(Found(corners, scores, classes), at)


def _times(walk: Walk) -> list[float]:
    """From the first to the end of everybody's track."""
    begin = min(person.way[0][0] for person in walk.people)
    end = max(person.way[-1][0] for person in walk.people) + KEEP_LOST + 1.0
    times: list[float] = np.arange(begin, end, 1.0 / walk.fps).tolist()
    return times


@dataclass
class _Track:
    person: Person
    anchor: Anchor
    id: int = 0
    seen: list[Glimpse] = field(default_factory=list)
    last: Tracked | None = None
    lost: list[Tracked] = field(default_factory=list)
    switched: int = 0
    jumped: int = 0

    def look(
        self, at: float, random: Generator, every: float, numbers: Iterator[int]
    ) -> tuple[Tracked | None, tuple[Glimpse, ...] | None]:
        person = self.person
        if self.switched < len(person.switches) and at >= person.switches[self.switched]:
            self.switched += 1
            self._drop()
        box = self.shown(at, random, every)
        if box is None:
            return None, None
        self.seen.append(Glimpse(at, box))
        birth = None
        if not self.id:
            if len(self.seen) < person.confirm:
                return None, None
            self.id, birth = next(numbers), tuple(self.seen[:-1])
        self.last = Tracked(self.id, 0, 0.9, box, self.seen[0].at, at)
        del self.seen[1:]
        return self.last, birth

    def shown(self, at: float, random: Generator, every: float) -> Corners | None:
        """The box that a detector finds."""
        person = self.person
        if not person.way[0][0] <= at <= person.way[-1][0] or any(a <= at < b for a, b in person.hidden):
            return None
        if random.random() < person.missed and person.way[0][0] + every <= at <= person.way[-1][0] - every:
            return None
        return self._box(at, random)

    def over(self, at: float) -> list[Tracked]:
        if self.last and at > self.person.way[-1][0]:
            self._drop()
        gone = [tracked for tracked in self.lost if at - tracked.last_seen > KEEP_LOST]
        self.lost = [tracked for tracked in self.lost if tracked not in gone]
        return gone

    def _drop(self) -> None:
        if self.last:
            self.lost.append(self.last)
        self.id, self.last = 0, None
        self.seen.clear()

    def _box(self, at: float, random: Generator) -> Corners:
        person = self.person
        times, xs, ys = zip(*person.way, strict=True)
        x, y = float(np.interp(at, times, xs)), float(np.interp(at, times, ys))
        if self.jumped < len(person.jumps) and at >= person.jumps[self.jumped][0]:
            dx, dy = person.jumps[self.jumped][1]
            x, y, self.jumped = x + dx, y + dy, self.jumped + 1
        # a point somewhere in a disc, so that trembling has a limit
        angle, far = random.uniform(0.0, 2.0 * np.pi), person.tremble * person.size * np.sqrt(random.random())
        x, y = x + far * np.cos(angle), y + far * np.sin(angle)
        height = person.height * (1.0 + random.uniform(-person.resize, person.resize))
        width = person.width * (1.0 + random.uniform(-person.resize, person.resize))
        top = y - {"bottom_center": height, "center": height / 2.0, "top_center": 0.0}[self.anchor]
        return (x - width / 2.0) / ASPECT, top, (x + width / 2.0) / ASPECT, top + height


def line(*points: Point, **more: object) -> Line:
    """Through points in picture heights."""
    return Line(id="line", points=tuple((x / ASPECT, y) for x, y in points), **more)  # type: ignore[arg-type]


class Scenery:
    """A straight line somewhere in the picture, and a walker's body."""

    def __init__(self, random: Generator, **more: object) -> None:
        self.random = random
        angle = random.uniform(0.0, 2.0 * np.pi)
        self.along = np.array([np.cos(angle), np.sin(angle)])
        self.right = np.array([-self.along[1], self.along[0]])
        self.half = random.uniform(0.15, 0.25)
        self.middle = np.array([random.uniform(0.8, 0.98), random.uniform(0.45, 0.55)])
        self.line = line(self._at(-self.half, 0.0), self._at(self.half, 0.0), **more)
        self.height = random.uniform(0.08, 0.2)
        self.width = self.height * random.uniform(0.3, 0.5)
        self.speed = self.height * random.uniform(0.5, 1.2)
        self.side = 1.0 if random.random() < 0.5 else -1.0

    def _at(self, along: float, right: float) -> Point:
        x, y = self.middle + along * self.along + right * self.right
        return float(x), float(y)

    def inner(self) -> float:
        """A place along the line, away from its ends."""
        return float(self.random.uniform(-0.5, 0.5) * self.half)

    def way(self, *steps: Point, speed: float = 0.0, start: float = 0.0) -> tuple[tuple[float, float, float], ...]:
        """Along `steps`: (place along the line, sizes beyond it on the far side; before it where negative). Twice the same place: a pause of 1 to 5 s."""
        speed = speed or self.speed
        points = [self._at(along, self.side * over * self.height) for along, over in steps]
        at, way = start, [(start, *points[0])]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            length = hypot(x1 - x0, y1 - y0)
            at += length / speed if length else self.random.uniform(1.0, 5.0)
            way.append((at, x1, y1))
        return tuple(way)

    def person(self, way: tuple[tuple[float, float, float], ...], **more: object) -> Person:
        return Person(way, self.height, self.width, **more)  # type: ignore[arg-type]

    def walk(self, *people: Person, fps: float = 10.0, kind: str = "") -> Walk:
        return Walk(kind, (self.line,), people, fps)

    def through(self) -> tuple[tuple[float, float, float], ...]:
        place, far = self.inner(), self.random.uniform(0.6, 1.5)
        return self.way((place, -far), (place, far))

    def waits(self, speed: float = 0.0) -> tuple[tuple[float, float, float], ...]:
        """The same, standing a while before and after, so that the slowest camera sees it there."""
        place, far = self.inner(), self.random.uniform(0.6, 1.5)
        return self.way((place, -far), (place, -far), (place, far), (place, far), speed=speed)

    def meets(self, way: tuple[tuple[float, float, float], ...]) -> float:
        """When a way straight through meets the line: in its middle."""
        return (way[0][0] + way[-1][0]) / 2.0


def straight(s: Scenery) -> Walk:
    return s.walk(s.person(s.through()))


def oblique(s: Scenery) -> Walk:
    place, far, drift = s.inner(), s.random.uniform(0.6, 1.5), s.random.uniform(-1.0, 1.0) * s.half * 0.4
    return s.walk(s.person(s.way((place - drift, -far), (place + drift, far))))


def around_the_end(s: Scenery) -> Walk:
    beyond = (s.half + s.height * s.random.uniform(0.2, 1.0)) * (1 if s.random.random() < 0.5 else -1)
    far = s.random.uniform(0.6, 1.5)
    return s.walk(s.person(s.way((beyond, -far), (beyond, far)), tremble=0.04))


def just_inside_the_end(s: Scenery) -> Walk:
    inside = (s.half - s.height * s.random.uniform(0.2, 0.5)) * (1 if s.random.random() < 0.5 else -1)
    far = s.random.uniform(0.6, 1.5)
    return s.walk(s.person(s.way((inside, -far), (inside, far)), tremble=0.04))


def flicker(s: Scenery) -> Walk:
    """Looks miss it, and once the box jumps over the line: for one look of 15 a second, or for three of 30."""
    place, near = s.inner(), s.random.uniform(0.3, 0.6)
    back = s.random.random() < 0.5
    fps, looks, missed = (15.0, 1, 0.3) if s.random.random() < 0.5 else (30.0, 3, 0.1)
    way = s.way((place, -1.0), (place, -near), (place, -near), (place, -1.0 if back else 1.0))
    x, y = s.right * s.side * s.height * s.random.uniform(2.0 * near, 3.0 * near)
    jump = s.random.uniform(way[1][0], way[2][0] - 0.3), (float(x), float(y))
    return s.walk(s.person(way, missed=missed, jumps=(jump,) * looks), fps=fps)


def dwell_on_the_line(s: Scenery) -> Walk:
    place, back = s.inner(), s.random.random() < 0.5
    spot = (place, s.random.uniform(-0.02, 0.02))
    return s.walk(s.person(s.way((place, -1.0), spot, spot, spot, (place, -1.0 if back else 1.0)), tremble=0.06))


def cross_and_return(s: Scenery) -> Walk:
    """There and back, up to three times."""
    turns = [(s.inner(), (-1) ** n * s.random.uniform(-1.5, -0.5)) for n in range(int(s.random.integers(3, 7)))]
    return s.walk(s.person(s.way(*turns)))


def touch_and_return(s: Scenery) -> Walk:
    place = s.inner()
    return s.walk(s.person(s.way((place, -1.0), (place, s.random.uniform(-0.1, 0.06)), (place, -1.0)), tremble=0.02))


def any_frame_rate(s: Scenery) -> Walk:
    return s.walk(s.person(s.waits()), fps=float(s.random.uniform(1.0, 30.0)))


def very_fast(s: Scenery) -> Walk:
    """One look on this side, the next on the other."""
    fps = float(s.random.uniform(1.0, 5.0))
    return s.walk(s.person(s.waits(speed=s.height * s.random.uniform(0.5, 3.0) * fps), confirm=1), fps=fps)


def hidden_while_crossing(s: Scenery) -> Walk:
    way = s.through()
    met, gap = s.meets(way), s.random.uniform(0.2, 2.5)
    start = max(way[0][0] + 0.4, met - gap * s.random.random())
    return s.walk(s.person(way, hidden=((start, min(way[-1][0] - 0.4, start + gap)),)))


def identity_switch(s: Scenery) -> Walk:
    """Another id near the line, up to 0.6 s after the last look at the one before."""
    place = s.inner()
    way = s.way((place, -1.2), (place, 1.2))
    at = s.meets(way) + s.random.uniform(-0.15, 0.15) * s.height / s.speed
    return s.walk(s.person(way, switches=(at,), hidden=((at, at + s.random.uniform(0.0, 0.6)),)))


def identity_switches_while_dwelling(s: Scenery) -> Walk:
    place, back = s.inner(), s.random.random() < 0.5
    spot = (place, 0.0)
    way = s.way((place, -1.0), spot, spot, (place, -1.0 if back else 1.0))
    times = np.sort(s.random.uniform(way[1][0], way[2][0], 3))
    return s.walk(s.person(way, switches=tuple(times.tolist())))


def believed_late(s: Scenery) -> Walk:
    """First seen just before the line, believed well after it."""
    place = s.inner()
    way = s.way((place, -s.random.uniform(0.08, 0.3)), (place, 1.5))
    return s.walk(s.person(way, confirm=int(s.random.integers(2, 6))))


def trembling_size(s: Scenery) -> Walk:
    return s.walk(s.person(s.through(), resize=0.15, tremble=0.04))


def polyline(s: Scenery) -> Walk:
    """Through a zigzag, often near a joint."""
    places = np.linspace(-s.half, s.half, int(s.random.integers(3, 8)))
    bends = [s._at(float(place), float(s.random.uniform(-0.2, 0.2) * s.height)) for place in places]
    s.line = line(*bends)
    joint = float(s.random.choice(places[1:-1])) + s.random.uniform(-0.02, 0.02) * s.height
    far = s.random.uniform(0.8, 1.5)
    return s.walk(s.person(s.way((joint, -far), (joint, far))))


def reversed_line(s: Scenery) -> Walk:
    s.line = Line(id="line", points=s.line.points, reversed=True)
    return s.walk(s.person(s.through()))


def first_seen_on_the_line(s: Scenery) -> Walk:
    place = s.inner()
    way = s.way((place, 0.0), (place, 0.0), (place, -1.0), *([(place, 1.0)] if s.random.random() < 0.5 else []))
    return s.walk(s.person(way, tremble=0.015))


def last_seen_past_the_line(s: Scenery) -> Walk:
    """It goes through a door right behind the line, or turns round before it."""
    place = s.inner()
    last = s.random.uniform(0.05, 0.09) if s.random.random() < 0.5 else -s.random.uniform(0.05, 0.09)
    return s.walk(s.person(s.way((place, -1.2), (place, last), (place, last))), fps=25.0)


def other_anchors(s: Scenery) -> Walk:
    anchor = "center" if s.random.random() < 0.5 else "top_center"
    s.line = Line(id="line", points=s.line.points, anchor=anchor)
    return s.walk(s.person(s.through()))


def crowd(s: Scenery) -> Walk:
    """Many at once, each on its own lane."""
    people = []
    for lane in np.linspace(-0.8, 0.8, 5) * s.half:
        s.side = 1.0 if s.random.random() < 0.5 else -1.0
        s.height = s.half * s.random.uniform(0.15, 0.25)
        s.width, s.speed = s.height * 0.4, s.height * s.random.uniform(0.5, 1.2)
        ends = [(-1.0, 1.0), (-1.0, -0.3), (-1.0, 1.0, -1.0)][int(s.random.integers(3))]
        steps = [(float(lane), over * s.random.uniform(0.8, 1.5)) for over in ends]
        people.append(s.person(s.way(*steps, start=float(s.random.uniform(0.0, 5.0))), missed=0.1))
    return s.walk(*people)


KINDS: dict[str, Callable[[Scenery], Walk]] = {
    make.__name__.replace("_", " "): make
    for make in (
        straight, oblique, around_the_end, just_inside_the_end, flicker, dwell_on_the_line, cross_and_return, touch_and_return,
        any_frame_rate, very_fast, hidden_while_crossing, identity_switch, identity_switches_while_dwelling, believed_late,
        trembling_size, polyline, reversed_line, first_seen_on_the_line, last_seen_past_the_line, other_anchors, crowd,
    )
}  # fmt: skip


def walk(kind: str, seed: int) -> tuple[Walk, Generator]:
    """The sequence of a kind and seed, and what its trembling is drawn from."""
    random = np.random.default_rng([seed, list(KINDS).index(kind)])
    return replace(KINDS[kind](Scenery(random)), kind=kind), random
