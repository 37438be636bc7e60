"""`python -m bench.viewers`: what WebRTC viewers cost the gateway at 2 Mbit/s, 720p15. The gateway runs alone; the viewers don't decode."""

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from aiohttp import ClientSession
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from bench.processes import usage
from bench.results import Row, Section, table
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import free_port, running_nats
from tests.rigs.node import running_node

FPS, WIDTH, HEIGHT, BITRATE = 15, 1280, 720, 2_000_000
SECONDS = 20
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


@asynccontextmanager
async def viewer(http: ClientSession) -> AsyncIterator[Received]:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    received = Received()
    pc.addTransceiver("video", direction="recvonly").receiver._handle_rtp_packet = received.take
    await pc.setLocalDescription(await pc.createOffer())
    offer = {"camera": "front", "type": "offer", "sdp": pc.localDescription.sdp}
    async with http.post("/webrtc/offer", json=offer) as reply:
        reply.raise_for_status()
        answer = await reply.json()
    await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    yield received
    await pc.close()


@asynccontextmanager
async def gateway(folder: Path, nats: str) -> AsyncIterator[tuple[int, str]]:
    """(pid, url) of a gateway alone."""
    file = folder / "edged.toml"
    file.write_text(FILE.format(nats=nats, port=free_port()))
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


async def cpu(pid: int, seconds: float) -> float:
    """Cores."""
    before = usage(pid).cpu
    await asyncio.sleep(seconds)
    return (usage(pid).cpu - before) / seconds


async def measured(counts: list[int]) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            nats = await stack.enter_async_context(running_nats(folder / "nats"))
            node = await stack.enter_async_context(running_node(nats.url))
            await node.add("front")
            video: Broadcast = await stack.enter_async_context(
                broadcasting(node.bus.link, node.address("front"), clip(folder / "noise.mp4"), FPS, (WIDTH, HEIGHT))
            )
            bitrate = sum(len(unit.data) for unit in video.units) * 8 * FPS / len(video.units)
            rows.append(Row("the camera's video", bitrate / 1e6, "Mbit/s"))
            pid, url = await stack.enter_async_context(gateway(folder, nats.url))
            http = await stack.enter_async_context(ClientSession(url))
            async with viewer(http):  # the first one loads aiortc
                await asyncio.sleep(2)
            idle = await cpu(pid, 5)
            rows.append(Row("gateway without viewers", idle * 100, "%"))
            for count in counts:
                rows += await watched(http, pid, idle, count)
    return rows


async def watched(http: ClientSession, pid: int, idle: float, count: int) -> list[Row]:
    async with AsyncExitStack() as viewers:
        everybody = [await viewers.enter_async_context(viewer(http)) for _ in range(count)]
        await asyncio.sleep(3)
        before = [one.bytes for one in everybody]
        used = await cpu(pid, SECONDS)
        least = min((one.bytes - start) * 8 / SECONDS / 1e6 for one, start in zip(everybody, before, strict=True))
        return [
            Row(
                f"{count} viewers: of a core each",
                (used - idle) / count * 100,
                "%",
                0.6,
                "≤",
                f"least {least:.2f} Mbit/s",
            ),
            Row(f"{count} viewers: memory", usage(pid).own_rss / 1e6, "MB"),
        ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.viewers", description=__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 8, 32])
    section = Section("viewers", asyncio.run(measured(parser.parse_args().viewers)))
    print(table(section))
    return 0 if all(row.met is not False for row in section.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
