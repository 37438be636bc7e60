"""Pictures as strangers send them."""

import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from edged.recognition import uploads
from edged.recognition.uploads import UploadRefused
from tests.rigs import faces

ROOT = Path(__file__).parents[2]


def decoded(data: bytes) -> faces.Picture:
    return uploads.decoded(data, 20_000_000, 50_000_000)


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".bmp"])
def test_what_people_send_is_decoded(kind: str) -> None:
    picture = faces.placed(0, 220, 80)
    data = cv2.imencode(kind, picture)[1].tobytes()
    assert np.abs(decoded(data).astype(int) - picture).mean() < 3


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (6, -1), (3, 2), (8, 1)])
def test_a_picture_is_turned_as_its_camera_was(orientation: int, turns: int) -> None:
    picture = faces.placed(0, 20, 80)
    shown = decoded(with_orientation(faces.jpeg(picture), orientation))
    expected = np.rot90(picture, turns)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no picture edged reads"),
        (b"GIF89a" + bytes(100), "no picture edged reads"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture edged reads"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "cut off"),
        (b"\xff\xd8\xff" + b"\x00" * 400, "damaged"),
        (faces.jpeg(faces.placed(0, 20, 80))[:300], "cut off|damaged"),
        (b"\x89PNG\r\n\x1a\n", "cut off|no picture"),
        (png(640, 480, b"too few rows"), "damaged"),
        (faces.jpeg(np.zeros((20, 300, 3), np.uint8)), "20 pixels, too few"),
        (png(60_000, 60_000, b""), "60000 x 60000 pixels"),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff\xff\xff\xff\xff\xff" + bytes(20), "16777216 x 16777216 pixels"),
        (b"BM" + bytes(16) + struct.pack("<ii", 100_000, -100_000) + bytes(40), "100000 x 100000 pixels"),
        (b"\xff\xd8\xff\xda" * 101 + bytes(100), "scans"),
        (bytes(20_000_001), "20,000,001 bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_send(data: bytes, reason: str) -> None:
    with pytest.raises(UploadRefused, match=reason) as refused:
        decoded(data)
    assert "send" in str(refused.value) or "save" in str(refused.value)


def test_every_prefix_and_many_bit_flips_of_a_picture_are_decoded_or_refused() -> None:
    whole = faces.jpeg(faces.placed(0, 20, 80, size=(320, 300)))
    random = np.random.default_rng(1)
    broken = [whole[:end] for end in range(0, 700, 7)]
    for _ in range(200):
        flipped = bytearray(whole)
        flipped[int(random.integers(2, 700))] ^= 1 << int(random.integers(8))
        broken.append(bytes(flipped))
    for data in broken:
        with suppress(UploadRefused):
            assert decoded(data).ndim == 3


BOMBS = """
import resource, sys
from pathlib import Path
from edged.recognition.uploads import UploadRefused, decoded
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in sys.argv[1:]:
    try:
        decoded(Path(bomb).read_bytes(), 20_000_000, 50_000_000)
    except UploadRefused:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_bombs_take_no_more_memory_than_is_said(tmp_path: Path) -> None:
    bombs = {
        "claims-little.png": png(64, 64, bytes(200_000_000)),
        "huge.png": png(30_000, 30_000, bytes(1_000_000)),
        "large.png": png(4_900, 4_900, bytes(4_900 * (4_900 * 3 + 1))),
        "large.jpg": cv2.imencode(".jpg", np.full((6_900, 7_000, 3), 90, np.uint8))[1].tobytes(),
    }
    for name, data in bombs.items():
        (tmp_path / name).write_bytes(data)
    words = [sys.executable, "-c", BOMBS, *(str(tmp_path / name) for name in bombs)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 250, "MB"
