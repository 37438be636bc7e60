from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from edged import messages as m
from edged.gateway.alerts import KEPT, AlertHistory, AlertQuery
from edged.subjects import Address
from tests.gateway.conftest import World
from tests.rigs.node import JPEG, alert

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_alerts_from_before_and_after_the_start_are_listed_newest_first(world: World) -> None:
    for minute in range(3):
        await world.node.alert(f"a{minute}", time=NOON + timedelta(minutes=minute))
    page = await world.until("/api/alerts?limit=2", lambda found: found["total"] == 3)
    assert [each["id"] for each in page["alerts"]] == ["a2", "a1"]
    assert page["alerts"][0]["snapshot_url"] == "/api/snapshots/home/edge/front/a2.jpg"
    assert page["alerts"][0]["type"] == "alert"
    assert [each["id"] for each in (await world.get("/api/alerts", limit=2, page=2))["alerts"]] == ["a0"]


async def test_an_alert_sent_twice_is_listed_once(world: World) -> None:
    await world.node.alert("a1")
    await world.node.alert("a1")
    await world.node.alert("a2")
    page = await world.until("/api/alerts", lambda found: any(each["id"] == "a2" for each in found["alerts"]))
    assert page["total"] == 2


async def test_alerts_are_filtered(world: World) -> None:
    await world.node.alert("a1", time=NOON, severity="alarm")
    await world.node.alert("a2", camera="back", time=NOON + timedelta(hours=1), rule="fence", snapshot=None)
    await world.until("/api/alerts", lambda found: found["total"] == 2)

    async def ids(**params: str) -> list[str]:
        return [each["id"] for each in (await world.get("/api/alerts", **params))["alerts"]]

    assert await ids(cameraId="back") == ["a2"]
    assert await ids(cameraId="edge.front") == ["a1"]
    assert await ids(cameraId="home.edge.front") == ["a1"]
    assert await ids(cameraId="home.attic.front") == []
    assert await ids(rule="fence") == ["a2"]
    assert await ids(severity="alarm") == ["a1"]
    assert await ids(**{"from": "2026-05-01T12:30:00Z"}) == ["a2"]
    assert await ids(**{"from": "2026-05-01T12:00:00", "to": "2026-05-01T15:00:00+02:00"}) == ["a1"]
    assert (await world.get("/api/alerts", rule="fence"))["alerts"][0]["snapshot_url"] is None
    assert "query.from" in (await world.get("/api/alerts?from=yesterday", 400))["error"]["message"]
    assert "query.severity" in (await world.get("/api/alerts?severity=bad", 400))["error"]["message"]


def test_only_the_newest_are_kept_whatever_order_they_come_in() -> None:
    history = AlertHistory(facts=None)  # type: ignore[arg-type]  # it is given its alerts by hand
    for second in [*range(10, KEPT + 10), *range(10)]:
        history.add(alert_at(second))
    assert len(history) == KEPT
    found, total = history.find(AlertQuery(page=KEPT, limit=1))
    assert total == KEPT
    assert found[0].id == "10"


def alert_at(second: int) -> m.AlertRaised:
    raised = alert(Address("home", "edge", "front"), str(second))
    return msgspec.structs.replace(raised, time=NOON + timedelta(seconds=second))


async def test_a_snapshot_is_served_once_and_for_all(world: World) -> None:
    raised = await world.node.alert("a1")
    shot = m.Snapshot(
        site="home", node="edge", camera="front", time=NOON, id="s", session="s1", track=7, pts=0, label="person",
        score=0.9, box=(0, 0, 1, 1), width=10, height=10, quality=0.5, key="home/edge/front/a1.jpg",
    )  # fmt: skip
    await world.node.bus.pictures.put("home/edge/front/a1.jpg", JPEG, shot)
    path = f"/api/snapshots/{raised.snapshot}"
    async with world.http.get(path) as response:
        assert await response.read() == JPEG
        assert response.content_type == "image/jpeg"
        assert "immutable" in response.headers["Cache-Control"]
        etag = response.headers["ETag"]
    async with world.http.get(path, headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")


@pytest.mark.parametrize("key", ["..%2Fsecrets", "a//b", "a%00b", "a b", ".hidden", "x" * 300])
async def test_what_is_no_key_is_never_looked_up(world: World, key: str) -> None:
    assert (await world.get(f"/api/snapshots/{key}", 400))["error"]["code"] == "invalid"


async def test_a_snapshot_that_is_gone_is_404(world: World) -> None:
    assert "a/b.jpg" in (await world.get("/api/snapshots/a/b.jpg", 404))["error"]["message"]
