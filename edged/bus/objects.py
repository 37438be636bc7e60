"""Pictures that must be erasable: a JetStream object store in which nothing is replaced, and what is removed is overwritten."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode

from nats import errors
from nats.js import api
from nats.js import errors as js_errors
from nats.js.object_store import ObjectStore

from edged.bus.erasing import erase_object, messages_of, name_of
from edged.bus.link import BusError, Link


class Objects:
    """Bytes by name, in the bucket `name`, created when missing."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name
        self._opened: tuple[int, ObjectStore] | None = None

    async def put(self, name: str, data: bytes) -> None:
        """Raises BusError if the server did not take it. The same name again is to be the same bytes."""
        try:
            if await self._digest(name) != _digest(data):
                await (await self._store()).put(name, data)
        except (TimeoutError, errors.Error) as error:
            raise self._failed("stored", name, error) from error

    async def get(self, name: str) -> bytes | None:
        try:
            # nats-py waits for ever on an object whose chunks are gone
            async with asyncio.timeout(5):
                return (await (await self._store()).get(name)).data
        except js_errors.NotFoundError:
            return None
        except (TimeoutError, errors.Error) as error:
            raise self._failed("read", name, error) from error

    async def erase(self, name: str) -> bool:
        """Whether it was there."""
        await self._store()
        return await erase_object(self._link, self._name, name)

    async def names(self) -> list[str]:
        await self._store()
        subject = f"$O.{self._name}.M.>"
        stream = f"OBJ_{self._name}"
        return [name_of(msg.subject) async for msg in messages_of(self._link, stream, subject, headers_only=True)]

    async def _digest(self, name: str) -> str | None:
        try:
            return (await (await self._store()).get_info(name)).digest
        except js_errors.NotFoundError:
            return None

    async def _store(self) -> ObjectStore:
        if self._opened is None or self._opened[0] != self._link.connections:
            js = self._link.jetstream()
            try:
                store = await js.object_store(self._name)
            except js_errors.NotFoundError:
                store = await js.create_object_store(self._name, api.ObjectStoreConfig())
            self._opened = self._link.connections, store
        return self._opened[1]

    def _failed(self, what: str, name: str, error: Exception) -> BusError:
        reason = str(error) or type(error).__name__
        return BusError(f"the picture {name} could not be {what} ({reason}): is nats-server up?")


def _digest(data: bytes) -> str:
    return f"SHA-256={urlsafe_b64encode(hashlib.sha256(data).digest()).decode()}"
