"""The composition root: what edged.toml has is started, in one stack of lifetimes and one group of tasks."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
import uvloop

from edged import __version__, settings
from edged.broker import Broker
from edged.bus.bus import Bus, open_bus
from edged.bus.courier import SYNCED_SECONDS, UNSYNCED_SECONDS, Courier
from edged.bus.link import BusError
from edged.bus.outbox import open_outbox
from edged.bus.streams import ensure_streams
from edged.config import Config
from edged.gateway.app import GatewayError, check, serve
from edged.handlers import Handlers
from edged.nats_server import BrokerError
from edged.node.node import Node
from edged.node.watchdog import keep_alive
from edged.notify import notify
from edged.vision.cards import ModelError

log = structlog.get_logger()

Expected = (BrokerError, BusError, GatewayError, ModelError, settings.SettingsError, OSError)


def main(config: Config) -> int:
    """Runs until SIGINT or SIGTERM; the exit status, after one line on stderr if it could not run."""
    try:
        uvloop.run(_until_signalled(config))
    except* Expected as group:
        print(f"edged: {_first(group)}", file=sys.stderr)
        return 1
    except* (asyncio.CancelledError, KeyboardInterrupt):
        return 0
    return 0


async def _until_signalled(config: Config) -> None:
    running = asyncio.ensure_future(run(config))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    await running


async def run(config: Config) -> None:
    """The daemon, until cancelled."""
    check(config)
    state = settings.state_dir(config)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        broker = None
        if not config.nats.url:
            broker = await stack.enter_async_context(Broker(config.nats, state))
        url = broker.url if broker else config.nats.url
        bus = await stack.enter_async_context(open_bus(config.nats, url, f"edged {config.site}.{config.node}"))
        await _work(config, state, bus, broker, stack)


async def _work(config: Config, state: Path, bus: Bus, broker: Broker | None, stack: AsyncExitStack) -> None:
    ...
