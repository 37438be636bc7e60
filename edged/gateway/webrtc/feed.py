"""The video of cameras as NATS brings it: one subscription for all who watch the same camera, none when nobody does."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec
import structlog

from edged import subjects
from edged.asking import VideoMeta
from edged.bus.link import BusError, Delivery, Link
from edged.bus.pictures import META
from edged.framing import unpack
from edged.gateway.webrtc.units import Clock, Unit, profile_level_id
from edged.subjects import Address

log = structlog.get_logger()

_LEASE = 10.0  # seconds a node is asked to keep the video coming
_RENEWED = 4.0
_BACKLOG = 256  # access units that may wait while the picture group is asked for
_TURN = 32  # viewers sent to before the loop gets a turn: about 10 ms
_GOP_BYTES = 16_000_000  # of a picture group kept for who comes later
_ANSWER = 3.0

_meta = msgspec.json.Decoder(VideoMeta)


class Viewer(Protocol):
    def push(self, unit: Unit) -> None: ...


class Feed:
    """The access units of one camera. `gop` holds those since the last key frame: who joins begins with them.

    `begun` is set once the node was asked, and then `failure` says why there is no video.
    `profile` is that of the newest key frame, as SDP writes it. `lost` counts units no decoder could use, because one before them is missing.
    """

    def __init__(self, link: Link, address: Address) -> None:
        self.address = address
        self.begun = asyncio.Event()
        self.failure: BusError | None = None
        self.gop: list[Unit] = []
        self.profile: str | None = None
        self.units = 0
        self.lost = 0
        self._link = link
        self._viewers: set[Viewer] = set()
        self._clock = Clock()
        self._newest: VideoMeta | None = None
        self._waiting: deque[tuple[VideoMeta, bytes]] = deque(maxlen=_BACKLOG)
        self._behind = asyncio.Event()
        self._behind.set()
        self._whole = False
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def join(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)

    async def run(self) -> None:
        """Takes what comes, for ever."""
        async with (
            self._link.hear(subjects.on(self.address, "video"), self._receive),
            asyncio.TaskGroup() as group,
        ):
            leased = asyncio.Event()
            group.create_task(self._keep_coming(leased))
            await leased.wait()
            while True:
                if self.failure is None:
                    await self._catch_up()
                self._go_on()
                self.begun.set()
                await self._behind.wait()

    async def _keep_coming(self, leased: asyncio.Event) -> None:
        subject = subjects.on(self.address, "watch")
        while True:
            try:
                await self._link.ask(subject, msgspec.json.encode({"seconds": _LEASE}), timeout=_ANSWER)
                self.failure = None
            except BusError as error:
                self.failure = error
            leased.set()
            await asyncio.sleep(_RENEWED)

    async def _catch_up(self) -> None:
        """What was sent since the last key frame, from the node; without it the next key frame is the beginning."""
        try:
            reply = await self._link.ask(subjects.on(self.address, "gop"), timeout=_ANSWER)
            units = list(unpack(reply.data))
        except (BusError, ValueError, msgspec.MsgspecError) as error:
            log.debug("no picture group", camera=str(self.address), error=str(error))
            return
        for meta, data in units:
            if self._is_new(meta):
                self._take(meta, data)

    def _is_new(self, meta: VideoMeta) -> bool:
        newest = self._newest
        return newest is None or meta.session != newest.session or meta.seq > newest.seq

    def _receive(self, delivery: Delivery) -> None:
        try:
            meta = _meta.decode(delivery.headers[META])
        except (KeyError, msgspec.MsgspecError) as error:
            self.lost += 1
            log.debug("video not understood", camera=str(self.address), error=str(error))
            return
        self._hear(meta, delivery.data)

    def _hear(self, meta: VideoMeta, data: bytes) -> None:
        if self._behind.is_set():
            self._waiting.append((meta, data))
        elif self._is_new(meta):
            if meta.key or self._follows(meta):
                self._take(meta, data)
            else:
                self._waiting.append((meta, data))
                self._behind.set()

    def _go_on(self) -> None:
        """With what came while the picture group was asked for; if that is not the whole of it, a key frame must come."""
        self._behind.clear()
        waiting = tuple(self._waiting)
        self._waiting.clear()
        new = [(meta, data) for meta, data in waiting if self._is_new(meta)]
        if new:
            self._take(*new[0])
        for meta, data in new[1:]:
            self._hear(meta, data)

    def _follows(self, meta: VideoMeta) -> bool:
        newest = self._newest
        return newest is not None and meta.session == newest.session and meta.seq == newest.seq + 1

    def _take(self, meta: VideoMeta, data: bytes) -> None:
        """Passes on what a decoder can use: from a key frame on, and without a gap."""
        self._whole = meta.key or (self._whole and self._follows(meta))
        self._newest = meta
        if not self._whole:
            self.lost += 1
            self._forget()
            return
        unit = Unit(meta, data, self._clock.rtp(meta))
        if meta.key:
            self.profile = profile_level_id(data)
        self.units += 1
        self._keep(unit)
        self._deal(unit, tuple(self._viewers))

    def _deal(self, unit: Unit, viewers: Sequence[Viewer]) -> None:
        for viewer in viewers[:_TURN]:
            viewer.push(unit)
        if len(viewers) > _TURN:
            asyncio.get_running_loop().call_soon(self._deal, unit, viewers[_TURN:])

    def _forget(self) -> None:
        self.gop = []
        self._bytes = 0

    def _keep(self, unit: Unit) -> None:
        if unit.meta.key:
            self._forget()
        elif not self.gop:
            return
        self.gop.append(unit)
        self._bytes += len(unit.data)
        if self._bytes > _GOP_BYTES:
            self._forget()


class Videos:
    """All cameras whose video somebody watches."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._feeds: dict[Address, tuple[Feed, list[object], asyncio.Task[None]]] = {}
        self._group: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._feeds)

    def __iter__(self) -> Iterator[Feed]:
        return (feed for feed, _, _ in self._feeds.values())

    async def run(self) -> None:
        """Owns the feeds' tasks, for ever."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    @contextmanager
    def watching(self, address: Address) -> Iterator[Feed]:
        """The camera's feed, which runs while anybody is in such a block."""
        assert self._group is not None, "videos are watched while they run"
        if address not in self._feeds:
            feed = Feed(self._link, address)
            self._feeds[address] = feed, [], self._group.create_task(feed.run())
        feed, holders, task = self._feeds[address]
        holder = object()
        holders.append(holder)
        try:
            yield feed
        finally:
            holders.remove(holder)
            if not holders:
                del self._feeds[address]
                task.cancel()
