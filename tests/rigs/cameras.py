"""The fixtures: clips, and real cameras that send them. tests/conftest.py makes them known to every test."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio

from tests.rigs import clips as making
from tests.rigs.http_camera import HttpCamera, SilentServer
from tests.rigs.rtsp import RtspServer, skip_without_gstreamer

StartRtsp = Callable[..., RtspServer]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> making.Clips:
    return making.make(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def rtsp_server(clips: making.Clips) -> Iterator[StartRtsp]:
    """`rtsp_server(clip, …)` starts an `RtspServer`; all are ended with the test."""
    skip_without_gstreamer()
    started: list[RtspServer] = []

    def start(clip: Path = clips.annexb, **how: Any) -> RtspServer:
        server = RtspServer(clip, **how)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def jpegs(clips: making.Clips) -> list[bytes]:
    """The forty pictures of a clip."""
    with av.open(str(clips.avi)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest_asyncio.fixture
async def http_mjpeg_camera(jpegs: list[bytes]) -> AsyncIterator[HttpCamera]:
    async with HttpCamera(jpegs) as camera:
        yield camera


@pytest_asyncio.fixture
async def silent_server() -> AsyncIterator[SilentServer]:
    async with SilentServer() as server:
        yield server
