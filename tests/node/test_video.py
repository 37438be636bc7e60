"""What a camera sends and what is heard on NATS are the same."""

import asyncio
import threading
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.bitstream import BitStreamFilterContext

from edged import framing
from edged.bus.link import Refused
from edged.camera import h264
from edged.subjects import on
from tests.rigs import clips as making
from tests.rigs.clips import read_number
from tests.rigs.video import ADDRESS, broadcast


def access_units(clip: Path) -> list[bytes]:
    """What libav's own filter makes of a clip."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        packed = stream.codec_context.extradata[:1] == b"\1"
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream) if packed else None
        packets = [packet for packet in container.demux(stream) if packet.size]
        return [bytes(annex_b.filter(packet)[0] if annex_b else packet) for packet in packets]


def numbers(units: list[framing.Unit], width: int = 320) -> list[int]:
    """Which pictures these are, decoded from nothing but the messages."""
    decoder = av.CodecContext.create("h264", "r")
    pictures = [picture for _, data in units for picture in decoder.decode(av.Packet(data))] + decoder.decode(None)
    return [read_number(picture.to_ndarray(format="gray"), width) for picture in pictures]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    options = {"bf": "0", "g": "10", "tune": "zerolatency"}
    return making.write(folder / "live.mp4", "libx264", "yuv420p", options=options)


async def test_the_packets_of_a_file_are_its_own(nats_server, packed):
    async with broadcast(nats_server, str(packed), loop=False) as cast:
        units = await cast.units(40)
        frame = (await cast.watch.frames(1))[0]
    assert [data for _, data in units] == access_units(packed)
    assert [meta.pts for meta, _ in units] == [9000 * number for number in range(40)]
    assert [meta.seq for meta, _ in units] == list(range(40))
    assert [meta.key for meta, _ in units] == [number % 10 == 0 for number in range(40)]
    assert {(meta.session, meta.width, meta.height) for meta, _ in units} == {(frame.session, 320, 240)}
    assert numbers(units) == list(range(40))


async def test_the_packets_of_an_rtsp_camera_are_its_own(nats_server, rtsp_server, clips):
    async with broadcast(nats_server, rtsp_server().url) as cast:
        units = await cast.units(25)
    start = next(index for index, (meta, _) in enumerate(units) if meta.key)
    known = {slices(unit) for unit in access_units(clips.annexb)}
    assert all(slices(data) in known for _, data in units)
    assert all({h264.SPS, h264.PPS} <= {kind for kind, _, _ in h264.parts(data)} for meta, data in units if meta.key)
    pictures = numbers(units[start:])
    assert len(pictures) >= 10
    assert all((b - a) % 40 == 1 for a, b in pairwise(pictures))


def slices(unit: bytes) -> tuple[bytes, ...]:
    """The picture itself, without what servers put around it."""
    return tuple(unit[begin:end] for kind, begin, end in h264.parts(unit) if kind in (h264.SLICE, h264.IDR))


async def test_a_frame_has_the_pts_of_its_packet(nats_server, rtsp_server):
    async with broadcast(nats_server, rtsp_server().url) as cast:
        units = {meta.pts: (index, meta, data) for index, (meta, data) in enumerate(await cast.units(20))}
        frames = [frame for frame in await cast.watch.frames(8) if frame.pts in units]
        units |= {meta.pts: (0, meta, data) for meta, data in await cast.units(20)}
        frames += await cast.watch.frames(1)
    assert frames
    for frame in frames:
        assert units[frame.pts][1].session == frame.session
    ordered = sorted(units.values(), key=lambda unit: unit[1].seq)
    start = next(index for index, unit in enumerate(ordered) if unit[1].key)
    decoded = numbers([(meta, data) for _, meta, data in ordered[start:]])
    shown = {meta.pts: number for (_, meta, _), number in zip(ordered[start:], decoded, strict=False)}
    assert any(frame.pts in shown for frame in frames)
    for frame in frames:
        if frame.pts in shown:
            assert read_number(frame.luma, 320) == shown[frame.pts]


async def test_a_viewer_starts_with_the_last_key_frame(nats_server, packed):
    async with broadcast(nats_server, str(packed)) as cast:
        await cast.units(15)
        start = list(framing.unpack(cast.video.gop()))
    assert start[0][0].key
    assert start[-1][0].seq >= 14
    assert numbers(start) == [meta.seq % 40 for meta, _ in start]


async def test_nobody_subscribed_only_key_frames_are_published(nats_server, packed):
    async with broadcast(nats_server, str(packed), subscribed=False) as cast:
        await cast.watch.frames(1)
        before = cast.link.nc.stats["out_msgs"]
        await cast.watch.frames(35)
        assert 2 <= cast.link.nc.stats["out_msgs"] - before <= 10


async def test_who_only_subscribes_hears_everything_from_the_next_key_frame_on(nats_server, packed):
    async with broadcast(nats_server, str(packed), subscribed=False) as cast:
        await cast.watch.frames(15)
        async with cast.link.subscribe(on(ADDRESS, "video")) as cast.heard:
            units = await cast.units(25)
    start = next(index for index, (meta, _) in enumerate(units) if meta.key)
    assert start <= 3, "units are still on their way when the server says that nobody hears"
    seqs = [meta.seq for meta, _ in units[start:]]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


@pytest.mark.parametrize("ask", ["gop", "watch"])
async def test_who_asks_in_the_middle_of_a_group_misses_nothing(nats_server, packed, ask):
    async with broadcast(nats_server, str(packed), subscribed=False) as cast:
        seq = 0
        while seq % 10 != 5:
            seq = (await cast.watch.frames(1))[-1].seq
        async with cast.link.subscribe(on(ADDRESS, "video")) as cast.heard:
            if ask == "watch":
                cast.video.watch(10)
            start = [meta.seq for meta, _ in framing.unpack(cast.video.gop())]
            heard = [meta.seq for meta, _ in await cast.units(20)]
    assert heard[0] <= start[-1] + 1
    assert heard == list(range(heard[0], heard[0] + 20))


async def test_a_start_larger_than_a_message_is_refused_with_advice(nats_server, packed):
    async with broadcast(nats_server, str(packed)) as cast:
        await cast.units(5)
        cast.link.nc._max_payload = 100
        with pytest.raises(Refused, match="max_payload of 100"):
            cast.video.gop()


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("hevc.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none"}),
        ("mjpeg.avi", "mjpeg", "yuvj420p", {}),
        ("old.avi", "mpeg4", "yuv420p", {}),
        ("b.mp4", "libx264", "yuv420p", {"bf": "2", "g": "20"}),
    ],
)
async def test_what_browsers_do_not_show_is_transcoded_while_watched(
    nats_server, tmp_path, name, codec, pix_fmt, options
):
    clip = making.write(tmp_path / name, codec, pix_fmt, options=options)
    async with broadcast(nats_server, str(clip)) as cast:
        await cast.watch.frames(2)
        assert cast.video.gop() == b""
        assert cast.video.way.startswith("transcoded while watched: the camera sends ")
        assert not cast.heard
        cast.video.watch(60)
        units = await cast.units(15)
        frame = (await cast.watch.frames(1))[0]
        while units[-1][0].pts < frame.pts:
            units += await cast.units(1)
        start = list(framing.unpack(cast.video.gop()))
    assert units[0][0].key
    assert 1 <= sum(meta.key for meta, _ in units[1:]) <= 3, "a key frame a second"
    assert [meta.seq for meta, _ in units] == list(range(len(units)))
    assert all(a.pts < b.pts for (a, _), (b, _) in pairwise(units))
    decoded = numbers(units)
    assert len(decoded) == len(units)
    shown = {meta.pts: number for (meta, _), number in zip(units, decoded, strict=True)}
    assert shown[frame.pts] == read_number(frame.luma, 320)
    assert start[0][0].key
    assert not any(meta.codec != "h264" for meta, _ in units)


async def test_transcoding_ends_with_the_lease_and_begins_again(nats_server, clips):
    async with broadcast(nats_server, str(clips.avi)) as cast:
        await cast.watch.frames(1)
        cast.video.watch(0.5)
        await cast.units(2)
        assert cast.video.transcoding
        async with asyncio.timeout(20):
            while cast.video.transcoding or any(
                thread.name.startswith("transcoder") for thread in threading.enumerate()
            ):
                await asyncio.sleep(0.05)
        while cast.heard:
            await cast.unit()
        await cast.watch.frames(3)
        assert not cast.heard
        cast.video.watch(10)
        assert (await cast.unit())[0].key


async def test_a_camera_that_is_shown_as_it_is_is_not_transcoded(nats_server, packed):
    async with broadcast(nats_server, str(packed), loop=False) as cast:
        cast.video.watch(10)
        assert [data for _, data in await cast.units(10)] == access_units(packed)[:10]
        assert not cast.video.transcoding
        assert cast.video.way == "passthrough"


async def test_no_password_goes_with_the_video(nats_server, rtsp_server):
    server = rtsp_server(user="bob", password="hush-4711")
    async with broadcast(nats_server, server.url.replace("//", "//bob:hush-4711@")) as cast:
        units = await cast.units(3)
    assert "hush" not in repr(units)


async def test_a_size_that_changes_is_told_with_the_key_frame_that_brings_it(nats_server, rtsp_server, clips, tmp_path):
    both = tmp_path / "both.h264"
    both.write_bytes(clips.annexb.read_bytes() + clips.annexb_large.read_bytes())
    async with broadcast(nats_server, rtsp_server(both, fps=30).url) as cast:
        units = await cast.units(100)
    sizes = [(meta.width, meta.height) for meta, _ in units]
    assert set(sizes) == {(320, 240), (640, 480)}
    for (before, _), (after, data) in pairwise(units):
        if (before.width, before.height) != (after.width, after.height):
            assert after.key
            decoder = av.CodecContext.create("h264", "r")
            [picture] = decoder.decode(av.Packet(data)) + decoder.decode(None)
            assert (picture.width, picture.height) == (after.width, after.height)
