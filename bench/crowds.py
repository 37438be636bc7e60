"""Servers before an audience of WebSocket clients: our gateway, and FastAPI's manual."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import msgspec

from bench import sample
from bench.contest import ContestError, eventually, free_port, logged
from bench.daemon import edged
from bench.processes import usage
from bench.ticks import ticks
from edged import subjects

PER_SECOND = 10
BROWSERS = "permessage-deflate; client_max_window_bits"  # what Chromium and Firefox offer


@dataclass(frozen=True)
class Served:
    """`cpu` in cores, `delivered` as a share of what was to be, `per_message` in seconds of CPU."""

    cpu: float
    delivered: float
    per_message: float


async def audience(clients: int, seconds: float) -> dict[str, tuple[Served, Served]]:
    """(gateway, usual way), each before as many clients, by what those offer."""
    served = {}
    for offer in (BROWSERS, ""):
        async with _gateway() as (pid, port):
            ours = await _serve(pid, port, "/api/realtime/ws?kinds=detections", clients, offer, seconds)
        async with _usual() as (pid, port):
            theirs = await _serve(pid, port, "/ws", clients, offer, seconds)
        served[offer] = (ours, theirs)
    return served


@contextlib.asynccontextmanager
async def _gateway() -> AsyncIterator[tuple[int, int]]:
    """(process, port) of a daemon without cameras, that passes on what somebody else publishes."""
    async with edged() as (running, client, port), aiohttp.ClientSession() as session:
        await eventually(
            lambda: session.get(f"http://127.0.0.1:{port}/health"), aiohttp.ClientError, child=running.child
        )
        subject = subjects.of(sample.detections())

        async def speak() -> None:
            async for _ in ticks(PER_SECOND):
                await client.publish(subject, msgspec.json.encode(sample.detections()))

        speaking = asyncio.create_task(speak())
        try:
            yield running.child.pid, port
        finally:
            speaking.cancel()


@contextlib.asynccontextmanager
async def _usual() -> AsyncIterator[tuple[int, int]]:
    port = free_port()
    async with logged(sys.executable, "-m", "bench.usual", str(port)) as (child, _), aiohttp.ClientSession() as session:
        # Any answer will do: it listens.
        await eventually(lambda: session.get(f"http://127.0.0.1:{port}/"), aiohttp.ClientError, child=child)
        yield child.pid, port


async def _serve(pid: int, port: int, path: str, clients: int, offer: str, seconds: float) -> Served:
    command = [sys.executable, "-m", "bench.crowd", str(port), path, str(clients), offer]
    async with logged(*command, stdout=subprocess.PIPE) as (child, _):
        assert child.stdout
        await _counted(child.stdout)
        await _counted(child.stdout)  # all are connected, and the first wave is over
        before, heard, began = usage(pid), await _counted(child.stdout), time.monotonic()
        while time.monotonic() - began < seconds:
            now = await _counted(child.stdout)
        after, lasted = usage(pid), time.monotonic() - began
    cpu, messages = after.cpu - before.cpu, now - heard
    return Served(cpu / lasted, messages / (clients * PER_SECOND * lasted), cpu / max(1, messages))


async def _counted(lines: asyncio.StreamReader) -> int:
    """Messages that all clients have got so far."""
    if not (line := await lines.readline()):
        raise ContestError("the audience left")
    messages, gone = map(int, line.split())
    if gone:
        raise ContestError(f"{gone} clients were turned away or dropped")
    return messages
