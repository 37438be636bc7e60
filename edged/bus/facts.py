"""Facts: published once and for all, consumed by durable name, replayed from the beginning."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime

import msgspec
import structlog
from nats import errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js import errors as js_errors

from edged import messages as m
from edged import subjects
from edged.bus.deliveries import FactDelivery, Seen, Stored, Work, acknowledge, decode, id_of, read
from edged.bus.link import BusError, Link
from edged.bus.outbox import Entry, Outbox
from edged.bus.pictures import META
from edged.bus.reading import RETRY, Bookmark, Place, no_later, read_on, replayed
from edged.bus.streams import FACTS, OF_KIND

log = structlog.get_logger()

ACK_WAIT = 10.0  # a delivery that a dying connection swallowed comes again after that
IN_HAND = 1000  # a consumer may hold so many facts without having acknowledged them

_encode = msgspec.json.Encoder().encode


class Facts:
    """`publish` needs the outbox; a process without cameras has none and only reads."""

    def __init__(self, link: Link, outbox: Outbox | None = None) -> None:
        self._link = link
        self._outbox = outbox
        self._js = link.jetstream()

    async def publish(self, fact: m.AnyFact, payload: bytes = b"") -> None:
        """Returns when the fact is safe on this box's disk; it is on its way then. `payload` is the JPEG of a Snapshot.

        The same id again does nothing. Raises BusError when the disk does not take it.
        """
        assert self._outbox is not None, "this process publishes no facts"
        kind = subjects.KINDS[type(fact)]
        headers = {}
        if isinstance(fact, m.Snapshot):
            # ASCII, because not every client reads other headers
            headers[META] = json.dumps(msgspec.to_builtins(fact), separators=(",", ":"))
        else:
            payload = _encode(fact)
        await self._outbox.append(Entry(fact.id, OF_KIND[kind], subjects.of(fact), headers, payload))

    async def unsend(self, unwanted: Callable[[m.AnyFact], bool]) -> int:
        """Takes facts out of the outbox, and leaves no trace of them on this box's disk. How many there were.

        A fact stays there for a while after its stream has it, to be sent again should the stream lose it.
        """
        return (
            await self._outbox.unsend(lambda entry: unwanted(decode(entry.headers, entry.payload)))
            if self._outbox
            else 0
        )

    async def consume(self, kind: str, durable: str) -> AsyncGenerator[FactDelivery, None]:
        """Facts of one kind, each until it is acknowledged, then never again; for ever, through crashes and broker restarts.

        Who asks under the same `durable` name goes on where it was left. A new name begins a few minutes back.
        """
        work = Work(durable, self._outbox)
        await work.recall()

        async def config(last: Msg | None) -> api.ConsumerConfig:
            stored = last.metadata.timestamp if last else None
            return api.ConsumerConfig(
                durable_name=durable,
                filter_subject=subjects.every(kind),
                deliver_policy=api.DeliverPolicy.BY_START_TIME,
                opt_start_time=no_later(min(work.open.values(), default=stored)),
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_ack_pending=IN_HAND,
            )

        async with aclosing(read_on(self._link, OF_KIND[kind], config, durable)) as messages:
            async for msg in messages:
                id = id_of(msg)
                if id in work.held:
                    continue
                stored = None if id in work.done else read(msg)
                if stored is None:
                    await acknowledge(msg)
                    continue
                work.take(id, stored.stored)
                yield FactDelivery(stored.fact, stored.data, stored.seq, stored.stored, msg, work)

    async def replay(
        self,
        kind: str | None,
        since: datetime | None = None,
        place: Place | None = None,
        after: Bookmark | None = None,
    ) -> AsyncGenerator[Stored, None]:
        """Everything of one kind (None: of the stream of facts) that the stream holds, stored after `since`, in its order, then what comes, for ever.

        With `after`, only what comes after that place, if the stream still has that fact there; else it lost its end, and is read from `since`.
        Goes on after a lost connection. An id comes once, or long after the first time.
        """
        seen = Seen()
        async with aclosing(self._replayed(kind, since, after, place)) as messages:
            async for msg in messages:
                id = id_of(msg)
                if id not in seen:
                    seen.add(id)
                    if stored := read(msg):
                        yield stored

    async def everything(self) -> AsyncGenerator[Stored, None]:
        """Every fact that the stream holds now, in its order; if it loses its end meanwhile, some come again."""
        async with aclosing(self._now(headers_only=False)) as messages:
            async for msg in messages:
                if stored := read(msg):
                    yield stored

    async def places(self) -> AsyncGenerator[tuple[int, str], None]:
        """(place, id) of the same."""
        async with aclosing(self._now(headers_only=True)) as messages:
            async for msg in messages:
                yield msg.metadata.sequence.stream, id_of(msg)

    async def end(self) -> int:
        """The last place that was ever taken. Raises BusError."""
        return (await self._state()).last_seq

    async def _state(self) -> api.StreamState:
        try:
            return (await self._js.stream_info(FACTS)).state
        except (errors.Error, TimeoutError) as error:
            raise BusError(f"the stream {FACTS} could not be read ({error or type(error).__name__})") from error

    async def _now(self, headers_only: bool) -> AsyncGenerator[Msg, None]:
        state = await self._state()
        if not state.messages:
            return
        async with aclosing(self._replayed(None, None, headers_only=headers_only)) as messages:
            async for msg in messages:
                yield msg
                # the last place may be one that was removed
                if msg.metadata.sequence.stream >= state.last_seq or not msg.metadata.num_pending:
                    return

    async def past(self, kind: str, since: datetime) -> list[Stored]:
        """What the stream holds of one kind, stored after `since`, once this box has delivered what it still had."""
        if self._outbox:
            await self._outbox.delivered()
        async with aclosing(self.stored(kind, since)) as stored:
            return [one async for one in stored]

    async def stored(self, kind: str | None, since: datetime) -> AsyncGenerator[Stored, None]:
        """What the stream holds now of one kind (None: of the stream of facts), stored after `since`, in its order."""
        last = await self._last(kind)
        if last is None or last[1] < since:
            return
        async with aclosing(self._replayed(kind, since)) as messages:
            async for msg in messages:
                if stored := read(msg):
                    yield stored
                if msg.metadata.sequence.stream >= last[0]:
                    return

    async def heard_all(self, kind: str | None, place: Place) -> bool:
        """Whether a `replay` with this `place` has given every fact there is, and been asked for more, and this box has delivered all of its own."""
        if not self._link.connected or not place.consumer or (self._outbox and self._outbox.pending):
            return False
        try:
            state = await self._js.consumer_info(OF_KIND[kind] if kind else FACTS, place.consumer)
        except (errors.Error, TimeoutError):
            return False
        return not state.num_pending and state.delivered is not None and state.delivered.consumer_seq == place.heard

    def _replayed(
        self,
        kind: str | None,
        since: datetime | None,
        after: Bookmark | None = None,
        place: Place | None = None,
        headers_only: bool = False,
    ) -> AsyncGenerator[Msg, None]:
        filtered = subjects.every(kind) if kind else None
        stream = OF_KIND[kind] if kind else FACTS
        return replayed(self._link, stream, filtered, since, after, place or Place(), headers_only)

    async def _last(self, kind: str | None) -> tuple[int, datetime] | None:
        """Place and time of the newest message of a kind."""
        stream, subject = (OF_KIND[kind], subjects.every(kind)) if kind else (FACTS, f"{subjects.PREFIX}.>")
        while True:
            try:
                newest = await self._js.get_last_msg(stream, subject)
                return msgspec.convert((newest.seq, newest.time), tuple[int, datetime])
            except js_errors.NotFoundError:
                return None
            except (errors.Error, TimeoutError):
                await asyncio.sleep(RETRY[0])
