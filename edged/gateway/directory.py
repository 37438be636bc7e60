"""Which cameras and nodes there are, and what people call them."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import structlog

from edged.asking import CameraRecord
from edged.bus.tables import Table
from edged.gateway.errors import Problem
from edged.gateway.hub import FRESH, Hub
from edged.subjects import NODE_ITSELF, Address

log = structlog.get_logger()

_NAMED = 12  # how many choices an error lists
_READING = 5.0


def address_of(record: CameraRecord) -> Address:
    return Address(record.site, record.node, record.camera.id)


class Directory:
    """The camera records by address, kept up to date by `run`."""

    def __init__(self, table: Table[CameraRecord], hub: Hub) -> None:
        self._table = table
        self._hub = hub
        self._records: dict[Address, CameraRecord] = {}
        self.read = asyncio.Event()

    async def run(self) -> None:
        """Follows the table, for ever."""
        async for change in self._table.follow():
            if change is None:
                self.read.set()
            elif change.record is not None:
                self.learn(change.record)
            else:
                site, node, camera = change.key.split(".")
                self.forget(Address(site, node, camera))

    async def ready(self) -> "Directory":
        """Itself, once the cameras were read. Problem 503 if that takes too long."""
        try:
            async with asyncio.timeout(_READING):
                await self.read.wait()
        except TimeoutError:
            raise Problem(503, "bus", "the cameras could not be read from NATS yet: is JetStream enabled?") from None
        return self

    def learn(self, record: CameraRecord) -> None:
        """What a node just answered need not wait for its way through the table."""
        self._records[address_of(record)] = record

    def forget(self, address: Address) -> None:
        self._records.pop(address, None)
        self._hub.forget(address)

    def __iter__(self) -> Iterator[CameraRecord]:
        """Sorted by address."""
        return (record for _, record in sorted(self._records.items()))

    def __contains__(self, address: object) -> bool:
        return address in self._records

    def find(self, name: str) -> CameraRecord:
        """The camera meant by `front`, `node.front` or `site.node.front`. Problem 404 or 409."""
        wanted = tuple(name.split("."))
        found = [address for address in sorted(self._records) if tuple(address)[-len(wanted) :] == wanted]
        if not found:
            known = _listed([str(address) for address in sorted(self._records)])
            raise Problem(
                404, "not_found", f"no camera {name!r}: there {known or 'are none yet, POST /api/cameras adds one'}"
            )
        if len(found) > 1:
            choices = ", ".join(str(address) for address in found)
            raise Problem(409, "ambiguous", f"several cameras are called {name!r}: say which, {choices}")
        return self._records[found[0]]

    def node(self, site: str, node: str) -> Address:
        """The one node that fits; empty parts fit all. Problem 404, 409 or 503."""
        heard = {(address.site, address.node) for address, _, silent in self._hub.nodes() if silent < FRESH}
        known = sorted(heard | {(record.site, record.node) for record in self})
        found = [each for each in known if site in ("", each[0]) and node in ("", each[1])]
        if len(found) == 1:
            return Address(*found[0], NODE_ITSELF)
        names = _listed([".".join(each) for each in known])
        if not known:
            raise Problem(503, "unavailable", "no node was heard on NATS: is edged running, with the same nats.url?")
        if not found:
            raise Problem(404, "not_found", f"no node {site or '*'}.{node or '*'}: there {names}")
        raise Problem(409, "ambiguous", f"several nodes could take this: name `node` (and `site`), there {names}")

    def new_id(self, node: Address, name: str, url: str) -> str:
        """An id that is free on the node, made from the camera's name, or from where its URL points."""
        parts = urlsplit(url)
        stem = _slug(name) or _slug(parts.hostname or "") or _slug(parts.path.rpartition("/")[2]) or "camera"
        free, number = stem, 1
        while node._replace(camera=free) in self:
            number += 1
            free = f"{stem}-{number}"
        return free


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:56]


def _listed(names: list[str]) -> str:
    """`is a`, `are a, b`, or nothing."""
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ("is " if len(names) == 1 else "are ") + ", ".join(names[:_NAMED]) + more
