import asyncio
import signal
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nats.js.errors import NotFoundError

from edged import config
from edged import messages as m
from tests.rigs.facts import ORIGIN, Box, box, state
from tests.rigs.handlers import handling, heard
from tests.rigs.nats import NatsServer

MIN_TIME = 0.6


def rules(min_time: float = MIN_TIME, suppress: float = 0.0) -> config.Config:
    rule = config.AlertRule(name="somebody", min_time=min_time, suppress=suppress)
    return config.Config(alerts=(rule,), handlers=config.Handlers(run=("alerts",)))


def started(track: int, ago: float = 0.0) -> m.TrackStarted:
    seen = datetime.now(UTC) - timedelta(seconds=ago)
    return m.TrackStarted(
        **ORIGIN, time=seen, id=f"{track}-started", session="s", track=track, pts=0, label="person", score=0.9,
        box=(0.1, 0.1, 0.2, 0.2), first_seen=seen,
    )  # fmt: skip


def ended(start: m.TrackStarted, lasted: float) -> m.TrackEnded:
    last = start.first_seen + timedelta(seconds=lasted)
    return m.TrackEnded(
        **ORIGIN, time=last, id=f"{start.track}-ended", session="s", track=start.track, pts=0, label="person", score=0.9,
        first_seen=start.first_seen, last_seen=last, path=(),
    )  # fmt: skip


async def alerts(node: Box) -> list[str]:
    """The alerts in the stream now."""
    return [stored.fact.id for stored in await node.facts.past("alert", datetime.now(UTC) - timedelta(days=1))]


async def unacknowledged(node: Box, kind: str) -> tuple[int, int] | None:
    """How many facts the handler was not given yet, and how many it has in its hands; None before it has begun."""
    try:
        consumer = await node.link.jetstream().consumer_info("edged_facts", f"home_edge-alerts-{kind}")
    except NotFoundError:
        return None
    return consumer.num_pending or 0, consumer.num_ack_pending or 0


async def given(node: Box) -> None:
    """Waits until the handler has a track in its hands."""
    async with asyncio.timeout(20):
        while await unacknowledged(node, "track") != (0, 1):
            await asyncio.sleep(0.01)


async def decided(node: Box) -> None:
    """Waits until the handler has acknowledged every fact there is."""
    async with asyncio.timeout(20):
        for kind in ("track", "state"):
            while await unacknowledged(node, kind) != (0, 0):
                await asyncio.sleep(0.01)


async def test_a_track_that_lasts_raises_one_alert_while_it_is_still_there(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, rules()):
        here = started(1)
        await node.facts.publish(here)
        async with aclosing(node.facts.replay("alert")) as raised:
            alert = (await anext(raised)).fact
        assert isinstance(alert, m.AlertRaised)
        assert alert.time == here.first_seen + timedelta(seconds=MIN_TIME)
        assert datetime.now(UTC) >= alert.time
        await node.facts.publish(ended(here, 2.0))
        await decided(node)
        assert len(await alerts(node)) == 1


async def test_a_track_that_ends_sooner_raises_none(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, rules()):
        passing = started(1)
        await node.facts.publish(passing)
        await node.facts.publish(ended(passing, MIN_TIME / 2))
        await node.facts.publish(state(1))
        await node.delivered()
        await decided(node)
        assert await alerts(node) == []


async def test_a_crash_before_the_decision_loses_nothing(nats_server: NatsServer, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("edged.bus.facts.ACK_WAIT", 0.3)
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, rules()):
            await node.facts.publish(started(1))
            await given(node)
        assert await alerts(node) == []
        async with handling(node, rules()):
            assert len(await heard(node, "alert", 1)) == 1
            await decided(node)
        async with handling(node, rules()):
            await decided(node)
        assert len(await alerts(node)) == 1


async def test_what_happened_while_the_broker_was_dead_is_decided_by_its_own_times(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    """A timer that went on meanwhile would take the track that soon ended for one that stayed."""
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, rules()):
        await node.facts.publish(passing := started(1))
        await node.delivered()
        await given(node)
        await nats_server.stop(signal.SIGKILL)
        await node.facts.publish(ended(passing, MIN_TIME / 2))
        await node.facts.publish(staying := started(2))
        await node.facts.publish(ended(staying, MIN_TIME * 2))
        await asyncio.sleep(MIN_TIME * 1.5)  # the time that must not count
        await nats_server.start()
        assert await heard(node, "alert", 1) == ["somebody.edge.front.s.2"]
        await decided(node)
        assert await alerts(node) == ["somebody.edge.front.s.2"]


async def test_an_alert_of_before_the_restart_still_suppresses(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, rules(min_time=0, suppress=60)):
            await node.facts.publish(started(1))
            assert await heard(node, "alert", 1) == ["somebody.edge.front.s.1"]
            await decided(node)
        async with handling(node, rules(min_time=0, suppress=60)):
            await node.facts.publish(started(2))
            await node.delivered()
            await decided(node)
        assert await alerts(node) == ["somebody.edge.front.s.1"]


async def test_without_rules_nothing_is_consumed(nats_server: NatsServer, tmp_path: Path) -> None:
    none = config.Config(handlers=config.Handlers(run=("alerts",)))
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, none):
        await node.facts.publish(started(1))
        await node.delivered()
        assert await node.link.jetstream().consumers_info("edged_facts") == []
