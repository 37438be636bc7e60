"""One camera that is switched on: its stream, its eyes, its voice."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec
import structlog

from edged import config
from edged import messages as m
from edged.bus.jobs import Jobs
from edged.bus.link import Link
from edged.camera.source import LiveCamera, new_session
from edged.node.crops import Crops
from edged.node.ledger import Ledger
from edged.node.names import Names
from edged.node.pictures import Pictures
from edged.node.room import Room
from edged.node.sight import LazySight
from edged.node.veil import Veil
from edged.node.video import Video
from edged.node.voice import Voice
from edged.recognition.chosen import finder
from edged.settings import models_dir
from edged.subjects import Address
from edged.vision.eyes import Eyes
from edged.vision.tensors import ModelError
from edged.vision.turns import Seat
from edged.watch import watch

log = structlog.get_logger()


@dataclass(frozen=True)
class Parts:
    """What all cameras of a box share."""

    settings: config.Config
    link: Link
    ledger: Ledger
    sight: LazySight
    room: Room
    threads: ThreadPoolExecutor
    names: Names


class Running:
    """`run()` for as long as the camera is on. `settings.url` has its password."""

    def __init__(self, address: Address, settings: config.Camera, parts: Parts) -> None:
        self.settings = settings
        self.live = LiveCamera(settings, settings.url, parts.settings.limits, self._on_state)
        self.veil = Veil(settings.recognition.blur, partial(finder, parts.settings, models_dir(parts.settings)))
        self.pictures = Pictures(settings.id, self.live.outlet, parts.threads, self.veil)
        self.video = Video(address, parts.link, self.live, settings.preroll_max_bytes, self.veil)
        self._address = address
        self._parts = parts
        self._eyes: Eyes | None = None
        self._crops = Crops(address, Jobs(parts.link), parts.threads)
        recognition = parts.settings.recognition
        self._voice = Voice(
            address, parts.link, parts.ledger, parts.threads, parts.room, self._crops, parts.names, self.veil,
            bodies=recognition.body != "none" and recognition.body_hours > 0,
        )  # fmt: skip
        self._seat: Seat | None = None
        self._states: asyncio.Queue[m.CameraStateChanged] = asyncio.Queue()
        self._status: m.CameraStatus | None = None
        self._group: asyncio.TaskGroup | None = None
        self._seeing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                group = self._group
                group.create_task(self.live.run())
                group.create_task(self._voice.run())
                group.create_task(self.video.run())
                group.create_task(self._crops.run())
                group.create_task(self._tell_states())
                self._toggle()
        finally:
            while not self._states.empty():
                await self._parts.ledger.add(self._states.get_nowait())

    def use(self, settings: config.Camera) -> None:
        """From now on with these settings, whose stream is the same as before."""
        self.settings = settings
        if self._seat:
            self._seat.fps = settings.fps
        if self._eyes:
            self._eyes.use(settings)
        self._toggle()

    def needs_reopening(self, settings: config.Camera) -> bool:
        """Whether `settings` differ from today's in what only a new stream can bring."""
        if settings.recognition.blur != self.settings.recognition.blur:
            return True  # no viewer and no ring may hold both kinds of pictures
        return any(getattr(settings, name) != getattr(self.settings, name) for name in OF_THE_STREAM)

    def health(self) -> m.CameraHealth:
        facts, eyes, seat = self.live.facts(), self._eyes, self._seat
        return m.CameraHealth(
            site=self._address.site, node=self._address.node, camera=self._address.camera, time=datetime.now(UTC),
            status=facts.status, cause=facts.cause, detail=facts.detail, retry_in=facts.retry_in, session=facts.session,
            codec=facts.codec, decoder=facts.decoder, width=facts.width, height=facts.height, fps=round(facts.fps, 2),
            detect_fps=round(seat.rate, 2) if seat else 0.0, bitrate=round(facts.bitrate), frames=facts.frames,
            inferred=eyes.inferred if eyes else 0,
            drops=m.Drops(
                replaced=self.live.outlet.latest.replaced,
                duplicate=eyes.duplicate if eyes else 0,
                still=eyes.still if eyes else 0,
                stale=seat.stale if seat else 0,
            ),
            reconnects=facts.reconnects, age_ms=self._voice.age_ms, detection=self.settings.detection,
            video=self.video.way,
        )  # fmt: skip

    def _toggle(self) -> None:
        """Detection on or off, as the settings say; the stream stays open."""
        if self._group is None:
            return
        if self.settings.detection and self._seeing is None:
            self._seeing = self._group.create_task(self._see())
        elif not self.settings.detection and self._seeing is not None:
            self._seeing.cancel()
            self._seeing = None

    async def _see(self) -> None:
        try:
            sight = await self._parts.sight.open()
        except ModelError as error:
            log.error("no detection", camera=self.settings.id, error=str(error))
            return
        if self._eyes is None:
            self._eyes = Eyes(self.settings, sight.detector, self._parts.settings.aliases)
        if unknown := self._eyes.unknown_labels:
            log.info("labels this model does not know", camera=self.settings.id, labels=unknown, model=self._eyes.model)
        with sight.turns.camera(self.settings.fps) as self._seat:
            await watch(self._address, self._eyes, self._seat, self.live.outlet, self._voice)

    def _on_state(self, status: m.CameraStatus, cause: m.Cause | None, detail: str, retry_in: float | None) -> None:
        words = {"cause": cause, "detail": detail, "retry_in": retry_in and round(retry_in, 1)}
        speak = log.warning if cause else log.info
        speak("camera", camera=self.settings.id, status=status, **{key: value for key, value in words.items() if value})
        self._states.put_nowait(
            m.CameraStateChanged(
                site=self._address.site, node=self._address.node, camera=self._address.camera, time=datetime.now(UTC),
                id=f"{self._address.node}.{self._address.camera}.state.{new_session()}", status=status,
                previous=self._status, cause=cause, detail=detail,
            )
        )  # fmt: skip
        self._status = status

    async def _tell_states(self) -> None:
        while True:
            await self._parts.ledger.add(await self._states.get())


OF_THE_STREAM = (
    "url", "transport", "loop", "open_timeout", "stall_timeout", "frozen_timeout", "retry_min", "retry_max", "decoder", "doze", "tracking",
    "preroll", "preroll_max_bytes",
)  # fmt: skip
assert set(OF_THE_STREAM) <= {field.name for field in msgspec.structs.fields(config.Camera)}


def stopped(address: Address, settings: config.Camera) -> m.CameraHealth:
    """The health of a camera that is switched off."""
    return m.CameraHealth(
        site=address.site, node=address.node, camera=address.camera, time=datetime.now(UTC), status="stopped", cause=None,
        detail="", retry_in=None, session="", codec="", decoder="", width=0, height=0, fps=0.0, detect_fps=0.0, bitrate=0.0,
        frames=0, inferred=0, drops=m.Drops(replaced=0, duplicate=0, still=0, stale=0), reconnects=0, age_ms=0.0,
        detection=settings.detection,
    )  # fmt: skip
