"""A box with a gallery, as the bench needs it; run as a program it follows or enrols, and says so on stdout.

python -m bench.people follow|enrol URL FOLDER NODE
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edged import config, logs
from edged.bus.bus import open_bus
from edged.bus.courier import Courier
from edged.bus.outbox import open_outbox
from edged.bus.streams import ensure_streams
from edged.handlers import HandlerBus
from edged.people.gallery import Gallery, Picture, open_gallery, sample_of

DIMENSIONS = 512
MODEL = "bench"
Floats = NDArray[np.float32]


@asynccontextmanager
async def handler_bus(url: str, folder: Path, node: str) -> AsyncIterator[HandlerBus]:
    folder.mkdir(parents=True, exist_ok=True)
    said = config.Config(site="bench", node=node, state_dir=str(folder))
    async with (
        open_outbox(folder / "outbox.db", 1_000_000_000) as outbox,
        open_bus(said.nats, url, f"bench {node}", outbox) as bus,
    ):
        courier = Courier(bus.link, outbox, lambda: ensure_streams(bus.link, said.nats), 60.0)
        running = asyncio.create_task(courier.run())
        await courier.reconciled.wait()
        try:
            yield HandlerBus(
                said, bus.link, bus.facts, bus.pictures, bus.cameras, bus.rules, bus.jobs, datetime.now(UTC)
            )
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def gallery(url: str, folder: Path, node: str = "edge") -> AsyncIterator[Gallery]:
    async with handler_bus(url, folder, node) as bus, open_gallery(bus, folder) as opened:
        yield opened


def directions(count: int, seed: int = 0, dimensions: int = DIMENSIONS) -> Floats:
    """Random vectors of length 1: for an exact search the hardest there are, as none stands out."""
    made = np.random.default_rng(seed).standard_normal((count, dimensions), dtype=np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


async def enrol(opened: Gallery, number: int) -> str:
    vector = directions(1, number)[0]
    jpeg = np.random.default_rng(number).bytes(12_000)
    picture = Picture(sample_of("face", MODEL, 0.9, "upload"), vector, jpeg)
    return (await opened.create(name=f"Person {number}", by="bench", samples=[picture])).id


async def follow(url: str, folder: Path, node: str) -> None:
    """Prints who can be found here, and when by the clock that all processes share."""
    async with gallery(url, folder, node) as opened:
        print("ready", flush=True)
        async for change in opened.changes():
            while change.identity and change.identity.samples and not await _found(opened, change.id):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            print(change.id, time.monotonic(), flush=True)


async def enrolments(url: str, folder: Path, node: str) -> None:
    """Enrols the numbers read from stdin, 16 at a time, and prints each once it is safe."""
    async with gallery(url, folder, node) as opened:
        numbers = [int(word) for word in (await asyncio.to_thread(sys.stdin.read)).split()]
        room = asyncio.Semaphore(16)

        async def one(number: int) -> None:
            async with room:
                print(number, await enrol(opened, number), flush=True)

        async with asyncio.TaskGroup() as tasks:
            for number in numbers:
                tasks.create_task(one(number))


async def _found(opened: Gallery, id: str) -> bool:
    sample = opened.identities[id].samples[0].id
    return await opened.indexes.vector(id, sample) is not None


if __name__ == "__main__":
    logs.begin(config.Log(level="error"))
    what, url, folder, node = sys.argv[1:]
    asyncio.run({"follow": follow, "enrol": enrolments}[what](url, Path(folder), node))
