"""Where a camera leaves its facts: it never waits for a disk while it holds the detector."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from edged.bus.facts import Facts
from edged.bus.link import BusError
from edged.messages import AnyFact, Snapshot

log = structlog.get_logger()

_IN_MEMORY = 10_000
_BATCH = 64
_LAST_WORDS = 1.0  # seconds
_RETRY = 1.0


class Ledger:
    """A queue before the outbox. Full, it holds up who adds: a fact is never dropped. A picture is, when the disk does not take it.

    `trouble` says why nothing can be written; mostly empty.
    """

    def __init__(self, facts: Facts) -> None:
        self.trouble = ""
        self._facts = facts
        self._waiting: asyncio.Queue[tuple[AnyFact, bytes]] = asyncio.Queue(_IN_MEMORY)

    async def add(self, fact: AnyFact, payload: bytes = b"") -> None:
        await self._waiting.put((fact, payload))

    async def written(self) -> None:
        """Returns when everything added is on disk."""
        await self._waiting.join()

    async def run(self) -> None:
        """Writes what is added, in order, many at a time, for ever."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            left = await self._write(batch)
            while left:
                await asyncio.sleep(_RETRY)
                left = await self._write(left)
            for _ in batch:
                self._waiting.task_done()

    async def _write(self, batch: list[tuple[AnyFact, bytes]]) -> list[tuple[AnyFact, bytes]]:
        """The facts that are not on disk yet. Written twice is written once: facts have ids."""
        done = await asyncio.gather(*(self._facts.publish(*entry) for entry in batch), return_exceptions=True)
        left = []
        for entry, outcome in zip(batch, done, strict=True):
            if isinstance(outcome, BusError):
                reason = str(outcome)
                if not isinstance(entry[0], Snapshot):
                    left.append(entry)
            elif isinstance(outcome, BaseException):
                raise outcome
        self.trouble = ""
        if left:
            waiting = self._waiting.qsize() + len(left)
            self.trouble = f"{waiting} facts wait in memory: {reason}"
            log.error("facts can't be written", error=reason, waiting=waiting)
        return left


@asynccontextmanager
async def open_ledger(facts: Facts) -> AsyncIterator[Ledger]:
    """A ledger at work. At the end it writes what is left, unless the disk is too slow for that."""
    ledger = Ledger(facts)
    working = asyncio.create_task(ledger.run())
    try:
        yield ledger
    finally:
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await ledger.written()
        except TimeoutError:
            log.error("facts were not written in time", waiting=ledger._waiting.qsize())
        working.cancel()
