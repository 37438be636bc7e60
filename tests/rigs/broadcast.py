"""A node's video without a node: a clip published by the contract of docs/design.md, over and over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import av
import msgspec

from edged import subjects
from edged.asking import VideoMeta
from edged.bus.link import Answer, Delivery, Link, Refused
from edged.bus.pictures import META
from edged.framing import pack
from edged.subjects import Address


@dataclass(frozen=True)
class Coded:
    """One access unit of a clip: Annex B, and whether decoding can begin with it."""

    data: bytes
    key: bool


def coded(clip: Path) -> list[Coded]:
    """The access units of an H.264 clip without B-frames."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        units = []
        if container.format.name == "h264":
            return [Coded(bytes(packet), packet.is_keyframe) for packet in container.demux(stream) if packet.size]
        bits = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            units += [Coded(bytes(one), one.is_keyframe) for one in bits.filter(packet if packet.size else None)]
        return units


@dataclass
class Broadcast:
    """`asked` counts requests by kind; `sent` are the newest units, for comparison with what came out at the other end."""

    link: Link
    address: Address
    units: list[Coded]
    fps: float
    size: tuple[int, int]
    session: str = "s1"
    seq: int = -1
    begun: int = 0
    group: list[tuple[VideoMeta, bytes]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    watched_until: float = 0.0
    refusal: Refused | None = None
    paused: bool = False
    beside: Callable[[VideoMeta], Awaitable[None]] | None = None

    @property
    def watched(self) -> bool:
        return asyncio.get_running_loop().time() < self.watched_until

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        began, beat = loop.time(), 0
        while True:
            if not self.paused:
                await self.step()
            beat += 1
            await asyncio.sleep(max(0.0, began + beat / self.fps - loop.time()))

    async def step(self) -> None:
        """Publishes the next access unit."""
        self.seq += 1
        unit = self.units[(self.seq - self.begun) % len(self.units)]
        meta = VideoMeta(
            session=self.session, seq=self.seq, pts=round(self.seq * 90_000 / self.fps), time=datetime.now(UTC), key=unit.key,
            codec="h264", width=self.size[0], height=self.size[1],
        )  # fmt: skip
        if unit.key:
            self.group.clear()
        self.group.append((meta, unit.data))
        self.sent = [*self.sent[-999:], unit.data]
        if self.watched:
            subject = subjects.on(self.address, "video")
            await self.link.nc.publish(subject, unit.data, headers={META: msgspec.json.encode(meta).decode()})
        if self.beside is not None:
            await self.beside(meta)

    def restart(self, session: str) -> None:
        """As when the camera was opened again."""
        self.session = session
        self.seq, self.begun = -1, 0
        self.group.clear()

    def change(self, clip: Path, size: tuple[int, int]) -> None:
        """From its next access unit on another clip, which begins with its first: the same session goes on."""
        self.units, self.size = coded(clip), size
        self.begun = self.seq + 1

    async def watch(self, request: Delivery) -> Answer:
        self.asked.append("watch")
        if self.refusal is not None:
            raise self.refusal
        self.watched_until = asyncio.get_running_loop().time() + msgspec.json.decode(request.data)["seconds"]
        return b"{}", {}

    async def gop(self, request: Delivery) -> Answer:
        self.asked.append("gop")
        return pack(self.group), {}


@asynccontextmanager
async def broadcasting(
    link: Link, address: Address, clip: Path, fps: float = 15, size: tuple[int, int] = (320, 240)
) -> AsyncIterator[Broadcast]:
    """The clip as live video of the camera while the block lasts."""
    broadcast = Broadcast(link, address, coded(clip), fps, size)
    endpoints = {
        kind: (subjects.on(address, kind), handler)
        for kind, handler in (("watch", broadcast.watch), ("gop", broadcast.gop))
    }
    async with link.answer("edged-video", endpoints):
        running = asyncio.create_task(broadcast.run())
        try:
            yield broadcast
        finally:
            running.cancel()
