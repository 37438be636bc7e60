"""A camera whose video is on NATS, and what a viewer hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from edged.asking import VideoMeta
from edged.bus.link import Link, connect
from edged.framing import Unit
from edged.mailbox import Inbox
from edged.node.veil import Veil
from edged.node.video import Video
from edged.subjects import Address, on
from tests.camera.watching import Watched, watched
from tests.rigs.nats import NatsServer
from tests.rigs.veil import NO_VEIL

ADDRESS = Address("home", "edge", "front")


@dataclass
class Broadcast:
    watch: Watched
    video: Video
    link: Link
    heard: Inbox[Any]

    async def units(self, count: int) -> list[Unit]:
        """The next messages on the camera's `video`."""
        async with asyncio.timeout(20):
            return [await self.unit() for _ in range(count)]

    async def unit(self) -> Unit:
        delivery = await self.heard.get()
        return msgspec.json.decode(delivery.headers["Edged-Meta"], type=VideoMeta), delivery.data


@asynccontextmanager
async def broadcast(
    nats: NatsServer, url: str, veil: Veil = NO_VEIL, *, subscribed: bool = True, **settings: Any
) -> AsyncIterator[Broadcast]:
    """With `subscribed` false `heard` stays empty, and nobody has subscribed to the camera's video."""
    async with (
        connect(nats.url, "viewer") as viewer,
        viewer.subscribe(on(ADDRESS, "video" if subscribed else "nothing")) as heard,
        connect(nats.url, "node") as link,
        watched(url, **settings) as watch,
    ):
        video = Video(ADDRESS, link, watch.camera, 10_000_000, veil)
        running = asyncio.create_task(video.run())
        try:
            yield Broadcast(watch, video, link, heard)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
