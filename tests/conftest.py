from collections.abc import AsyncIterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import pytest
from av.video.frame import PictureType

from demo import clips
from tests.rigs.nats import NatsServer, running_nats

pytest_plugins = ["tests.rigs.cameras", "tests.rigs.disks"]


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with running_nats(tmp_path / "jetstream") as server:
        yield server


@pytest.fixture(scope="session")
def pedestrians() -> Path:
    """OpenCV's pedestrian clip, as the demo fetches it."""
    try:
        return clips.pedestrians()
    except clips.ClipError as error:
        pytest.skip(f"the pedestrian clip could not be had: {error}")


@pytest.fixture(scope="session")
def walk(pedestrians: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some seconds of the pedestrians as a camera would send them: H.264 with a key frame a second."""
    path = tmp_path_factory.mktemp("walk") / "walk.mp4"
    with av.open(str(pedestrians)) as source, av.open(str(path), "w") as made:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "10"}
        stream = made.add_stream("libx264", rate=10, options=options)
        its = source.streams.video[0].codec_context
        stream.width, stream.height, stream.pix_fmt = its.width, its.height, "yuv420p"
        for number, frame in enumerate(islice(source.decode(video=0), 150)):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            picture.pict_type = PictureType.NONE
            made.mux(stream.encode(picture))
        made.mux(stream.encode(None))
    return path
