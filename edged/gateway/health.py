"""Whether all is well: in a word for supervisors, in detail for people."""

import time

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType
from yarl import URL

from edged import __version__
from edged.bus.link import Link
from edged.gateway.auth import is_loopback
from edged.gateway.hub import FRESH
from edged.gateway.parts import DIRECTORY, FEEDS, HUB, LINK, SOCKETS, STREAMS
from edged.gateway.redaction import redacted
from edged.gateway.wire import reply
from edged.messages import NodeHealth

STARTED = web.AppKey("started", float)


class Word(Struct, frozen=True, omit_defaults=True):
    """`status` is `ok`, or `degraded` for the `causes` given."""

    status: str
    causes: tuple[str, ...] = ()


class BusHealth(Struct, frozen=True):
    """`url` is told only when it is this machine's own; `server` is the version of nats-server."""

    connected: bool
    server: str
    url: str | UnsetType = UNSET


class GatewayHealth(Struct, frozen=True):
    websocket_clients: int
    mjpeg_clients: int
    picture_feeds: int
    slow_clients_dropped: int
    clients_refused: int
    messages_lost: int


class Health(Struct, frozen=True):
    """`uptime` of the gateway in seconds; `nodes` heard within the hour, those in trouble named in `causes`."""

    status: str
    causes: tuple[str, ...]
    version: str
    uptime: float
    bus: BusHealth
    nodes: list[NodeHealth]
    gateway: GatewayHealth


async def word(request: web.Request) -> web.Response:
    causes = _causes(request.app)
    return reply(Word("degraded" if causes else "ok", causes), 503 if causes else 200)


async def detail(request: web.Request) -> web.Response:
    app, causes = request.app, _causes(request.app)
    sockets, streams = app[SOCKETS], app[STREAMS]
    return reply(
        Health(
            status="degraded" if causes else "ok",
            causes=causes,
            version=__version__,
            uptime=round(time.monotonic() - app[STARTED], 1),
            bus=_bus(app[LINK]),
            nodes=[health for _, health, _ in app[HUB].nodes()],
            gateway=GatewayHealth(
                websocket_clients=len(sockets),
                mjpeg_clients=len(streams),
                picture_feeds=len(app[FEEDS]),
                slow_clients_dropped=sockets.slow,
                clients_refused=sockets.refused + streams.refused,
                messages_lost=app[HUB].lost,
            ),
        )
    )


def _causes(app: web.Application) -> tuple[str, ...]:
    if not app[LINK].connected:
        return ("no connection to nats-server: is it running?",)
    causes = []
    if not app[DIRECTORY].read.is_set():
        causes.append("the cameras were not read from NATS yet")
    nodes = [(address, silent) for address, _, silent in app[HUB].nodes()]
    causes += [
        f"node {address.site}.{address.node}: {trouble}"
        for address, health, silent in app[HUB].nodes()
        for trouble in health.troubles
        if silent <= FRESH
    ]
    if not nodes:
        causes.append("no node heard yet: is edged running, with the same nats.url?")
    causes += [
        f"node {address.site}.{address.node} silent for {silent:.0f} s: is it running and connected?"
        for address, silent in nodes
        if silent > FRESH
    ]
    return tuple(causes)


def _bus(link: Link) -> BusHealth:
    local = is_loopback(URL(link.url).host or "")
    server = ".".join(map(str, link.server_version)) if link.connected else ""
    return BusHealth(link.connected, server, redacted(link.url) if local else UNSET)
