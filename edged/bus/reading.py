"""Reads a stream for ever: where to begin, and where to go on after a lost connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog
from nats import errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js import errors as js_errors

from edged.bus.courier import UNSYNCED_SECONDS
from edged.bus.link import BusError, Link
from edged.bus.pull import pull

log = structlog.get_logger()

RETRY = (0.5, 5.0)
# What the courier may send again lies within this time, so who cannot go on where he was begins no later than this.
OVERLAP = timedelta(seconds=UNSYNCED_SECONDS + 30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAME = timedelta(milliseconds=1)  # what rounding makes of a time

Begin = Callable[[Msg | None], Awaitable[api.ConsumerConfig]]


@dataclass
class Place:
    """How far a `replay` is: so many messages of this consumer have been dealt with."""

    consumer: str = ""
    heard: int = 0


class Bookmark(NamedTuple):
    """Where in its stream a message is, and when it was stored there.

    A stream only ever loses its end. What is stored there instead has another time, so while the message is there, so is all before it.
    """

    seq: int
    stored: datetime


async def read_on(
    link: Link, stream: str, begin: Begin, durable: str | None = None, place: Place | None = None
) -> AsyncGenerator[Msg, None]:
    """Messages of a consumer that is looked after: `begin` tells how to make it, given the last message that came."""
    js, place = link.jetstream(), place or Place()
    last: Msg | None = None
    wait, said = RETRY[0], ""
    while True:
        while not link.connected:
            await link.connection_after(link.connections)
        try:
            consumer = await link.while_it_lasts(_consumer(js, stream, begin, last, durable))
            wait, said = RETRY[0], ""
            place.consumer, place.heard = consumer, 0
            async with aclosing(pull(link, stream, consumer)) as messages:
                async for msg in messages:
                    yield msg
                    last = msg
                    place.heard += 1
        except (BusError, errors.Error, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            if reason != said:  # a stream that nobody has made yet may be missing for long
                log.warning("consumer lost", stream=stream, name=durable, error=reason)
            said = reason
            await asyncio.sleep(wait)
            wait = min(2 * wait, RETRY[1])


def replayed(
    link: Link,
    stream: str,
    subject: str | None,
    since: datetime | None,
    after: Bookmark | None,
    place: Place,
    headers_only: bool,
) -> AsyncGenerator[Msg, None]:
    """What the stream holds on `subject` after that bookmark, then what comes. Some of it again when the stream has lost its end."""
    js = link.jetstream()

    async def begin(last: Msg | None) -> api.ConsumerConfig:
        mark = Bookmark(last.metadata.sequence.stream, last.metadata.timestamp) if last else after
        onward = mark.seq + 1 if mark and await _holds(js, stream, mark) else None
        start = None if onward else _earliest(last, since)
        return api.ConsumerConfig(
            name=f"replay-{link.nc._nuid.next().decode()}",
            filter_subject=subject,
            deliver_policy=_policy(onward, start),
            opt_start_seq=onward,
            opt_start_time=start,
            ack_policy=api.AckPolicy.NONE,
            headers_only=headers_only,
            mem_storage=True,
            inactive_threshold=60.0,
        )

    return read_on(link, stream, begin, place=place)


def no_later(last: datetime | None) -> datetime:
    """When to begin so that nothing sent again is missed; who begins there knows what it has already had by its id."""
    recent = max(datetime.now(UTC) - OVERLAP, EPOCH)  # a box without a clock starts there
    return min(last, recent) if last else recent


def _earliest(last: Msg | None, since: datetime | None) -> datetime | None:
    if last is None:
        return since
    start = no_later(last.metadata.timestamp)
    return max(start, since) if since else start


def _policy(onward: int | None, start: datetime | None) -> api.DeliverPolicy:
    if onward:
        return api.DeliverPolicy.BY_START_SEQUENCE
    return api.DeliverPolicy.BY_START_TIME if start else api.DeliverPolicy.ALL


async def _holds(js: JetStreamContext, stream: str, mark: Bookmark) -> bool:
    try:
        there = await js.get_msg(stream, mark.seq)
    except js_errors.NotFoundError:
        return False
    return abs(msgspec.convert(there.time, datetime) - mark.stored) < SAME


async def _consumer(js: JetStreamContext, stream: str, begin: Begin, last: Msg | None, durable: str | None) -> str:
    if durable:
        try:
            await js.consumer_info(stream, durable)
            return durable
        except js_errors.NotFoundError:
            pass
    return str((await js.add_consumer(stream, await begin(last))).name)
