import asyncio
import signal
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from edged import config
from edged import messages as m
from edged.asking import RuleRecord
from edged.bus.bus import RULES
from edged.bus.tables import Table
from edged.rules import AlertRule, Crossing, Identified, Missing, Offline, Visit
from tests.rigs.alerts import crossed, decided, raised, settings
from tests.rigs.facts import ORIGIN, Box, box, state
from tests.rigs.gallery import identified
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer

MIN_TIME = 0.6
DOOR = AlertRule(name="door", when=Crossing(line="door"), suppress=0.0)


def somebody(min_time: float = MIN_TIME, suppress: float = 0.0) -> AlertRule:
    return AlertRule(name="somebody", min_time=min_time, suppress=suppress)


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
    return [alert.id for alert in await raised(node)]


async def first(node: Box, rule: str) -> m.AlertRaised:
    """The first alert of a rule, when it comes."""
    async with asyncio.timeout(20), aclosing(node.facts.replay("alert")) as replayed:
        async for stored in replayed:
            if isinstance(stored.fact, m.AlertRaised) and stored.fact.rule == rule:
                return stored.fact
    raise AssertionError("a replay has no end")


async def test_a_track_that_lasts_raises_one_alert_while_it_is_still_there(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, somebody())):
        await decided(node)
        here = started(1)
        await node.facts.publish(here)
        alert = await first(node, "somebody")
        assert alert.time == here.first_seen + timedelta(seconds=MIN_TIME)
        assert datetime.now(UTC) >= alert.time
        await node.facts.publish(ended(here, 2.0))
        await decided(node)
        assert len(await alerts(node)) == 1


async def test_a_track_that_ends_sooner_raises_none(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, somebody())):
        await decided(node)
        passing = started(1)
        await node.facts.publish(passing)
        await node.facts.publish(ended(passing, MIN_TIME / 2))
        await asyncio.sleep(MIN_TIME)  # the time that must not count
        await decided(node)
        assert await alerts(node) == []


async def test_a_crash_before_the_decision_loses_nothing(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, settings(tmp_path, somebody(30.0))):
            await decided(node)
            await node.facts.publish(staying := started(1))
            await decided(node)
        await node.facts.publish(ended(staying, 60.0))
        for _ in range(2):
            async with handling(node, settings(tmp_path, somebody(30.0))):
                await decided(node)
        assert await alerts(node) == ["somebody.edge.front.s.1"]


async def test_after_a_crash_nobody_is_taken_for_one_who_stayed(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, settings(tmp_path, somebody())):
            await decided(node)
            await node.facts.publish(started(1))
            await decided(node)
        await asyncio.sleep(MIN_TIME)
        async with handling(node, settings(tmp_path, somebody())):
            await decided(node)
            await decided(node)
        assert await alerts(node) == []


async def test_another_rule_that_is_edited_meanwhile_changes_nothing(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, somebody(1.5))):
        await decided(node)
        await node.facts.publish(started(1))
        await decided(node)
        table = Table(node.link, RULES, RuleRecord)
        await table.put("other", RuleRecord(rule=AlertRule(name="other"), since=datetime.now(UTC)))
        assert (await first(node, "somebody")).track == 1


async def test_what_happened_while_the_broker_was_dead_is_decided_by_its_own_times(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    """A timer that went on meanwhile would take the track that soon ended for one that stayed."""
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, somebody())):
        await decided(node)
        await node.facts.publish(passing := started(1))
        await decided(node)
        await nats_server.stop(signal.SIGKILL)
        await node.facts.publish(ended(passing, MIN_TIME / 2))
        await node.facts.publish(staying := started(2))
        await node.facts.publish(ended(staying, MIN_TIME * 2))
        await asyncio.sleep(MIN_TIME * 1.5)  # the time that must not count
        await nats_server.start()
        await decided(node)
        assert await alerts(node) == ["somebody.edge.front.s.2"]


async def test_an_alert_of_before_the_restart_still_suppresses(nats_server: NatsServer, tmp_path: Path) -> None:
    for_long = settings(tmp_path, somebody(min_time=0, suppress=60))
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, for_long):
            await decided(node)
            await node.facts.publish(started(1))
            await decided(node)
        async with handling(node, for_long):
            await node.facts.publish(started(2))
            await decided(node)
        assert await alerts(node) == ["somebody.edge.front.s.1"]


async def test_facts_of_other_boxes_are_for_their_own_handlers(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, DOOR)):
        await decided(node)
        await node.facts.publish(msgspec.structs.replace(crossed("far"), node="attic"))
        await node.facts.publish(crossed("near"))
        await decided(node)
        assert await alerts(node) == ["door.near"]


async def test_who_lacks_equipment_raises_an_alert(nats_server: NatsServer, tmp_path: Path) -> None:
    rule = AlertRule(name="helmet", when=Missing(items=("helmet",)), severity="alarm")
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, rule)):
        await decided(node)
        now = datetime.now(UTC)
        await node.facts.publish(
            m.PpeChecked(
                **ORIGIN, time=now, id="edge.front.s.7.0.ppe", session="s", track=7, round=0, pts=0, label="person", since=now,
                verdicts=(m.PpeVerdict(item="helmet", verdict="missing", ok=0, missing=3, not_visible=0),), snapshot="a.jpg",
            )
        )  # fmt: skip
        alert = await first(node, "helmet")
        assert (alert.message, alert.snapshot, alert.kind) == ("person without helmet at front", "a.jpg", "ppe")


async def test_somebody_on_the_watch_list_raises_an_alert_also_after_a_restart(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    rule = AlertRule(name="seen", when=Identified(), severity="alarm")
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, settings(tmp_path, rule)):
            await decided(node)
        await node.facts.publish(identified("p1", watched=False))
        await node.facts.publish(identified("p2", track=2, watched=True))
        async with handling(node, settings(tmp_path, rule)):
            alert = await first(node, "seen")
            await decided(node)
        assert await alerts(node) == [alert.id]
    assert (alert.message, alert.subject) == ("person on the watch list at front", "home.edge.front.identity.p2")


async def test_a_camera_that_goes_away_is_told_of(nats_server: NatsServer, tmp_path: Path) -> None:
    rule = AlertRule(name="away", when=Offline(), min_time=0.3)
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, rule)):
        await decided(node)
        gone = msgspec.structs.replace(state(2), status="retrying", previous="running", detail="refused")
        await node.facts.publish(gone)
        assert (await first(node, "away")).message == "front has been offline for 0.3 s: refused"


async def test_a_rule_holds_from_when_it_is_written_until_it_is_removed(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path)):
        table = Table(node.link, RULES, RuleRecord)
        await node.facts.publish(crossed("before"))
        await decided(node)
        await table.put("door", RuleRecord(rule=DOOR, since=datetime.now(UTC)))
        async with asyncio.timeout(20):
            number = 0
            while not await alerts(node):
                number += 1
                await node.facts.publish(crossed(f"during-{number}"))
                await decided(node)
        await table.delete("door")
        known = -1
        async with asyncio.timeout(20):
            while len(await alerts(node)) != known:
                known = len(await alerts(node))
                await node.facts.publish(crossed(f"after-{known}"))
                await decided(node)
        assert "door.before" not in await alerts(node)


async def test_a_rule_of_this_box_hides_one_of_the_same_name_for_all(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        loud = msgspec.structs.replace(DOOR, severity="alarm")
        await Table(node.link, RULES, RuleRecord).put("door", RuleRecord(rule=loud, since=datetime.now(UTC)))
        async with handling(node, settings(tmp_path, DOOR)):
            await decided(node)
            await node.facts.publish(crossed("one"))
            await decided(node)
            assert [alert.severity for alert in await raised(node)] == ["info"]


async def records(node: Box) -> dict[str, RuleRecord]:
    return await Table(node.link, RULES, RuleRecord).all()


async def test_the_file_wins_when_it_was_edited_and_else_what_was_set_at_run_time(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    key = "home.edge.door"
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        table = Table(node.link, RULES, RuleRecord)
        async with handling(node, settings(tmp_path, DOOR)):
            await decided(node)
        taken = (await records(node))[key]
        assert (taken.origin, taken.rule) == ("file", DOOR)
        edited = msgspec.structs.replace(taken, origin="api", rule=msgspec.structs.replace(DOOR, severity="alarm"))
        await table.put(key, edited)
        async with handling(node, settings(tmp_path, DOOR)):
            await decided(node)
        assert (await records(node))[key] == edited
        again = msgspec.structs.replace(DOOR, suppress=5.0)
        async with handling(node, settings(tmp_path, again)):
            await decided(node)
        assert ((await records(node))[key].rule, (await records(node))[key].origin) == (again, "file")
        async with handling(node, settings(tmp_path)):
            await decided(node)
        assert list(await records(node)) == ["home.edge.mark"]


async def test_without_rules_nothing_is_consumed(nats_server: NatsServer, tmp_path: Path) -> None:
    none = config.Config(state_dir=str(tmp_path), handlers=config.Handlers(run=("alerts",)))
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, none):
        await node.facts.publish(started(1))
        await node.delivered()
        assert await node.link.jetstream().consumers_info("edged_facts") == []


async def test_who_stays_in_a_zone_is_told_of_in_time(nats_server: NatsServer, tmp_path: Path) -> None:
    rule = AlertRule(name="loiter", when=Visit(zone="till", event="stay"), min_time=0.4)
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, rule)):
        await decided(node)
        now = datetime.now(UTC)
        await node.facts.publish(
            m.ZoneEntered(
                **ORIGIN, time=now, id="edge.front.s.1.till.0.entered", session="s", track=1, pts=0, label="person", score=0.9,
                zone="till", point=(0.5, 0.5), inside=1,
            )
        )  # fmt: skip
        assert (await first(node, "loiter")).time == now + timedelta(seconds=0.4)
