"""Passes for visitors, shared by every box in KV `edged_visitors`: registered, told of when their people come and when their time is over."""

import asyncio
from contextlib import aclosing, suppress
from datetime import UTC, datetime

import msgspec
import structlog

from edged import enquiries as e
from edged import messages as m
from edged.bus.link import BusError, Refused
from edged.bus.records import Conflict, Records
from edged.identities import VISITORS, Visit
from edged.people import visits
from edged.people.gallery import Gallery, PeopleBus
from edged.people.visits import Cause, Told
from edged.subjects import NODE_ITSELF

log = structlog.get_logger()

RULE = "visitor"
TRIES = 20
LONGEST = 60.0  # seconds between two looks at the clock
MESSAGES: dict[Cause, tuple[m.Severity, str]] = {
    "arrived": ("info", "a visitor has arrived"),
    "expired": ("warning", "the pass of a visitor who came has expired, and nobody has said that they left"),
    "overstayed": ("alarm", "a visitor was seen after their pass had expired"),
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Visit).decode


class Visitors:
    """Every box follows the passes; whichever writes a change first raises its alert, the others see that it was told."""

    def __init__(self, bus: PeopleBus, gallery: Gallery) -> None:
        self._config = bus.config
        self._facts = bus.facts
        self._gallery = gallery
        self._records = Records(bus.link, VISITORS)
        self._visits: dict[str, tuple[Visit, int]] = {}
        self._changed = asyncio.Event()
        self.read = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._let_time_pass())

    async def saw(self, fact: m.FaceIdentified) -> None:
        """Somebody was recognised. Raises BusError when what that means could not be written down."""
        if not fact.identity:
            return
        await self.read.wait()
        camera = f"{fact.site}.{fact.node}.{fact.camera}"
        for told in visits.seen(self._all(), fact.identity, camera, fact.time):
            await self._write(told, fact)

    def listed(self, asked: e.Visits) -> e.VisitsAnswer:
        """Newest first, by the beginning of their window."""
        needle = asked.q.casefold()
        found = [
            visit
            for visit in self._all()
            if (not asked.id or visit.id == asked.id)
            and (not asked.states or visit.state in asked.states)
            and any(needle in text.casefold() for text in (visit.name, visit.host, visit.company, visit.purpose))
        ]
        found.sort(key=lambda visit: (visit.since, visit.id), reverse=True)
        start = (asked.page - 1) * asked.limit
        return e.VisitsAnswer(visits=found[start : start + asked.limit], total=len(found))

    async def register(self, asked: e.Register) -> Visit:
        """A new visit. Raises Refused, BusError."""
        visit = asked.visit
        if visit.until <= visit.since:
            raise Refused("invalid", "until is not after since: a pass is for some time")
        await self._check(visit.identity)
        try:
            revision = await self._records.put(visit.id, _encode(visit), 0)
        except Conflict:
            known, _ = await self._current(visit.id)
            return known
        self._take(visit, revision)
        return visit

    async def alter(self, asked: e.AlterVisit) -> Visit:
        """What has become of it, whoever else changes it at the same time. Raises Refused, BusError."""
        await self._check(asked.identity or "")
        for _ in range(TRIES):
            known, revision = await self._current(asked.id)
            try:
                visit = visits.altered(known, asked, datetime.now(UTC))
                new = await self._records.put(asked.id, _encode(visit), revision)
            except ValueError as error:
                raise Refused("invalid", str(error)) from None
            except Conflict:
                continue
            self._take(visit, new)
            return visit
        raise Refused("unavailable", f"visitor {asked.id} is being changed by too many at once: try again")

    async def erase(self, asked: e.Unregister) -> Visit:
        """The pass that there was. Raises Refused."""
        known = self._visits.get(asked.id)
        if known is None:
            raise Refused("not_found", f"there is no visitor {asked.id!r}")
        await self._records.erase(asked.id)
        self._visits.pop(asked.id, None)
        return known[0]

    async def forget(self, identity: str) -> None:
        """Erases the passes of somebody who is erased."""
        await self.read.wait()
        for visit in self._all():
            if visit.identity == identity:
                await self._records.erase(visit.id)
                self._visits.pop(visit.id, None)

    async def _check(self, identity: str) -> None:
        if identity:
            await self._gallery.current(identity)

    async def _current(self, id: str) -> tuple[Visit, int]:
        entry = await self._records.get(id)
        if entry is None or entry.value is None:
            raise Refused("not_found", f"there is no visitor {id!r}")
        return _decode(entry.value), entry.revision

    async def _follow(self) -> None:
        async with aclosing(self._records.follow(None)) as steps:
            async for step in steps:
                if step.anew:
                    self._visits.clear()
                for entry in step.entries:
                    if entry.value is None:
                        self._visits.pop(entry.key, None)
                        continue
                    try:
                        self._take(_decode(entry.value), entry.revision)
                    except msgspec.MsgspecError as error:
                        log.warning("visitor not understood", id=entry.key, error=str(error))
                if step.whole:
                    self.read.set()

    async def _let_time_pass(self) -> None:
        await self.read.wait()
        while True:
            self._changed.clear()
            now = datetime.now(UTC)
            for told in visits.passed(self._all(), now):
                try:
                    await self._write(told, None)
                except BusError as error:
                    log.warning("visitor waits", id=told.visit.id, error=str(error))
            due = visits.next_due(self._all())
            wait = LONGEST if due is None else min(max((due - datetime.now(UTC)).total_seconds(), 1.0), LONGEST)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    async def _write(self, told: Told, fact: m.FaceIdentified | None) -> None:
        """Who writes it down tells of it. The alert first: written down twice it is the same one, and not to tell would be worse."""
        known = self._visits.get(told.visit.id)
        if known is None:
            return
        if told.cause:
            await self._facts.publish(self._alert(told.visit, told.cause, fact))
        try:
            revision = await self._records.put(told.visit.id, _encode(told.visit), known[1])
        except Conflict:  # another box was first, or somebody changed it: the next look decides anew
            return
        self._take(told.visit, revision)

    def _alert(self, visit: Visit, cause: Cause, fact: m.FaceIdentified | None) -> m.AlertRaised:
        """It names nobody, as no fact does: the pass says who it is."""
        severity, text = MESSAGES[cause]
        now = fact.time if fact else datetime.now(UTC)
        site, node, camera = self._config.site, self._config.node, NODE_ITSELF
        if fact:
            site, node, camera = fact.site, fact.node, fact.camera
        return m.AlertRaised(
            site=site, node=node, camera=camera, time=now, id=f"visitor-{visit.id}-{cause}-{visit.until:%Y%m%d%H%M%S}", rule=RULE, severity=severity,
            label="person", session=fact.session if fact else "", track=fact.track if fact else 0, since=fact.since if fact else now,
            message=f"{text} (pass {visit.id})", snapshot=fact.snapshot or None if fact else None,
        )  # fmt: skip

    def _all(self) -> list[Visit]:
        return [visit for visit, _ in self._visits.values()]

    def _take(self, visit: Visit, revision: int) -> None:
        known = self._visits.get(visit.id)
        if known is None or known[1] < revision:
            self._visits[visit.id] = visit, revision
            self._changed.set()
