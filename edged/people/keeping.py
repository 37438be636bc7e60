"""What the gallery loses by time, and what crashes have left in it."""

import asyncio
import time
from contextlib import suppress

import structlog

from edged.bus.link import BusError, Refused
from edged.people import catalogue
from edged.people.erasing import Eraser
from edged.people.gallery import Gallery, PeopleBus

log = structlog.get_logger()

FIRST = 120.0  # seconds after the start
BETWEEN = 600.0  # seconds between two rounds; what is an orphan in two of them in a row is one
DAY = 86_400.0
RARELY = 144  # rounds between two readings of all that the broker holds: a day
AT_ONCE = 100


class Keeping:
    """`run()` for ever."""

    def __init__(self, bus: PeopleBus, gallery: Gallery, eraser: Eraser) -> None:
        self._config = bus.config
        self._gallery = gallery
        self._eraser = eraser
        self._orphans: set[str] = set()

    async def run(self) -> None:
        """What was interrupted at once, the rest when the start is over: it reads a lot."""
        number = 0
        with suppress(BusError):
            await self._eraser.finish()
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.once(thorough=number % RARELY == 0)
            except (BusError, Refused) as error:
                log.warning("gallery not kept in order", error=str(error), retry_in=BETWEEN)
            number += 1
            await asyncio.sleep(BETWEEN)

    async def once(self, thorough: bool) -> None:
        """One round. Raises BusError."""
        gallery = self._gallery
        await self._eraser.finish()
        for records in (gallery.records, gallery.embeddings):
            if thorough or await records.doubled():
                await records.sweep()
        await self._forget_orphans(thorough)
        await self._retire()
        days = self._config.nats.faces_max_age_days
        now = time.time()
        await gallery.db.do(lambda db: catalogue.prune(db, now, now - days * DAY), durable=False)

    async def _retire(self) -> None:
        """Unknown people that have not been seen for long, the longest first."""
        moment = time.time() - self._config.gallery.unregistered_days * DAY
        for id in await self._gallery.db.do(
            lambda db: catalogue.unregistered_before(db, moment, AT_ONCE), durable=False
        ):
            await self._eraser.erase(id, "gallery.unregistered_days")

    async def _forget_orphans(self, thorough: bool) -> None:
        """Samples that no record names: an enrolment that was killed, or one that is just being written, so not at the first sight."""
        gallery = self._gallery
        found = {f"{identity}/{sample}" for identity, sample in await gallery.indexes.names()}
        if thorough or self._orphans:
            found |= {name.removesuffix(".jpg") for name in await gallery.pictures.names()}
        orphans = await asyncio.to_thread(self._unnamed, found)
        for name in orphans & self._orphans:
            identity, _, sample = name.partition("/")
            entry = await gallery.records.get(identity)
            known = catalogue.decoded(entry.value) if entry and entry.value is not None else None
            if known is None or sample not in {one.id for one in known.samples}:
                await gallery.remove_sample(identity, sample)
        self._orphans = orphans - self._orphans

    def _unnamed(self, names: set[str]) -> set[str]:
        """Those that stand in no record, by the look of it: decoding a hundred thousand would take a second."""
        records = self._gallery.identities.entries
        return {
            f"{identity}/{sample}"
            for identity, _, sample in (name.partition("/") for name in names)
            if (entry := records.get(identity)) is None or f'"{sample}"'.encode() not in (entry.value or b"")
        }
