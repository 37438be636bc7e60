"""Clips of alerts, played by a browser."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from edged.camera.clock import TICKS
from edged.camera.mp4 import Mp4
from edged.camera.units import AccessUnit
from tests.rigs import clips
from tests.rigs.broadcast import coded
from tests.rigs.daemon import Daemon, camera, running_daemon

pytestmark = pytest.mark.asyncio(loop_scope="package")

SETTINGS = (
    '[clips]\nbefore = 1.0\nafter = 1.0\nmin_free = 0\n[[alerts]]\nname = "somebody"\nmin_time = 0.5\nsuppress = 3.0\n'
)
FPS = 25
MINUTES = 20


@pytest_asyncio.fixture(loop_scope="package", scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory, walk: Path) -> AsyncIterator[Daemon]:
    async with running_daemon(tmp_path_factory.mktemp("clips"), SETTINGS + camera("walk", walk)) as daemon:
        yield daemon


async def alert_with_clip(daemon: Daemon) -> Any:
    """The second one: the first may begin with the stream, before which there is nothing."""
    async with asyncio.timeout(40):
        while True:
            alerts = (await daemon.get("/api/alerts"))["alerts"]
            if ready := [alert for alert in alerts[:-1] if alert["clip_url"]]:
                return ready[-1]
            await asyncio.sleep(0.1)


# Plays to the end as fast as it likes, and tells how far it came and how many pictures were shown on the way.
PLAYED = """async (video) => {
  video.muted = true;
  let shown = 0;
  const count = () => { shown++; video.requestVideoFrameCallback(count); };
  video.requestVideoFrameCallback(count);
  const over = new Promise((done, failed) => { video.onended = done; video.onerror = () => failed(video.error); });
  video.playbackRate = 2;
  await video.play();
  await over;
  const { totalVideoFrames, droppedVideoFrames, corruptedVideoFrames } = video.getVideoPlaybackQuality();
  return { at: video.currentTime, duration: video.duration, shown, totalVideoFrames, droppedVideoFrames, corruptedVideoFrames };
}"""


async def test_an_alerts_clip_is_played_and_downloaded_from_its_page(
    page: Page, daemon: Daemon, tmp_path: Path
) -> None:
    alert = await alert_with_clip(daemon)
    await page.goto(f"{daemon.url}/#/alerts/{alert['id']}?camera=home.edge.walk&at={alert['time']}")
    video = page.locator(".detail video")
    await expect(video).to_be_visible(timeout=10_000)
    played = await video.evaluate(PLAYED)
    assert played["duration"] > 1.5
    assert played["at"] == pytest.approx(played["duration"], abs=0.2)
    assert played["totalVideoFrames"] >= played["duration"] * 10 - 2
    assert played["shown"] > 10
    assert played["corruptedVideoFrames"] == 0

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download clip").click()
    path = tmp_path / "clip.mp4"
    await (await download.value).save_as(path)
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) >= played["totalVideoFrames"]


@pytest.fixture(scope="module")
def long_clip(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of one that has been kept, as if it had been recorded for many minutes."""
    options = {"bf": "0", "g": "50", "preset": "ultrafast", "tune": "zerolatency"}
    source = clips.write(
        tmp_path_factory.mktemp("long") / "p.mp4", "libx264", "yuv420p", count=250, fps=FPS, options=options
    )
    units = coded(source)
    mp4 = Mp4(daemon.home / "state" / "clips" / "walk" / "long.mp4")
    recorded = [
        AccessUnit(
            data=unit.data, codec="h264", session="s", seq=seq, pts=seq * TICKS // FPS, dts=seq * TICKS // FPS, key=unit.key,
            width=320, height=240, reordered=False, time=datetime.now(UTC), arrived=0.0,
        )
        for seq in range(MINUTES * 60 * FPS)
        for unit in (units[seq % len(units)],)
    ]  # fmt: skip
    mp4.open(recorded[0])
    mp4.add(recorded)
    mp4.end()
    mp4.publish()
    return "/api/clips/home/edge/walk/long.mp4"


# Begins to play at `at` seconds: the number that the picture then shows, and how long the clip is.
SOUGHT = """async ([src, at]) => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = src;
  document.body.append(video);
  video.currentTime = at;
  await video.play();
  const frame = () => new Promise((done) => video.requestVideoFrameCallback((now, { mediaTime }) => done(mediaTime)));
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const seen = [];
  while (seen.length < 10) {
    const time = await frame();
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    let number = 0;
    for (let bit = 0; bit < 8; bit++) number |= (context.getImageData(bit * 16 + 8, 8, 1, 1).data[0] > 128) << bit;
    seen.push([time, number]);
  }
  const { duration } = video;
  video.src = "";
  return { duration, seen };
}"""


@pytest.mark.parametrize("at", [0, MINUTES * 60 - 30])
async def test_a_long_clip_plays_at_once_from_wherever_one_likes(
    page: Page, daemon: Daemon, long_clip: str, at: int
) -> None:
    await page.goto(f"{daemon.url}/config.js")
    found = await page.evaluate(SOUGHT, [long_clip, at])
    times = [time for time, _ in found["seen"]]
    assert found["duration"] == pytest.approx(MINUTES * 60, abs=1)
    assert times[0] >= at
    assert times == sorted(set(times))
    for time, number in found["seen"]:
        assert abs(number - round(time * FPS) % 250) <= 1, "the picture is not of this time"
