"""Carries facts from the outbox to their streams, and after each connection makes sure that they are still there."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Never

import structlog
from nats import errors
from nats.js import api

from edged.bus.cancellation import heed_cancellation
from edged.bus.deliveries import ID, id_of
from edged.bus.link import BusError, Link
from edged.bus.outbox import Outbox, Waiting
from edged.bus.pull import pull
from edged.bus.streams import NAMES

log = structlog.get_logger()

IN_FLIGHT = 64
ACK_SECONDS = 5.0
BACK_OFF = (0.2, 10.0)
# How long after its acknowledgement a fact may still be lost in a power cut: nats-server syncs every two minutes, or at once if told to.
UNSYNCED_SECONDS = 150.0
SYNCED_SECONDS = 10.0


def weight(headers: Mapping[str, str]) -> int:
    """At most so many bytes are headers in a message to a stream, with what nats-py adds to them."""
    return 200 + sum(len(name) + len(value.encode()) + 4 for name, value in headers.items())


class Interrupted(Exception):
    """This connection's view of the streams no longer holds: reconcile."""


class Courier:
    """`run()` for ever. `keep` is how many seconds an acknowledged fact stays in the outbox; `prepare` makes the streams.

    `reconciled` is set while what the streams hold is known, and facts flow.
    """

    def __init__(
        self, link: Link, outbox: Outbox, prepare: Callable[[], Coroutine[None, None, None]], keep: float
    ) -> None:
        self.reconciled = asyncio.Event()
        self._link = link
        self._outbox = outbox
        self._prepare = prepare
        self._keep = keep
        self._js = link.jetstream()
        self._ends: dict[str, int] = {}

    async def run(self) -> None:
        shortest, longest = BACK_OFF
        wait = shortest
        while True:
            while not self._link.connected:
                await self._link.connection_after(self._link.connections)
            began, connection = time.monotonic(), self._link.connections
            try:
                await self._run_once(connection)
            except* Interrupted:
                self.reconciled.clear()
            except* (BusError, errors.Error, TimeoutError) as group:
                self.reconciled.clear()
                if time.monotonic() - began > longest or self._link.connections != connection:
                    wait = shortest
                reason = str(group.exceptions[0]) or type(group.exceptions[0]).__name__
                log.warning("facts wait", error=reason, pending=self._outbox.pending, retry_in=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, longest)

    async def _run_once(self, connection: int) -> None:
        """Works until the connection is another one, or anything fails."""
        self._link.room()
        await self._link.while_it_lasts(self._prepare())
        for stream in NAMES:
            await self._link.while_it_lasts(self._reconcile(stream))
        self.reconciled.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._until_reconnected(connection))
            tasks.create_task(self._forget())
            await self._send(tasks)

    async def _send(self, tasks: asyncio.TaskGroup) -> Never:
        room = asyncio.Semaphore(IN_FLIGHT)
        sent = 0
        while True:
            batch = await self._outbox.waiting(sent, IN_FLIGHT)
            self._link.room()
            for waiting in batch:
                sent = waiting.n
                await room.acquire()
                await self._post(waiting, tasks, room)

    async def _post(self, waiting: Waiting, tasks: asyncio.TaskGroup, room: asyncio.Semaphore) -> None:
        """Publishes without waiting for the answer, so that the order of appending is the order of publishing."""
        entry = waiting.entry
        if not self._link.connected:
            raise Interrupted("the connection is lost")  # nats-py would keep it and send it behind our back
        headers = {**entry.headers, ID: entry.id}
        size, limit = len(entry.payload) + weight(headers), self._link.nc.max_payload
        if size > limit:  # the server would end the connection, each time anew
            log.error("fact too large", id=entry.id, subject=entry.subject, bytes=size, limit=limit)
            await self._outbox.discard(entry.id)
            room.release()
            return
        answer = await self._js.publish_async(entry.subject, entry.payload, stream=entry.stream, headers=headers)
        heed_cancellation()
        settling = tasks.create_task(self._settle(waiting, answer, room))
        # nats-py lets 4000 answers be open at a time, and a task that is cancelled before it begins would leave its own open for ever
        settling.add_done_callback(lambda _: answer.cancel())

    async def _settle(self, waiting: Waiting, answer: "asyncio.Future[api.PubAck]", room: asyncio.Semaphore) -> None:
        entry = waiting.entry
        async with asyncio.timeout(ACK_SECONDS):
            ack = await answer
        if not ack.duplicate:
            if ack.seq <= self._ends[entry.stream]:
                raise BusError(f"the stream {entry.stream} was made anew, or lost its end")
            self._ends[entry.stream] = ack.seq
        await self._outbox.acknowledged(entry.id, entry.stream, ack.seq)
        room.release()

    async def _reconcile(self, stream: str) -> None:
        began = time.monotonic()
        state = (await self._js.stream_info(stream)).state
        self._ends[stream] = state.last_seq
        held = await self._outbox.held(stream)
        found: dict[str, int] = {}
        if held:
            wanted = {fact.id for fact in held}
            found = await self._places(stream, wanted, min(fact.first for fact in held), state.last_seq)
        lost = await self._outbox.reconcile(stream, found, state.last_seq)
        if lost:
            log.warning("stream lost facts", stream=stream, lost=lost, note="they are sent again")
        took = round(time.monotonic() - began, 3)
        log.debug("stream reconciled", stream=stream, held=len(held), found=len(found), seconds=took)

    async def _places(self, stream: str, wanted: set[str], first: int, last: int) -> dict[str, int]:
        """Where the stream holds the facts `wanted`, of all that it holds from place `first` on."""
        if first > last:
            return {}
        # No subject filter: nats-server 2.9 delivers ten times slower with one (measured: 2,000 against 20,000 a second).
        consumer = await self._js.add_consumer(
            stream,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=first,
            ack_policy=api.AckPolicy.NONE,
            headers_only=True,
            mem_storage=True,
            inactive_threshold=30.0,
            name=f"reconcile-{self._link.nc._nuid.next().decode()}",
        )
        places: dict[str, int] = {}
        if not consumer.num_pending:
            return places
        async with aclosing(pull(self._link, stream, consumer.name)) as messages:
            async for msg in messages:
                metadata, id = msg.metadata, id_of(msg)
                if id in wanted:
                    places[id] = metadata.sequence.stream
                if not metadata.num_pending:
                    return places
        raise Interrupted("the stream could not be read to its end")

    async def _until_reconnected(self, connection: int) -> Never:
        await self._link.connection_after(connection)
        raise Interrupted("the connection is another one")

    async def _forget(self) -> Never:
        while True:
            await self._outbox.forget(self._keep)
            await asyncio.sleep(self._keep / 4)
