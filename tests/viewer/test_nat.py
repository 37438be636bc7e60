"""Viewers that no packet reaches but through a relay."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.rigs.turn import PASSWORD, USER, Turn, running_turn
from tests.viewer.players import heard, nals, play
from tests.viewer.test_video import Show, showing

pytestmark = pytest.mark.asyncio(loop_scope="package")

RELAY_ONLY = """() => {
  const Direct = RTCPeerConnection;
  globalThis.made = [];
  globalThis.RTCPeerConnection = class extends Direct {
    constructor(settings) {
      super({ ...settings, iceTransportPolicy: "relay" });
      made.push(this);
    }
  };
}"""
# The kinds of the candidates of the pair that carries the video.
PAIR = """async (pc) => {
  const stats = [...(await pc.getStats()).values()];
  const { selectedCandidatePairId } = stats.find(({ type }) => type === "transport");
  const pair = stats.find(({ id }) => id === selectedCandidatePairId);
  return stats.find(({ id }) => id === pair.localCandidateId).candidateType;
}"""


@pytest_asyncio.fixture(loop_scope="package")
async def turn(tmp_path: Path) -> AsyncIterator[Turn]:
    async with running_turn(tmp_path) as turn:
        yield turn


@pytest_asyncio.fixture(loop_scope="package")
async def show(tmp_path: Path, turn: Turn) -> AsyncIterator[Show]:
    async with showing(tmp_path, webrtc=turn.settings) as show:
        yield show


@pytest.mark.parametrize("way", ["offer", "whep"])
async def test_chromium_plays_through_a_relay_alone(page: Page, show: Show, turn: Turn, way: str) -> None:
    server: dict[str, Any] = {"urls": turn.settings.turn, "username": USER, "credential": PASSWORD}
    settings = {"iceServers": [server], "iceTransportPolicy": "relay"}
    played = await play(page, show.world.url, way, "front", 20, settings=settings)
    assert len({frame["rtp"] for frame in played.shown}) == 20
    assert await page.evaluate(f"() => ({PAIR})(pc)") == "relay"
    assert turn.relayed
    sent = [nals(unit) for unit in show.video.sent]
    got = await heard(page)
    first = sent.index(got[0])
    assert got == sent[first : first + len(got)]
    await page.evaluate("() => end()")
    await show.sessions(0)


async def test_the_viewer_is_told_the_relay_and_plays_through_it(page: Page, show: Show, turn: Turn) -> None:
    made = await show.world.ask("POST", "/api/webrtc/stream/front", 201)
    assert made["ice_servers"] == [{"urls": turn.settings.turn, "username": USER, "credential": PASSWORD}]
    assert "typ relay" in made["offer"]["sdp"], "the gateway can be reached through it, too"
    await show.world.ask("DELETE", f"/api/webrtc/session/{made['session']}", 204)

    await page.add_init_script(f"({RELAY_ONLY})()")
    await page.goto(show.world.url)
    await expect(page.locator(".tile .transport")).to_have_text("WebRTC", timeout=20_000)
    assert await page.evaluate(f"() => ({PAIR})(made.at(-1))") == "relay"
