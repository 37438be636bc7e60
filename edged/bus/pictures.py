"""Pictures kept for later: the JetStream object store."""

import asyncio
from datetime import timedelta

import msgspec
import structlog
from nats import errors
from nats.js import api
from nats.js import errors as js_errors
from nats.js.object_store import ObjectStore

from edged.bus.erasing import erase_object
from edged.bus.link import BusError, Link
from edged.messages import Snapshot

log = structlog.get_logger()

BUCKET = "edged_pictures"
META = "Edged-Meta"


class Pictures:
    """JPEGs by key; the server drops the oldest by age. `max_bytes` bounds them all."""

    def __init__(self, link: Link, max_age: timedelta, max_bytes: int) -> None:
        self._link = link
        self._max_age = max_age
        self._max_bytes = max_bytes
        self._opened: tuple[int, ObjectStore] | None = None

    async def put(self, key: str, jpeg: bytes, snapshot: Snapshot) -> None:
        """Stores or replaces the picture. Raises BusError if the server did not take it.

        The one that is replaced is overwritten on the disk first: the server itself would only lose sight of it.
        """
        self._link.room()
        meta = api.ObjectMeta(name=key, headers={META: msgspec.json.encode(snapshot).decode()})
        try:
            store = await self._store()
            await erase_object(self._link, BUCKET, key)
            await store.put(key, jpeg, meta=meta)
        except (TimeoutError, errors.Error) as error:
            raise BusError(f"could not store the picture {key} ({error or type(error).__name__})") from error

    async def get(self, key: str) -> bytes | None:
        """The JPEG, or None if there is none under this key."""
        try:
            # nats-py waits for ever on an object whose oldest chunks the server has let go
            async with asyncio.timeout(5):
                return (await (await self._store()).get(key)).data
        except js_errors.NotFoundError:
            return None
        except (TimeoutError, errors.Error) as error:
            raise BusError(f"could not read the picture {key} ({error or type(error).__name__})") from error

    async def meta(self, key: str) -> Snapshot | None:
        """What the picture under this key shows."""
        try:
            info = await (await self._store()).get_info(key)
        except js_errors.NotFoundError:
            return None
        except (TimeoutError, errors.Error) as error:
            raise BusError(f"could not look up the picture {key} ({error or type(error).__name__})") from error
        return msgspec.json.decode((info.headers or {})[META], type=Snapshot)

    async def erase(self, key: str) -> bool:
        """Overwrites the picture on the broker's disk. Whether there was one."""
        try:
            await self._store()
        except (TimeoutError, errors.Error) as error:
            raise BusError(f"could not erase the picture {key} ({error or type(error).__name__})") from error
        return await erase_object(self._link, BUCKET, key)

    async def _store(self) -> ObjectStore:
        if self._opened is None or self._opened[0] != self._link.connections:
            js = self._link.jetstream()
            try:
                store = await js.object_store(BUCKET)
            except js_errors.NotFoundError:
                config = api.ObjectStoreConfig(ttl=int(self._max_age.total_seconds()), max_bytes=self._max_bytes)
                store = await js.create_object_store(BUCKET, config)
                # an object store refuses what is new when full; ours forgets what is oldest
                stream = (await js.stream_info(f"OBJ_{BUCKET}")).config
                await js.update_stream(stream.evolve(discard=api.DiscardPolicy.OLD))
            self._opened = self._link.connections, store
        return self._opened[1]
