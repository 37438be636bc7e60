import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs

from edged.bus.deliveries import Seen, Stored
from edged.bus.reading import Bookmark, Place
from edged.bus.streams import FACTS
from tests.rigs.facts import Box, alert, box, snapshot, state
from tests.rigs.nats import NatsServer


async def take(stream, count: int) -> list[str]:
    """The ids of the next ones."""
    async with asyncio.timeout(20):
        return [(await anext(stream)).fact.id for _ in range(count)]


async def handled(stream, count: int) -> list[str]:
    """The same, acknowledged one by one."""
    ids = []
    async with asyncio.timeout(20):
        while len(ids) < count:
            delivery = await anext(stream)
            ids.append(delivery.fact.id)
            await delivery.ack()
    return ids


def numbers(first: int, last: int) -> list[str]:
    return [f"state-{n}" for n in range(first, last)]


async def test_a_consumer_gets_the_facts_of_its_kind(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        raised = alert("one")
        await node.facts.publish(state(1))
        await node.facts.publish(raised)
        await node.delivered()
        async with aclosing(node.facts.consume("alert", "bell")) as deliveries:
            delivery = await anext(deliveries)
        assert delivery.fact == raised
        assert delivery.seq == 2


async def replayed(node: Box, count: int, since: datetime | None = None, after: Bookmark | None = None) -> list[Stored]:
    """The first so many of a replay."""
    async with asyncio.timeout(20), aclosing(node.facts.replay(None, since, after=after)) as facts:
        return [await anext(facts) for _ in range(count)]


def bookmark_of(stored: Stored) -> Bookmark:
    return Bookmark(stored.seq, stored.stored)


async def test_a_replay_goes_on_right_behind_its_place(nats_server: NatsServer, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for number in range(10):
            await node.facts.publish(state(number))
        await node.delivered()
        before = await replayed(node, 5)
        after = await replayed(node, 5, long_ago, bookmark_of(before[-1]))
    assert [one.fact.id for one in (*before, *after)] == numbers(0, 10)


async def test_after_a_place_that_was_lost_with_the_end_everything_recent_comes_again(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for number in range(20):
            await node.facts.publish(state(number))
        await node.delivered()
        place = bookmark_of((await replayed(node, 20))[-1])
    await nats_server.stop(signal.SIGKILL)
    assert nats_server.tear()
    await nats_server.start()
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.courier.reconciled.wait()
        await node.delivered()
        again = await replayed(node, 20, long_ago, place)
    assert again[-1].stored > place.stored
    assert [one.fact.id for one in again] == numbers(0, 20)


async def test_a_snapshot_is_a_picture_with_its_meaning_beside_it(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        taken = snapshot("shot", 0.7)
        await node.facts.publish(taken, b"\xff\xd8 jpeg")
        await node.delivered()
        async with aclosing(node.facts.consume("snapshots", "album")) as deliveries:
            delivery = await anext(deliveries)
        assert delivery.fact == taken
        assert delivery.data == b"\xff\xd8 jpeg"


async def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for n in range(6):
            await node.facts.publish(state(n))
        await node.delivered()
        async with aclosing(node.facts.consume("state", "bell")) as deliveries:
            assert await handled(deliveries, 3) == numbers(0, 3)
            await (await anext(deliveries)).again(0.05)
            assert await handled(deliveries, 3) == ["state-4", "state-5", "state-3"]
        await node.facts.publish(state(6))
        async with aclosing(node.facts.consume("state", "bell")) as deliveries:
            assert await handled(deliveries, 1) == ["state-6"]


async def test_acknowledgements_that_the_broker_lost_do_not_bring_facts_back_after_a_restart(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for n in range(5):
            await node.facts.publish(state(n))
        async with aclosing(node.facts.consume("state", "bell")) as deliveries:
            await handled(deliveries, 5)
        await node.link.jetstream().delete_consumer(FACTS, "bell")
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(state(5))
        async with aclosing(node.facts.consume("state", "bell")) as deliveries:
            assert await handled(deliveries, 1) == ["state-5"]


async def test_a_consumer_goes_on_through_kills_of_the_broker(nats_server: NatsServer, tmp_path: Path) -> None:
    async with (
        box(nats_server.url, tmp_path / "outbox.db") as node,
        aclosing(node.facts.consume("state", "bell")) as deliveries,
    ):
        for turn in range(3):
            await node.facts.publish(state(2 * turn))
            assert await handled(deliveries, 1) == [f"state-{2 * turn}"]
            await nats_server.stop(signal.SIGKILL)
            await node.facts.publish(state(2 * turn + 1))
            await nats_server.start()
            assert await handled(deliveries, 1) == [f"state-{2 * turn + 1}"]


async def test_a_consumer_that_the_broker_forgot_misses_and_doubles_nothing(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with (
        box(nats_server.url, tmp_path / "outbox.db") as node,
        aclosing(node.facts.consume("state", "bell")) as deliveries,
    ):
        for n in range(10):
            await node.facts.publish(state(n))
        assert await handled(deliveries, 5) == numbers(0, 5)
        await node.link.jetstream().delete_consumer(FACTS, "bell")
        assert await handled(deliveries, 5) == numbers(5, 10)
        await node.facts.publish(state(10))
        assert await handled(deliveries, 1) == ["state-10"]


async def test_a_lost_stream_does_not_deliver_its_facts_again(nats_server: NatsServer, tmp_path: Path) -> None:
    async with (
        box(nats_server.url, tmp_path / "outbox.db") as node,
        aclosing(node.facts.consume("state", "bell")) as deliveries,
    ):
        for n in range(5):
            await node.facts.publish(state(n))
        assert await handled(deliveries, 5) == numbers(0, 5)
        await node.link.jetstream().delete_stream(FACTS)
        await node.facts.publish(state(5))
        assert await handled(deliveries, 1) == ["state-5"]
        assert await node.places() == 6


async def test_a_replay_gives_what_was_and_what_comes(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for n in range(600):
            await node.facts.publish(state(n)) if n > 500 else await node.outbox.append(entry(n))
        await node.delivered()
        async with aclosing(node.facts.replay("state")) as replayed:
            assert await take(replayed, 600) == numbers(0, 600)
            seen = node.link.connections
            await nats_server.stop(signal.SIGKILL)
            await nats_server.start()
            await node.link.connection_after(seen)
            await node.facts.publish(state(600))
            assert await take(replayed, 1) == ["state-600"]


def entry(number: int):
    from edged.bus.facts import _encode
    from edged.bus.outbox import Entry

    return Entry(f"state-{number}", FACTS, "edged.v1.home.edge.front.state", {}, _encode(state(number)))


async def test_a_replay_may_begin_at_a_time(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(alert("before"))
        await node.delivered()
        async with aclosing(node.facts.replay("alert")) as replayed:
            before = await anext(replayed)
        await node.facts.publish(alert("after"))
        async with aclosing(node.facts.replay("alert", since=before.stored + timedelta(milliseconds=1))) as replayed:
            assert await take(replayed, 1) == ["after"]
        async with aclosing(node.facts.replay("alert", since=datetime.now(UTC) - timedelta(hours=1))) as replayed:
            assert await take(replayed, 2) == ["before", "after"]


async def test_the_past_ends_with_what_there_is_now(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        await node.courier.reconciled.wait()
        assert await node.facts.past("alert", yesterday) == []
        await node.facts.publish(alert("one"))
        await node.facts.publish(alert("two"))
        await node.facts.publish(state(1))
        past = await node.facts.past("alert", yesterday)
        assert [stored.fact.id for stored in past] == ["one", "two"]
        assert await node.facts.past("alert", datetime.now(UTC)) == []


async def test_all_is_heard_only_when_the_last_fact_there_is_was_dealt_with(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(alert("one"))
        await node.facts.publish(state(1))
        await node.delivered()
        place = Place()
        assert not await node.facts.heard_all(None, place)
        async with aclosing(node.facts.replay(None, place=place)) as replayed:
            assert [(await anext(replayed)).fact.id, (await anext(replayed)).fact.id] == ["one", "state-1"]
            assert not await node.facts.heard_all(None, place), "the second one is still in hand"
            waiting = asyncio.ensure_future(anext(replayed))
            await until(lambda: node.facts.heard_all(None, place))
            await node.stop_sending()
            await node.facts.publish(alert("three"))
            assert not await node.facts.heard_all(None, place), "one has not been sent yet"
            node.start_sending()
            await waiting
            assert not await node.facts.heard_all(None, place)


async def test_after_a_broker_died_nothing_is_heard_until_it_was_read_again(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(alert("one"))
        await node.delivered()
        place = Place()
        async with aclosing(node.facts.replay(None, place=place)) as replayed:
            await anext(replayed)
            waiting = asyncio.ensure_future(anext(replayed))
            await until(lambda: node.facts.heard_all(None, place))
            await nats_server.stop(signal.SIGKILL)
            assert not await node.facts.heard_all(None, place)
            await nats_server.start()
            await until(lambda: node.facts.heard_all(None, place))
            await node.facts.publish(alert("two"))
            assert (await waiting).fact.id == "two"


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


async def test_what_is_no_fact_is_passed_over_with_a_warning(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.courier.reconciled.wait()
        await node.link.jetstream().publish("edged.v1.home.edge.front.alert", b'{"type": "of another version"}')
        await node.facts.publish(alert("good"))
        await node.delivered()
        with capture_logs() as logs:
            async with aclosing(node.facts.consume("alert", "bell")) as deliveries:
                assert await handled(deliveries, 1) == ["good"]
        assert [line["event"] for line in logs] == ["fact not understood"]


def test_only_so_many_ids_are_remembered() -> None:
    seen = Seen(limit=2)
    for id in "abc":
        seen.add(id)
    assert [id in seen for id in "abc"] == [False, True, True]
