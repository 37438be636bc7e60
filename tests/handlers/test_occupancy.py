import asyncio
from contextlib import aclosing
from pathlib import Path

from edged import config
from tests.rigs.facts import box
from tests.rigs.handlers import handling, heard
from tests.rigs.nats import NatsServer
from tests.scene.test_occupancy import SHOP, crossed


def settings(tmp_path: Path) -> config.Config:
    return config.Config(
        state_dir=str(tmp_path / "state"), counters=(SHOP,), handlers=config.Handlers(run=("occupancy",))
    )


async def test_a_shop_that_fills_says_so(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path)):
        for number in range(3):
            await node.facts.publish(crossed(number))
        assert await heard(node, "zone", 2) == [f"shop.capacity.edge.front.door.{number}" for number in (1, 2)]


async def test_after_a_crash_it_counts_on_and_says_nothing_twice(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, settings(tmp_path)):
            await node.facts.publish(crossed(0))
            await node.facts.publish(crossed(1))
            await heard(node, "zone", 1)
        await node.facts.publish(crossed(2, "out"))
        async with handling(node, settings(tmp_path)):
            await node.facts.publish(crossed(3))
            await node.facts.publish(crossed(4))
            async with asyncio.timeout(20), aclosing(node.facts.replay("zone")) as zone:
                states = []
                async for stored in zone:
                    states.append((stored.fact.state, stored.fact.occupancy))
                    if stored.fact.id.endswith(".4"):
                        break
    assert states == [("warn", 2), ("ok", 1), ("warn", 2), ("full", 3)]
