"""Cameras that work, that fail, and that come back: against real servers."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from edged.camera.source import new_session
from edged.subjects import token
from tests.camera.watching import PATIENCE, watched
from tests.rigs.clips import read_number
from tests.rigs.http_camera import HttpCamera


def camera_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("camera ")]


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


def growing(frames):
    return all(a.pts < b.pts and a.seq < b.seq for a, b in pairwise(frames))


async def test_an_rtsp_camera_runs(rtsp_server):
    async with watched(rtsp_server().url) as watch:
        frames = await watch.frames(10)
        await watch.state("running")
        facts = watch.camera.facts()
    assert [state[0] for state in watch.states] == ["connecting", "running", "stopped"]
    assert growing(frames)
    assert {frame.session for frame in frames} == {facts.session}
    assert frames[-1].luma.shape == (240, 320)
    assert frames[-1].chroma[0].shape == (120, 160)
    assert (facts.codec, facts.width, facts.height) == ("h264", 320, 240)
    assert facts.decoder.startswith("software: ")
    assert facts.frames >= 10
    assert facts.bitrate > 0
    assert 5 < facts.fps < 20
    # the server's timestamps are exact, so pts tell how far apart two frames are
    assert (frames[-1].pts - frames[-2].pts) % 9000 == 0
    apart = (frames[-1].pts - frames[-2].pts) // 9000
    assert (read_number(frames[-1].luma, 320) - read_number(frames[-2].luma, 320)) % 40 == apart


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_the_transport_asked_for_is_taken(rtsp_server, transport):
    async with watched(rtsp_server().url, transport=transport) as watch:
        assert growing(await watch.frames(3))


async def test_an_http_camera_runs_on_its_own_clock(http_mjpeg_camera):
    async with watched(f"{http_mjpeg_camera.url}/video") as watch:
        frames = await watch.frames(10)
        facts = watch.camera.facts()
    assert growing(frames)
    assert facts.codec == "mjpeg"
    assert frames[-1].full_range
    # libav counts MJPEG at 25 fps; by arrival it is the camera's 10
    media, arrival = (frames[-1].pts - frames[0].pts) / 90_000, frames[-1].arrived - frames[0].arrived
    assert media == pytest.approx(arrival, abs=0.05)


async def test_a_camera_behind_a_login_runs(rtsp_server, http_mjpeg_camera):
    server = rtsp_server(user="bob", password="hu%sh")
    async with watched(server.url.replace("//", "//bob:hu%25sh@")) as watch:
        await watch.frames(1)
    async with watched(f"http://viewer:{HttpCamera.password}@127.0.0.1:{http_mjpeg_camera.port}/login/video") as watch:
        await watch.frames(1)


async def test_a_wrong_password_is_said_not_shown_and_tried_slowly(rtsp_server, http_mjpeg_camera):
    server = rtsp_server(user="bob", password="right")
    for url in (
        server.url,
        server.url.replace("//", "//bob:hush-wrong@"),
        f"http://viewer:hush-wrong@127.0.0.1:{http_mjpeg_camera.port}/login/video",
    ):
        async with watched(url) as watch:
            cause, detail = await watch.state("retrying")
            facts = watch.camera.facts()
        assert cause == "auth"
        assert "hush" not in detail + str(facts)
        assert facts.retry_in > 29


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("rtsp://no-such-camera.invalid/live", "dns"),
        ("http://no-such-camera.invalid/video", "dns"),
        ("rtsp://127.0.0.1:1/live", "refused"),
        ("http://127.0.0.1:1/video", "refused"),
        ("/dev/video99", "device"),
        ("v4l2:///dev/video99", "device"),
        ("/no/such/clip.mp4", "not_found"),
        ("ftp://127.0.0.1/x", "format"),
        ("rtsp://bob:pa/hush@127.0.0.1/live", "format"),
    ],
)
async def test_a_wrong_url_has_its_cause_at_once(url, cause):
    async with watched(url) as watch:
        async with asyncio.timeout(5):
            found, detail = await watch.state("retrying")
    assert found == cause
    assert "hush" not in detail


@pytest.mark.parametrize(("path", "cause"), [("/moved", "not_found"), ("/page", "format"), ("/broken", "unreachable")])
async def test_an_http_server_that_is_no_camera_has_its_cause(http_mjpeg_camera, path, cause):
    async with watched(http_mjpeg_camera.url + path) as watch:
        assert (await watch.state("retrying"))[0] == cause


async def test_an_rtsp_path_that_is_not_there(rtsp_server):
    async with watched(rtsp_server().url + "/other") as watch:
        assert (await watch.state("retrying"))[0] == "not_found"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
async def test_a_silent_server_is_a_timeout(silent_server, scheme):
    async with watched(f"{scheme}://127.0.0.1:{silent_server.port}/live", open_timeout=0.5) as watch:
        assert (await watch.state("retrying"))[0] == "timeout"


async def test_a_text_file_is_no_video(tmp_path):
    (tmp_path / "notes.mp4").write_text("not a video\n" * 100)
    async with watched(str(tmp_path / "notes.mp4")) as watch:
        assert (await watch.state("retrying"))[0] == "format"


async def test_a_server_that_dies_and_comes_back_runs_again(rtsp_server):
    server = rtsp_server()
    async with watched(server.url) as watch:
        before = (await watch.frames(1))[0]
        await watch.state("running")
        server.kill()
        cause, _ = await watch.state("retrying")
        assert cause in ("ended", "refused")
        server.start()
        await watch.state("running")
        after = (await watch.frames(2))[-1]
        facts = watch.camera.facts()
    assert after.session != before.session
    assert facts.reconnects == 1
    assert facts.cause is None
    assert facts.detail == ""


async def test_a_server_that_freezes_is_stalled_and_then_runs_again(rtsp_server):
    server = rtsp_server()
    async with watched(server.url, stall_timeout=0.7, open_timeout=1.0) as watch:
        await watch.state("running")
        server.freeze()
        began = time.monotonic()
        cause, _ = await watch.state("stalled")
        assert cause == "stalled"
        assert time.monotonic() - began < 0.7 + 1.0
        server.thaw()
        await watch.state("running")


async def test_an_http_camera_that_stops_sending_is_stalled(http_mjpeg_camera):
    async with watched(http_mjpeg_camera.url + "/freezes", stall_timeout=0.5) as watch:
        assert (await watch.state("stalled"))[0] == "stalled"


async def test_an_http_camera_that_hangs_up_is_tried_again(http_mjpeg_camera):
    async with watched(http_mjpeg_camera.url + "/ends") as watch:
        assert (await watch.state("retrying"))[0] == "ended"
        await watch.state("running")


async def test_damaged_pictures_are_counted_and_do_not_end_the_session(http_mjpeg_camera):
    async with watched(http_mjpeg_camera.url + "/damaged") as watch:
        frames = await watch.frames(6)
        facts = watch.camera.facts()
    assert len({frame.session for frame in frames}) == 1
    assert facts.corrupt >= 3


async def test_the_same_picture_for_too_long_is_frozen(jpegs):
    async with HttpCamera(jpegs[:1]) as camera, watched(f"{camera.url}/video", frozen_timeout=0.5) as watch:
        assert (await watch.state("stalled"))[0] == "frozen"


async def test_a_resolution_that_changes_in_mid_stream_goes_on(rtsp_server, clips, tmp_path):
    both = tmp_path / "both.h264"
    both.write_bytes(clips.annexb.read_bytes()[:] + clips.annexb_large.read_bytes())
    async with watched(rtsp_server(both, fps=30).url) as watch:
        sizes = []
        async with asyncio.timeout(PATIENCE):
            while (640, 480) not in sizes or sizes[-1] != (320, 240):
                frame = await watch.camera.outlet.latest.get()
                assert frame.luma.shape == (frame.height, frame.width)
                sizes.append((frame.width, frame.height))
        assert len({state[0] for state in watch.states}) == 2


async def test_only_the_newest_frame_waits(http_mjpeg_camera):
    async with watched(http_mjpeg_camera.url + "/video") as watch:
        first = (await watch.frames(1))[0]
        await until(lambda: watch.camera.facts().frames >= first.seq + 6)
        newest = watch.camera.outlet.latest.take()
        assert newest is not None
        assert newest.seq >= first.seq + 5
        assert watch.camera.outlet.latest.replaced >= 4


async def test_stopping_leaves_no_thread_even_when_the_server_hangs(rtsp_server, silent_server):
    server = rtsp_server()
    async with watched(server.url) as watch:
        await watch.state("running")
        server.freeze()
    await until(lambda: not camera_threads())
    async with watched(f"http://127.0.0.1:{silent_server.port}/", open_timeout=0.5):
        await until(camera_threads)
    await until(lambda: not camera_threads())


def test_sessions_are_tokens_that_sort_by_time():
    first = new_session()
    time.sleep(0.002)
    second = new_session()
    assert token(first)
    assert first < second
    assert len({new_session() for _ in range(20)}) > 15
