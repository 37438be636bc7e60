from datetime import UTC, datetime

import pytest

from edged import framing
from edged.asking import VideoMeta


def unit(seq: int, data: bytes) -> framing.Unit:
    meta = VideoMeta(
        session="s", seq=seq, pts=seq * 3600, time=datetime.now(UTC), key=seq == 0, codec="h264", width=640, height=360
    )
    return meta, data


def test_units_come_back_as_they_were() -> None:
    units = [unit(0, b"\0\0\1\x65 key"), unit(1, b""), unit(2, bytes(70_000))]
    assert list(framing.unpack(framing.pack(units))) == units
    assert list(framing.unpack(b"")) == []


@pytest.mark.parametrize("cut", [1, 5, 300])
def test_a_cut_message_is_noticed(cut: int) -> None:
    with pytest.raises(ValueError, match="middle|malformed|truncated"):
        list(framing.unpack(framing.pack([unit(0, bytes(500))])[:-cut]))
