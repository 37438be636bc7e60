"""Handlers at work on a box."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from edged import config
from edged.asking import CameraRecord, RuleRecord
from edged.bus.bus import CAMERAS, RULES, Bus
from edged.bus.jobs import Jobs
from edged.bus.pictures import Pictures
from edged.bus.tables import Table
from edged.handlers import Handlers
from tests.rigs.facts import Box


def bus_of(node: Box) -> Bus:
    pictures = Pictures(node.link, timedelta(days=1), 100_000_000)
    cameras, rules = Table(node.link, CAMERAS, CameraRecord), Table(node.link, RULES, RuleRecord)
    return Bus(node.link, node.facts, cameras, rules, pictures, Jobs(node.link))


@asynccontextmanager
async def handling(node: Box, settings: config.Config) -> AsyncIterator[None]:
    """The handlers that `settings` names, until the end of the block: a cancellation, which to the facts is like a crash."""
    await node.courier.reconciled.wait()
    task = asyncio.create_task(Handlers(settings, bus_of(node)).run())
    try:
        yield
    finally:
        [outcome] = await ended(task)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome


async def ended(*tasks: "asyncio.Task[None]") -> list[object]:
    """What came of them, cancelled. As in the daemon, a cancellation that nats-py has swallowed is repeated."""
    for task in tasks:
        task.cancel()
    while not all(task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=1.0)
        for task in asyncio.all_tasks():
            if task.cancelling() and not task.done():
                task.cancel()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def heard(node: Box, kind: str, count: int) -> list[str]:
    """The ids of the first facts of a kind in the stream, as they come."""
    ids: list[str] = []
    async with asyncio.timeout(20), aclosing(node.facts.replay(kind)) as replayed:
        async for stored in replayed:
            ids.append(stored.fact.id)
            if len(ids) == count:
                break
    return ids
