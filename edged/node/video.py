"""One camera's picture on NATS: its own packets as they come, or while somebody watches, packets made of it that browsers show."""

import asyncio
import time
from itertools import count

import msgspec
import structlog

from edged import framing, subjects
from edged.asking import VideoMeta
from edged.bus.interest import unheard
from edged.bus.link import Link, Refused, too_large
from edged.bus.pictures import META
from edged.camera import background
from edged.camera.ring import Ring
from edged.camera.source import LiveCamera
from edged.camera.transcoder import Transcoder
from edged.camera.units import AccessUnit
from edged.node.veil import Veil
from edged.subjects import Address

log = structlog.get_logger()

_LOG_PERIOD = 10.0
_LOOK = 0.25  # seconds between two looks whether transcoding is still wanted
_AGAIN = 5.0  # seconds after an encoder failed
_MADE_SECONDS = 2.0
_encode = msgspec.json.Encoder().encode


class Video:
    """`run()` for as long as the camera is on. `dropped` counts access units that could not be published.

    While nobody has subscribed only key frames are published: with them the server is asked whether anybody has, and a decoder begins with them anyhow.
    """

    def __init__(self, address: Address, link: Link, live: LiveCamera, max_bytes: int, veil: Veil) -> None:
        self.dropped = 0
        self.transcoding = False
        self._link = link
        self._live = live
        self._veil = veil
        self._camera = address.camera
        self._subject = subjects.on(address, "video")
        self._made = Ring(asyncio.get_running_loop(), _MADE_SECONDS, max_bytes)
        self._numbers = count()
        self._watched_until = 0.0
        self._lease = asyncio.Event()
        self._said = float("-inf")
        self._heard = True
        self._asked = 0  # names the last question whether anybody hears

    async def run(self) -> None:
        async with unheard(self._link, self._unheard) as inbox, asyncio.TaskGroup() as tasks:
            if not self._veil.on:
                tasks.create_task(self._publish(self._live.outlet.ring, inbox))
            tasks.create_task(self._publish(self._made, inbox))
            tasks.create_task(self._transcode())

    @property
    def way(self) -> str:
        """As `CameraHealth.video` says it; empty while nothing is known of the stream."""
        if not self._live.looks.codec:
            return ""
        if not self._obstacle:
            return "passthrough"
        return f"transcoded {'now' if self.transcoding else 'while watched'}: {self._obstacle}"

    def gop(self) -> bytes:
        """The packets since the last key frame, packed; empty before the first one. Raises Refused if they are too large."""
        self._go_on()
        ring = self._made if self._obstacle else self._live.outlet.ring
        packed = framing.pack((meta(unit), unit.data) for unit in ring.gop(self._live.session) if _is_shown(unit))
        limit = self._link.nc.max_payload
        if len(packed) > limit:
            raise Refused("limit", f"the picture's start: {too_large(len(packed), limit)}, or shorten the key interval")
        return packed

    def watch(self, seconds: float) -> None:
        """Somebody watches for so long; a camera that is shown as it is needs no more for that."""
        self._go_on()
        self._watched_until = max(self._watched_until, time.monotonic() + seconds)
        self._lease.set()

    @property
    def _obstacle(self) -> str:
        """Why browsers do not show the camera's own packets; empty: they do."""
        looks = self._live.looks
        if self._veil.on:
            return "faces are hidden"
        if looks.codec not in ("", "h264"):
            return f"the camera sends {looks.codec}; H.264 would cost nothing"
        return "the camera sends B-frames; without them it would cost nothing" if looks.reordered else ""

    @property
    def _wanted(self) -> bool:
        return time.monotonic() < self._watched_until and bool(self._obstacle)

    async def _transcode(self) -> None:
        """One encoder for all who watch."""
        while True:
            await self._lease.wait()
            if self._wanted:
                await self._transcode_once()
            elif time.monotonic() >= self._watched_until:
                self._lease.clear()
            else:
                await asyncio.sleep(_LOOK)

    async def _transcode_once(self) -> None:
        transcoder = Transcoder(self._made.put, self._numbers, self._veil.over)
        over = background.start(f"transcoder {self._camera}", transcoder.run)
        self._live.outlet.tap = transcoder.put
        self.transcoding = True
        log.info("transcoding", camera=self._camera, reason=self._obstacle)
        try:
            while self._wanted and not over.done():
                await asyncio.wait({over}, timeout=_LOOK)
        finally:
            self._live.outlet.tap = None
            self.transcoding = False
            transcoder.close()
            over.add_done_callback(lambda done: done.exception())  # seen, so that asyncio does not report it
        if over.done() and (error := over.exception()):
            log.error("transcoding failed", camera=self._camera, error=str(error), retry_in=_AGAIN)
            await asyncio.sleep(_AGAIN)

    def _go_on(self) -> None:
        """Who begins in the middle of a picture group has subscribed already: what the server says of a question asked before is too old."""
        self._heard = True
        self._asked += 1

    def _unheard(self, question: str) -> None:
        if question == str(self._asked):
            self._heard = False

    async def _publish(self, ring: Ring, inbox: str) -> None:
        reader = ring.reader(0)
        passed = 0
        while True:
            for unit in await reader.units():
                if _is_shown(unit):
                    await self._send(unit, inbox)
            if reader.dropped > passed:
                self.dropped += reader.dropped - passed
                passed = reader.dropped
                self._tell("video behind", dropped=self.dropped)

    async def _send(self, unit: AccessUnit, inbox: str) -> None:
        reply = ""
        if unit.key:
            self._go_on()
            reply = f"{inbox}.{self._asked}"
        elif not self._heard:
            return
        try:
            await self._link.send(self._subject, unit.data, {META: _encode(meta(unit)).decode()}, reply)
        except Refused as refusal:
            self.dropped += 1
            self._tell("video not published", error=str(refusal))

    def _tell(self, what: str, **more: object) -> None:
        if time.monotonic() - self._said > _LOG_PERIOD:
            self._said = time.monotonic()
            log.warning(what, camera=self._camera, **more)


def meta(unit: AccessUnit) -> VideoMeta:
    return VideoMeta(
        session=unit.session,
        seq=unit.seq,
        pts=unit.pts,
        time=unit.time,
        key=unit.key,
        codec="h264",
        width=unit.width,
        height=unit.height,
    )


def _is_shown(unit: AccessUnit) -> bool:
    """Whether browsers show it; WebRTC cannot bring B-frames into their order."""
    return unit.codec == "h264" and not unit.reordered
