import shutil
import socket
from pathlib import Path

import nats
import pytest
from structlog.testing import capture_logs

from edged import config
from edged.bus.link import BusError, connect
from edged.bus.streams import FACTS, PICTURES, ensure_streams
from tests.rigs.nats import NatsServer


async def limits(url: str, stream: str) -> tuple[float | None, int | None]:
    client = await nats.connect(url)
    made = (await client.jetstream().stream_info(stream)).config
    await client.close()
    return made.max_age, made.max_bytes


async def test_streams_are_made_with_the_limits_of_the_configuration(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats(facts_max_age_days=2, pictures_max_bytes=5_000_000))
    assert await limits(nats_server.url, FACTS) == (2 * 86400, 2_000_000_000)
    assert await limits(nats_server.url, PICTURES) == (30 * 86400, 5_000_000)


async def test_changed_limits_are_taken_over_and_shrinking_ones_said(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        with capture_logs() as logs:
            await ensure_streams(link, config.Nats())
            await ensure_streams(link, config.Nats(facts_max_bytes=3_000_000_000))
        assert logs == []
        with capture_logs() as logs:
            await ensure_streams(link, config.Nats(facts_max_bytes=1_000_000, facts_max_age_days=0.01))
    assert [line["stream"] for line in logs] == [FACTS]
    assert await limits(nats_server.url, FACTS) == (864, 1_000_000)


async def test_a_refusal_says_which_stream_and_why(nats_server: NatsServer, tmp_path: Path) -> None:
    too_much = 100 * shutil.disk_usage(tmp_path).total
    async with connect(nats_server.url, "test") as link:
        with pytest.raises(BusError, match=rf"refuses the stream {FACTS}: insufficient storage"):
            await ensure_streams(link, config.Nats(facts_max_bytes=too_much))


async def test_a_server_without_jetstream_is_told_from_one_that_refuses(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    plain = NatsServer(tmp_path, port)
    plain.options = ()
    await plain.start()
    try:
        async with connect(plain.url, "test") as link:
            with pytest.raises(BusError, match="has no JetStream: start it with -js"):
                await ensure_streams(link, config.Nats())
    finally:
        await plain.stop()
