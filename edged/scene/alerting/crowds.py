"""Suddenly there are many more in sight than usual.

Every `STEP` seconds of the clock the tracks that are in sight are counted. Such a sample is taken `LAG` seconds late, when also the tracks
that were lost by then have been told of. While the camera is not running there are no samples. What is usual is the median of
those of the last `minutes`, and unknown as long as they cover less than half of that time.
"""

import math
from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

from edged.messages import CameraStateChanged, TrackEnded, TrackStarted
from edged.rules import Crowd
from edged.scene import shots
from edged.scene.alerting.findings import Finding, Heard, TrackKey, address_of, key_of
from edged.scene.alerting.recent import Recent
from edged.scene.alerting.triggers import NONE
from edged.subjects import Address

STEP = 10
LAG = 10
SET_BACK = 600.0  # seconds: a fact so much older than the last one says that the clock was set back
MOST = 1024  # tracks of a camera

_Sample = tuple[int, int]  # which step, and how many


@dataclass(slots=True)
class _Track:
    first: float
    last: float
    label: str


@dataclass(slots=True)
class _Camera:
    """Times are seconds since 1970. `next` is the step that is sampled next, `heard` the time of the last fact."""

    next: int
    heard: float
    tracks: dict[TrackKey, _Track] = field(default_factory=dict)
    away: deque[list[float]] = field(default_factory=lambda: deque(maxlen=32))
    samples: deque[_Sample] = field(default_factory=deque)
    crowded: bool = False

    def is_away(self, at: float) -> bool:
        return any(since <= at < until for since, until in self.away)

    def leave(self, at: float) -> None:
        """It is not running from `at` on."""
        if not self.away or self.away[-1][1] < math.inf:
            self.away.append([at, math.inf])
        for track in self.tracks.values():
            track.last = min(track.last, at)

    def come_back(self, at: float) -> None:
        if self.away and self.away[-1][1] == math.inf:
            self.away[-1][1] = at


class Crowds:
    """Of each camera for itself. Told once when it comes, and again when it has gone and comes again."""

    quiet = NONE

    def __init__(self, when: Crowd, labels: Container[str], began: datetime) -> None:
        self.memory = timedelta(minutes=when.minutes, seconds=2 * (STEP + LAG))
        self._when = when
        self._labels = labels
        self._began = began.timestamp()
        self._steps = when.minutes * 60 // STEP
        self._cameras: Recent[Address, _Camera] = Recent()

    def hear(self, fact: Heard) -> list[Finding]:
        if not isinstance(fact, TrackStarted | TrackEnded | CameraStateChanged):
            return []
        now = fact.time.timestamp()
        camera = self._camera(address_of(fact), now)
        match fact:
            case TrackStarted() if fact.label.lower() in self._labels:
                camera.tracks.setdefault(key_of(fact), _Track(fact.first_seen.timestamp(), math.inf, fact.label))
            case TrackEnded() if known := camera.tracks.get(key_of(fact)):
                known.last = fact.last_seen.timestamp()
            case CameraStateChanged(status="running"):
                camera.come_back(now)
            case CameraStateChanged():
                camera.leave(now if fact.previous else camera.heard)  # a daemon that was killed said no ends
        camera.heard = max(camera.heard, now)
        return self._advance(address_of(fact), camera, now)

    def due(self, now: datetime) -> list[Finding]:
        at = now.timestamp()
        heard = [(address, camera) for address, camera in self._cameras.items() if camera.heard >= self._began]
        return [finding for address, camera in heard for finding in self._advance(address, camera, at)]

    def next_due(self) -> datetime | None:
        steps = [camera.next for camera in self._cameras.values() if camera.heard >= self._began]
        return datetime.fromtimestamp(min(steps) * STEP + LAG, UTC) if steps else None

    def _camera(self, address: Address, now: float) -> _Camera:
        camera = self._cameras.get(address)
        if camera is None or now < camera.heard - SET_BACK:
            camera = self._cameras[address] = _Camera(math.ceil(now / STEP), now)
        return camera

    def _advance(self, address: Address, camera: _Camera, now: float) -> list[Finding]:
        until = math.floor((now - LAG) / STEP)
        camera.next = max(camera.next, until - 2 * self._steps)  # nothing older can be usual any more
        if camera.next > until:
            return []
        findings = []
        while camera.next <= until:
            findings += self._sampled(address, camera, camera.next)
            camera.next += 1
        over = camera.next * STEP - LAG
        gone = [key for key, track in camera.tracks.items() if track.last < over]
        for key in [*gone, *list(camera.tracks)[: max(0, len(camera.tracks) - len(gone) - MOST)]]:
            camera.tracks.pop(key, None)
        return findings

    def _sampled(self, address: Address, camera: _Camera, step: int) -> list[Finding]:
        at = float(step * STEP)
        if camera.is_away(at):
            return []
        there = {key: track for key, track in camera.tracks.items() if track.first <= at <= track.last}
        while camera.samples and camera.samples[0][0] < step - self._steps:
            camera.samples.popleft()
        before, camera.crowded = camera.crowded, False
        usual = median(count for _, count in camera.samples) if 2 * len(camera.samples) >= self._steps else None
        camera.samples.append((step, len(there)))
        if usual is None or len(there) < max(self._when.count, self._when.factor * usual):
            return []
        camera.crowded = True
        return [] if before else [self._found(address, step, there, usual)]

    def _found(self, address: Address, step: int, there: dict[TrackKey, _Track], usual: float) -> Finding:
        newest, track = max(there.items(), key=lambda item: item[1].first)
        time = datetime.fromtimestamp(step * STEP, UTC)
        return Finding(
            time=time, address=address, of=f"{address.node}.{address.camera}.crowd.{step}", subject=str(address),
            message=f"sudden crowd at {address.camera}: {len(there)} in sight, usually {usual:g}", since=time,
            session=newest.session, track=newest.track, label=track.label, snapshot=shots.key(*newest), value=len(there),
            threshold=max(self._when.count, self._when.factor * usual),
        )  # fmt: skip
