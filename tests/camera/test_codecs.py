"""A camera that becomes another one while it runs: its codec is set anew, its picture stands still."""

import asyncio

import pytest

from edged.camera.source import LiveCamera
from tests.camera.test_never_stuck import back, behind_a_bad_network
from tests.rigs.rtp import Repeated, foreign


async def codec(camera: LiveCamera, wanted: str) -> None:
    async with asyncio.timeout(15):
        while camera.looks.codec != wanted or camera.outlet.newest is None:
            await camera.outlet.latest.get()


async def test_a_codec_set_anew_is_the_one_shown_after_the_restart(rtsp_server, clips):
    others = [rtsp_server(clip) for clip in (clips.hevc, clips.jpegs)]
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await codec(watch.camera, "h264")
        usual = network.behind
        for server, name in zip(others, ("hevc", "mjpeg"), strict=True):
            for port, expected in ((server.port, name), (usual, "h264")):
                network.behind = port
                network.reset()
                await codec(watch.camera, expected)
        assert {(status, cause) for status, cause, _ in watch.states} == {
            ("connecting", None), ("running", None), ("retrying", "ended"),
        }  # fmt: skip


@pytest.mark.parametrize("name", ["hevc", "jpegs"])
async def test_a_codec_that_changes_within_the_session_is_noticed_and_opened_anew(rtsp_server, clips, name):
    other = getattr(clips, name)
    parts = [part[:1400] for part in other.read_bytes().split(b"\0\0\0\1" if name == "hevc" else b"\xff\xd8")[1:]]
    server = rtsp_server(other)
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(3)
        network.change, network.behind = foreign(parts), server.port
        cause, detail = await watch.state("stalled" if name == "" else "retrying")
        print(cause, detail, watch.states)
        network.change = None
        await codec(watch.camera, {"hevc": "hevc", "jpegs": "mjpeg"}[name])


async def test_a_picture_that_stands_still_is_frozen_though_packets_come_and_moves_again(rtsp_server):
    async with behind_a_bad_network(rtsp_server, frozen_timeout=0.5) as (network, watch):
        await watch.frames(3)
        network.change = Repeated()
        cause, detail = await watch.state("stalled")
        assert cause == "frozen"
        assert f"127.0.0.1:{network.port}" in detail
        network.heal()
        assert await back(watch) < 6
