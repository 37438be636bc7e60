import asyncio
from pathlib import Path

from edged import config
from tests.rigs.facts import box, snapshot
from tests.rigs.handlers import bus_of, handling
from tests.rigs.nats import NatsServer

SNAPSHOTS = config.Config(handlers=config.Handlers(run=("snapshots",)))


async def test_only_a_better_picture_replaces_the_one_that_is_kept(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, SNAPSHOTS):
        pictures = bus_of(node).pictures
        for id, quality in (("good", 0.5), ("better", 0.8), ("worse", 0.3)):
            await node.facts.publish(snapshot(id, quality), f"jpeg of {id}".encode())
        await node.facts.publish(snapshot("other", 0.1, key="front/2.jpg"), b"jpeg of another track")
        async with asyncio.timeout(20):
            while await pictures.get("front/2.jpg") is None:
                await asyncio.sleep(0.02)
        assert await pictures.get("front/1.jpg") == b"jpeg of better"
        kept = await pictures.meta("front/1.jpg")
        assert kept
        assert kept.id == "better"
        assert kept.label == "Fußgänger"
