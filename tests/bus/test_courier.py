import asyncio
import shutil
import signal
from pathlib import Path

from structlog.testing import capture_logs

from edged import config
from edged.bus.outbox import Entry
from edged.bus.streams import DUPLICATE_WINDOW, FACTS, ensure_streams
from tests.rigs.facts import box, snapshot, state
from tests.rigs.nats import NatsServer, running_nats


async def back(link, seen: int) -> None:
    async with asyncio.timeout(15):
        await link.connection_after(seen)


def numbers(first: int, last: int) -> list[str]:
    return [f"state-{n}" for n in range(first, last)]


async def test_facts_reach_the_stream_in_their_order(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await asyncio.gather(*(node.facts.publish(state(n)) for n in range(300)))
        await node.delivered()
        assert await node.ids() == numbers(0, 300)


async def test_a_picture_that_is_too_large_only_with_its_headers_holds_up_nobody(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.courier.reconciled.wait()
        room = node.link.nc.max_payload
        with capture_logs() as logs:
            for size in (room - 10, room + 10):
                await node.facts.publish(snapshot(f"large-{size}", 0.5), bytes(size))
            await node.facts.publish(state(1))
            await node.delivered()
        assert [line["bytes"] > room for line in logs if line["event"] == "fact too large"] == [True, True]
        assert node.link.connections == 1
        assert await node.ids() == ["state-1"]


async def test_facts_of_a_time_without_broker_arrive_once_it_is_back(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(state(0))
        await node.delivered()
        await nats_server.stop(signal.SIGKILL)
        for n in range(1, 50):
            await node.facts.publish(state(n))
        assert node.outbox.pending == 49
        await nats_server.start()
        await node.delivered()
        assert await node.ids() == numbers(0, 50)


async def test_a_lost_acknowledgement_sends_nothing_twice_even_after_the_duplicate_window(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    """The stream has the facts, the outbox doesn't know, and the server doesn't deduplicate any more."""
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.courier.reconciled.wait()
        await node.stop_sending()
        for n in range(20):
            await node.facts.publish(state(n))
        js = node.link.jetstream()
        for waiting in await node.outbox.waiting(0, 10):
            await js.publish(waiting.entry.subject, waiting.entry.payload, headers={"Nats-Msg-Id": waiting.entry.id})
        await forget_duplicates(node.link)
        node.start_sending()
        await node.delivered()
        assert await node.places() == 20
        assert await node.ids() == numbers(0, 20)


async def forget_duplicates(link) -> None:
    js = link.jetstream()
    config = (await js.stream_info(FACTS)).config
    await js.update_stream(config.evolve(duplicate_window=0.1))
    probe = {"Nats-Msg-Id": "probe"}
    subject = "edged.v1.home.edge._.state"
    first = await js.publish(subject, b"", headers=probe)
    while (again := await js.publish(subject, b"", headers=probe)).duplicate:
        await asyncio.sleep(0.02)
    await js.delete_msg(FACTS, first.seq)
    await js.delete_msg(FACTS, again.seq)
    await js.update_stream(config.evolve(duplicate_window=DUPLICATE_WINDOW))


async def test_what_a_broker_lost_after_acknowledging_it_is_sent_again(tmp_path: Path) -> None:
    """A power cut as the disk sees it: the server comes up with an older copy of its store."""
    async with running_nats(tmp_path / "store") as server, box(server.url, tmp_path / "outbox.db") as node:
        for n in range(100):
            await node.facts.publish(state(n))
        await node.delivered()
        seen = node.link.connections
        await server.stop()
        shutil.copytree(tmp_path / "store", tmp_path / "older")
        await server.start()
        await back(node.link, seen)
        for n in range(100, 180):
            await node.facts.publish(state(n))
        await node.delivered()

        await server.stop(signal.SIGKILL)
        shutil.rmtree(tmp_path / "store")
        shutil.copytree(tmp_path / "older", tmp_path / "store")
        with capture_logs() as logs:
            await server.start()
            await node.facts.publish(state(180))
            await node.delivered()
        assert await node.places() == 181
        assert await node.ids() == numbers(0, 181)
        assert [line["lost"] for line in logs if line["event"] == "stream lost facts"] == [80]


async def test_torn_store_blocks_are_made_good(tmp_path: Path) -> None:
    async with running_nats(tmp_path / "store") as server, box(server.url, tmp_path / "outbox.db") as node:
        for n in range(100):
            await node.facts.publish(state(n))
        await node.delivered()
        await server.stop(signal.SIGKILL)
        [block] = sorted((tmp_path / "store").glob(f"jetstream/*/streams/{FACTS}/msgs/*.blk"))
        with block.open("r+b") as file:
            file.truncate(file.seek(0, 2) * 2 // 3 + 5)
        for index in block.parent.glob("*.idx"):
            index.unlink()
        with capture_logs() as logs:
            await server.start()
            await node.facts.publish(state(100))
            await node.delivered()
        assert [line["lost"] > 20 for line in logs if line["event"] == "stream lost facts"] == [True]
        found = await node.ids()
        assert sorted(found) == sorted(numbers(0, 101))
        assert await node.places() == len(found)


async def test_a_deleted_stream_is_made_again_with_what_is_kept(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for n in range(30):
            await node.facts.publish(state(n))
        await node.delivered()
        await node.link.jetstream().delete_stream(FACTS)
        await node.facts.publish(state(30))
        await node.delivered()
        assert await node.ids() == numbers(0, 31)


async def test_a_stream_made_anew_behind_our_back_gets_what_it_lacks(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for n in range(30):
            await node.facts.publish(state(n))
        await node.delivered()
        await node.link.jetstream().delete_stream(FACTS)
        await ensure_streams(node.link, config.Nats())
        await node.facts.publish(state(30))
        async with asyncio.timeout(10):
            while await node.places() < 31:
                await asyncio.sleep(0.02)
        assert sorted(await node.ids()) == sorted(numbers(0, 31))


async def test_a_fact_is_kept_for_its_time_and_then_forgotten(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db", keep=0.2) as node:
        await node.facts.publish(state(0))
        await node.delivered()
        async with asyncio.timeout(5):
            while await node.outbox.held(FACTS):
                await asyncio.sleep(0.02)


async def test_a_fact_no_server_takes_does_not_stop_the_others(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        with capture_logs() as logs:
            await node.outbox.append(Entry("monster", FACTS, "edged.v1.home.edge.front.state", {}, bytes(2_000_000)))
            await node.facts.publish(state(1))
            await node.delivered()
        assert await node.ids() == ["state-1"]
        assert [line["id"] for line in logs if line["log_level"] == "error"] == ["monster"]
