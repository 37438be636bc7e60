"""One camera's picture on NATS: its own packets as they come, the ones since the last key frame for a viewer's start."""

import time

import msgspec
import structlog

from edged import framing, subjects
from edged.asking import VideoMeta
from edged.bus.link import Link, Refused, too_large
from edged.bus.pictures import META
from edged.camera.outlet import Outlet
from edged.camera.ring import Ring
from edged.camera.units import AccessUnit
from edged.subjects import Address

log = structlog.get_logger()

_LOG_PERIOD = 10.0
_encode = msgspec.json.Encoder().encode


class Video:
    """`run()` for as long as the camera is on. `dropped` counts access units that could not be published."""

    def __init__(self, address: Address, link: Link, outlet: Outlet) -> None:
        self.dropped = 0
        self._link = link
        self._outlet = outlet
        self._camera = address.camera
        self._subject = subjects.on(address, "video")
        self._said = float("-inf")

    async def run(self) -> None:
        await self._publish(self._outlet.ring)

    def gop(self, session: str) -> bytes:
        """The packets of `session` since its last key frame, packed; empty before the first one. Raises Refused if they are too large."""
        packed = framing.pack((meta(unit), unit.data) for unit in self._outlet.ring.gop(session) if _is_shown(unit))
        limit = self._link.nc.max_payload
        if len(packed) > limit:
            raise Refused("limit", f"the picture's start: {too_large(len(packed), limit)}, or shorten the key interval")
        return packed

    def watch(self, seconds: float) -> None:
        """Somebody watches for so long."""

    async def _publish(self, ring: Ring) -> None:
        reader = ring.reader()
        lost = 0
        while True:
            for unit in await reader.units():
                if _is_shown(unit):
                    lost += not await self._sent(unit)
            if self.dropped != reader.dropped + lost:
                self.dropped = reader.dropped + lost
                self._tell("video behind", dropped=self.dropped)

    async def _sent(self, unit: AccessUnit) -> bool:
        try:
            await self._link.send(self._subject, unit.data, {META: _encode(meta(unit)).decode()})
        except Refused as refusal:
            self._tell("video not published", error=str(refusal))
            return False
        return True

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
    return unit.codec == "h264"
