"""Pages through /api/faces in every order while people are seen, renamed and enrolled. Prints JSON: milliseconds by order, and rows that were wrong.

python -m bench.paging COUNT
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from bench.gallery import _fill, broker
from bench.people import gallery, handler_bus
from edged import config
from edged import messages as m
from edged.bus.bus import Bus
from edged.gateway.app import serve
from edged.handlers import Handlers
from edged.people import catalogue
from edged.people.gallery import Gallery

ORDERS = list(product(("last_seen", "first_seen", "name"), ("desc", "asc")))
PAGES = 150  # timed in each order; in the first all of them are
LIMIT = 100


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "a"
        async with broker(Path(home) / "nats") as url:
            await _fill(url, folder, count)
            async with gallery(url, folder) as opened:
                await _seen(opened, count)
            async with handler_bus(url, folder, "edge") as bus:
                said = config.Config(
                    site="bench", node="edge", state_dir=str(folder), gateway=config.Gateway(port=0),
                    handlers=config.Handlers(run=("people",)),
                )  # fmt: skip
                whole = Bus(bus.link, bus.facts, bus.cameras, bus.rules, bus.pictures, bus.jobs)
                handlers = asyncio.create_task(Handlers(said, whole).run())
                async with serve(whole, said) as served, aiohttp.ClientSession(served.url) as http:
                    while (await http.get("/api/faces?limit=1")).status != 200:  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                    changing = asyncio.create_task(_change(bus, count))
                    took, wrong = await _pages(http, count)
                    changing.cancel()
                handlers.cancel()
                await asyncio.gather(handlers, changing, return_exceptions=True)
    print(msgspec.json.encode({"took": took, "wrong": wrong}).decode())


async def _pages(http: aiohttp.ClientSession, count: int) -> tuple[dict[str, list[float]], int]:
    took: dict[str, list[float]] = {}
    wrong = 0
    for number, (sort, order) in enumerate(ORDERS):
        times, seen = await _walk(http, {"sort": sort, "order": order}, None if number == 0 else PAGES)
        took[f"{sort} {order}"] = times
        if number == 0:
            wrong = len(seen) - len(set(seen)) + max(0, count - len(set(seen)))
        else:
            wrong += len(seen) - len(set(seen))
    for name, asked in (
        ("a part of few names", {"q": "n 9999"}),
        ("a name nobody has", {"q": "nobody"}),
        ("seen by one camera", {"camera_ids": "cam3"}),
        ("seen in an hour", {"from": "2026-05-01T12:00:00Z", "to": "2026-05-01T13:00:00Z"}),
        ("one status", {"status": "known", "sort": "name"}),
    ):
        took[name] = []
        while len(took[name]) < PAGES // 3:
            took[name] += (await _walk(http, asked, PAGES // 3))[0]
    return took, wrong


async def _walk(http: aiohttp.ClientSession, asked: dict[str, str], most: int | None) -> tuple[list[float], list[str]]:
    times, seen, cursor = [], [], ""
    while most is None or len(times) < most:
        began = time.perf_counter()
        async with http.get("/api/faces", params={**asked, "limit": str(LIMIT), "cursor": cursor}) as response:
            raw = await response.read()
        times.append(1000 * (time.perf_counter() - began))
        page = msgspec.json.decode(raw)
        seen += [face["id"] for face in page["faces"]]
        if not (cursor := page["next_cursor"] or ""):
            break
    return times, seen


async def _seen(opened: Gallery, count: int) -> None:
    """Everybody once, over two months, by twenty cameras."""
    begin = datetime(2026, 4, 1, tzinfo=UTC)

    def take(db: catalogue.Db) -> None:
        for number in range(count):
            catalogue.take_sighting(db, _fact(number, begin + timedelta(seconds=number * 50 % 5_184_000)), 0.0)
        catalogue.prune(db, time.time(), 0)  # as the gallery does every ten minutes

    await opened.db.do(take, durable=False)


async def _change(bus: object, count: int) -> None:
    """Twenty people a second are seen."""
    chance = np.random.default_rng(5)
    while True:
        await bus.publish_fact(_fact(int(chance.integers(count)), datetime.now(UTC)))  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)


def _fact(number: int, at: datetime) -> m.FaceIdentified:
    return m.FaceIdentified(
        site="bench", node="edge", camera=f"cam{number % 20}", time=at, id=f"seen-{number}-{at.timestamp()}", session="s",
        track=round(at.timestamp() * 1000) % 2**40, pts=1, label="person", identity=f"p{number:016x}", status="known",
        by="face", score=0.8, margin=0.5, shots=3, previous="", since=at, snapshot="",
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
