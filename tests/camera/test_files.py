"""Files as cameras: paced by their timestamps, looped without a seam."""

import asyncio
from itertools import pairwise
from pathlib import Path

import av
import pytest

from edged.camera.capture import CORRUPT_IN_A_ROW
from tests.camera.watching import watched
from tests.rigs import clips as making
from tests.rigs.clips import read_number
from tests.rigs.http_camera import HttpCamera


async def test_a_looped_clip_is_paced_and_has_no_seam(tmp_path):
    made = {
        "mp4": ("libx264", "yuv420p", {"bf": "2"}),
        "avi": ("mjpeg", "yuvj420p", {}),
        "gif": ("gif", "rgb8", {}),
    }
    async with asyncio.TaskGroup() as tasks:
        for name, (codec, pix_fmt, options) in made.items():
            # one second of pictures, so that three seconds cross the seam more than once
            clip = making.write(tmp_path / f"second.{name}", codec, pix_fmt, count=10, options=options)
            tasks.create_task(paced_and_without_seam(clip))


async def paced_and_without_seam(clip: Path) -> None:
    async with watched(str(clip)) as watch:
        frames = await watch.frames_for(3.05)
    assert 28 <= len(frames) <= 32
    assert {b.pts - a.pts for a, b in pairwise(frames)} == {9000}
    assert [read_number(frame.luma, 320) for frame in frames] == [number % 10 for number in range(len(frames))]
    assert len({frame.session for frame in frames}) == 1
    # due times come from pts alone, so the error at the end is that of one frame
    assert frames[-1].arrived - frames[0].arrived == pytest.approx((len(frames) - 1) / 10, abs=0.15)


async def test_an_elementary_stream_without_timestamps_plays_at_its_frame_rate(clips):
    async with watched(str(clips.annexb)) as watch:
        frames = await watch.frames(8)
    steps = {b.pts - a.pts for a, b in pairwise(frames)}
    assert len(steps) == 1


async def test_a_clip_that_is_not_looped_ends(tmp_path):
    clip = making.write(tmp_path / "short.mp4", "libx264", "yuv420p", count=5, options={"bf": "2"})
    async with watched(clip.as_uri(), loop=False) as watch:
        frames = await watch.frames(5)
        cause, detail = await watch.state("stopped")
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4]
    assert cause == "ended"
    assert str(clip) in detail


async def test_a_clip_destroyed_in_its_middle_plays_on(clips, tmp_path):
    whole = clips.avi.read_bytes()
    middle = len(whole) // 2
    damaged = tmp_path / "damaged.avi"
    damaged.write_bytes(whole[:middle] + bytes(6000) + whole[middle + 6000 :])
    async with watched(str(damaged)) as watch:
        frames = await watch.frames(20)
        await watch.state("running")
    assert len({frame.session for frame in frames}) == 1


async def test_a_clip_in_which_nothing_can_be_decoded_says_so(tmp_path):
    clip = making.write(tmp_path / "clip.mp4", "libx264", "yuv420p", count=CORRUPT_IN_A_ROW + 20)
    whole = clip.read_bytes()
    begin, end = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    clip.write_bytes(whole[:begin] + b"\xff" * (end - begin) + whole[end:])
    async with watched(str(clip)) as watch:
        cause, detail = await watch.state("retrying")
        assert watch.camera.facts().corrupt >= CORRUPT_IN_A_ROW
    assert cause == "codec"
    assert "h264" in detail


async def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame(format="s16", layout="mono", samples=8000)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(16000))
        container.mux(stream.encode(frame))
    async with watched(str(tmp_path / "sound.wav")) as watch:
        cause, detail = await watch.state("retrying")
    assert cause == "format"
    assert "no video" in detail


@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8"])
async def test_a_clip_on_a_web_server_is_paced_and_looped_too(tmp_path, name):
    making.write(tmp_path / name, "libx264", "yuv420p", count=10, options={"bf": "0", "g": "10"})
    async with HttpCamera([], folder=tmp_path) as server, watched(f"{server.url}/files/{name}") as watch:
        frames = await watch.frames_for(1.55)
    assert 14 <= len(frames) <= 17
    assert {b.pts - a.pts for a, b in pairwise(frames)} == {9000}


async def test_a_playlist_may_not_lead_from_the_network_to_a_file(clips, tmp_path):
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://{clips.mp4}\n#EXT-X-ENDLIST\n"
    (tmp_path / "clip.m3u8").write_text(playlist)
    async with HttpCamera([], folder=tmp_path) as server, watched(f"{server.url}/files/clip.m3u8") as watch:
        await watch.state("retrying")
