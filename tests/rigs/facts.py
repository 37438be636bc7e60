"""Numbered facts, and a courier at work on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edged import config
from edged import messages as m
from edged.bus.courier import Courier
from edged.bus.facts import Facts
from edged.bus.link import Link, connect
from edged.bus.outbox import Outbox, open_outbox
from edged.bus.streams import ensure_streams

ORIGIN = {"site": "home", "node": "edge", "camera": "front"}


def state(number: int) -> m.CameraStateChanged:
    return m.CameraStateChanged(
        **ORIGIN, time=datetime.now(UTC), id=f"state-{number}", status="running", previous=None, cause=None,
        detail=str(number),
    )  # fmt: skip


def alert(id: str, severity: m.Severity = "info") -> m.AlertRaised:
    now = datetime.now(UTC)
    return m.AlertRaised(
        **ORIGIN, time=now, id=id, rule="person", severity=severity, label="person", session="s", track=1, since=now,
        message="a person", snapshot=None,
    )  # fmt: skip


def snapshot(id: str, quality: float, key: str = "front/1.jpg") -> m.Snapshot:
    return m.Snapshot(
        **ORIGIN, time=datetime.now(UTC), id=id, session="s", track=1, pts=0, label="Fußgänger", score=0.9,
        box=(0.1, 0.1, 0.2, 0.2), width=64, height=64, quality=quality, key=key,
    )  # fmt: skip


@dataclass
class Box:
    """What a daemon has for its facts."""

    link: Link
    outbox: Outbox
    courier: Courier
    facts: Facts
    task: "asyncio.Task[None]"

    async def delivered(self) -> None:
        """Waits until every fact has been acknowledged."""
        async with asyncio.timeout(20):
            await self.outbox.delivered()

    async def stop_sending(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def start_sending(self) -> None:
        self.task = asyncio.create_task(self.courier.run())

    async def ids(self, stream: str = "edged_facts") -> list[str]:
        """What the stream holds, in its order."""
        return await ids(self.link, stream)

    async def places(self, stream: str = "edged_facts") -> int:
        """How many messages the stream holds."""
        return int((await self.link.jetstream().stream_info(stream)).state.messages)


async def ids(link: Link, stream: str) -> list[str]:
    """Every message's id, read without the code under test."""
    js = link.jetstream()
    count = (await js.stream_info(stream)).state.messages
    subscription = await js.subscribe("edged.v1.>", stream=stream, ordered_consumer=True)
    found = [(await subscription.next_msg(10)).headers["Nats-Msg-Id"] for _ in range(count)]
    await subscription.unsubscribe()
    return found


@asynccontextmanager
async def box(url: str, path: Path, keep: float = 60.0, settings: config.Nats | None = None) -> AsyncIterator[Box]:
    settings = settings or config.Nats()
    async with connect(url, "test") as link, open_outbox(path, 1_000_000_000) as outbox:
        courier = Courier(link, outbox, lambda: ensure_streams(link, settings), keep)
        made = Box(link, outbox, courier, Facts(link, outbox), asyncio.create_task(courier.run()))
        try:
            yield made
        finally:
            await made.stop_sending()
