"""Reaches the facts of this box for a command: through the NATS of the file, of the daemon that runs, or a broker started for it."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from edged.broker import Broker
from edged.bus.facts import Facts
from edged.bus.link import BusError, connect
from edged.config import Config


@asynccontextmanager
async def reach(config: Config, state: Path) -> AsyncIterator[Facts]:
    """Raises BusError or BrokerError."""
    async with AsyncExitStack() as stack:
        url = config.nats.url or _of_daemon(state)
        try:
            link = await stack.enter_async_context(connect(url, "edged command")) if url else None
        except BusError:
            if config.nats.url:
                raise
            link = None  # the daemon does not run
        if link is None:
            broker = await stack.enter_async_context(Broker(config.nats, state))
            link = await stack.enter_async_context(connect(broker.url, "edged command"))
        yield Facts(link)


def _of_daemon(state: Path) -> str:
    """Where the broker of this state directory listens, or listened when it last ran."""
    file = state / "nats" / "nats-server.conf"
    found = re.search(r'^listen: "(.+)"', file.read_text(), re.MULTILINE) if file.exists() else None
    return f"nats://{found[1]}" if found else ""
