"""What happens now: WebSocket messages as NATS carries them, and the newest detections."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged.gateway.directory import address_of
from edged.gateway.errors import Problem
from edged.gateway.hub import KINDS, Wanted
from edged.gateway.parts import DIRECTORY, HUB, SOCKETS
from edged.gateway.sockets import Socket
from edged.gateway.wire import query, reply
from edged.messages import Detections

SAME = {"camera_state": "state"}  # as others call it


class LatestQuery(Struct, frozen=True):
    camera: Annotated[str, Meta(description="One camera, or several with commas; empty: all.")] = ""


class ListenQuery(LatestQuery, frozen=True):
    kinds: Annotated[str, Meta(description=f"Of {', '.join(KINDS)}.")] = "detections,health,state,crossing,zone,alert"


class Latest(Struct, frozen=True):
    """The newest detections of each camera, by `site.node.camera`."""

    detections: dict[str, Detections]


async def latest(request: web.Request) -> web.Response:
    wanted = await _wanted(request, query(request, LatestQuery).camera, "detections")
    newest = {
        str(address): msgspec.Raw(heard.data)
        for address, heard in sorted(request.app[HUB].detections.items())
        if wanted.covers(address, "detections")
    }
    return reply({"detections": newest})


async def listen(request: web.Request) -> web.StreamResponse:
    asked = query(request, ListenQuery)
    wanted = await _wanted(request, asked.camera, asked.kinds)
    hub = request.app[HUB]

    async def speak(ws: web.WebSocketResponse, socket: Socket) -> None:
        hub.join(socket, wanted)
        try:
            async for _ in ws:
                pass  # clients have nothing to say here; reading answers their pings and hears them leave
        finally:
            hub.leave(socket)

    return await request.app[SOCKETS].serve(request, speak)


async def _wanted(request: web.Request, cameras: str, kinds: str) -> Wanted:
    wanted = frozenset(SAME.get(kind, kind) for kind in _listed(kinds))
    unknown = wanted - set(KINDS)
    if unknown:
        raise Problem(400, "invalid", f"kinds: unknown {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    directory = await request.app[DIRECTORY].ready()
    named = frozenset(address_of(directory.find(name)) for name in _listed(cameras))
    return Wanted(wanted, named)


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())
