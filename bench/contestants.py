"""The two contestants written by hand, (a) a bare loop and (c) the usual way; `bench/daemon.py` is (b). Each yields what a subscriber hears of it."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import aiohttp

from bench.contest import Contest, Running, Seen, eventually, free_port, logged


@contextlib.asynccontextmanager
async def bare_loop(contest: Contest) -> AsyncIterator[Running]:
    command = [sys.executable, "-m", "bench.bare", str(contest.footage.clip), str(contest.cameras), _pace(contest)]
    began = time.monotonic()
    async with logged(*command, stdout=subprocess.PIPE) as (child, log):
        running = Running(child, began, log=log)
        assert child.stdout

        async def listen(lines: asyncio.StreamReader) -> None:
            async for line in lines:
                camera, arrival, infer = line.split()
                running.hear(Seen(camera.decode(), (time.time() - float(arrival)) * 1000, float(infer)))

        async with _beside(listen(child.stdout)):
            yield running


@contextlib.asynccontextmanager
async def usual_way(contest: Contest) -> AsyncIterator[Running]:
    port = free_port()
    clip = str(contest.footage.clip)
    command = [sys.executable, "-m", "bench.usual", str(port), clip, str(contest.cameras), _pace(contest)]
    began = time.monotonic()
    async with logged(*command) as (child, log), aiohttp.ClientSession() as session:
        url = f"ws://127.0.0.1:{port}/ws"
        websocket = await eventually(lambda: session.ws_connect(url), aiohttp.ClientError, child=child)
        running = Running(child, began, log=log)

        async def listen() -> None:
            async for message in websocket:
                said = json.loads(message.data)
                running.hear(Seen(str(said["camera"]), (time.time() - said["time"]) * 1000, said["infer"]))

        async with _beside(listen()):
            yield running


def _pace(contest: Contest) -> str:
    """Looks a second as the hand-written contestants take it: 0 when each frame is wanted, so that no clock can miss one."""
    return str(0.0 if contest.fps >= contest.footage.fps else contest.fps)


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` while the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
