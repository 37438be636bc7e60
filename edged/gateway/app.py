"""The gateway put together: an aiohttp application over a bus, served while a block lasts."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from edged import config
from edged.bus.bus import Bus
from edged.bus.objects import Objects
from edged.gateway import docs, health, metrics, openapi, static
from edged.gateway.auth import ALWAYS_OPEN, FOR_WORKERS, KEY, OPEN, WORKER_TOKEN, guarded, is_loopback
from edged.gateway.directory import Directory
from edged.gateway.errors import as_json
from edged.gateway.feeds import Feeds
from edged.gateway.headers import secure
from edged.gateway.hub import Hub
from edged.gateway.janus import proxy
from edged.gateway.parts import (
    DIRECTORY,
    FEEDS,
    HUB,
    LINK,
    PICTURES,
    PORTRAITS,
    SESSIONS,
    SETTINGS,
    SOCKETS,
    STREAMS,
    VIDEOS,
)
from edged.gateway.routes import ROUTES
from edged.gateway.sockets import Sockets
from edged.gateway.streams import Streams
from edged.gateway.webrtc.feed import Videos
from edged.gateway.webrtc.sessions import Sessions
from edged.identities import PEOPLE

log = structlog.get_logger()

_FIRST_READ = 2.0  # seconds the start may wait for NATS to list the cameras
_LAST_WORDS = 0.3  # seconds requests have to end when the gateway does


class GatewayError(Exception):
    """The gateway cannot start; the text says what, where and what next."""


@dataclass(frozen=True)
class Gateway:
    """A gateway that is being served. `url` ends without a slash."""

    url: str


def check(settings: config.Config) -> None:
    """Raises GatewayError for an address that others reach while there is no key to ask them for."""
    if settings.auth.api_key or is_loopback(settings.gateway.host):
        return
    raise GatewayError(
        f"gateway.host {settings.gateway.host} can be reached by others, and no login is set: "
        'add api_key = "${EDGED_API_KEY}" under [auth] in edged.toml, or set gateway.host = "127.0.0.1"'
    )


def build(bus: Bus, settings: config.Config) -> web.Application:
    """The application. Its parts do nothing until `serve` runs them."""
    app = web.Application(middlewares=[metrics.counted, as_json, guarded], client_max_size=settings.gateway.max_body)
    sockets = Sockets(settings.gateway)
    hub = Hub(bus.link, sockets)
    app[SETTINGS] = settings
    app[LINK] = bus.link
    app[PICTURES] = bus.pictures
    app[PORTRAITS] = Objects(bus.link, PEOPLE)
    app[SOCKETS] = sockets
    app[HUB] = hub
    app[DIRECTORY] = Directory(bus.cameras, hub)
    app[FEEDS] = Feeds(bus.link)
    app[STREAMS] = Streams(settings.gateway)
    app[VIDEOS] = Videos(bus.link)
    app[SESSIONS] = Sessions(app[VIDEOS], settings.webrtc)
    app[KEY] = settings.auth.api_key
    app[WORKER_TOKEN] = settings.auth.worker_token
    app[FOR_WORKERS] = frozenset(route.handler for route in ROUTES if route.login == "worker")
    app[OPEN] = frozenset(route.handler for route in ROUTES if route.login in ("viewer", "none"))
    app[ALWAYS_OPEN] = frozenset(route.handler for route in ROUTES if route.login == "none")
    app[health.STARTED] = time.monotonic()
    app[docs.DOCUMENT] = openapi.described(ROUTES)
    app[static.FILES] = static.viewer()
    _measure(app)
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler, allow_head=route.head)
        else:
            app.router.add_route(route.method, route.path, route.handler)
    app.on_response_prepare.append(secure(with_key=bool(settings.auth.api_key)))
    app.on_shutdown.append(_hang_up)
    app.cleanup_ctx.append(proxy.lifetime)
    return app


@asynccontextmanager
async def serve(bus: Bus, settings: config.Config) -> AsyncIterator[Gateway]:
    """Serves while the block lasts, and ends in less than a second whoever is connected.

    Raises GatewayError when it may not or cannot listen. What goes wrong later, inside or in the block, comes in an ExceptionGroup.
    """
    check(settings)
    app = build(bus, settings)
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=_LAST_WORDS, auto_decompress=False
    )
    await runner.setup()
    try:
        url = await _listen(runner, settings.gateway)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(app[part].run()) for part in (HUB, DIRECTORY, FEEDS, VIDEOS, SESSIONS)]
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_READ):
                    await app[DIRECTORY].read.wait()
            log.info("gateway up", url=url)
            try:
                yield Gateway(url)
            finally:
                await runner.cleanup()
                for task in running:
                    task.cancel()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: config.Gateway) -> str:
    site = web.TCPSite(runner, settings.host, settings.port)
    where = f"{settings.host}:{settings.port}"
    try:
        await site.start()
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                hint = f"port {settings.port} is in use: end what listens there, or set another gateway.port"
            case errno.EACCES:
                hint = "ports below 1024 are for root: set gateway.port to a higher one"
            case _:
                hint = f"{error.strerror or error}: correct gateway.host"
        raise GatewayError(f"the gateway cannot listen on {where}: {hint}") from None
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _hang_up(app: web.Application) -> None:
    app[SOCKETS].close()
    app[STREAMS].close()


def _measure(app: web.Application) -> None:
    registry = CollectorRegistry(auto_describe=False)
    app[metrics.REGISTRY] = registry
    app[metrics.REQUESTS] = metrics.Requests(registry)
    registry.register(metrics.Collector(app))
