"""Small git repositories, and pictures to put into them."""

import subprocess
from pathlib import Path

import cv2
import numpy as np

from models.train.gather.sources import Source
from models.train.pictures import Pixels

_ME = (
    "-c",
    "user.name=me",
    "-c",
    "user.email=me@nowhere",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "init.defaultBranch=main",
)


def repository(place: Path, files: dict[str, bytes]) -> str:
    """Makes a bare repository at `place` with one commit of these files; the commit."""
    work = place.parent / f"{place.name}-work"
    for path, content in files.items():
        file = work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    git("init", "-q", str(work))
    git("-C", str(work), "add", "-A")
    git("-C", str(work), "commit", "-qm", "pictures")
    git("clone", "-q", "--bare", str(work), str(place))
    return git("-C", str(work), "rev-parse", "HEAD").strip()


def git(*words: str) -> str:
    return subprocess.run(["git", *_ME, *words], check=True, capture_output=True, text=True).stdout


def scenery(seed: int, width: int = 640, height: int = 360) -> Pixels:
    """Coarse noise: no two seeds look alike."""
    cells = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def jpeg(pixels: Pixels) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def source(**other: object) -> Source:
    said = {"name": "rooms", "repo": "someone/rooms", "commit": "0" * 40, "images": ("*.jpg",), "licence": "CC0",
            "stated": "README", "tier": "A", "shows": "mixed"}  # fmt: skip
    return Source(**{**said, **other})
