"""Pictures that somebody sent: their size is known before anything is decoded."""

import struct

import cv2
import numpy as np

from edged.recognition.alignment import Picture

LEAST_SIDE = 32  # pixels
_DECODED = 6_000_000  # pixels; a larger JPEG is decoded at a half, a quarter or an eighth
_SCANS = 100  # of a progressive JPEG: each is a pass over the whole picture
_WORTHLESS = "send a JPEG, PNG, WebP or BMP picture"

_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class UploadRefused(ValueError):
    """The text says what is wrong with the picture, and what to send."""


def decoded(data: bytes, most_bytes: int, most_pixels: int) -> Picture:
    """(height, width, 3) BGR, turned as its EXIF says; raises UploadRefused. Takes some 4 bytes for each of `most_pixels`, whatever it is given."""
    if len(data) > most_bytes:
        raise UploadRefused(f"the picture has {len(data):,} bytes, {most_bytes:,} are the most: send a smaller one")
    kind, width, height = _head(data)
    most = most_pixels if kind == "jpeg" else most_pixels // 2  # only a JPEG can be decoded smaller than it is
    if width * height > most:
        raise UploadRefused(
            f"the picture is {width} x {height} pixels, {most:,} in all are the most: send a smaller one"
        )
    if min(width, height) < LEAST_SIDE:
        raise UploadRefused(f"the picture is {width} x {height} pixels, too few to show a face: send a larger one")
    factor = next((step for step in (1, 2, 4) if width * height <= _DECODED * step * step), 8) if kind == "jpeg" else 1
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[factor])
    except cv2.error:
        picture = None
    if picture is None:
        raise UploadRefused(f"the picture is damaged: {_WORTHLESS}")
    return np.asarray(picture, np.uint8)


def _head(data: bytes) -> tuple[str, int, int]:
    """(kind, width, height) as the file states them."""
    try:
        match data[:4]:
            case b"\x89PNG" if data[12:16] == b"IHDR":
                return "png", *struct.unpack(">II", data[16:24])
            case b"RIFF" if data[8:12] == b"WEBP":
                return "webp", *_webp(data)
            case start if start[:2] == b"BM":
                width, height = struct.unpack("<ii", data[18:26])
                return "bmp", abs(width), abs(height)
            case start if start[:3] == b"\xff\xd8\xff":
                return "jpeg", *_jpeg(data)
    except (struct.error, IndexError):
        raise UploadRefused(f"the picture is cut off: {_WORTHLESS}") from None
    raise UploadRefused(f"{len(data):,} bytes that are no picture edged reads: {_WORTHLESS}")


def _jpeg(data: bytes) -> tuple[int, int]:
    """Of its frame header, ITU-T T.81 B.2.2."""
    if data.count(b"\xff\xda") > _SCANS:
        raise UploadRefused(f"the picture is a JPEG of more than {_SCANS} scans: save it again as a plain one")
    place = 2
    while True:
        while data[place] == 0xFF and data[place + 1] == 0xFF:
            place += 1
        marker, size = struct.unpack(">xBH", data[place : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        if data[place] != 0xFF or size < 2:
            raise UploadRefused(f"the picture is damaged: {_WORTHLESS}")
        place += 2 + size


def _webp(data: bytes) -> tuple[int, int]:
    """RFC 9649."""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            (bits,) = struct.unpack("<I", data[21:25])
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
    raise UploadRefused(f"the picture is damaged: {_WORTHLESS}")
