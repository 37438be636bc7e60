"""A camera that becomes another one while it runs: its codec is set anew, its picture stands still."""

import asyncio

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


async def test_a_codec_that_changes_within_the_session_is_noticed_and_opened_anew(rtsp_server, clips):
    server = rtsp_server(clips.hevc)
    parts = [part[:1400] for part in clips.hevc.read_bytes().split(b"\0\0\0\1")[1:]]
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(3)
        network.change, network.behind = foreign(parts), server.port
        assert "no h264 any more" in await watch.cause("codec")
        network.change = None
        await codec(watch.camera, "hevc")


async def test_a_picture_that_stands_still_is_frozen_though_packets_come_and_moves_again(rtsp_server):
    async with behind_a_bad_network(rtsp_server, frozen_timeout=0.5) as (network, watch):
        await watch.frames(3)
        network.change = Repeated()
        cause, detail = await watch.state("stalled")
        assert cause == "frozen"
        assert f"127.0.0.1:{network.port}" in detail
        network.heal()
        assert await back(watch) < 6
