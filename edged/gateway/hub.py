"""Hears NATS once and passes its bytes on to any number of WebSocket clients."""

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import structlog

from edged import subjects
from edged.bus.link import Link
from edged.gateway.sockets import TEXT, Socket, Sockets, frame
from edged.messages import CameraHealth, NodeHealth
from edged.subjects import NODE_ITSELF, Address

log = structlog.get_logger()

KINDS = ("detections", "health", "state", "track", "crossing", "zone", "alert", "clip")
FRESH = 10.0  # seconds after which a health that comes every second is no longer true
FORGOTTEN = 3600.0  # seconds after which a silent node is taken for one that was removed
_TURN = 256  # clients written to before the loop gets a turn: about 2 ms

_health: msgspec.json.Decoder[CameraHealth | NodeHealth] = msgspec.json.Decoder(CameraHealth | NodeHealth)


class Wanted(NamedTuple):
    """What a client hears; without cameras, all of them and their nodes."""

    kinds: frozenset[str]
    cameras: frozenset[Address] = frozenset()

    def covers(self, address: Address, kind: str) -> bool:
        return kind in self.kinds and (not self.cameras or address in self.cameras)


class Heard(NamedTuple):
    """Newest message of its kind, as it came, and when by the monotonic clock."""

    data: bytes
    at: float

    @property
    def silent(self) -> float:
        return time.monotonic() - self.at

    def as_health(self) -> CameraHealth | NodeHealth | None:
        """None for what this version cannot read."""
        try:
            return _health.decode(self.data)
        except msgspec.MsgspecError as error:
            log.warning("health not understood", error=str(error))
            return None


class Hub:
    """`detections` and `health` hold the newest of each camera; `health` of nodes too.

    `passed_on` counts messages written to clients, `lost` those NATS brought faster than they could be, `seconds` the time it took.
    """

    def __init__(self, link: Link, sockets: Sockets) -> None:
        self._link = link
        self._sockets = sockets
        self._clients: dict[Socket, Wanted] = {}
        self._audiences: dict[str, tuple[Socket, ...]] = {}
        self.detections: dict[Address, Heard] = {}
        self.health: dict[Address, Heard] = {}
        self.passed_on = 0
        self.lost = 0
        self.seconds = 0.0

    async def run(self) -> None:
        """Subscribes and passes on, for ever."""
        async with asyncio.TaskGroup() as group:
            for kind in KINDS:
                group.create_task(self._relay(kind))

    def join(self, socket: Socket, wanted: Wanted) -> None:
        """From now on `socket` gets what it wants, and first the health that is known already."""
        for address, heard in self.health.items():
            if heard.silent < FRESH and wanted.covers(address, "health"):
                socket.send(frame(TEXT, heard.data))
        self._clients[socket] = wanted
        self._audiences.clear()

    def leave(self, socket: Socket) -> None:
        if self._clients.pop(socket, None) is not None:
            self._audiences.clear()

    def forget(self, address: Address) -> None:
        """The camera is gone."""
        self.detections.pop(address, None)
        self.health.pop(address, None)

    def camera_health(self, address: Address) -> CameraHealth | None:
        """How the camera does, or None if nothing was heard of it for 10 seconds."""
        heard = self.health.get(address)
        health = heard.as_health() if heard is not None and heard.silent <= FRESH else None
        return health if isinstance(health, CameraHealth) else None

    def nodes(self) -> Iterator[tuple[Address, NodeHealth, float]]:
        """(address, its last health, seconds since) of each node heard within the hour."""
        for address, heard in list(self.health.items()):
            if address.camera != NODE_ITSELF:
                continue
            if heard.silent > FORGOTTEN:
                del self.health[address]
            elif isinstance(health := heard.as_health(), NodeHealth):
                yield address, health, heard.silent

    async def _relay(self, kind: str) -> None:
        async with self._link.subscribe(subjects.every(kind)) as inbox:
            missed = 0
            while True:
                delivery = await inbox.get()
                self.lost += inbox.dropped - missed
                missed = inbox.dropped
                address, _ = subjects.parse(delivery.subject)
                self._keep(address, kind, delivery.data)
                await self._pass_on(delivery.subject, address, kind, frame(TEXT, delivery.data))

    def _keep(self, address: Address, kind: str, data: bytes) -> None:
        if kind == "detections":
            self.detections[address] = Heard(data, time.monotonic())
        elif kind == "health":
            self.health[address] = Heard(data, time.monotonic())

    async def _pass_on(self, subject: str, address: Address, kind: str, message: bytes) -> None:
        audience = self._audience(subject, address, kind)
        slow: list[Socket] = []
        for start in range(0, len(audience), _TURN):
            began = time.perf_counter()
            for socket in audience[start : start + _TURN]:
                if not socket.send(message):
                    slow.append(socket)
            self.seconds += time.perf_counter() - began
            # the loop must also write what was sent before clients can count as behind
            await asyncio.sleep(0)
        self.passed_on += len(audience)
        for socket in slow:
            self.leave(socket)
            self._sockets.drop(socket)
        if slow:
            log.warning("slow clients dropped", clients=len(slow), kind=kind)

    def _audience(self, subject: str, address: Address, kind: str) -> tuple[Socket, ...]:
        """Who hears this subject; worked out once until somebody comes or goes."""
        audience = self._audiences.get(subject)
        if audience is None:
            audience = tuple(socket for socket, wanted in self._clients.items() if wanted.covers(address, kind))
            self._audiences[subject] = audience
        return audience
