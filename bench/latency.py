"""`python -m bench.latency`: how long a frame takes from the camera's packet to the screen of Chromium, through the gateway and through Janus, side by side.

Both get the same access units at the same moment: the gateway over NATS, as always; Janus as RTP straight from the camera, with nothing of ours before it.
The frames carry their number as a bar code; everything is on one machine, so the network adds nothing.
"""

import argparse
import asyncio
import math
import random
import socket
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Page

from bench.figures import percentile
from bench.overlay import FPS, GROUP, HEIGHT, NUMBERS, WIDTH, viewer
from bench.results import Row, Section, table
from bench.viewers import gateway
from edged.asking import VideoMeta
from edged.gateway.webrtc.packets import payloads
from tests.rigs import clips
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.janus import SECRET, Janus, running_janus
from tests.rigs.nats import running_nats
from tests.rigs.node import Node, running_node

JANUS = '[janus]\nurl = "{url}"\nws_url = "{ws}"\nsecret = "{secret}"\n'
SCRIPT = (Path(__file__).parent / "latency.js").read_text()
SETTLING = 5.0
ROUNDS = 6


@dataclass
class Camera:
    """Sends what is published to Janus too, RFC 6184 over UDP. `sent` holds when each number was, in ms."""

    video: Broadcast
    port: int
    sent: dict[int, float] = field(default_factory=dict)
    _number: int = field(default_factory=lambda: random.getrandbits(15))
    _socket: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    async def send(self, meta: VideoMeta) -> None:
        self.sent[meta.seq % NUMBERS] = time.time() * 1000
        cut = payloads(self.video.units[meta.seq % len(self.video.units)].data)
        for at, payload in enumerate(cut):
            kind = 96 | (0x80 if at == len(cut) - 1 else 0)
            head = struct.pack("!BBHLL", 0x80, kind, self._number & 0xFFFF, meta.pts & 0xFFFFFFFF, 4711)
            self._socket.sendto(head + payload, ("127.0.0.1", self.port))
            self._number += 1


async def beats(node: Node, video: Broadcast) -> None:
    while True:
        await node.healthy()
        await node.healthy("front", session=video.session, width=WIDTH, height=HEIGHT)
        await asyncio.sleep(1)


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[str, Camera]]:
    """(url of a gateway in front of one camera and of Janus, the camera)."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clip = clips.write(
            folder / "numbers.mp4", "libx264", "yuv420p", count=NUMBERS, fps=FPS, width=WIDTH, height=HEIGHT, options=GROUP
        )  # fmt: skip
        nats = await stack.enter_async_context(running_nats(folder / "nats"))
        janus: Janus = await stack.enter_async_context(running_janus(folder / "janus", "front"))
        node = await stack.enter_async_context(running_node(nats.url))
        await node.add("front")
        address = node.address("front")
        video = await stack.enter_async_context(broadcasting(node.bus.link, address, clip, FPS, (WIDTH, HEIGHT)))
        camera = Camera(video, janus.mountpoints["front"])
        video.beside = camera.send
        settings = JANUS.format(url=janus.settings.url, ws=janus.settings.ws_url, secret=SECRET)
        _, url = await stack.enter_async_context(gateway(folder, nats.url, settings))
        beating = asyncio.create_task(beats(node, video))
        stack.callback(beating.cancel)
        yield url, camera


async def shown(page: Page, count: int, camera: Camera) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds from packet to the browser's receipt of the frame, and to the screen, by way."""
    found: dict[str, list[list[float]]] = await page.evaluate(
        SCRIPT, {"key": str(camera.video.address), "id": camera.video.address.camera, "count": count, "settling": SETTLING * 1000,
                 "bits": clips.BITS, "cell": clips.CELL, "width": WIDTH}
    )  # fmt: skip
    return {
        way: [(received - camera.sent[int(code)], seen - camera.sent[int(code)]) for code, received, seen in frames]
        for way, frames in found.items()
    }


async def measured(count: int) -> list[Row]:
    """Each time both connect anew, because how much a browser holds back is decided then."""
    late: dict[str, list[tuple[float, float]]] = {"webrtc": [], "janus": []}
    async with stage() as (url, camera), viewer() as page:
        for _ in range(ROUNDS):
            await page.goto("about:blank")
            await page.goto(f"{url}/healthz")
            for way, frames in (await shown(page, math.ceil(count / ROUNDS), camera)).items():
                late[way] += frames
    rows = []
    for part, name in ((0, "packet to browser"), (1, "packet to screen")):
        for share, kind in ((0.5, "median"), (0.95, "p95")):
            ours, janus = (percentile([frame[part] for frame in late[way]], share) for way in ("webrtc", "janus"))
            target = 50 if (part, share) == (1, 0.95) else None
            rows.append(Row(f"{name}, {kind}: gateway", ours, "ms", target, "≤", f"{len(late['webrtc'])} frames"))
            rows.append(
                Row(f"{name}, {kind}: Janus", janus, "ms", note=f"{len(late['janus'])} frames, {ours - janus:+.1f} ms")
            )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--frames", type=int, default=600, help="shown frames to look at, each way")
    section = Section("latency", asyncio.run(measured(parser.parse_args().frames)))
    print(table(section))
    return 0 if all(row.met is not False for row in section.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
