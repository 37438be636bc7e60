"""Answers what a history is asked. What changes something is a fact: published first, then taken into the archive at once."""

import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from edged import messages as m
from edged import questions as q
from edged.bus.deliveries import Stored
from edged.bus.link import Answer, Delivery, Refused
from edged.config import Config
from edged.history import alerts, counts, ppe, reporting
from edged.history.archive import Archive
from edged.subjects import NODE_ITSELF, Address

Lines = Callable[[], Awaitable[set[str]]]
Publish = Callable[[m.AnyFact], Awaitable[None]]
_question = msgspec.json.Decoder(q.Question)
_encode = msgspec.json.Encoder().encode


class Desk:
    """`lines` gives the names of the lines that cameras have, as `site.node.camera.line`."""

    def __init__(self, archive: Archive, config: Config, publish: Publish, lines: Lines) -> None:
        self._archive = archive
        self._config = config
        self._publish = publish
        self._lines = lines

    async def answer(self, request: Delivery) -> Answer:
        """Raises Refused for what cannot be answered."""
        try:
            asked = _question.decode(request.data)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"the history does not understand that: {error}") from None
        return _encode(await self._answered(asked)), {}

    async def _answered(self, asked: q.Question) -> msgspec.Struct:
        zone, aliases, now = self._archive.zone, self._config.aliases, time.time()
        match asked:
            case q.Stats():
                return await self._archive.read(lambda db: counts.stats(db, asked, zone, now, aliases))
            case q.Rows():
                return await self._archive.read(lambda db: reporting.rows(db, asked, zone, now, aliases))
            case q.Occupancy():
                counters = self._config.counters
                return await self._archive.read(lambda db: counts.occupancy(db, asked, zone, now, aliases, counters))
            case q.Alerts():
                return await self._archive.read(lambda db: alerts.find(db, asked))
            case q.PpeLog():
                return await self._archive.read(lambda db: ppe.find(db, asked, zone))
            case q.Acknowledge():
                return await self._acknowledge(asked)
            case q.Correct():
                return await self._write(await self._correction(asked))
            case q.Raise():
                return await self._write(asked.alert)
            case q.Forget():
                rows = await self._archive.change(lambda db: alerts.forget(db, asked.alerts))
                await self._archive.scrub()
                return q.Forgotten(rows=rows)

    async def _acknowledge(self, asked: q.Acknowledge) -> q.Written:
        found = await self._archive.read(lambda db: alerts.find(db, q.Alerts(id=asked.alert)))
        if not found.alerts:
            raise Refused("not_found", f"there is no alert {asked.alert!r}, or it is older than history.details_days")
        alert = found.alerts[0]
        return await self._write(
            m.AlertAcknowledged(
                site=alert.site,
                node=alert.node,
                camera=alert.camera,
                time=datetime.now(UTC),
                id=f"ack-{uuid.uuid4().hex}",
                alert=alert.id,
                by=asked.by,
                note=asked.note,
            )
        )

    async def _correction(self, asked: q.Correct) -> m.CountCorrected:
        if not asked.delta_in and not asked.delta_out:
            raise Refused("invalid", "delta_in and delta_out are both 0: say by how much the count was wrong")
        kind, where, name = await self._counted(asked.of)
        return m.CountCorrected(
            **where._asdict(), time=datetime.now(UTC), id=f"correction-{asked.id}", of=kind, name=name,
            delta_in=asked.delta_in, delta_out=asked.delta_out, by=asked.by, reason=asked.reason,
        )  # fmt: skip

    async def _counted(self, name: str) -> tuple[Literal["line", "counter"], Address, str]:
        counters = [counter.id for counter in self._config.counters]
        if name in counters:
            return "counter", Address(self._config.site, self._config.node, NODE_ITSELF), name
        found = [line for line in await self._lines() if f".{line}".endswith(f".{name}") and "." in name]
        if len(found) == 1:
            *where, line = found[0].split(".")
            return "line", Address(*where), line
        if found:
            raise Refused("invalid", f"{name} are several: {', '.join(sorted(found))}; write more of it")
        known = ", ".join([*counters, *sorted(await self._lines())][:20]) or "none"
        raise Refused("not_found", f"there is no counter or line {name!r}; known are: {known}")

    async def _write(self, fact: m.AnyFact) -> q.Written:
        await self._publish(fact)
        await self._archive.write([Stored(fact, b"", 0, fact.time)])
        return q.Written(id=fact.id)
