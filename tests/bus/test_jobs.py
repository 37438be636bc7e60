import asyncio
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from edged import config
from edged import messages as m
from edged.bus import jobs
from edged.bus.jobs import Jobs
from edged.bus.link import connect
from edged.bus.streams import FACTS, PPE, WORK, ensure_streams
from edged.contract.examples import EXAMPLES
from edged.messages import PpeChecked
from edged.subjects import Address
from tests.rigs.facts import box, state
from tests.rigs.nats import NatsServer
from tests.rigs.people import job

FRONT = Address("home", "edge", "front")


async def take(queue: Jobs, count: int, done: bool = True) -> list[str]:
    """The ids of the next jobs, done or let fall."""
    ids: list[str] = []
    async with asyncio.timeout(20), aclosing(queue.take(m.CropTaken)) as taken:
        async for one in taken:
            ids.append(one.crop.id)
            assert one.jpeg == b"jpeg"
            if done:
                await one.done()
            if len(ids) == count:
                return ids
    return ids


async def test_a_job_is_done_once_and_then_gone(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        queue = Jobs(link)
        for seq in (1, 2, 2, 2):
            await queue.put(job(seq), b"jpeg")
        assert await queue.waiting(m.CropTaken, FRONT) == 2
        assert await take(queue, 2) == [job(1).id, job(2).id]
        async with asyncio.timeout(10):
            while await queue.waiting(m.CropTaken, FRONT):
                await asyncio.sleep(0.01)


async def test_workers_share_the_queue(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "one") as one, connect(nats_server.url, "two") as two:
        await ensure_streams(one, config.Nats())
        taken: list[list[str]] = [[], []]

        async def work(queue: Jobs, mine: list[str]) -> None:
            async with aclosing(queue.take(m.CropTaken)) as given:
                async for each in given:
                    mine.append(each.crop.id)
                    await asyncio.sleep(0.005)  # as long as a look takes
                    await each.done()

        tasks = [asyncio.create_task(work(Jobs(link), mine)) for link, mine in zip((one, two), taken, strict=True)]
        for seq in range(60):
            await Jobs(one).put(job(seq), b"jpeg")
        async with asyncio.timeout(20):
            while sum(map(len, taken)) < 60:
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(taken[0] + taken[1]) == sorted(job(seq).id for seq in range(60))
    assert min(map(len, taken)) > 10


async def test_what_one_let_fall_another_takes(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ACK_WAIT", 0.5)
    async with connect(nats_server.url, "one") as one, connect(nats_server.url, "two") as two:
        await ensure_streams(one, config.Nats())
        await Jobs(one).put(job(1), b"jpeg")
        assert await take(Jobs(one), 1, done=False) == [job(1).id]
        assert await take(Jobs(two), 1) == [job(1).id]


async def test_the_queue_survives_the_broker_and_so_do_its_workers(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        for seq in range(5):
            await Jobs(link).put(job(seq), b"jpeg")
        working = asyncio.create_task(take(Jobs(link), 8))
        connection = link.connections
        await nats_server.stop(signal.SIGKILL)
        await nats_server.start()
        await link.connection_after(connection)
        for seq in range(5, 8):
            await Jobs(link).put(job(seq), b"jpeg")
        assert set(await working) >= {job(seq).id for seq in range(5, 8)}


async def test_jobs_nobody_took_outlive_a_broker_that_is_killed(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        for seq in range(3):
            await Jobs(link).put(job(seq), b"jpeg")
        connection = link.connections
        await nats_server.stop(signal.SIGKILL)
        await nats_server.start()
        await link.connection_after(connection)
        assert await take(Jobs(link), 3) == [job(seq).id for seq in range(3)]


async def test_old_jobs_are_given_up(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats(work_max_age=0.5))
        await Jobs(link).put(job(1), b"jpeg")
        async with asyncio.timeout(20):
            while await Jobs(link).waiting(m.CropTaken, FRONT):
                await asyncio.sleep(0.05)


async def test_forgetting_the_log_of_equipment_leaves_the_counts_alone(nats_server: NatsServer, tmp_path: Path) -> None:

    [checked] = [one for one in EXAMPLES if isinstance(one, PpeChecked)]
    limits = config.Nats(ppe_max_age_days=1 / 86400)
    async with box(nats_server.url, tmp_path / "outbox.db", settings=limits) as node:
        await node.facts.publish(checked)
        await node.facts.publish(state(1))
        await node.delivered()
        async with asyncio.timeout(20):
            while await node.places(PPE):
                await asyncio.sleep(0.05)
        assert await node.ids(FACTS) == ["state-1"]
        assert (await node.link.jetstream().stream_info(WORK)).config.retention == "workqueue"
