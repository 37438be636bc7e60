"""Reads one JetStream consumer by pulling."""

import asyncio
import json
from collections.abc import AsyncGenerator

from nats.aio.msg import Msg

from edged.bus.link import Link

BATCH = 256
EXPIRES = 30.0
HEARTBEAT = 1.0
SILENCE = 2.5  # seconds without message or heartbeat after which the request is surely lost
NANO = 1_000_000_000
NEXT_REQUEST = {"404", "408"}  # no messages; expired
ALIVE = "100"


async def pull(link: Link, stream: str, consumer: str, batch: int = BATCH) -> AsyncGenerator[Msg, None]:
    """Messages as they come, asked for `batch` at a time. Ends when the connection was another one meanwhile, or the
    server has nothing to say about this consumer: the caller looks whether it is still there.

    Not nats-py's `fetch`: after a reconnect it waits out its timeout, and what arrives late for one call it hands to the next.
    """
    request = {"batch": batch, "expires": int(EXPIRES * NANO), "idle_heartbeat": int(HEARTBEAT * NANO)}
    wanted = json.dumps(request).encode()
    arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
    connection = link.connections
    inbox = link.nc.new_inbox()
    subscription = await link.nc.subscribe(inbox, cb=arrived.put)
    watcher = asyncio.create_task(_end_with(link, connection, arrived))
    try:
        left = 0
        while True:
            if not left:
                await link.nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", wanted, inbox)
                left = batch
            # not wait_for: before Python 3.12 it swallows a cancellation that comes together with a message
            async with asyncio.timeout(SILENCE):
                msg = await arrived.get()
            status = (msg.headers or {}).get("Status") if msg else "gone"
            if msg and status is None:
                left -= 1
                yield msg
            elif status in NEXT_REQUEST:
                left = 0
            elif status != ALIVE:
                return
    except TimeoutError:
        return
    finally:
        watcher.cancel()
        if not link.nc.is_closed:
            await subscription.unsubscribe()


async def _end_with(link: Link, connection: int, arrived: asyncio.Queue[Msg | None]) -> None:
    await link.connection_after(connection)
    arrived.put_nowait(None)
