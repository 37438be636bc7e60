"""Reads the streams along into the archive, many facts in one transaction."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime

import structlog

from edged.bus.deliveries import Stored
from edged.bus.facts import Facts
from edged.bus.link import BusError
from edged.bus.reading import Bookmark, no_later
from edged.config import History
from edged.history import ppe
from edged.history.archive import Archive
from edged.history.counting import prune

log = structlog.get_logger()

TOGETHER = 4000  # facts in one transaction
RETRY = (0.5, 10.0)
HOUR = 3600.0

Where = tuple[
    datetime | None, Bookmark | None
]  # when what is not known was stored at the earliest, and how far is known


class Recorder:
    """`run()` for ever: what counts, and verdicts on protective equipment, each from its own stream."""

    def __init__(self, facts: Facts, archive: Archive, settings: History) -> None:
        self._facts = facts
        self._archive = archive
        self._settings = settings

    async def run(self) -> None:
        facts, archive = self._facts, self._archive

        async def recorded() -> Where:
            mark = await archive.bookmark()
            return no_later(mark.stored) if mark else None, mark

        async def judged() -> Where:
            stored = await archive.read(ppe.since)
            return no_later(stored) if stored else None, None

        counting = Intake(lambda since, after: facts.replay(None, since, after=after), recorded, archive.write)
        judging = Intake(
            lambda since, after: facts.replay("ppe", since, after=after),
            judged,
            lambda batch: archive.change(lambda db: ppe.record(db, batch)),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(counting.run())
            tasks.create_task(judging.run())
            tasks.create_task(self._forget())

    async def _forget(self) -> None:
        keep, zone = self._settings, self._archive.zone

        def forget(db: sqlite3.Connection) -> int:
            now = time.time()
            return prune(db, zone, now, keep.details_days, keep.tracks_days) + ppe.prune(db, zone, now, keep.ppe_days)

        while True:
            try:
                if gone := await self._archive.change(forget):
                    log.info("history pruned", rows=gone)
            except BusError as error:
                log.warning("history not pruned", error=str(error))
            await asyncio.sleep(HOUR)


class Intake:
    """One stream into the archive, for ever. It begins where it ended, or, if that is not sure, before: what is in the file already does nothing
    the second time.

    That the file names its own place makes acknowledgements needless: a place and its facts are in one transaction.
    """

    def __init__(
        self,
        replay: Callable[[datetime | None, Bookmark | None], AsyncGenerator[Stored, None]],
        where: Callable[[], Awaitable[Where]],
        write: Callable[[Sequence[Stored]], Awaitable[int]],
    ) -> None:
        self._replay = replay
        self._where = where
        self._put = write
        self._waiting: asyncio.Queue[Stored] = asyncio.Queue(TOGETHER)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._write())

    async def _read(self) -> None:
        since, bookmark = await self._where()
        async with aclosing(self._replay(since, bookmark)) as replayed:
            async for stored in replayed:
                await self._waiting.put(stored)

    async def _write(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < TOGETHER and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._surely(batch)

    async def _surely(self, batch: list[Stored]) -> None:
        wait, longest = RETRY
        while True:
            try:
                await self._put(batch)
                return
            except BusError as error:
                log.warning("history waits", error=str(error), facts=len(batch), retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)
