"""Says when a counter of `[[counters]]` becomes fuller or emptier than its limits: `CapacityChanged`.

What it has counted is kept in a file, so a restart need not hear years of crossings again. Without the file, or with other
counters in the configuration, it does, and says what changes by crossings from then on.
"""

import asyncio
import hashlib
import os
import time
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from edged.bus.reading import Bookmark, no_later
from edged.handlers import HandlerBus, service
from edged.messages import CountCorrected, LineCrossed
from edged.scene.occupancy import Counters, Tally
from edged.settings import state_dir

log = structlog.get_logger()

KEPT = "occupancy.json"
PERIOD = 5.0  # seconds between two writings of the file: what is lost of it is heard again


class Kept(msgspec.Struct):
    """`seed` tells which counters it is about, `since` when they were new, `bookmark` how far the stream is in the tally."""

    seed: str
    since: datetime
    tally: Tally
    bookmark: Bookmark | None = None


@service
async def run(bus: HandlerBus) -> None:
    if not bus.config.counters:
        return
    path = state_dir(bus.config) / KEPT
    seed = hashlib.sha256(msgspec.json.encode(bus.config.counters)).hexdigest()[:16]
    kept = await asyncio.to_thread(read, path, seed)
    counters = Counters(bus.config.site, bus.config.node, bus.config.counters, kept.tally)
    since = no_later(kept.tally.heard) if kept.tally.heard else None
    written = time.monotonic()
    async with aclosing(bus.facts.replay("crossing", since, after=kept.bookmark)) as crossings:
        async for stored in crossings:
            if not isinstance(stored.fact, LineCrossed | CountCorrected):
                continue
            for change in counters.hear(stored.fact, stored.stored):
                if stored.stored >= kept.since:
                    await bus.publish_fact(change)
            if time.monotonic() - written > PERIOD:
                written = time.monotonic()
                await asyncio.to_thread(
                    write, path, Kept(seed, kept.since, counters.tally, Bookmark(stored.seq, stored.stored))
                )


def read(path: Path, seed: str) -> Kept:
    """What was kept of the same counters, or a beginning."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
        if kept.seed == seed:
            return kept
    except FileNotFoundError:
        pass
    except msgspec.MsgspecError as error:
        log.warning("occupancy counted again", file=str(path), error=str(error))
    kept = Kept(seed, datetime.now(UTC), Tally())
    write(path, kept)
    return kept


def write(path: Path, kept: Kept) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(kept))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
