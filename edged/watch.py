"""One camera from frame to fact. Read this first."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from edged import messages as m
from edged.camera.frames import Frame
from edged.camera.outlet import Outlet
from edged.scene.presence import Moment, Presence, box_of
from edged.scene.scene import Scene, SceneFact
from edged.scene.shots import Shot, Shots, sharpness
from edged.subjects import Address
from edged.vision.eyes import Eyes, Look
from edged.vision.tracker import Tracked
from edged.vision.turns import Seat

Said = m.TrackStarted | m.TrackEnded | SceneFact


class Voice(Protocol):
    """Where what was seen goes."""

    async def publish(self, detections: m.Detections) -> None: ...

    async def state(self, fact: Said) -> None: ...

    def picture(self, frame: Frame, shot: Shot, label: str) -> None: ...


async def watch(address: Address, eyes: Eyes, seat: Seat, outlet: Outlet, voice: Voice) -> None:
    """Looks at the newest frame whenever it is this camera's turn, and says what it sees, until cancelled."""
    visit: Visit | None = None
    try:
        async for frame in seat.frames(outlet.latest):
            if visit is None or visit.session != frame.session:
                await _over(visit, voice)
                visit = Visit.begun(address, eyes, frame)
            look = await eyes.look(frame)
            seat.active = look.moving or bool(look.update.tracks)
            if seat.active:
                outlet.keep_awake()
            await voice.publish(_detections(address, eyes, frame, look))
            visit.moment = _moment(frame)
            for fact in visit.see(look, eyes):
                await voice.state(fact)
            if eyes.takes_pictures:
                for shot in visit.choose(frame, look):
                    voice.picture(frame, shot, eyes.labels[shot.tracked.label])
    finally:
        await _over(visit, voice)


@dataclass
class Visit:
    """What is known within one session of the camera."""

    session: str
    presence: Presence
    scene: Scene
    shots: Shots
    moment: Moment

    @classmethod
    def begun(cls, address: Address, eyes: Eyes, frame: Frame) -> "Visit":
        eyes.begin(frame)
        presence = Presence(address, frame.session, eyes.labels)
        scene = Scene(address, frame.session, eyes.labels, eyes.aliases, frame.width / frame.height)
        return cls(frame.session, presence, scene, Shots(), _moment(frame))

    def see(self, look: Look, eyes: Eyes) -> Iterable[Said]:
        yield from self.presence.see(look.update, self.moment)
        yield from self.scene.see(look.update, self.moment, eyes.settings)

    def choose(self, frame: Frame, look: Look) -> list[Shot]:
        self.shots.forget(look.update.ended)
        if look.held:
            return []
        return self.shots.choose(look.update.tracks, self.moment.at, lambda track: sharpness(frame.luma, track.box))


async def _over(visit: Visit | None, voice: Voice) -> None:
    if visit:
        for fact in (*visit.scene.close(visit.moment), *visit.presence.close(visit.moment)):
            await voice.state(fact)


def _moment(frame: Frame) -> Moment:
    return Moment(frame.pts / 90_000, frame.pts, frame.time)


def _detections(address: Address, eyes: Eyes, frame: Frame, look: Look) -> m.Detections:
    return m.Detections(
        site=address.site,
        node=address.node,
        camera=address.camera,
        time=frame.time,
        session=frame.session,
        seq=frame.seq,
        pts=frame.pts,
        width=frame.width,
        height=frame.height,
        model=eyes.model,
        held=look.held,
        timing=m.Timing(
            wait=_ms(look.wait), infer=_ms(look.infer), track=_ms(look.track), age=_ms(monotonic() - frame.arrived)
        ),
        tracks=tuple(_track(eyes, track, frame) for track in look.update.tracks),
    )


def _track(eyes: Eyes, track: Tracked, frame: Frame) -> m.Track:
    x, y, width, height = box_of(track)
    return m.Track(
        id=track.id,
        label=eyes.labels[track.label],
        score=round(track.score, 3),
        box=(round(x, 4), round(y, 4), round(width, 4), round(height, 4)),
        age=round(frame.pts / 90_000 - track.first_seen, 2),
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
