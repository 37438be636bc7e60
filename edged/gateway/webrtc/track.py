"""A camera's access units as a track of aiortc, which sends an `av.Packet` as it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCRtpSender

from edged.asking import VideoMeta
from edged.gateway.webrtc.feed import Feed
from edged.gateway.webrtc.sender import last_timestamp, takes_key_request
from edged.gateway.webrtc.units import RATE, Unit, hurried, wrapped

_TIME_BASE = Fraction(1, RATE)
_BEHIND = 90  # access units a peer may be behind before it waits for the next key frame
_BURST_RATE = 6_000_000  # bytes a second of a picture group: more at once overflows the sockets on the way
_BURST_CHUNK = 60_000
_MENDING = 3.0  # seconds between picture groups sent again: a line that loses that much is not helped by more

Announce = Callable[[VideoMeta | None, int], None]


class Passthrough(MediaStreamTrack):
    """One peer's view of a feed. `announce(meta, time)` says which frame the RTP time belongs to; pts and RTP go in step from there.

    Without a meta, what comes from `time` on is only decoded on the way to the next announced one. `dropped` counts units not sent.
    """

    kind = "video"

    def __init__(self, feed: Feed, announce: Announce) -> None:
        super().__init__()
        self.sender: RTCRtpSender | None = None
        self.sent = 0
        self.dropped = 0
        self.bursts = 0
        self._feed = feed
        self._announce = announce
        self._queue: deque[Unit] = deque()
        self._arrived = asyncio.Event()
        self._burst: deque[Unit] = deque()
        self._burst_bytes = 0
        self._joined = False
        self._needs_key = True
        self._last: Unit | None = None
        self._origin: int | None = None
        self._announced: VideoMeta | None = None
        self._mended = 0.0

    def push(self, unit: Unit) -> None:
        """From the feed. A peer too far behind goes on with the next key frame; nobody waits for it."""
        if len(self._queue) >= _BEHIND:
            self.dropped += len(self._queue)
            self._queue.clear()
            self._needs_key = True
        if self._needs_key and not unit.meta.key:
            self.dropped += 1
            return
        self._needs_key = False
        self._queue.append(unit)
        self._arrived.set()

    def stop(self) -> None:
        self._feed.leave(self)
        super().stop()

    async def recv(self) -> av.Packet[Any]:
        """aiortc asks for one when it has sent the one before."""
        if not self._joined:
            self._join()
        self._learn_origin()
        unit = await self._next()
        self._tell(unit)
        self._last = unit
        self.sent += 1
        packet: av.Packet[Any] = av.Packet(unit.data)
        packet.pts = unit.rtp
        packet.time_base = _TIME_BASE
        return packet

    def _join(self) -> None:
        self._joined = True
        self._hurry(self._feed.gop)
        self._feed.join(self)

    def _hurry(self, units: Sequence[Unit]) -> None:
        if not units:
            return
        self._burst.extend(hurried(units, self._last.rtp if self._last else None))
        self._needs_key = False
        self.bursts += 1
        if self._origin is not None and len(units) > 1:
            self._announced = None
            self._announce(None, wrapped(self._origin + self._burst[0].rtp))

    async def _next(self) -> Unit:
        if self._burst:
            return await self._paced(self._burst.popleft())
        while not self._queue:
            self._arrived.clear()
            await self._arrived.wait()
        unit = self._queue.popleft()
        if self._must_mend(unit):
            self._hurry([past for past in self._feed.gop if past.meta.seq <= unit.meta.seq])
            return self._burst.popleft()
        return unit

    async def _paced(self, unit: Unit) -> Unit:
        self._burst_bytes += len(unit.data)
        if self._burst_bytes > _BURST_CHUNK:
            await asyncio.sleep(self._burst_bytes / _BURST_RATE)
            self._burst_bytes = 0
        return unit

    def _must_mend(self, unit: Unit) -> bool:
        """Whether the peer lost so much that it asks for a key frame, which only the camera could make: it gets the last one again."""
        if self.sender is None or not takes_key_request(self.sender) or unit.meta.key or not self._feed.gop:
            return False
        now = asyncio.get_running_loop().time()
        if now - self._mended < _MENDING:
            return False
        self._mended = now
        gop = self._feed.gop
        return gop[0].meta.session == unit.meta.session and gop[0].meta.seq <= unit.meta.seq

    def _learn_origin(self) -> None:
        if self._origin is not None or self._last is None or self.sender is None:
            return
        if (timestamp := last_timestamp(self.sender)) is None:
            return
        self._origin = wrapped(timestamp - self._last.rtp)
        if not self._burst:
            self._say(self._last)

    def _tell(self, unit: Unit) -> None:
        """Once a session, when the frames come at their own pace."""
        if self._origin is None or len(self._burst):
            return
        if self._announced is None or self._announced.session != unit.meta.session:
            self._say(unit)

    def _say(self, unit: Unit) -> None:
        assert self._origin is not None, "said when it is known"
        self._announced = unit.meta
        self._announce(unit.meta, wrapped(self._origin + unit.rtp))
