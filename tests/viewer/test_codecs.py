"""Cameras of every kind in the viewer: H.264 as the camera sent it, others made into it while somebody watches."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import av
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.rigs import clips
from tests.rigs.broadcast import coded
from tests.rigs.daemon import Daemon, camera, running_daemon
from tests.rigs.http_camera import HttpCamera
from tests.viewer.players import heard, nals, play

pytestmark = pytest.mark.asyncio(loop_scope="package")

SIZE = {"width": 640, "height": 480}
LIVE = {"bf": "0", "g": "25", "preset": "ultrafast", "tune": "zerolatency"}
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("h264")
    return clips.write(folder / "plain.mp4", "libx264", "yuv420p", count=100, fps=25, options=LIVE)


@pytest.fixture(scope="module")
def h265(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("h265")
    options = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=25"}
    return clips.write(folder / "new.mp4", "libx265", "yuv420p", count=100, fps=25, options=options, **SIZE)


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = clips.write(tmp_path_factory.mktemp("mjpeg") / "m.avi", "mjpeg", "yuvj420p", count=50, fps=25, **SIZE)
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def daemon(
    tmp_path_factory: pytest.TempPathFactory, h264: Path, h265: Path, jpegs: list[bytes]
) -> AsyncIterator[Daemon]:
    async with HttpCamera(jpegs, 25.0) as mjpeg:
        urls = {"plain": h264, "h265": h265, "mjpeg": f"{mjpeg.url}/video"}
        config = "".join(camera(id, url, detection=False) for id, url in urls.items())
        config += f'[from_api]\nfile_dirs = ["{h264.parent}", "{h265.parent}"]\n'
        async with running_daemon(tmp_path_factory.mktemp("codecs"), config) as daemon:
            for id in urls:
                await daemon.until_status(id, "running")
            yield daemon


async def test_what_chromium_gets_are_the_packets_the_camera_sent(page: Page, daemon: Daemon, h264: Path) -> None:
    played = await play(page, daemon.url, "whep", "plain", 60)
    assert (played.session, played.width, played.height) == ("plain_1", 320, 240)
    sent = [nals(unit.data) for unit in coded(h264)]
    got = await heard(page)
    first = sent.index(got[0])
    assert got == [sent[(first + step) % len(sent)] for step in range(len(got))]
    assert len(got) >= 60
    await page.evaluate("() => end()")


async def test_a_camera_that_changes_its_codec_goes_on_in_the_same_session(
    page: Page, daemon: Daemon, h264: Path, h265: Path
) -> None:
    played = await play(page, daemon.url, "stream", "plain", 10)
    assert (played.width, played.height) == (320, 240)
    for url, size in ((h265, (640, 480)), (h264, (320, 240))):
        status, answer = await daemon.send("PATCH", "/api/cameras/plain", {"url": str(url)})
        assert status == 200, answer
        last = await page.evaluate(CHANGED, size)
        assert last == list(size)
    [session] = (await daemon.get("/api/streams/status"))["sessions"]
    assert session["session"] == played.session
    await page.evaluate("() => end()")


class Cpu:
    """Of a process, in cores since the last look."""

    def __init__(self, pid: int) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._before = self._now()

    def _now(self) -> tuple[float, float]:
        fields = self._stat.read_text().rpartition(")")[2].split()
        return asyncio.get_running_loop().time(), (int(fields[11]) + int(fields[12])) / TICKS

    async def over(self, seconds: float) -> float:
        self._before = self._now()
        await asyncio.sleep(seconds)
        (then, used), (now, more) = self._before, self._now()
        return (more - used) / (now - then)


async def test_what_browsers_do_not_show_is_made_for_them_only_while_somebody_watches(
    page: Page, daemon: Daemon
) -> None:
    assert daemon.process
    made = ("h265", "mjpeg")
    async with asyncio.timeout(80):
        for id in made:
            await video_is(daemon, id, "transcoded while watched: ")
        cpu = Cpu(daemon.process.pid)
        idle = await cpu.over(2)

        await page.goto(daemon.url)
        for id in made:
            tile = page.locator(f'.tile[data-camera="home.edge.{id}"]')
            await expect(tile.locator(".transport")).to_have_text("WebRTC", timeout=20_000)
            assert await tile.locator("video").first.evaluate(MOVES)
            await video_is(daemon, id, "transcoded now: ")
        busy = await cpu.over(2)
        assert busy > idle

        await page.goto("about:blank")
        while (found := await daemon.get("/api/streams/status"))["sessions"]:
            await asyncio.sleep(0.1)
        assert found["videos"] == []
        for id in made:
            await video_is(daemon, id, "transcoded while watched: ")
        while await cpu.over(2) > idle + (busy - idle) / 4:
            pass


CHANGED = """async ([width, height]) => {
  const patience = Date.now() + 20_000;
  let frames = [];
  while (Date.now() < patience && !(frames.at(-1)?.width === width && frames.length === 10)) frames = await framesShown(video, 10, 5_000);
  return [frames.at(-1)?.width, frames.at(-1)?.height];
}"""
MOVES = """async (video) => {
  const before = video.getVideoPlaybackQuality().totalVideoFrames;
  while (video.getVideoPlaybackQuality().totalVideoFrames < before + 20) await new Promise(requestAnimationFrame);
  return video.videoWidth === 640 && video.videoHeight === 480;
}"""


async def video_is(daemon: Daemon, id: str, beginning: str) -> None:
    """Waits until the camera's health says so of its video."""
    async with aiohttp.ClientSession(daemon.url) as http:
        while True:
            async with http.get(f"/api/cameras/{id}") as reply:
                health = (await reply.json())["health"]
            if health and health["video"].startswith(beginning):
                return
            await asyncio.sleep(0.1)
