"""The composition root: what edged.toml has is started, in one stack of lifetimes and one group of tasks."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack

import structlog
import uvloop

from edged import settings
from edged.broker import Broker
from edged.bus.bus import open_bus
from edged.bus.courier import SYNCED_SECONDS, UNSYNCED_SECONDS, Courier
from edged.bus.link import BusError
from edged.bus.outbox import open_outbox
from edged.bus.streams import ensure_streams
from edged.config import Config
from edged.disk import Disk
from edged.gateway.app import Gateway, GatewayError, check, serve
from edged.gateway.publishing.publishing import Publishing
from edged.handlers import Handlers
from edged.nats_server import BrokerError
from edged.node.ledger import open_ledger
from edged.node.node import Node
from edged.node.sight import LazySight
from edged.node.watchdog import keep_alive
from edged.notify import notify
from edged.vision.tensors import ModelError

log = structlog.get_logger()

EXPECTED = (BrokerError, BusError, GatewayError, ModelError, settings.SettingsError, OSError, ValueError)
OUTBOX_BYTES = 1_000_000_000
AGAIN = 0.7  # seconds between two cancellations of a task that does not end
LAST_RESORT = 5.0  # seconds after which a shutdown that hangs is cut short


def main(work: Coroutine[None, None, None]) -> int:
    """Does `work` until SIGINT or SIGTERM; the exit status, after one line on stderr if it could not."""
    try:
        uvloop.run(_until_signalled(work))
    except asyncio.CancelledError:
        return 0
    except EXPECTED as error:
        return _failed(error)
    except BaseExceptionGroup as group:
        expected, rest = group.split(EXPECTED)
        if expected is None or rest is not None:
            raise
        return _failed(_first(expected))
    return 0


async def _until_signalled(work: Coroutine[None, None, None]) -> None:
    running = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def end() -> None:
        # once: a second cancellation would interrupt the first one's tidying up
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        running.cancel()
        _unwind(running)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    await running


async def _insist(root: "asyncio.Task[None] | None") -> None:
    """Waits to be cancelled like the rest of the daemon, whatever the cause, and then sees to it that the rest ends."""
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        _unwind(root)


def _unwind(root: "asyncio.Task[None] | None") -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(AGAIN, _cancel_again, root)
    loop.call_later(LAST_RESORT, _give_up)


def _cancel_again(root: "asyncio.Task[None] | None") -> None:
    """Before Python 3.12 `asyncio.wait_for`, which nats-py uses, can swallow a cancellation. Who was asked to end and has not is asked again.

    Not `root`: it is tidying up.
    """
    for task in asyncio.all_tasks():
        if task is not root and task.cancelling() and not task.done():
            task.cancel()
    asyncio.get_running_loop().call_later(AGAIN, _cancel_again, root)


def _give_up() -> None:
    """Nothing is lost by it: facts are on disk, and the broker ends with its parent."""
    waiting = [f"{task.get_name()}: {task.get_coro()}" for task in asyncio.all_tasks() if not task.done()]
    log.error("shutdown hangs", tasks=waiting)
    os._exit(1)


async def run(config: Config) -> None:
    """The daemon, until cancelled."""
    if config.gateway.enabled:
        check(config)
    state = settings.state_dir(config)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        sight = await stack.enter_async_context(
            LazySight(config.detector, settings.models_dir(config), config.limits.cpu)
        )
        disk = Disk(state)
        broker, url = None, config.nats.url
        if not url:
            broker = await stack.enter_async_context(Broker(config.nats, state))
            url = broker.url
        outbox = await stack.enter_async_context(open_outbox(state / "outbox.db", OUTBOX_BYTES))
        trouble = (lambda: disk.trouble) if broker else str  # somebody else's server has somebody else's disk
        name = f"edged {config.site}.{config.node}"
        bus = await stack.enter_async_context(open_bus(config.nats, url, name, outbox, trouble))
        await ensure_streams(bus.link, config.nats)
        keep = SYNCED_SECONDS if broker and broker.syncs_always else UNSYNCED_SECONDS
        courier = Courier(bus.link, outbox, lambda: ensure_streams(bus.link, config.nats), keep)
        ledger = await stack.enter_async_context(open_ledger(bus.facts))
        node = Node(config, bus, outbox, ledger, sight, disk)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        group.create_task(_insist(asyncio.current_task()))
        if broker:
            group.create_task(broker.run())
        group.create_task(courier.run())
        group.create_task(Handlers(config, bus).run())
        group.create_task(Publishing(bus.link, config).run())
        # the gateway listens before the node speaks, so that it knows of it from the first word on
        gateway = await stack.enter_async_context(serve(bus, config)) if config.gateway.enabled else None
        group.create_task(node.run())
        await node.ready.wait()
        if gateway:
            _announce(gateway)
        group.create_task(keep_alive(node.stuck))
        notify("READY=1")
        await asyncio.get_running_loop().create_future()


async def gateway_alone(config: Config) -> None:
    """Only the gateway, until cancelled."""
    check(config)
    async with open_bus(config.nats, config.nats.url, "edged gateway") as bus, serve(bus, config) as gateway:
        _announce(gateway)
        notify("READY=1")
        publishing = Publishing(bus.link, config).run()
        await asyncio.gather(keep_alive(lambda: ""), publishing, asyncio.get_running_loop().create_future())


def _announce(gateway: Gateway) -> None:
    print(f"\n  edged: the viewer is at {gateway.url}\n", flush=True)


def _failed(error: BaseException) -> int:
    print(f"edged: {error}", file=sys.stderr)
    return 1


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
