from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
