"""Chromium as a player of its own, without our viewer, and what came out of its RTP packets."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiortc.codecs import h264
from playwright.async_api import Page

WAYS = ("offer", "api", "stream", "socket", "whep")
_SCRIPT = Path(__file__).with_name("player.js").read_text()


@dataclass(frozen=True)
class Shown:
    """`shown` are the first frames on the screen: RTP time, width and height."""

    session: str
    width: int
    height: int
    shown: list[dict[str, int]]


async def play(page: Page, url: str, way: str, camera: str, frames: int = 20, **asked: Any) -> Shown:
    """Begins to watch the camera of the gateway at `url`, on an empty page of it, and waits for so many frames."""
    await page.goto(f"{url}/config.js")
    await page.evaluate(f"() => {{ {_SCRIPT} }}")
    words = {"way": way, "camera": camera, "frames": frames, **asked}
    return Shown(**await page.evaluate("(asked) => play(asked)", words))


async def heard(page: Page) -> list[tuple[str, ...]]:
    """The access units Chromium has got so far, each as the hashes of its NAL units."""
    units = await page.evaluate("() => units")
    return [tuple(unit["nals"]) for unit in units]


def nals(unit: bytes) -> tuple[str, ...]:
    """The same of one that was sent."""
    return tuple(hashlib.sha256(nal.rstrip(b"\0")).hexdigest() for nal in h264.H264Encoder._split_bitstream(unit))
