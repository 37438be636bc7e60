"""State shared by every process: a JetStream KV bucket of one Struct type, followed live."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec
import structlog
from nats import errors
from nats.js import errors as js_errors
from nats.js.kv import KeyValue

from edged.bus.link import BusError, Link

log = structlog.get_logger()

R = TypeVar("R", bound=msgspec.Struct)


class Change(NamedTuple, Generic[R]):
    """`record` is what `key` now holds; None says that it is gone."""

    key: str
    record: R | None


class Table(Generic[R]):
    """The bucket `name`, created when missing. A record this version cannot read is logged and passed over."""

    def __init__(self, link: Link, name: str, kind: type[R]) -> None:
        self._link = link
        self._name = name
        self._decoder = msgspec.json.Decoder(kind)
        self._bucket: KeyValue | None = None

    async def put(self, key: str, record: R) -> None:
        """Raises BusError when the server did not store it."""
        await self._do(key, lambda bucket: bucket.put(key, msgspec.json.encode(record)))

    async def delete(self, key: str) -> None:
        await self._do(key, lambda bucket: bucket.delete(key))

    async def all(self) -> dict[str, R]:
        """Everything in the bucket now."""
        found: dict[str, R] = {}
        async for change in self.follow():
            if change is None:
                break
            if change.record is not None:
                found[change.key] = change.record
        return found

    async def follow(self) -> AsyncIterator[Change[R] | None]:
        """Every record, then None once, then every change as it happens, for ever.

        A broker restart loses nothing: the bucket is read again and the differences follow.
        """
        known: dict[str, bytes] = {}
        first = True
        while True:
            connection = self._link.connections
            try:
                async for changes in self._watch_once(known, connection):
                    for change in changes:
                        yield change
                    if first:
                        first = False
                        yield None
            except (TimeoutError, errors.Error) as error:
                log.warning("table lost", table=self._name, error=str(error) or type(error).__name__)
                await asyncio.sleep(0.5)

    async def _watch_once(self, known: dict[str, bytes], connection: int) -> AsyncIterator[list[Change[R]]]:
        bucket = await self._open()
        watcher = await bucket.watchall()
        reconnected = asyncio.ensure_future(self._link.connection_after(connection))
        try:
            missing, reading = set(known), True
            changes: list[Change[R]] = []
            while True:
                update = asyncio.ensure_future(watcher._updates.get())
                await asyncio.wait({update, reconnected}, return_when=asyncio.FIRST_COMPLETED)
                if not update.done():
                    update.cancel()
                    self._bucket = None
                    return
                entry = update.result()
                if not isinstance(entry, KeyValue.Entry):
                    reading = False
                    changes += [Change(key, None) for key in missing]
                    for key in missing:
                        del known[key]
                else:
                    missing.discard(entry.key)
                    changes += self._change(known, entry)
                if not reading:
                    yield changes
                    changes = []
        finally:
            reconnected.cancel()
            await _stop(watcher)

    def _change(self, known: dict[str, bytes], entry: KeyValue.Entry) -> list[Change[R]]:
        if entry.operation is not None:
            return [Change(entry.key, None)] if known.pop(entry.key, None) is not None else []
        value = entry.value or b""
        if known.get(entry.key) == value:
            return []
        known[entry.key] = value
        try:
            return [Change(entry.key, self._decoder.decode(value))]
        except msgspec.MsgspecError as error:
            log.warning("record not understood", table=self._name, key=entry.key, error=str(error))
            return []

    async def _open(self) -> KeyValue:
        if self._bucket is None:
            js = self._link.jetstream()
            try:
                self._bucket = await js.key_value(self._name)
            except js_errors.BucketNotFoundError:
                self._bucket = await js.create_key_value(bucket=self._name, history=1)
        return self._bucket

    async def _do(self, key: str, action: Callable[[KeyValue], Awaitable[object]]) -> None:
        self._link.room()
        try:
            await action(await self._open())
        except (TimeoutError, errors.Error) as error:
            self._bucket = None
            reason = str(error) or type(error).__name__
            raise BusError(f"could not write {key} to {self._name} ({reason}): is nats-server up?") from error


async def _stop(watcher: KeyValue.KeyWatcher) -> None:
    try:
        async with asyncio.timeout(1):
            await watcher.stop()  # type: ignore[no-untyped-call]
    except (TimeoutError, errors.Error):
        log.debug("watch ended with its connection")
