"""Tracks to facts: who came into view, and who left it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from edged.messages import Box, TrackEnded, TrackStarted
from edged.subjects import Address
from edged.vision.tracker import Tracked, Update

Step = tuple[float, float, float]

PATH = 64  # points of a path at most
_PTS_RATE = 90_000


class Moment(NamedTuple):
    """When a frame was: on the tracker's clock in seconds, on the stream's in 90 kHz ticks, and on the wall in UTC."""

    at: float
    pts: int
    time: datetime

    def wall(self, at: float) -> datetime:
        """The wall clock at `at` of the tracker's clock."""
        return self.time + timedelta(seconds=at - self.at)

    def ticks(self, at: float) -> int:
        """The stream's clock at `at` of the tracker's clock."""
        return max(0, self.pts + round((at - self.at) * _PTS_RATE))


def box_of(tracked: Tracked) -> Box:
    """As messages carry it: x, y, width, height, within the picture."""
    x1, y1, x2, y2 = (min(1.0, max(0.0, edge)) for edge in tracked.box)
    return round(x1, 5), round(y1, 5), round(x2 - x1, 5), round(y2 - y1, 5)


class Presence:
    """The tracks of one session of one camera, `labels` being the detector's. Its state is bounded by the tracks that are open."""

    def __init__(self, address: Address, session: str, labels: tuple[str, ...]) -> None:
        self._address = address
        self._session = session
        self._labels = labels
        self._open: dict[int, _Visit] = {}

    def see(self, update: Update, moment: Moment) -> list[TrackStarted | TrackEnded]:
        """The facts that `update`, made of the frame at `moment`, brings."""
        facts: list[TrackStarted | TrackEnded] = []
        for tracked in update.started:
            self._open[tracked.id] = _Visit()
            facts.append(self._started(tracked, moment))
        for tracked in update.tracks:
            self._open[tracked.id].go_on(tracked)
        facts.extend(self._ended(update.ended, moment))
        return facts

    def close(self, moment: Moment) -> list[TrackEnded]:
        """The session is over, and with it every track."""
        return self._ended([visit.last for visit in self._open.values()], moment)

    def _started(self, tracked: Tracked, moment: Moment) -> TrackStarted:
        return TrackStarted(
            site=self._address.site,
            node=self._address.node,
            camera=self._address.camera,
            time=moment.time,
            id=self._id(tracked, "started"),
            session=self._session,
            track=tracked.id,
            pts=moment.pts,
            label=self._labels[tracked.label],
            score=round(tracked.score, 4),
            box=box_of(tracked),
            first_seen=moment.wall(tracked.first_seen),
        )

    def _ended(self, over: Iterable[Tracked], moment: Moment) -> list[TrackEnded]:
        return [self._end(tracked, self._open.pop(tracked.id), moment) for tracked in over]

    def _end(self, tracked: Tracked, visit: "_Visit", moment: Moment) -> TrackEnded:
        return TrackEnded(
            site=self._address.site,
            node=self._address.node,
            camera=self._address.camera,
            time=moment.time,
            id=self._id(tracked, "ended"),
            session=self._session,
            track=tracked.id,
            pts=moment.ticks(tracked.last_seen),
            label=self._labels[tracked.label],
            score=round(visit.score, 4),
            first_seen=moment.wall(tracked.first_seen),
            last_seen=moment.wall(tracked.last_seen),
            path=visit.path(),
        )

    def _id(self, tracked: Tracked, what: str) -> str:
        return f"{self._address.node}.{self._address.camera}.{self._session}.{tracked.id}.{what}"


@dataclass(slots=True)
class _Visit:
    """What is kept of an open track: the best score, and a path that halves itself whenever it is full."""

    last: Tracked = field(init=False)
    score: float = 0.0
    spacing: float = 0.0
    steps: list[Step] = field(default_factory=list)

    def go_on(self, tracked: Tracked) -> None:
        self.last = tracked
        self.score = max(self.score, tracked.score)
        step = _step(tracked)
        if self.steps and step[0] - self.steps[-1][0] < self.spacing:
            return
        self.steps.append(step)
        if len(self.steps) == PATH:
            self.steps = self.steps[::2]
            self.spacing = 2.0 * (self.steps[-1][0] - self.steps[0][0]) / PATH

    def path(self) -> tuple[Step, ...]:
        end = _step(self.last)
        return (*self.steps, end) if self.steps[-1][0] < end[0] else tuple(self.steps)


def _step(tracked: Tracked) -> Step:
    x, y, width, height = box_of(tracked)
    return round(tracked.last_seen - tracked.first_seen, 3), round(x + width / 2.0, 4), round(y + height, 4)
