"""A camera's packets at the other end: the very bytes, on every way out, and again after each trouble."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from edged import config
from edged.bus.link import connect
from edged.gateway.janus.client import streaming
from edged.gateway.janus.mountpoints import missing, of
from edged.gateway.publishing.publisher import Publisher
from edged.gateway.publishing.publishing import Publishing, address_of
from edged.subjects import Address
from tests.rigs import clips
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.janus import running_janus
from tests.rigs.nats import NatsServer
from tests.rigs.receivers import digest, recorder, rtp_receiver, whip_server
from tests.rigs.rtsp import skip_without_gstreamer

FRONT = Address("home", "edge", "front")
LIVE = {"bf": "0", "g": "15", "preset": "ultrafast", "tune": "zerolatency"}


@pytest.fixture(scope="session")
def brisk_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key frame every half second."""
    return clips.write(
        tmp_path_factory.mktemp("brisk") / "brisk.mp4", "libx264", "yuv420p", count=120, fps=30, options=LIVE
    )


@pytest.fixture
async def broadcast(nats_server: NatsServer, brisk_clip: Path) -> AsyncIterator[Broadcast]:
    async with connect(nats_server.url, "node") as link, broadcasting(link, FRONT, brisk_clip, fps=30) as broadcast:
        yield broadcast


@asynccontextmanager
async def publishing(nats: NatsServer, url: str, **more: Any) -> AsyncIterator[Publisher]:
    settings = config.Config(publish=(config.Publish(camera="front", url=url, **more),))
    async with connect(nats.url, "publisher") as link:
        publishing = Publishing(link, settings)
        running = asyncio.create_task(publishing.run())
        try:
            yield publishing.publishers[0]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.01)


def nals(unit: bytes) -> bytes:
    """With start codes of four bytes, as receivers write them."""
    return b"".join(b"\0\0\0\1" + nal for nal in re.split(rb"\x00?\x00\x00\x01", unit) if nal)


def sent(broadcast: Broadcast) -> set[str]:
    return {digest(nals(unit)) for unit in broadcast.sent}


async def test_rtp_carries_the_cameras_own_bytes(nats_server: NatsServer, broadcast: Broadcast) -> None:
    async with rtp_receiver() as receiver, publishing(nats_server, f"rtp://127.0.0.1:{receiver.port}") as publisher:
        await until(lambda: len(receiver.got) >= 40)
        assert publisher.state == "sending"
        assert set(receiver.got) <= sent(broadcast)


async def test_a_janus_mountpoint_hears_it_and_again_after_its_end(
    nats_server: NatsServer, broadcast: Broadcast, tmp_path: Path
) -> None:
    async with running_janus(tmp_path / "janus", "front") as janus:
        url = f"rtp://127.0.0.1:{janus.mountpoints['front']}"
        published = config.Publish(camera="front", url=url)

        async def heard() -> None:
            async with asyncio.timeout(10), streaming(janus.settings) as plugin:
                # a mountpoint that hears nothing is older at each look
                ages: list[int] = []
                while len(ages) < 5:
                    found = of(FRONT, await plugin.mountpoints())
                    assert found is not None
                    age = found.media[0].age_ms or 0
                    ages = [*ages, age] if age < 200 and not missing(found, published) else []
                    await asyncio.sleep(0.1)

        async with publishing(nats_server, url) as publisher:
            await until(lambda: publisher.state == "sending")
            await heard()
            await janus.kill()
            await janus.start()
            await heard()


async def test_an_rtsp_server_records_the_cameras_own_bytes(nats_server: NatsServer, broadcast: Broadcast) -> None:
    skip_without_gstreamer()
    async with recorder("sender", "right") as server, publishing(nats_server, server.url) as publisher:
        await until(lambda: len(server.got) >= 40)
        assert publisher.state == "sending"
        assert (
            len(set(server.got) & sent(broadcast)) >= len(set(server.got)) - 1
        )  # the first may have its parameters twice


async def test_an_rtsp_server_that_comes_back_is_published_to_again(
    nats_server: NatsServer, broadcast: Broadcast
) -> None:
    skip_without_gstreamer()
    async with recorder() as server, publishing(nats_server, server.url) as publisher:
        await until(lambda: len(server.got) >= 10)
        await server.kill()
        await until(lambda: publisher.state == "retrying")
        server.got.clear()
        await server.start()
        await until(lambda: len(server.got) >= 10)
        assert publisher.state == "sending"


async def test_a_wrong_password_is_said_without_it_and_not_hammered(
    nats_server: NatsServer, broadcast: Broadcast
) -> None:
    skip_without_gstreamer()
    with structlog.testing.capture_logs() as logs:
        async with recorder("sender", "right") as server:
            url = server.url.replace("right", "wrong")
            async with publishing(nats_server, url) as publisher:
                await until(lambda: publisher.state == "retrying")
    (line,) = [line for line in logs if line["event"] == "publishing failed"]
    assert line["cause"] == "auth"
    assert line["retry_in"] >= 30
    assert "wrong" not in str(logs)


async def test_a_whip_server_gets_the_video_and_a_goodbye(nats_server: NatsServer, broadcast: Broadcast) -> None:
    async with whip_server("pass") as server:
        async with publishing(nats_server, server.url, token="pass") as publisher:
            await until(lambda: server.frames >= 20)
            assert publisher.state == "sending"
        assert server.ended == 1
    assert "a=sendonly" in server.offers[0]


async def test_a_whip_server_that_hangs_up_is_published_to_again(nats_server: NatsServer, broadcast: Broadcast) -> None:
    async with whip_server() as server, publishing(nats_server, server.url) as publisher:
        await until(lambda: server.frames > 0)
        await server.hang_up()
        await until(lambda: publisher.state == "retrying")
        await until(lambda: len(server.offers) == 2 and publisher.state == "sending")


async def test_a_whip_servers_no_is_told_with_its_cause(nats_server: NatsServer, broadcast: Broadcast) -> None:
    async with whip_server("pass") as server, publishing(nats_server, server.url, token="other") as publisher:
        await until(lambda: publisher.state == "retrying")
        assert "401" in publisher.why
        assert "other" not in publisher.why


async def test_nobody_is_connected_to_while_there_is_no_video(nats_server: NatsServer) -> None:
    async with rtp_receiver() as receiver, publishing(nats_server, f"rtp://127.0.0.1:{receiver.port}") as publisher:
        await asyncio.sleep(0.2)
        assert publisher.state == "waiting"
        assert receiver.got == []


@pytest.mark.parametrize(
    ("name", "address"),
    [("front", ("home", "edge", "front")), ("porch.front", ("home", "porch", "front")), ("a.b.c", ("a", "b", "c"))],
)
def test_a_camera_is_of_this_box_unless_it_says_another(name: str, address: tuple[str, ...]) -> None:
    assert address_of(name, config.Config()) == address
