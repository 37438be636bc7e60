from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rigs.nats import NatsServer, running_nats


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with running_nats(tmp_path / "jetstream") as server:
        yield server
