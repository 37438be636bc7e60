import asyncio

import pytest

from edged.camera import door
from edged.camera.door import Door
from tests.camera.test_never_stuck import back, behind_a_bad_network
from tests.rigs.faults import BadNetwork, black_hole
from tests.rigs.http_camera import HttpCamera

PATIENCE = 10.0


def rtsp(network: BadNetwork) -> str:
    return f"rtsp://bob:hush@127.0.0.1:{network.port}/live?channel=1"


async def test_what_a_camera_answers_is_told_by_its_number(http_mjpeg_camera: HttpCamera, silent_server):
    async with BadNetwork(9) as network:
        network.say(b"RTSP/1.0 404 Not Found\r\n%CSEQ%\r\n\r\n")
        assert await door.knock(rtsp(network)) == "404"
        network.say(b"gibberish\r\n\r\n")
        assert await door.knock(rtsp(network)) == ""
        network.refuse()
        assert await door.knock(rtsp(network)) == ""
    assert await door.knock(http_mjpeg_camera.url + "/video") == "200"
    assert await door.knock(http_mjpeg_camera.url + "/login/video") == "401"
    assert await door.knock(f"rtsps://127.0.0.1:{http_mjpeg_camera.port}/live") == "open"


@pytest.mark.parametrize(
    "url", ["rtsp://no-such-camera.invalid/live", "/dev/video99", "/no/such/clip.mp4", "ftp://x", "rtsp://a/b@c:d"]
)
async def test_nobody_answers_where_nothing_is(url: str):
    assert await door.knock(url) == ""


async def test_a_knock_does_not_wait_for_ever(silent_server):
    async with asyncio.timeout(PATIENCE):
        with black_hole() as port:
            urls = (f"rtsp://127.0.0.1:{silent_server.port}/live", f"http://127.0.0.1:{port}/video")
            assert await asyncio.gather(*map(door.knock, urls)) == ["", ""]


async def test_a_knock_asks_what_a_player_asks_and_leaves_the_password_out():
    asked: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await door.knock(f"rtsp://bob:hush@127.0.0.1:{port}/live?channel=1") == "200"
    assert asked[0].startswith(f"DESCRIBE rtsp://127.0.0.1:{port}/live?channel=1 RTSP/1.0\r\n".encode())
    assert b"hush" not in asked[0]


async def test_a_door_remembers_what_it_heard_when_nobody_listened():
    async with BadNetwork(9) as network:
        network.say(b"RTSP/1.0 404 Not Found\r\n\r\n")
        found = Door(rtsp(network))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5 * door.EVERY):
                await found.changes()
        network.say(b"RTSP/1.0 200 OK\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            await found.changes()


async def test_a_camera_that_is_back_is_opened_long_before_its_back_off_ends(rtsp_server):
    async with behind_a_bad_network(rtsp_server, retry_min=120.0, retry_max=120.0) as (network, watch):
        await watch.frames(2)
        network.refuse()
        await watch.state("retrying")
        knocks = network.connections
        async with asyncio.timeout(PATIENCE):
            while network.connections == knocks:
                await asyncio.sleep(0.02)
        network.heal()
        assert await back(watch) < 10
