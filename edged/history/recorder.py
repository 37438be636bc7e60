"""Reads the stream along into the archive, many facts in one transaction."""

import asyncio
import time
from contextlib import aclosing

import structlog

from edged.bus.deliveries import Stored
from edged.bus.facts import Facts
from edged.bus.link import BusError
from edged.bus.reading import no_later
from edged.config import History
from edged.history.archive import Archive
from edged.history.counting import prune

log = structlog.get_logger()

TOGETHER = 4000  # facts in one transaction
RETRY = (0.5, 10.0)
HOUR = 3600.0


class Recorder:
    """`run()` for ever. It begins where it ended, or, if the stream has lost its end since, before: what is in the file already does nothing
    the second time.

    That the file names its own place makes acknowledgements needless: a place and its facts are in one transaction.
    """

    def __init__(self, facts: Facts, archive: Archive, settings: History) -> None:
        self._facts = facts
        self._archive = archive
        self._settings = settings
        self._waiting: asyncio.Queue[Stored] = asyncio.Queue(TOGETHER)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._write())
            tasks.create_task(self._forget())

    async def _read(self) -> None:
        place = await self._archive.place()
        since = no_later(place.stored) if place else None
        async with aclosing(self._facts.replay(None, since, place)) as replayed:
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
                await self._archive.write(batch)
                return
            except BusError as error:
                log.warning("history waits", error=str(error), facts=len(batch), retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    async def _forget(self) -> None:
        days = self._settings.details_days, self._settings.tracks_days
        zone = self._archive.zone
        while True:
            try:
                gone = await self._archive.change(lambda db: prune(db, zone, time.time(), *days))
                if gone:
                    log.info("history pruned", rows=gone)
            except BusError as error:
                log.warning("history not pruned", error=str(error))
            await asyncio.sleep(HOUR)
