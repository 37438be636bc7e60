"""State that several boxes write, and that must be forgettable: a KV bucket whose writes name the revision they replace.

Older revisions are overwritten on the broker's disk, and who follows goes on from the revision where it stopped, also after a restart.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog
from msgspec import Struct
from nats import errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js import errors as js_errors

from edged.bus.erasing import erase_places, erase_subject
from edged.bus.link import BusError, Link
from edged.bus.pull import pull

log = structlog.get_logger()

MARKERS = timedelta(days=30)  # for so long a deletion is remembered; who was away for longer reads everything again
REVISIONS = 64  # the server's own limit; there is more than one only for a moment, or after a crash
TOGETHER = 4_096  # entries in one step
RETRY = 0.5
SAME = timedelta(milliseconds=1)  # nats-py rounds a message's time in two ways
OPERATION = "KV-Operation"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST = 10071  # of nats-server's errors.json: wrong last sequence


class Entry(NamedTuple):
    """`value` is None when the key was deleted."""

    key: str
    value: bytes | None
    revision: int


class Place(Struct, frozen=True, kw_only=True):
    """How far somebody has read: which bucket, up to which of its messages, stored when, and known to be so at `time`."""

    created: datetime
    revision: int
    stored: datetime | None
    time: datetime


class Step(NamedTuple):
    """`anew`: forget what you know, everything comes again. `whole`: with this you know everything there is now."""

    entries: list[Entry]
    place: Place
    anew: bool
    whole: bool


class _State(Struct, frozen=True):
    messages: int = 0
    num_subjects: int = 0


class _Info(Struct, frozen=True):
    state: _State = _State()


class Conflict(Exception):
    """Somebody else has written meanwhile."""


class Records:
    """The bucket `name`, created when missing."""

    def __init__(self, link: Link, name: str) -> None:
        self.name = name
        self._link = link
        self._stream = f"KV_{name}"
        self._js = link.jetstream()
        self._made = 0

    async def put(self, key: str, value: bytes, revision: int) -> int:
        """The new revision. `revision` is the one it replaces, 0: there is none. Raises Conflict, BusError.

        The replaced one is overwritten; should we die before that, `sweep` does it.
        """
        new = await self._write(key, value, revision, {})
        if revision:
            await erase_places(self._link, self._stream, [revision])
        return new

    async def get(self, key: str) -> Entry | None:
        """What the broker holds now; None when it never held anything, or forgot."""
        await self._ready()
        try:
            msg = await self._js.get_msg(self._stream, subject=self._subject(key))
        except js_errors.NotFoundError:
            return None
        except (errors.Error, TimeoutError) as error:
            raise self._failed("read", key, error) from error
        gone = (msg.headers or {}).get(OPERATION) is not None
        return Entry(key, None if gone else msg.data or b"", msg.seq or 0)

    async def erase(self, key: str) -> int:
        """Overwrites every revision. That there was one stays known for a while, so that everybody hears of it: the revision that says so."""
        marker = await self._write(key, b"", None, {OPERATION: "DEL"})
        await erase_subject(self._link, self._stream, self._subject(key), before=marker)
        return marker

    async def sweep(self) -> int:
        """Overwrites what a crash has left of older revisions, and forgets old deletions. How many messages went."""
        await self._ready()
        found: dict[str, int] = {}
        stale: list[int] = []
        old = datetime.now(UTC) - MARKERS
        async with aclosing(self._now(1, headers_only=True)) as messages:
            async for msg in messages:
                place = msg.metadata.sequence.stream
                if before := found.get(msg.subject):
                    stale.append(before)
                found[msg.subject] = place
                if (msg.headers or {}).get(OPERATION) and msg.metadata.timestamp < old:
                    stale.append(place)
        return await erase_places(self._link, self._stream, sorted(set(stale)))

    async def doubled(self) -> bool:
        """Whether some key has an older revision still."""
        await self._ready()
        try:
            # nats-py does not read `num_subjects`
            answer = await self._link.nc.request(f"$JS.API.STREAM.INFO.{self._stream}", timeout=5)
        except (errors.Error, TimeoutError) as error:
            raise self._failed("read", self.name, error) from error
        state = msgspec.json.decode(answer.data, type=_Info).state
        return state.messages > state.num_subjects

    async def follow(self, known: Place | None) -> AsyncGenerator[Step, None]:
        """What changed since `known`, or everything, then what comes, for ever, through restarts of the broker."""
        place, said = known, ""
        while True:
            while not self._link.connected:
                await self._link.connection_after(self._link.connections)
            try:
                async with aclosing(self._follow_once(place)) as steps:
                    async for step in steps:
                        place, said = step.place, ""
                        yield step
            except (BusError, errors.Error, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                if reason != said:
                    log.warning("records lost", bucket=self.name, error=reason)
                said = reason
                await asyncio.sleep(RETRY)

    async def _follow_once(self, known: Place | None) -> AsyncGenerator[Step, None]:
        await self._ready()
        info = await self._info()
        created = _time(info.created)
        anew = known is None or not await self._still(known, created, info.state.last_seq)
        revision = 0 if anew or known is None else known.revision
        stored = None if anew or known is None else known.stored
        whole = False
        consumer = await self._consumer(revision + 1, headers_only=False)
        if not consumer.num_pending:
            whole = True
            yield Step([], Place(created=created, revision=revision, stored=stored, time=datetime.now(UTC)), anew, True)
            anew = False
        entries: list[Entry] = []
        async with aclosing(pull(self._link, self._stream, consumer.name)) as messages:
            async for msg in messages:
                revision, stored = msg.metadata.sequence.stream, msg.metadata.timestamp
                entries.append(self._entry(msg))
                last = not msg.metadata.num_pending
                if last or len(entries) >= TOGETHER:
                    place = Place(created=created, revision=revision, stored=stored, time=datetime.now(UTC))
                    yield Step(entries, place, anew, last and not whole)
                    entries, anew, whole = [], False, whole or last

    async def _still(self, known: Place, created: datetime, last: int) -> bool:
        """Whether the bucket is the one that was read, and has not lost its end since, as in a power cut."""
        if known.created != created or known.revision > last or datetime.now(UTC) - known.time > MARKERS:
            return False
        if not known.revision:
            return True
        try:
            msg = await self._js.get_msg(self._stream, seq=known.revision)
        except js_errors.NotFoundError:
            return False
        return known.stored is not None and abs(_time(msg.time) - known.stored) < SAME

    async def _now(self, start: int, headers_only: bool) -> AsyncGenerator[Msg, None]:
        consumer = await self._consumer(start, headers_only)
        if not consumer.num_pending:
            return
        async with aclosing(pull(self._link, self._stream, consumer.name)) as messages:
            async for msg in messages:
                yield msg
                if not msg.metadata.num_pending:
                    return
        raise BusError(f"{self.name} could not be read to its end: is nats-server up?")

    async def _consumer(self, start: int, headers_only: bool) -> api.ConsumerInfo:
        return await self._js.add_consumer(
            self._stream,
            api.ConsumerConfig(
                name=f"records-{self._link.nc._nuid.next().decode()}",
                deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=start,
                ack_policy=api.AckPolicy.NONE,
                headers_only=headers_only,
                mem_storage=True,
                inactive_threshold=60.0,
            ),
        )

    async def _write(self, key: str, value: bytes, revision: int | None, headers: dict[str, str]) -> int:
        await self._ready()
        if revision is not None:
            headers = {**headers, EXPECTED: str(revision)}
        try:
            if not self._link.connected:
                raise BusError("the broker is away")
            ack = await self._js.publish(self._subject(key), value, stream=self._stream, headers=headers)
        except js_errors.APIError as error:
            if error.err_code == WRONG_LAST:
                raise Conflict(key) from None
            raise self._failed("written", key, error) from error
        except (BusError, errors.Error, TimeoutError) as error:
            raise self._failed("written", key, error) from error
        return ack.seq

    async def _info(self) -> api.StreamInfo:
        return await self._js.stream_info(self._stream)

    async def _ready(self) -> None:
        """Not by nats-py's `create_key_value`: that forbids the server to delete single messages."""
        if self._made == self._link.connections:
            return
        wanted = api.StreamConfig(
            name=self._stream, subjects=[f"$KV.{self.name}.>"], max_msgs_per_subject=REVISIONS, allow_rollup_hdrs=True,
            allow_direct=True, deny_delete=False, discard=api.DiscardPolicy.NEW, duplicate_window=120.0,
        )  # fmt: skip
        try:
            try:
                await self._info()
            except js_errors.NotFoundError:
                await self._js.add_stream(wanted)
        except (errors.Error, TimeoutError) as error:
            raise self._failed("opened", self.name, error) from error
        self._made = self._link.connections

    def _subject(self, key: str) -> str:
        return f"$KV.{self.name}.{key}"

    def _entry(self, msg: Msg) -> Entry:
        key = msg.subject.removeprefix(f"$KV.{self.name}.")
        gone = (msg.headers or {}).get(OPERATION) is not None
        return Entry(key, None if gone else msg.data, msg.metadata.sequence.stream)

    def _failed(self, what: str, key: str, error: Exception) -> BusError:
        reason = str(error) or type(error).__name__
        return BusError(f"{key} of {self.name} could not be {what} ({reason}): is nats-server up?")


def _time(value: object) -> datetime:
    """Older versions of nats-py leave it as text."""
    return msgspec.convert(value, datetime)
