import asyncio
import signal

from edged.asking import CameraRecord
from edged.bus.link import connect
from edged.bus.tables import Table
from edged.config import Camera
from tests.rigs.nats import NatsServer


def record(camera: str) -> CameraRecord:
    return CameraRecord(site="s", node="n", camera=Camera(id=camera, url="rtsp://127.0.0.1/x"))


async def test_a_follower_hears_what_was_there_and_what_changes(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        table = Table(link, "cameras", CameraRecord)
        await table.put("s.n.a", record("a"))
        changes = table.follow()
        first = await anext(changes)
        assert first is not None
        assert (first.key, first.record) == ("s.n.a", record("a"))
        assert await anext(changes) is None
        await table.delete("s.n.a")
        gone = await anext(changes)
        assert gone is not None
        assert gone.record is None
        await changes.aclose()
        assert await table.all() == {}


async def test_a_follower_misses_nothing_over_a_broker_restart(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "follower") as link:
        table = Table(link, "cameras", CameraRecord)
        await table.put("s.n.a", record("a"))
        await table.put("s.n.b", record("b"))
        seen: dict[str, CameraRecord | None] = {}

        async def follow() -> None:
            async for change in table.follow():
                if change is not None:
                    seen[change.key] = change.record

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            following = group.create_task(follow())
            while len(seen) < 2:
                await asyncio.sleep(0.01)
            before = link.connections
            await nats_server.stop(signal.SIGKILL)
            await nats_server.start()
            await link.connection_after(before)
            await table.delete("s.n.a")
            await table.put("s.n.c", record("c"))
            while seen.get("s.n.a", "there") is not None or "s.n.c" not in seen:
                await asyncio.sleep(0.01)
            following.cancel()
    assert seen["s.n.b"] == record("b")
