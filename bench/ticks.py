"""An even beat."""

import asyncio
import time
from collections.abc import AsyncIterator


async def ticks(per_second: float) -> AsyncIterator[int]:
    """Counts up from 0, so often a second on average: a late beat does not delay the next."""
    began, beat = time.monotonic(), 0
    while True:
        yield beat
        beat += 1
        await asyncio.sleep(max(0.0, began + beat / per_second - time.monotonic()))
