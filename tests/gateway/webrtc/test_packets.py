from pathlib import Path

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor

from edged.gateway.webrtc.packets import payloads
from tests.rigs.broadcast import coded

SPS, PPS, SLICE = b"\x67\x42\xc0\x1e", b"\x68\xce\x3c\x80", b"\x65\x88\x84"


def joined(packets: tuple[bytes, ...]) -> bytes:
    """As a receiver puts them together again, Annex B."""
    return b"".join(H264PayloadDescriptor.parse(packet)[1] for packet in packets)


def annex_b(*nals: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def test_what_is_small_goes_together_and_comes_apart_again() -> None:
    (packet,) = payloads(annex_b(SPS, PPS, SLICE))
    assert packet[0] == 0x78  # STAP-A, of the importance of its most important one
    assert joined((packet,)) == annex_b(SPS, PPS, SLICE)


def test_one_alone_goes_as_it_is() -> None:
    assert payloads(annex_b(SLICE)) == (SLICE,)


@pytest.mark.parametrize("size", [1300, 1301, 1302, 2597, 2598, 2599, 10_000])
def test_what_is_too_large_goes_in_pieces_of_one_size(size: int) -> None:
    nal = b"\x65" + bytes(1 + number % 255 for number in range(size - 1))
    packets = payloads(annex_b(nal))
    assert joined(packets) == annex_b(nal)
    assert {len(packet) for packet in packets[:-1]} <= {1300}
    assert len(packets[-1]) <= 1300
    if len(packets) > 1:
        assert [packet[1] & 0xC0 for packet in packets] == [0x80, *[0] * (len(packets) - 2), 0x40]


def test_more_small_ones_than_fit_go_in_several_packets() -> None:
    nals = [b"\x06" + bytes([number + 1]) * 500 for number in range(5)]
    packets = payloads(annex_b(*nals))
    assert len(packets) == 3
    assert joined(packets) == annex_b(*nals)


def test_zeros_between_are_no_part_of_the_picture() -> None:
    assert payloads(b"\0\0\0\1" + SPS + b"\0\0\0\0\0\1" + PPS + b"\0\0") == payloads(annex_b(SPS, PPS))
    assert payloads(b"") == payloads(b"\0\0\1") == payloads(b"no start code") == ()


def test_an_encoders_units_pass_unchanged(live_clip: Path) -> None:
    for unit in coded(live_clip):
        assert joined(payloads(unit.data)) == unit.data.replace(b"\0\0\0\1", b"\0\0\1").replace(b"\0\0\1", b"\0\0\0\1")
