"""`python -m bench.viewers`: what WebRTC viewers cost the gateway at 2 Mbit/s, 720p15, beside aiortc alone. The gateway runs alone; the viewers don't decode.

`--minutes 30` is the soak: all the while so many viewers watch, and memory must not grow.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from aiohttp import ClientSession
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from bench.processes import busy, usage
from bench.results import Row, Section, table
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import free_port, running_nats
from tests.rigs.node import running_node

FPS, WIDTH, HEIGHT, BITRATE = 15, 1280, 720, 2_000_000
SECONDS, ROUNDS = 20, 2
FILE = '[nats]\nurl = "{nats}"\n[gateway]\nport = {port}\n[webrtc]\noffers_per_minute = 6000\n'


def clip(path: Path) -> Path:
    """Four seconds of noise that moves: it takes what bits it is given."""
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    options = {"bf": "0", "g": "60", "preset": "ultrafast", "tune": "zerolatency", "nal-hrd": "cbr", "bufsize": "1M"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options | {"maxrate": "2M", "minrate": "2M"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", BITRATE
        for number in range(4 * FPS):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.roll(noise, number * 3, 1), "rgb24")))
        container.mux(stream.encode(None))
    return path


@dataclass
class Received:
    packets: int = 0
    bytes: int = 0

    async def take(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self.packets += 1
        self.bytes += len(packet.payload)


Answering = Callable[[dict[str, str]], Awaitable[dict[str, str]]]


@asynccontextmanager
async def viewer(answer: Answering) -> AsyncIterator[Received]:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    received = Received()
    pc.addTransceiver("video", direction="recvonly").receiver._handle_rtp_packet = received.take
    await pc.setLocalDescription(await pc.createOffer())
    answered = await answer({"type": "offer", "sdp": pc.localDescription.sdp})
    await pc.setRemoteDescription(RTCSessionDescription(answered["sdp"], answered["type"]))
    try:
        yield received
    finally:
        await pc.close()


def by_gateway(http: ClientSession) -> Answering:
    async def answer(offer: dict[str, str]) -> dict[str, str]:
        async with http.post("/webrtc/offer", json={"camera": "front", **offer}) as reply:
            reply.raise_for_status()
            found: dict[str, str] = await reply.json()
            return found

    return answer


@asynccontextmanager
async def aiortc_alone(clip: Path) -> AsyncIterator[tuple[int, Answering]]:
    """(pid, how it answers) of `bench.bare_webrtc`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_webrtc", str(clip), str(FPS),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip

    async def answer(offer: dict[str, str]) -> dict[str, str]:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(offer).encode() + b"\n")
        found: dict[str, str] = json.loads(await process.stdout.readline())
        return found

    try:
        yield process.pid, answer
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def gateway(folder: Path, nats: str, more: str = "") -> AsyncIterator[tuple[int, str]]:
    """(pid, url) of a gateway alone; `more` of its settings."""
    file = folder / "edged.toml"
    file.write_text(FILE.format(nats=nats, port=free_port()) + more)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edged", "gateway", "--config", str(file),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout
        async for line in process.stdout:
            if found := re.search(rb"http://\S+", line):
                yield process.pid, found[0].decode()
                break
    finally:
        process.terminate()
        await process.wait()


@dataclass(frozen=True)
class Rig:
    """A gateway before one camera, and aiortc alone with the same clip."""

    pid: int
    answer: Answering
    alone_pid: int
    alone: Answering
    bitrate: float


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nats = await stack.enter_async_context(running_nats(folder / "nats"))
        node = await stack.enter_async_context(running_node(nats.url))
        await node.add("front")
        noise = clip(folder / "noise.mp4")
        video: Broadcast = await stack.enter_async_context(
            broadcasting(node.bus.link, node.address("front"), noise, FPS, (WIDTH, HEIGHT))
        )
        bitrate = sum(len(unit.data) for unit in video.units) * 8 * FPS / len(video.units)
        pid, url = await stack.enter_async_context(gateway(folder, nats.url))
        http = await stack.enter_async_context(ClientSession(url))
        alone_pid, alone = await stack.enter_async_context(aiortc_alone(noise))
        made = Rig(pid, by_gateway(http), alone_pid, alone, bitrate)
        async with viewer(made.answer), viewer(made.alone):  # the first one loads aiortc
            await asyncio.sleep(2)
        yield made


async def cores(pids: Sequence[int], seconds: float) -> list[float]:
    before = [busy(pid) for pid in pids]
    await asyncio.sleep(seconds)
    return [(busy(pid) - start) / seconds for pid, start in zip(pids, before, strict=True)]


async def measured(counts: list[int]) -> list[Row]:
    async with rig() as made:
        rows = [Row("the camera's video", made.bitrate / 1e6, "Mbit/s")]
        idle = await cores((made.pid, made.alone_pid), SECONDS / 2)
        rows.append(Row("gateway without viewers", idle[0] * 100, "%"))
        for count in counts:
            rows += await watched(made, idle, count)
        return rows


async def watched(rig: Rig, idle: list[float], count: int) -> list[Row]:
    """In turn, twice: other work on the machine hits both, and the viewers, which are all in this process, have the time they need."""
    sides = ((rig.pid, rig.answer, idle[0]), (rig.alone_pid, rig.alone, idle[1]))
    shares: list[list[float]] = [[], []]
    least, memory = float("inf"), 0
    for _ in range(ROUNDS):
        for found, (pid, answer, none) in zip(shares, sides, strict=True):
            used, bitrate = await watching(pid, answer, count)
            found.append((used - none) / count * 100)
            least = min(least, bitrate)
            memory = max(memory, usage(rig.pid).own_rss)
    ours, alone = (sum(found) / ROUNDS for found in shares)
    return [
        Row(f"{count} viewers: of a core each", ours, "%", 0.6, "≤", f"least {least:.2f} Mbit/s"),
        Row(f"{count} viewers: aiortc alone beside it", alone, "%", note=f"{ours / alone:.2f} times that"),
        Row(f"{count} viewers: memory", memory / 1e6, "MB"),
    ]


async def watching(pid: int, answer: Answering, count: int) -> tuple[float, float]:
    """(cores used, Mbit/s of the viewer that got least)."""
    async with AsyncExitStack() as viewers:
        everybody = [await viewers.enter_async_context(viewer(answer)) for _ in range(count)]
        await asyncio.sleep(3)
        before = [one.bytes for one in everybody]
        (used,) = await cores((pid,), SECONDS)
        got = [(one.bytes - start) * 8 / SECONDS / 1e6 for one, start in zip(everybody, before, strict=True)]
        return used, min(got)


async def soaked(count: int, minutes: float) -> list[Row]:
    """So many viewers for so long; memory is a straight line through its second half."""
    async with rig() as made, AsyncExitStack() as viewers:
        everybody = [await viewers.enter_async_context(viewer(made.answer)) for _ in range(count)]
        rss: list[tuple[float, float]] = []
        began, used = time.monotonic(), busy(made.pid)
        while (at := (time.monotonic() - began) / 60) < minutes:
            rss.append((at, usage(made.pid).own_rss / 1e6))
            await asyncio.sleep(5)
        used = (busy(made.pid) - used) / (time.monotonic() - began)
        least = min(one.bytes * 8 / minutes / 60 / 1e6 for one in everybody)
        late = [(at, size) for at, size in rss if at > minutes / 2]
        slope = float(np.polyfit(*zip(*late, strict=True), 1)[0])
        return [
            Row(
                f"{count} viewers for {minutes:g} min: memory", late[-1][1], "MB", note=f"{late[0][1]:.1f} MB half-way"
            ),
            Row(f"{count} viewers for {minutes:g} min: memory grows by", slope * 1000, "kB/min"),
            Row(
                f"{count} viewers for {minutes:g} min: of a core each",
                used / count * 100,
                "%",
                note=f"least {least:.2f} Mbit/s",
            ),
        ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.viewers", description=__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--minutes", type=float, help="soak: the largest number of viewers for so long")
    wanted = parser.parse_args()
    if wanted.minutes:
        section = Section("soak", asyncio.run(soaked(max(wanted.viewers), wanted.minutes)))
    else:
        section = Section("viewers", asyncio.run(measured(wanted.viewers)))
    print(table(section))
    return 0 if all(row.met is not False for row in section.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
