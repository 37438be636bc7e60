from pathlib import Path

import av
import pytest

from edged.camera import h264
from edged.camera.units import Units
from tests.rigs import clips as making


def test_the_parts_of_an_access_unit_are_found_whatever_their_start_codes():
    unit = b"\0\0\0\1\x09\xf0" + b"\0\0\1\x67abc" + b"\0\0\0\1\x68de\0" + b"\0\0\1\x65xyz"
    assert [(kind, unit[begin:end]) for kind, begin, end in h264.parts(unit)] == [
        (h264.DELIMITER, b"\x09\xf0"), (h264.SPS, b"\x67abc"), (h264.PPS, b"\x68de"), (h264.IDR, b"\x65xyz"),
    ]  # fmt: skip


@pytest.mark.parametrize("junk", [b"", b"\0", b"\0\0\1", b"\0\0\1\x41", b"\0\0\1\x41" + bytes(20), b"no start code"])
def test_what_is_no_access_unit_has_nothing_in_it(junk: bytes):
    assert h264.head(junk) == ({}, False)


@pytest.mark.parametrize(("b_frames", "expected"), [("0", False), ("2", True)])
def test_b_frames_are_seen_in_the_slices(tmp_path: Path, b_frames: str, expected: bool):
    clip = making.write(tmp_path / "clip.h264", "libx264", "yuv420p", options={"bf": b_frames, "preset": "fast"})
    with av.open(str(clip)) as container:
        seen = [h264.head(bytes(packet))[1] for packet in container.demux(video=0)]
    assert any(seen) == expected


def test_parameter_sets_that_are_only_in_the_description_come_before_each_key_frame(clips: making.Clips):
    with av.open(str(clips.annexb)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        whole = [bytes(packet) for packet in packets]
        units = Units(stream, "h264", "s")
        for index, packet in enumerate(packets):
            bare = av.Packet(_without_sets(whole[index]))
            bare.is_keyframe = packet.is_keyframe
            made = units.of(bare, 9000 * index, 9000 * index, index, 0.0)
            kinds = [kind for kind, _, _ in h264.parts(made.data)]
            if packet.is_keyframe:
                assert kinds[:3] == [h264.DELIMITER, h264.SPS, h264.PPS]
            else:
                assert made.data == bytes(bare)


def _without_sets(unit: bytes) -> bytes:
    kept = [unit[begin:end] for kind, begin, end in h264.parts(unit) if kind not in (h264.SPS, h264.PPS)]
    return b"".join(b"\0\0\0\1" + part for part in kept)
