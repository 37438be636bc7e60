"""A camera's access units on their way to one peer."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from aiortc import RTCRtpTransceiver

from edged.asking import VideoMeta
from edged.gateway.webrtc.feed import Feed
from edged.gateway.webrtc.sender import Sender
from edged.gateway.webrtc.units import Unit, hurried, wrapped

_BEHIND = 90  # access units a peer may be behind before it waits for the next key frame
_BURST_RATE = 6_000_000  # bytes a second of a picture group: more at once overflows the sockets on the way
_BURST_CHUNK = 60_000
_MENDING = 3.0  # seconds between picture groups sent again: a line that loses that much is not helped by more

Announce = Callable[[VideoMeta | None, int], None]


class Passthrough:
    """One peer's view of a feed. `announce(meta, time)` says which frame the RTP time belongs to; pts and RTP go in step from there.

    Without a meta, what comes from `time` on is only decoded on the way to the next announced one.
    `sent` and `dropped` count access units, `bursts` picture groups.
    """

    def __init__(self, feed: Feed, transceiver: RTCRtpTransceiver, announce: Announce) -> None:
        self.sent = 0
        self.dropped = 0
        self.bursts = 0
        self._feed = feed
        self._sender = Sender(transceiver, self._run, self._wish)
        self._announce = announce
        self._burst: deque[tuple[Unit, int]] = deque()  # a picture group, with the times it is sent with
        self._queue: deque[Unit] = deque()  # what came meanwhile
        self._hurrying = asyncio.Event()
        self._needs_key = True
        self._wished = False
        self._newest: int | None = None  # time sent
        self._announced: VideoMeta | None = None
        self._mended = float("-inf")

    def push(self, unit: Unit) -> None:
        """From the feed. It goes out at once; behind a picture group that is still on its way it waits."""
        if self._needs_key and not unit.meta.key:
            self.dropped += 1
            return
        self._needs_key = False
        if self._hurrying.is_set():
            self._wait(unit)
        elif self._must_mend(unit):
            self._hurry([past for past in self._feed.gop if past.meta.seq <= unit.meta.seq])
        else:
            self._send(unit, unit.rtp)

    def _wait(self, unit: Unit) -> None:
        """A peer too far behind goes on with the next key frame; nobody waits for it."""
        self._queue.append(unit)
        if len(self._queue) > _BEHIND:
            self.dropped += len(self._queue)
            self._queue.clear()
            self._needs_key = True

    async def _run(self) -> None:
        self._hurry(self._feed.gop)
        self._feed.join(self)
        try:
            while True:
                await self._hurrying.wait()
                await self._catch_up()
                self._hurrying.clear()
        finally:
            self._feed.leave(self)

    async def _catch_up(self) -> None:
        size = 0
        while self._burst:
            unit, time = self._burst.popleft()
            size += len(unit.data)
            if size > _BURST_CHUNK:
                await asyncio.sleep(size / _BURST_RATE)
                size = 0
            self._send(unit, time)
        while self._queue:
            unit = self._queue.popleft()
            self._send(unit, unit.rtp)

    def _hurry(self, units: Sequence[Unit]) -> None:
        if not units:
            return
        times = hurried(units, self._newest)
        self._burst.extend(zip(units, times, strict=True))
        self._needs_key = False
        self.bursts += 1
        self._hurrying.set()
        if len(units) > 1:
            self._announced = None
            self._announce(None, wrapped(self._sender.origin + times[0]))

    def _wish(self) -> None:
        self._wished = True

    def _must_mend(self, unit: Unit) -> bool:
        """Whether the peer lost so much that it asks for a key frame, which only the camera could make: it gets the last one again."""
        if not self._wished:
            return False
        self._wished = False
        gop, now = self._feed.gop, asyncio.get_running_loop().time()
        if unit.meta.key or not gop or now - self._mended < _MENDING:
            return False
        self._mended = now
        return gop[0].meta.session == unit.meta.session and gop[0].meta.seq <= unit.meta.seq

    def _send(self, unit: Unit, time: int) -> None:
        self._newest = time
        self._tell(unit)
        try:
            self._sender.send(unit.payloads, time)
        except ConnectionError:  # it breaks off; aiortc ends the session
            self.dropped += 1
        else:
            self.sent += 1

    def _tell(self, unit: Unit) -> None:
        """Once a session, when the frames come at their own pace."""
        if not self._burst and (self._announced is None or self._announced.session != unit.meta.session):
            self._announced = unit.meta
            self._announce(unit.meta, wrapped(self._sender.origin + unit.rtp))
