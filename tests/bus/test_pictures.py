from datetime import UTC, datetime, timedelta

from edged.bus.link import connect
from edged.bus.pictures import Pictures
from edged.messages import Snapshot
from tests.rigs.nats import NatsServer


def snapshot(quality: float) -> Snapshot:
    return Snapshot(
        site="s", node="n", camera="c", time=datetime.now(UTC), id="x", session="a", track=1, pts=0, label="person",
        score=0.9, box=(0.1, 0.1, 0.2, 0.3), width=640, height=360, quality=quality, key="s/n/c/a-1.jpg",
    )  # fmt: skip


async def test_a_picture_comes_back_with_what_it_shows(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        pictures = Pictures(link, timedelta(days=1), 10_000_000)
        assert await pictures.get("s/n/c/a-1.jpg") is None
        assert await pictures.meta("s/n/c/a-1.jpg") is None
        await pictures.put("s/n/c/a-1.jpg", b"\xff\xd8 one", snapshot(1.0))
        await pictures.put("s/n/c/a-1.jpg", b"\xff\xd8 two" * 50_000, snapshot(2.0))
        assert await pictures.get("s/n/c/a-1.jpg") == b"\xff\xd8 two" * 50_000
        meta = await pictures.meta("s/n/c/a-1.jpg")
        assert meta is not None
        assert meta.quality == 2.0
        await pictures.erase("s/n/c/a-1.jpg")
        await pictures.erase("s/n/c/a-1.jpg")
        assert await pictures.get("s/n/c/a-1.jpg") is None


async def test_a_full_store_forgets_the_oldest_picture(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        pictures = Pictures(link, timedelta(days=1), 1_000_000)
        for number in range(12):
            await pictures.put(f"s/n/c/a-{number}.jpg", bytes([number]) * 100_000, snapshot(1.0))
        assert await pictures.get("s/n/c/a-11.jpg") == bytes([11]) * 100_000
