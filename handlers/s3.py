"""Copies this box's pictures into an S3-compatible store, as [s3] says; under the key that alerts name in `snapshot`.

What waits for a store that is away waits in the stream of pictures, within the bounds of [nats]; nothing else waits for it.
"""

import asyncio
from contextlib import aclosing

import structlog

from edged.delivery.outgoing import DeliveryError
from edged.delivery.s3 import Bucket
from edged.handlers import HandlerBus, service
from edged.messages import Snapshot

BACK_OFF = (1.0, 60.0)

log = structlog.get_logger()


@service
async def run(bus: HandlerBus) -> None:
    if not bus.config.s3.bucket:
        return
    try:
        bucket = Bucket(bus.config.s3)
    except DeliveryError as error:
        log.error("pictures not copied", error=str(error))
        return
    async with aclosing(bus.consume("snapshots", "s3")) as deliveries:
        async for delivery in deliveries:
            picture = delivery.fact
            if isinstance(picture, Snapshot) and (picture.site, picture.node) == (bus.config.site, bus.config.node):
                await copy(bucket, picture, delivery.data)
            await delivery.ack()


async def copy(bucket: Bucket, picture: Snapshot, jpeg: bytes) -> None:
    """Tries until the store has the picture, or will never have it."""
    wait, longest = BACK_OFF
    while True:
        try:
            return await bucket.put(picture.key, jpeg, picture.quality)
        except DeliveryError as error:
            if error.lasting:
                log.error("picture not copied", key=picture.key, error=str(error))
                return None
            log.warning("picture not copied", key=picture.key, error=str(error), retry_in=wait)
        await asyncio.sleep(wait)
        wait = min(2 * wait, longest)
