"""Facts: published once and for all, consumed by durable name, replayed from the beginning."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from nats import errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js import errors as js_errors

from edged import messages as m
from edged import subjects
from edged.bus.courier import ID, UNSYNCED_SECONDS
from edged.bus.link import Link
from edged.bus.outbox import Entry, Outbox
from edged.bus.pictures import META
from edged.bus.pull import pull
from edged.bus.streams import OF_KIND

log = structlog.get_logger()

ACK_WAIT = 10.0  # a delivery that a dying connection swallowed comes again after that
IN_HAND = 1000  # a consumer may hold so many facts without having acknowledged them
REMEMBERED = 20_000
RETRY = 0.5
# What the courier may send again lies within this time, so a consumer that has to be made anew starts no later than this.
OVERLAP = timedelta(seconds=UNSYNCED_SECONDS + 30)

_encode = msgspec.json.Encoder().encode
_decode: Callable[[bytes | str], m.AnyFact] = msgspec.json.Decoder(m.AnyFact).decode


class Seen:
    """The newest ids, a bounded number of them."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._limit = limit

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, id: str) -> None:
        self._ids[id] = None
        if len(self._ids) > self._limit:
            self._ids.popitem(last=False)


@dataclass(frozen=True)
class Stored:
    """A fact as its stream holds it. `data` is what was published: JSON, or the JPEG of a `Snapshot`. `stored` is the server's time."""

    fact: m.AnyFact
    data: bytes
    seq: int
    stored: datetime


@dataclass(frozen=True)
class FactDelivery(Stored):
    """Comes again, to whoever asks under the same name, unless `ack()` says that it has been dealt with."""

    _msg: Msg
    _work: "_Work"

    async def ack(self) -> None:
        self._work.finish(self.fact.id)
        with suppress(errors.Error):  # then it comes again, and is known
            await self._msg.ack()

    async def again(self, seconds: float) -> None:
        """Puts it back; it comes again after that time."""
        self._work.held.discard(self.fact.id)
        with suppress(errors.Error):
            await self._msg.nak(delay=seconds)


class _Work:
    """What a consumer has been given: `held` is in its hands, `open` is not acknowledged (and when it was stored), `done` is."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.open: dict[str, datetime] = {}
        self.done = Seen()

    def take(self, id: str, stored: datetime) -> None:
        self.held.add(id)
        self.open[id] = stored

    def finish(self, id: str) -> None:
        self.held.discard(id)
        self.open.pop(id, None)
        self.done.add(id)


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

    async def consume(self, kind: str, durable: str) -> AsyncIterator[FactDelivery]:
        """Facts of one kind, each until it is acknowledged, then never again; for ever, through crashes and broker restarts.

        Who asks under the same `durable` name goes on where it was left. A new name begins a few minutes back.
        """
        work = _Work()

        def config(last: datetime | None) -> api.ConsumerConfig:
            return api.ConsumerConfig(
                durable_name=durable,
                filter_subject=subjects.every(kind),
                deliver_policy=api.DeliverPolicy.BY_START_TIME,
                opt_start_time=_no_later(min(work.open.values(), default=last)),
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_ack_pending=IN_HAND,
            )

        async for msg in self._messages(kind, config, durable):
            id = _id(msg)
            if id in work.done:
                await msg.ack()
            elif id not in work.held:
                stored = _read(msg)
                if stored is None:
                    await msg.ack()
                    continue
                work.take(id, stored.stored)
                yield FactDelivery(stored.fact, stored.data, stored.seq, stored.stored, msg, work)

    async def replay(self, kind: str, since: datetime | None = None) -> AsyncIterator[Stored]:
        """Everything of one kind that the stream holds (stored after `since`), in its order, then what comes, for ever.

        Goes on after a lost connection, and gives an id once.
        """
        seen = Seen()

        def config(last: datetime | None) -> api.ConsumerConfig:
            start = _no_later(last) if last else since
            if start and since:
                start = max(start, since)
            return api.ConsumerConfig(
                name=f"replay-{self._link.nc._nuid.next().decode()}",
                filter_subject=subjects.every(kind),
                deliver_policy=api.DeliverPolicy.BY_START_TIME if start else api.DeliverPolicy.ALL,
                opt_start_time=start,
                ack_policy=api.AckPolicy.NONE,
                mem_storage=True,
                inactive_threshold=60.0,
            )

        async for msg in self._messages(kind, config, None):
            id = _id(msg)
            if id not in seen:
                seen.add(id)
                if stored := _read(msg):
                    yield stored

    async def _messages(
        self, kind: str, config: Callable[[datetime | None], api.ConsumerConfig], durable: str | None
    ) -> AsyncIterator[Msg]:
        """Messages of a consumer that is looked after: `config` tells how to make it, given when the last one was stored."""
        stream = OF_KIND[kind]
        last: datetime | None = None
        while True:
            while not self._link.connected:
                await self._link.connection_after(self._link.connections)
            try:
                consumer = await self._consumer(stream, durable, config(last))
                async for msg in pull(self._link, stream, consumer):
                    yield msg
                    last = msg.metadata.timestamp
            except (errors.Error, TimeoutError) as error:
                log.warning("consumer lost", kind=kind, name=durable, error=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY)

    async def _consumer(self, stream: str, durable: str | None, config: api.ConsumerConfig) -> str:
        if durable:
            try:
                await self._js.consumer_info(stream, durable)
                return durable
            except js_errors.NotFoundError:
                pass
        return str((await self._js.add_consumer(stream, config)).name)


def _no_later(last: datetime | None) -> datetime:
    """When to begin so that nothing sent again is missed; who begins there knows what it has already had by its id."""
    recent = datetime.now(UTC) - OVERLAP
    return min(last, recent) if last else recent


def _id(msg: Msg) -> str:
    headers: dict[str, str] = msg.headers or {}
    return headers.get(ID) or f"{msg.metadata.stream} {msg.metadata.sequence.stream}"


def _read(msg: Msg) -> Stored | None:
    try:
        fact = _decode((msg.headers or {}).get(META) or msg.data)
    except msgspec.MsgspecError as error:
        log.warning("fact not understood", subject=msg.subject, seq=msg.metadata.sequence.stream, error=str(error))
        return None
    return Stored(fact, msg.data, msg.metadata.sequence.stream, msg.metadata.timestamp)
