"""Boxes that share a gallery, and people for it: vectors and pictures that belong together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edged import config
from edged import messages as m
from edged.bus.bus import Bus
from edged.handlers import HandlerBus
from edged.people.gallery import Gallery, Picture, open_gallery, sample_of
from tests.rigs.facts import Box, box
from tests.rigs.handlers import bus_of

MODEL = "sface"
Vector = NDArray[np.float32]


def vector(seed: int, near: Vector | None = None, off: float = 0.05, dimensions: int = 128) -> Vector:
    """A direction of its own for each seed, or one near another."""
    made = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    made /= np.linalg.norm(made)
    if near is not None:
        made = near + off * made
    return made / np.float32(np.linalg.norm(made))


def jpeg(seed: int, width: int = 96, height: int = 112) -> bytes:
    """A picture that no other seed has."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    large = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", large, (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()


def picture(seed: int, near: Vector | None = None, kind: Any = "face", **more: Any) -> Picture:
    return Picture(sample_of(kind, MODEL, 0.8, "upload", **more), vector(seed, near), jpeg(seed))


def identified(identity: str, track: int = 1, at: datetime | None = None, **changed: Any) -> m.FaceIdentified:
    """That `track` of home.edge.front is somebody."""
    when = at or datetime.now(UTC)
    said: dict[str, Any] = {
        "site": "home", "node": "edge", "camera": "front", "time": when, "session": "s1", "track": track, "pts": 90_000,
        "label": "person", "identity": identity, "status": "known", "by": "face", "score": 0.7, "margin": 0.4, "shots": 3,
        "previous": "", "since": when, "snapshot": "", **changed,
    }  # fmt: skip
    where = ".".join(str(said[key]) for key in ("site", "node", "camera", "session", "track", "pts"))
    return m.FaceIdentified(id=f"face-{where}-{identity}", **said)


@dataclass
class PeopleBox:
    """A box with a gallery of its own on a shared broker."""

    node: Box
    bus: HandlerBus
    gallery: Gallery
    home: Path


def handler_bus(node: Box, settings: config.Config) -> HandlerBus:
    bus: Bus = bus_of(node)
    return HandlerBus(settings, bus.link, bus.facts, bus.pictures, bus.cameras, bus.rules, bus.jobs, datetime.now(UTC))


@asynccontextmanager
async def people_box(url: str, home: Path, node: str = "edge", **settings: Any) -> AsyncIterator[PeopleBox]:
    home.mkdir(parents=True, exist_ok=True)
    said = config.Config(site="home", node=node, state_dir=str(home), **settings)
    async with box(url, home / "outbox.db") as made:
        await made.courier.reconciled.wait()
        bus = handler_bus(made, said)
        async with open_gallery(bus, home) as gallery:
            yield PeopleBox(made, bus, gallery, home)


async def until(true: Any, seconds: float = 10) -> Any:
    """What `true()` says once that is so."""
    async with asyncio.timeout(seconds):
        while not (found := true()):
            await asyncio.sleep(0.005)
    return found


def files_with(home: Path, *needles: bytes) -> list[str]:
    """Files below `home` that hold any of these bytes."""
    found = []
    for path in home.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            found += [str(path.relative_to(home)) for needle in needles if needle in held]
    return found
