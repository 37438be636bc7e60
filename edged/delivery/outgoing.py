"""Alerts on their way out of the house: on disk until the receiver has said yes, tried again with back-off, dead letters kept."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import structlog

from edged import questions as q
from edged.bus.database import Database, open_database
from edged.bus.link import Answer, BusError, Delivery, Refused
from edged.messages import AlertRaised

log = structlog.get_logger()

SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, fact BLOB NOT NULL, created REAL NOT NULL,
    tries INTEGER NOT NULL, due REAL NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS due ON deliveries (state, target, due);
"""
MAX_BYTES = 200_000_000
BACK_OFF = (1.0, 60.0)
GIVE_UP = 3 * 86_400.0  # seconds after which a letter is dead
REMEMBER = 14 * 86_400.0  # seconds a letter that is done or dead is kept: so long the same alert is not sent twice
_PARCEL = "SELECT id, target, fact, state, tries, created, due, error FROM deliveries"

_alert = msgspec.json.Decoder(AlertRaised)
_question = msgspec.json.Decoder(q.DeliveryQuestion)
_encode = msgspec.json.Encoder().encode


class DeliveryError(Exception):
    """It was not delivered; the text says what and why. `lasting`: trying again will not help."""

    def __init__(self, text: str, lasting: bool = False) -> None:
        super().__init__(text)
        self.lasting = lasting


class Target(Protocol):
    """Somewhere that alerts go."""

    def wants(self, alert: AlertRaised) -> bool: ...

    async def send(self, id: str, alert: AlertRaised) -> None:
        """Raises DeliveryError. `id` is the same at every try, so that the receiver can tell."""


class Letter(NamedTuple):
    n: int
    id: str
    alert: AlertRaised
    created: float
    tries: int


class Outgoing:
    """`add` returns when the alert is on disk; `run()` sends, for ever. At least once: a receiver knows a repetition by its id."""

    def __init__(self, database: Database, targets: Mapping[str, Target], back_off: tuple[float, float]) -> None:
        self._database = database
        self._targets = targets
        self._shortest, self._longest = back_off
        self._changed = {name: asyncio.Event() for name in targets}

    async def add(self, alert: AlertRaised) -> None:
        now = time.time()
        wanted = [name for name, target in self._targets.items() if target.wants(alert)]
        rows = [(f"{name}.{alert.id}", name, _encode(alert), now, now) for name in wanted]
        insert = (
            "INSERT INTO deliveries (id, target, fact, created, tries, due, state, error) "
            "VALUES (?, ?, ?, ?, 0, ?, 'waiting', '') ON CONFLICT DO NOTHING"
        )
        await self._database.do(lambda db: db.executemany(insert, rows))
        for name in wanted:
            self._changed[name].set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for name, target in self._targets.items():
                tasks.create_task(self._send_all(name, target))

    async def answer(self, request: Delivery) -> Answer:
        """What the gateway asks. Raises Refused."""
        try:
            asked = _question.decode(request.data)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"that is not understood: {error}") from None
        match asked:
            case q.Deliveries():
                return _encode(await self._database.do(lambda db: _listed(db, asked), durable=False)), {}
            case q.Retry():
                await self._retry(asked.id)
            case q.Test():
                await self._test(asked.name)
            case q.Forget():
                return _encode(await self._forget(asked.alerts)), {}
        return b"{}", {}

    async def _send_all(self, name: str, target: Target) -> None:
        failures = 0
        while True:
            self._changed[name].clear()
            letter, wait = await self._database.do(lambda db: _next(db, name, self._longest), durable=False)
            if letter is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed[name].wait()
            elif await self._send(target, letter):
                failures = 0
            else:
                failures += 1
                await asyncio.sleep(min(self._shortest * 2 ** min(failures - 1, 10), self._longest) / 2)

    async def _send(self, target: Target, letter: Letter) -> bool:
        """Whether the receiver is there."""
        try:
            await target.send(letter.id, letter.alert)
        except DeliveryError as error:
            await self._failed(letter, error)
            return error.lasting
        await self._mark(letter, "done", time.time(), "")
        return True

    async def _failed(self, letter: Letter, error: DeliveryError) -> None:
        now = time.time()
        dead = error.lasting or now - letter.created > GIVE_UP
        wait = min(self._shortest * 2 ** min(letter.tries, 20), self._longest)
        report = log.error if dead else log.warning
        report(
            "not delivered",
            delivery=letter.id,
            error=str(error),
            tries=letter.tries + 1,
            retry_in=None if dead else wait,
        )
        await self._mark(letter, "dead" if dead else "waiting", now + wait, str(error))

    async def _mark(self, letter: Letter, state: str, due: float, error: str) -> None:
        change = "UPDATE deliveries SET state = ?, due = ?, error = ?, tries = tries + 1 WHERE n = ?"
        old = time.time() - REMEMBER

        def mark(db: sqlite3.Connection) -> None:
            db.execute(change, (state, due, error, letter.n))
            db.execute("DELETE FROM deliveries WHERE state != 'waiting' AND created < ?", (old,))

        while True:
            try:
                return await self._database.do(mark)
            except BusError as failure:  # it must not go out a second time because the disk is full
                log.warning("delivery not written down", error=str(failure))
            await asyncio.sleep(self._shortest)

    async def _retry(self, id: str) -> None:
        change = "UPDATE deliveries SET state = 'waiting', due = ?, created = ? WHERE id = ? AND state != 'done'"
        now = time.time()
        if not await self._database.do(lambda db: db.execute(change, (now, now, id)).rowcount):
            raise Refused("not_found", f"no delivery {id!r} waits or is dead")
        for changed in self._changed.values():
            changed.set()

    async def _forget(self, alerts: tuple[str, ...]) -> q.Forgotten:
        ids = [(f"{name}.{alert}",) for name in self._targets for alert in alerts]
        delete = "DELETE FROM deliveries WHERE id = ?"
        rows = await self._database.do(lambda db: sum(db.execute(delete, id).rowcount for id in ids))
        await self._database.scrub(whole=True)
        return q.Forgotten(rows=rows)

    async def _test(self, name: str) -> None:
        if not (target := self._targets.get(name)):
            raise Refused(
                "not_found", f"nothing to deliver to is called {name!r}: known are {', '.join(self._targets) or 'none'}"
            )
        try:
            await target.send(f"test.{time.time_ns()}", sample())
        except DeliveryError as error:
            raise Refused("unavailable", str(error)) from None


@asynccontextmanager
async def open_outgoing(
    path: Path, targets: Mapping[str, Target], back_off: tuple[float, float] = BACK_OFF
) -> AsyncIterator[Outgoing]:
    """What is on its way, kept in the file at `path`. `back_off`: seconds to the next try, first and at most. Raises BusError."""
    async with open_database(path, SCHEMA, MAX_BYTES) as database:
        yield Outgoing(database, targets, back_off)


def sample() -> AlertRaised:
    now = datetime.now(UTC)
    return AlertRaised(
        site="test", node="test", camera="test", time=now, id="test", rule="test", severity="info", label="person", session="",
        track=0, since=now, message="This is a test: alerts arrive here.", snapshot=None,
    )  # fmt: skip


def _next(db: sqlite3.Connection, target: str, longest: float) -> tuple[Letter | None, float | None]:
    """The letter that is due, or how many seconds until one is; None: none waits."""
    query = "SELECT n, id, fact, created, tries, due FROM deliveries WHERE state = 'waiting' AND target = ? ORDER BY due, n LIMIT 1"
    row = db.execute(query, (target,)).fetchone()
    if row is None:
        return None, None
    n, id, fact, created, tries, due = row
    wait = min(due - time.time(), longest)  # a clock that was set back must not hold it up
    if wait > 0:
        return None, wait
    return Letter(n, id, _alert.decode(fact), created, tries), 0.0


def _listed(db: sqlite3.Connection, asked: q.Deliveries) -> q.DeliveriesAnswer:
    condition, values = ("WHERE state = ?", [asked.state]) if asked.state else ("WHERE state != 'done'", [])
    found = db.execute(f"{_PARCEL} {condition} ORDER BY n DESC LIMIT ?", (*values, asked.limit))
    counted = dict(db.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())
    return q.DeliveriesAnswer(
        deliveries=[
            q.Parcel(
                id=id, target=target, alert=_alert.decode(fact).id, state=state, tries=tries, created=datetime.fromtimestamp(created, UTC),
                due=datetime.fromtimestamp(due, UTC), error=error,
            )
            for id, target, fact, state, tries, created, due, error in found
        ],
        waiting=counted.get("waiting", 0),
        dead=counted.get("dead", 0),
    )  # fmt: skip
