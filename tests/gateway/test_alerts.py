from datetime import UTC, datetime, timedelta

from tests.gateway.conftest import World

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_alerts_from_before_and_after_the_start_are_listed_newest_first(kept: World) -> None:
    for minute in range(3):
        await kept.node.alert(f"a{minute}", time=NOON + timedelta(minutes=minute))
    page = await kept.until("/api/alerts?limit=2", lambda found: found["total"] == 3)
    assert [each["id"] for each in page["alerts"]] == ["a2", "a1"]
    assert page["alerts"][0]["snapshot_url"] == "/api/snapshots/home/edge/front/a2.jpg"
    assert page["alerts"][0]["type"] == "alert"
    assert [each["id"] for each in (await kept.get("/api/alerts", limit=2, page=2))["alerts"]] == ["a0"]


async def test_an_alert_sent_twice_is_listed_once(kept: World) -> None:
    await kept.node.alert("a1")
    await kept.node.alert("a1")
    await kept.node.alert("a2")
    page = await kept.until("/api/alerts", lambda found: any(each["id"] == "a2" for each in found["alerts"]))
    assert page["total"] == 2


async def test_alerts_are_filtered(kept: World) -> None:
    await kept.node.alert("a1", time=NOON, severity="alarm")
    await kept.node.alert("a2", camera="back", time=NOON + timedelta(hours=1), rule="fence", snapshot=None)
    await kept.until("/api/alerts", lambda found: found["total"] == 2)

    async def ids(**params: str) -> list[str]:
        return [each["id"] for each in (await kept.get("/api/alerts", **params))["alerts"]]

    assert await ids(cameraId="back") == ["a2"]
    assert await ids(cameraId="edge.front") == ["a1"]
    assert await ids(cameraId="home.edge.front") == ["a1"]
    assert await ids(cameraId="home.attic.front") == []
    assert await ids(rule="fence") == ["a2"]
    assert await ids(severity="alarm") == ["a1"]
    assert await ids(**{"from": "2026-05-01T12:30:00Z"}) == ["a2"]
    assert await ids(**{"from": "2026-05-01T12:00:00", "to": "2026-05-01T15:00:00+02:00"}) == ["a1"]
    assert (await kept.get("/api/alerts", rule="fence"))["alerts"][0]["snapshot_url"] is None
    assert "query.from" in (await kept.get("/api/alerts?from=yesterday", 400))["error"]["message"]
    upside_down = {"from": "2026-05-02T00:00:00Z", "to": "2026-05-01T00:00:00"}
    assert "not after from=2026-05-02" in (await kept.get("/api/alerts", 400, **upside_down))["error"]["message"]
    assert "query.page" in (await kept.get("/api/alerts?page=0", 400))["error"]["message"]
    assert "query.limit" in (await kept.get("/api/alerts?limit=501", 400))["error"]["message"]
    assert "query.severity" in (await kept.get("/api/alerts?severity=bad", 400))["error"]["message"]


async def test_who_acknowledges_first_is_kept(kept: World) -> None:
    await kept.node.alert("a1")
    await kept.until("/api/alerts", lambda found: found["total"] == 1)
    assert (await kept.get("/api/alerts/a1"))["acknowledged"] is None
    said = await kept.ask("POST", "/api/alerts/a1/acknowledge", json={"by": "anna", "note": "a delivery"})
    await kept.ask("POST", "/api/alerts/a1/acknowledge", json={"by": "bob"})
    assert (said["acknowledged"]["by"], said["acknowledged"]["note"]) == ("anna", "a delivery")
    assert (await kept.get("/api/alerts/a1"))["acknowledged"]["by"] == "anna"
    assert (await kept.get("/api/alerts", acknowledged="false"))["total"] == 0
    assert (await kept.get("/api/alerts", acknowledged="true"))["total"] == 1
    assert "ghost" in (await kept.get("/api/alerts/ghost", 404))["error"]["message"]
    await kept.ask("POST", "/api/alerts/ghost/acknowledge", 404, json={"by": "anna"})


async def test_an_outside_worker_raises_an_alert_once(kept: World) -> None:
    said = {"cameraId": "front", "rule": "smoke", "message": "smoke over the roof", "severity": "alarm", "id": "7"}
    assert await kept.ask("POST", "/api/alerts", 201, json=said) == {"id": "outside-7"}
    await kept.ask("POST", "/api/alerts", 201, json=said)
    page = await kept.get("/api/alerts", rule="smoke")
    assert (page["total"], page["alerts"][0]["message"]) == (1, "smoke over the roof")
    assert (
        "ghost" in (await kept.ask("POST", "/api/alerts", 404, json=said | {"cameraId": "ghost"}))["error"]["message"]
    )
    await kept.ask("POST", "/api/alerts", 400, json=said | {"severity": "loud"})
