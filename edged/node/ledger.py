"""Where a camera leaves its facts: it never waits for a disk while it holds the detector."""

import asyncio

from edged.bus.facts import Facts
from edged.messages import AnyFact

_BATCH = 64


class Ledger:
    """A queue before the outbox. Full, it holds up who adds: a fact is never dropped."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._waiting: asyncio.Queue[tuple[AnyFact, bytes]] = asyncio.Queue(10_000)

    async def add(self, fact: AnyFact, payload: bytes = b"") -> None:
        await self._waiting.put((fact, payload))

    async def run(self) -> None:
        """Writes what was added, in order, many at a time. Cancelled, it writes the rest first."""
        try:
            while True:
                await self._write([await self._waiting.get()])
        except asyncio.CancelledError:
            while not self._waiting.empty():
                await self._write([])
            raise

    async def _write(self, batch: list[tuple[AnyFact, bytes]]) -> None:
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        async with asyncio.TaskGroup() as group:
            for fact, payload in batch:
                group.create_task(self._facts.publish(fact, payload))
