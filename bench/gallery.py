"""The gallery in figures: search beside numpy and faiss, start, spread, enrolments through kill -9, pages.

python -m bench.gallery [--quick] [--only search|start|spread|kill|pages]
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.contest import free_port
from bench.figures import median, percentile
from bench.people import DIMENSIONS, MODEL, directions, enrol, gallery, handler_bus
from bench.results import Row, Section, summary, table
from edged import config, logs
from edged import identities as ids
from edged.bus.records import Records
from edged.identities import Embedding, Identity, Sample

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ROOT = Path(__file__).parents[1]


@contextlib.asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[str]:
    """The URL of a nats-server with JetStream."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            with contextlib.suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            await asyncio.sleep(0.02)
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def search(quick: bool) -> list[Row]:
    """One thread: our index, numpy and faiss' IndexFlatIP over the same random vectors."""
    rows = []
    for count, target in ((100_000, 5.0), *(() if quick else ((1_000_000, 50.0),))):
        said = await _child("bench.searching", str(count), str(40 if quick else 300), environ=ONE_THREAD)
        found = msgspec.json.decode(said)
        note = "" if found["wrong"] == 0 else f"{found['wrong']} answers differ"
        rows += [
            Row(f"{count:,} x {DIMENSIONS}, ours p99", found["ours"][1], "ms", target, "≤", note),
            Row("  median", found["ours"][0], "ms"),
            Row("  numpy p99", found["numpy"][1], "ms", note=f"median {found['numpy'][0]:.2f}"),
            Row("  faiss IndexFlatIP p99", found["faiss"][1], "ms", note=f"median {found['faiss'][0]:.2f}"),
            Row("  memory beside the vectors' own", found["memory"], "x", 1.1, "≤", "resident, vectors in their file"),
            Row("  answers unlike numpy's", found["wrong"], "", 0, "≤"),
        ]
    return rows


async def start(quick: bool) -> list[Row]:
    """A gallery of 100,000: read from the broker, and started from its file."""
    count = 20_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as home:
        async with broker(Path(home) / "nats") as url:
            await _fill(url, Path(home) / "a", count)
            began = time.monotonic()
            async with gallery(url, Path(home) / "a") as opened:
                first = time.monotonic() - began
                assert opened.indexes.count() == count == len(opened.identities)
            began = time.monotonic()
            async with gallery(url, Path(home) / "a") as opened:
                second = time.monotonic() - began
                assert opened.indexes.count() == count == len(opened.identities)
    return [
        Row(f"{count:,} people, start from the file", second, "s", 2.0, "≤"),
        Row(f"{count:,} people, start from the broker alone", first, "s"),
    ]


async def spread(quick: bool) -> list[Row]:
    """Until an enrolment can be found in every one of three processes."""
    count = 100 if quick else 500
    with tempfile.TemporaryDirectory() as home:
        async with broker(Path(home) / "nats") as url, contextlib.AsyncExitStack() as stack:
            followers = [await stack.enter_async_context(_follower(url, Path(home), node)) for node in ("b", "c")]
            opened = await stack.enter_async_context(gallery(url, Path(home) / "a"))
            took = []
            for number in range(count):
                began = time.monotonic()
                id = await enrol(opened, number)
                for process in followers:
                    assert process.stdout
                    while not (line := await process.stdout.readline()).startswith(id.encode()):
                        assert line, "a follower ended"
                took.append(1000 * (time.monotonic() - began))
    return [
        Row("enrolment in three processes, p99", percentile(took, 0.99), "ms", 200, "≤", "from the call on"),
        Row("  median", median(took), "ms"),
    ]


async def kill(quick: bool) -> list[Row]:
    """Enrolments by a process that is killed over and over: what was said to be safe is there."""
    count = 1_000 if quick else 10_000
    kills, safe, chance = 0, dict[int, str](), np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as home:
        async with broker(Path(home) / "nats") as url:
            began = time.monotonic()
            while len(safe) < count:
                todo = [number for number in range(count) if number not in safe]
                process = await _python("bench.people", "enrol", url, str(Path(home) / "a"), "edge")
                assert process.stdin
                assert process.stdout
                process.stdin.write(" ".join(map(str, todo)).encode())
                process.stdin.close()
                stop_at = len(safe) + int(chance.integers(count // 20, count // 8))
                async for line in process.stdout:
                    number, _, id = line.decode().strip().partition(" ")
                    if line.endswith(b"\n") and id and number.isdecimal():
                        safe[int(number)] = id
                    if len(safe) >= stop_at and process.returncode is None:
                        process.kill()
                        kills += 1
                await process.wait()
            seconds = time.monotonic() - began
            async with gallery(url, Path(home) / "a") as opened:
                lost = 0
                for number, id in safe.items():
                    [found] = await opened.search("face", MODEL, directions(1, number)[0], 1) or [None]
                    lost += found is None or opened.identities[id].name != f"Person {number}" or found.score < 0.999
    return [
        Row(f"{count:,} enrolments, {kills} times kill -9: lost", lost, "", 0, "≤"),
        Row("  enrolments a second, starts included", count / seconds, "/s"),
    ]


async def pages(quick: bool) -> list[Row]:
    """All pages of /api/faces over 100,000 in each order, by HTTP, while people are seen and renamed."""
    said = await _child("bench.paging", str(10_000 if quick else 100_000))
    found = msgspec.json.decode(said)
    rows = []
    for name, took in found["took"].items():
        rows.append(
            Row(
                f"{name}, p99 of {len(took)} pages", percentile(took, 0.99), "ms", 20, "≤", f"median {median(took):.1f}"
            )
        )
    return [*rows, Row("rows twice or left out", found["wrong"], "", 0, "≤")]


async def _fill(url: str, folder: Path, count: int) -> None:
    """As many people with a vector each, written past the gallery: it would take minutes."""
    now, vectors = datetime.now(UTC), directions(count)
    async with handler_bus(url, folder, "edge") as bus:
        for name in (ids.IDENTITIES, ids.EMBEDDINGS):
            await Records(bus.link, name).doubled()  # makes the bucket
        for number, vector in enumerate(vectors):
            id, sample = f"p{number:016x}", f"s{number:016x}"
            embedding = Embedding(identity=id, sample=sample, kind="face", model=MODEL, vector=vector.tobytes())
            kept = Sample(id=sample, kind="face", model=MODEL, quality=0.9, time=now, origin="upload")
            identity = Identity(
                id=id, name=f"Person {number}", status="known", created=now, changed=now, samples=(kept,)
            )
            for bucket, key, record in ((ids.EMBEDDINGS, f"{id}.{sample}", embedding), (ids.IDENTITIES, id, identity)):
                await bus.link.nc.publish(f"$KV.{bucket}.{key}", msgspec.json.encode(record))
            if number % 500 == 499:
                await bus.link.nc.flush(30)
        wanted = {ids.IDENTITIES: count, ids.EMBEDDINGS: count}
        while any([await _messages(bus.link, name) < n for name, n in wanted.items()]):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def _messages(link: Any, bucket: str) -> int:
    return int((await link.jetstream().stream_info(f"KV_{bucket}")).state.messages)


@contextlib.asynccontextmanager
async def _follower(url: str, home: Path, node: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await _python("bench.people", "follow", url, str(home / node), node)
    assert process.stdout
    while not (line := await process.stdout.readline()).startswith(b"ready"):
        assert line, "a follower ended at its start"
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def _python(*words: str, environ: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, cwd=ROOT, env={**os.environ, "EDGED_LOG_LEVEL": "error", **(environ or {})},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _child(*words: str, environ: dict[str, str] | None = None) -> bytes:
    """The last line that the module says."""
    process = await _python(*words, environ=environ)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{words[0]} failed")
    return said.strip().rpartition(b"\n")[2]


SCENARIOS: dict[str, Callable[[bool], Coroutine[None, None, list[Row]]]] = {
    "search": search, "start": start, "spread": spread, "kill": kill, "pages": pages,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gallery", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", action="append", choices=SCENARIOS)
    wanted = parser.parse_args()
    logs.begin(config.Log(level="error"))
    sections = []
    for name in wanted.only or SCENARIOS:
        print(f"\n{name}: {SCENARIOS[name].__doc__}", flush=True)
        sections.append(Section(name, asyncio.run(SCENARIOS[name](wanted.quick))))
        print(table(sections[-1]), flush=True)
    print(summary(sections))
    return 0


if __name__ == "__main__":
    sys.exit(main())
