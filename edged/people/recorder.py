"""Hears of sightings: for the lists of this box, for its visitors, and of people that are to be forgotten."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from edged import messages as m
from edged.bus.deliveries import FactDelivery
from edged.bus.link import BusError
from edged.bus.reading import OVERLAP
from edged.people import catalogue
from edged.people.erasing import Eraser
from edged.people.gallery import Gallery, PeopleBus
from edged.people.visitors import Visitors

log = structlog.get_logger()

AGAIN = 10.0  # seconds until what could not be done is tried again
DAY = 86_400.0
TRACK_DAYS = 1.0  # of tracks' ends that are read again at a start


class HearingBus(PeopleBus, Protocol):
    """And of facts, under a name of this box."""

    def consume(self, kind: str, name: str) -> AsyncGenerator[FactDelivery, None]: ...


class Recorder:
    """`run()` for ever. Sightings are read from where the file ends, so that a lost file is made anew from the stream."""

    def __init__(self, bus: HearingBus, gallery: Gallery, eraser: Eraser, visitors: Visitors) -> None:
        self._bus = bus
        self._gallery = gallery
        self._eraser = eraser
        self._visitors = visitors

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sightings())
            tasks.create_task(self._ends())
            tasks.create_task(self._news())

    async def _sightings(self) -> None:
        since = await self._cursor()
        async with aclosing(self._bus.facts.replay("face", since)) as replayed:
            async for stored in replayed:
                fact, at = stored.fact, stored.stored.timestamp()

                def take(db: catalogue.Db, fact: m.AnyFact = fact, at: float = at) -> None:
                    if isinstance(fact, m.FaceIdentified):
                        catalogue.take_sighting(db, fact, time.time())
                    elif isinstance(fact, m.IdentityChanged):
                        catalogue.take_change(db, fact)
                    db.execute("INSERT OR REPLACE INTO notes VALUES ('heard', ?)", (at,))

                await self._gallery.db.do(take, durable=False)

    async def _ends(self) -> None:
        since = await self._cursor() or datetime.now(UTC) - timedelta(days=TRACK_DAYS)
        async with aclosing(self._bus.facts.replay("track", since)) as replayed:
            async for stored in replayed:
                fact = stored.fact
                if isinstance(fact, m.TrackEnded):
                    await self._gallery.db.do(partial(catalogue.take_end, fact=fact, now=time.time()), durable=False)

    async def _news(self) -> None:
        """What must be acted on exactly once is acknowledged when that is done."""
        async with aclosing(self._bus.consume("face", "people")) as deliveries:
            async for delivery in deliveries:
                try:
                    match delivery.fact:
                        case m.FaceIdentified() as fact:
                            await self._visitors.saw(fact)
                        case m.PersonErased() as fact:
                            await self._eraser.forget_here(fact)
                except BusError as error:
                    log.warning("fact waits", fact=delivery.fact.id, error=str(error), retry_in=AGAIN)
                    await delivery.again(AGAIN)
                else:
                    await delivery.ack()

    async def _cursor(self) -> datetime | None:
        query = "SELECT value FROM notes WHERE name = 'heard'"
        row = await self._gallery.db.do(lambda db: db.execute(query).fetchone(), durable=False)
        return datetime.fromtimestamp(float(row[0]), UTC) - OVERLAP if row else None
