"""One camera from frame to fact. Read this first."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from edged import messages as m
from edged.camera.frames import Frame
from edged.camera.outlet import Outlet
from edged.scene.looks import Looks, Taken
from edged.scene.portraits import Portraits, head
from edged.scene.presence import Moment, Presence, box_of
from edged.scene.scene import Scene, SceneFact
from edged.scene.shots import Shot, Shots, sharpness
from edged.subjects import Address
from edged.vision.eyes import Eyes, Look
from edged.vision.tracker import Tracked
from edged.vision.turns import Seat

PERSON = "person"
PEOPLE = (PERSON, "face")  # by which somebody may be recognised

Said = m.TrackStarted | m.TrackEnded | SceneFact


class Voice(Protocol):
    """Where what was seen goes."""

    async def publish(self, detections: m.Detections) -> None: ...

    async def state(self, fact: Said) -> None: ...

    def picture(self, frame: Frame, shot: Shot, label: str) -> None: ...

    def crop(self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...]) -> None: ...

    def person(self, frame: Frame, tracked: Tracked, label: str) -> None: ...

    def who(self, session: str, track: int) -> tuple[str, str]:
        """(identity, name) of whom recognition has said a track is, empty otherwise."""
        ...


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
            await voice.publish(_detections(address, eyes, frame, look, voice))
            visit.moment = _moment(frame)
            for fact in visit.see(look, eyes):
                await voice.state(fact)
            if eyes.takes_pictures:
                for shot in visit.choose(frame, look):
                    voice.picture(frame, shot, eyes.labels[shot.tracked.label])
            if items := eyes.settings.ppe.required:
                for taken in visit.look_closer(frame, look, eyes):
                    voice.crop(frame, taken, eyes.labels[taken.tracked.label], items)
            if eyes.settings.recognition.enabled:
                for tracked in visit.portray(frame, look, eyes, voice):
                    voice.person(frame, tracked, eyes.labels[tracked.label])
    finally:
        await _over(visit, voice)


@dataclass
class Visit:
    """What is known within one session of the camera."""

    session: str
    presence: Presence
    scene: Scene
    shots: Shots
    looks: Looks
    portraits: Portraits
    moment: Moment

    @classmethod
    def begun(cls, address: Address, eyes: Eyes, frame: Frame) -> "Visit":
        eyes.begin(frame)
        presence = Presence(address, frame.session, eyes.labels)
        scene = Scene(address, frame.session, eyes.labels, eyes.aliases, frame.width / frame.height)
        return cls(frame.session, presence, scene, Shots(), Looks(), Portraits(), _moment(frame))

    def see(self, look: Look, eyes: Eyes) -> Iterable[Said]:
        yield from self.presence.see(look.update, self.moment)
        yield from self.scene.see(look.update, self.moment, eyes.settings)

    def choose(self, frame: Frame, look: Look) -> list[Shot]:
        self.shots.forget(look.update.ended)
        if look.held:
            return []
        return self.shots.choose(look.update.tracks, self.moment.at, lambda track: sharpness(frame.luma, track.box))

    def look_closer(self, frame: Frame, look: Look, eyes: Eyes) -> list[Taken]:
        """The people whose protective equipment is to be judged by this frame."""
        self.looks.forget(look.update.ended)
        if look.held:
            return []
        people = [track for track in look.update.tracks if eyes.labels[track.label] == PERSON]
        bypass = eyes.settings.ppe.bypass
        return self.looks.choose(people, self.moment.at, bypass, lambda track: sharpness(frame.luma, track.box))

    def portray(self, frame: Frame, look: Look, eyes: Eyes, voice: Voice) -> list[Tracked]:
        """The people who are to be recognised by this frame."""
        self.portraits.forget(look.update.ended)
        if look.held:
            return []
        wanted = eyes.settings.recognition
        return self.portraits.choose(
            [track for track in look.update.tracks if eyes.labels[track.label] in PEOPLE],
            self.moment.at,
            (wanted.face_interval, wanted.body_interval),
            lambda track: bool(voice.who(self.session, track)[0]),
            lambda track: sharpness(frame.luma, head(track.box)),
        )


async def _over(visit: Visit | None, voice: Voice) -> None:
    if visit:
        for fact in (*visit.scene.close(visit.moment), *visit.presence.close(visit.moment)):
            await voice.state(fact)


def _moment(frame: Frame) -> Moment:
    return Moment(frame.pts / 90_000, frame.pts, frame.time)


def _detections(address: Address, eyes: Eyes, frame: Frame, look: Look, voice: Voice) -> m.Detections:
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
        tracks=tuple(_track(eyes, track, frame, voice) for track in look.update.tracks),
    )


def _track(eyes: Eyes, track: Tracked, frame: Frame, voice: Voice) -> m.Track:
    x, y, width, height = box_of(track)
    known = voice.who(frame.session, track.id) if eyes.settings.recognition.enabled else ("", "")
    return m.Track(
        id=track.id,
        label=eyes.labels[track.label],
        score=round(track.score, 3),
        box=(round(x, 4), round(y, 4), round(width, 4), round(height, 4)),
        age=round(frame.pts / 90_000 - track.first_seen, 2),
        identity=known[0],
        name=known[1],
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
