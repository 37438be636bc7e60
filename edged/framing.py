"""Several access units in one message: for each the length of its head, the head as JSON, the length of its body, the body; lengths are 32 bits, big endian."""

import struct
from collections.abc import Iterable, Iterator

import msgspec

from edged.asking import VideoMeta

Unit = tuple[VideoMeta, bytes]

_LENGTH = struct.Struct(">I")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(VideoMeta).decode


def pack(units: Iterable[Unit]) -> bytes:
    parts = []
    for meta, data in units:
        head = _encode(meta)
        parts += [_LENGTH.pack(len(head)), head, _LENGTH.pack(len(data)), data]
    return b"".join(parts)


def unpack(payload: bytes) -> Iterator[Unit]:
    """Raises ValueError for what `pack` has not made."""
    at = 0
    while at < len(payload):
        head, at = _part(payload, at)
        data, at = _part(payload, at)
        yield _decode(head), data


def _part(payload: bytes, at: int) -> tuple[bytes, int]:
    if at + _LENGTH.size > len(payload):
        raise ValueError("packed access units end in the middle of a length")
    begin = at + _LENGTH.size
    end = begin + _LENGTH.unpack_from(payload, at)[0]
    if end > len(payload):
        raise ValueError("packed access units end in the middle of a part")
    return payload[begin:end], end
