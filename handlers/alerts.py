"""Raises alerts of this box's cameras: rules decide by the times inside the facts, as docs/alerts.md defines them.

How far the facts were heard is kept in a file, and moves on only when the alerts that they raise are safe. After a crash they are heard again from
there, and some before them are recalled, so that what was going on is known. To decide again changes nothing: alerts have ids that follow from the facts.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from edged import timezone
from edged.asking import RuleRecord
from edged.bus.reading import OVERLAP, Place
from edged.handlers import HandlerBus, service
from edged.messages import AlertRaised, AnyFact
from edged.rulebook.book import Rulebook
from edged.rulebook.desk import Desk
from edged.scene.alerting.findings import HEARD
from edged.scene.alerting.rules import Here, Rules

log = structlog.get_logger()

KEPT = "alerts.json"
LOOK_BACK = timedelta(days=1)  # besides the longest `suppress`: facts may arrive late, after an outage
LATE = timedelta(minutes=10)  # a fact may be stored so much later than it happened and still be recalled
PERIOD = 15.0  # seconds between two writings of the file: what is lost of it is heard again
ASK_AGAIN = 0.2
CANCEL_AGAIN = 1.0  # seconds


class Kept(msgspec.Struct):
    """When the stream stored the last fact that was dealt with, of each stream."""

    facts: datetime
    ppe: datetime
    faces: datetime


@service
async def run(bus: HandlerBus) -> None:
    zone = timezone.named(bus.config.time_zone)
    book = Rulebook(bus.config, bus.rules)
    desk = Desk(book, bus.config, bus.cameras, bus.facts, zone)
    await book.begin()
    here = Here(bus.config.aliases, zone, bus.began)
    answers = {"rules": (bus.subject("rules"), desk.answer)}
    async with bus.link.answer("edged-rules", answers), asyncio.TaskGroup() as tasks:
        tasks.create_task(book.run())
        while True:
            book.changed.clear()
            deciding = {tasks.create_task(work) for work in await decide(bus, book.of_this_box(), here)}
            await book.changed.wait()
            await ended(deciding)


async def decide(bus: HandlerBus, records: list[RuleRecord], here: Here) -> list[Coroutine[None, None, None]]:
    """What is to be done by these rules, for ever. What was stored before the first of them was written down raises nothing."""
    enabled = [record for record in records if record.rule.enabled]
    if not enabled:
        return []
    path = bus.state / KEPT
    first = min(datetime.now(UTC), *(record.since for record in enabled))
    kept = await asyncio.to_thread(read, path)
    begin = Kept(max(kept.facts, first), max(kept.ppe, first), max(kept.faces, first))
    alerts = Alerts(bus, Rules(enabled, here), path, begin)
    await alerts.read_raised()
    return alerts.work()


async def ended(tasks: set[asyncio.Task[None]]) -> None:
    """Before Python 3.12 `asyncio.wait_for`, which nats-py uses, can swallow a cancellation: whoever has not ended is asked again."""
    while tasks := {task for task in tasks if not task.done()}:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CANCEL_AGAIN)


class Alerts:
    def __init__(self, bus: HandlerBus, rules: Rules, path: Path, kept: Kept) -> None:
        self._bus = bus
        self._rules = rules
        self._path = path
        self._kept = kept
        self._place = Place()
        self._heard = asyncio.Event()

    async def read_raised(self) -> None:
        """What was raised before."""
        begin = min(self._kept.facts, self._kept.ppe, self._kept.faces)
        for stored in await self._bus.facts.past("alert", begin - self._rules.quiet - LOOK_BACK):
            if isinstance(stored.fact, AlertRaised):
                self._rules.seen(stored.fact)

    def work(self) -> list[Coroutine[None, None, None]]:
        return [
            self._hear(None, self._kept.facts - OVERLAP),
            self._hear("ppe", self._kept.ppe - OVERLAP),
            self._hear("face", self._kept.faces - OVERLAP),
            self._let_time_pass(),
            self._keep(),
        ]

    async def _hear(self, kind: str | None, begin: datetime) -> None:
        """What was stored before `begin` was dealt with before."""
        place = Place() if kind else self._place
        since = begin - self._rules.memory - LATE
        async with aclosing(self._bus.facts.replay(kind, since, place)) as replayed:
            async for stored in replayed:
                if self._is_ours(fact := stored.fact):
                    if stored.stored < begin:
                        self._recall(fact)
                    else:
                        await self._decide(fact)
                self._note(kind, stored.stored)

    def _note(self, kind: str | None, stored: datetime) -> None:
        match kind:
            case "ppe":
                self._kept.ppe = max(self._kept.ppe, stored)
            case "face":
                self._kept.faces = max(self._kept.faces, stored)
            case _:
                self._kept.facts = max(self._kept.facts, stored)
                self._heard.set()

    def _recall(self, fact: AnyFact) -> None:
        if isinstance(fact, HEARD):
            self._rules.recall(fact)

    async def _decide(self, fact: AnyFact) -> None:
        if isinstance(fact, HEARD):
            await self._raise(self._rules.hear(fact))

    async def _let_time_pass(self) -> None:
        while True:
            self._heard.clear()
            wait = self._until_next()
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._heard.wait()
            elif await self._bus.facts.heard_all(None, self._place):
                # that something has not ended says something only when every fact there is has been heard
                await self._raise(self._rules.due(datetime.now(UTC)))
            else:
                await asyncio.sleep(ASK_AGAIN)

    def _until_next(self) -> float | None:
        """Seconds until time decides something; None: nothing waits for it."""
        due = self._rules.next_due()
        return (due - datetime.now(UTC)).total_seconds() if due else None

    async def _keep(self) -> None:
        written = None
        while True:
            await asyncio.sleep(PERIOD)
            if written == (kept := msgspec.structs.replace(self._kept)):
                continue
            try:
                await asyncio.to_thread(write, self._path, kept)
                written = kept
            except OSError as error:
                log.warning("alerts' place not written down", file=str(self._path), error=str(error))

    async def _raise(self, alerts: list[AlertRaised]) -> None:
        for alert in alerts:
            await self._bus.publish_fact(alert)

    def _is_ours(self, fact: AnyFact) -> bool:
        return (fact.site, fact.node) == (self._bus.config.site, self._bus.config.node)


def read(path: Path) -> Kept:
    """Where it was left; without the file a few minutes back."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        pass
    except msgspec.MsgspecError as error:
        log.warning("alerts' place lost", file=str(path), error=str(error))
    now = datetime.now(UTC)
    write(path, Kept(now, now, now))
    return Kept(now, now, now)


def write(path: Path, kept: Kept) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(kept))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
