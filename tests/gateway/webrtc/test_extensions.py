from aiortc.rtp import unpack_header_extensions

from edged.gateway.webrtc.extensions import MID, PLAYOUT, SEND_TIME, Extensions

NOON = 0x0123_4567_89AB_CDEF


def unpacked(extensions: Extensions) -> dict[int, bytes]:
    raw = extensions.at(NOON)
    assert len(raw) % 4 == 0
    return dict(unpack_header_extensions(0xBEDE, raw))


def test_a_peer_is_told_what_it_understands() -> None:
    found = unpacked(Extensions({MID: 1, SEND_TIME: 3, PLAYOUT: 5, "urn:other": 7}, "video0"))
    assert found == {1: b"video0", 3: (NOON >> 14 & 0xFFFFFF).to_bytes(3, "big"), 5: b"\0\0\x32"}


def test_nothing_agreed_is_nothing_said() -> None:
    assert Extensions({}, "0").at(NOON) == b""
    assert unpacked(Extensions({MID: 1, SEND_TIME: 15}, "much-too-long-for-one")) == {}


def test_each_alone_fills_whole_words() -> None:
    for uri in (MID, SEND_TIME, PLAYOUT):
        assert set(unpacked(Extensions({uri: 4}, "0"))) == {4}
