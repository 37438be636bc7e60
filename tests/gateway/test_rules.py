import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edged import config
from edged.bus.facts import Facts
from edged.rules import AlertRule
from tests.gateway.conftest import World
from tests.gateway.test_realtime import WS, heard
from tests.rigs.alerts import crossed
from tests.rigs.facts import state
from tests.rigs.node import keeping_history

DOOR = {"name": "door", "when": {"type": "line", "line": "door"}, "severity": "alarm", "suppress": 0}
SHOP = config.Counter(id="shop", lines=("front.door",), max_capacity=5)


@pytest.fixture
async def facts(world: World, tmp_path: Path) -> AsyncIterator[Facts]:
    """What the box of `world` publishes with; it raises alerts, one rule being in its file."""
    settings = config.Config(
        time_zone="Europe/Berlin", counters=(SHOP,), alerts=(AlertRule(name="somebody", min_time=2.0),)
    )
    async with keeping_history(world.node, tmp_path / "state", settings, ("alerts", "history")) as facts:
        await world.until_answered("/api/rules")
        await world.until_answered("/api/alerts")
        yield facts


async def put(world: World, rule: dict[str, Any], status: int = 200) -> Any:
    return await world.ask("PUT", f"/api/rules/{rule['name']}", status, json=rule)


async def keys(world: World) -> list[str]:
    return [rule["key"] for rule in (await world.get("/api/rules"))["rules"]]


async def test_a_rule_is_added_shown_changed_and_removed(world: World, facts: Facts) -> None:
    async with world.http.post("/api/rules", json=DOOR) as response:
        added = await response.json()
        assert (response.status, response.headers["Location"]) == (201, "/api/rules/door")
    assert (added["key"], added["rule"]["when"], added["fault"]) == (
        "door",
        {"type": "line", "line": "door", "direction": None},
        "",
    )
    assert added["rule"]["labels"] == ["person"]
    assert await world.get("/api/rules/door") == added
    assert await keys(world) == ["door", "home.edge.somebody"]
    changed = await put(world, DOOR | {"schedule": [{"days": ["mon"], "from": "22:00", "to": "06:00"}]})
    assert changed["rule"]["schedule"] == [{"days": ["mon"], "from": "22:00", "to": "06:00"}]
    assert changed["since"] > added["since"]
    await world.ask("DELETE", "/api/rules/door", 204)
    assert await keys(world) == ["home.edge.somebody"]
    assert (
        "there is no rule 'door': known are home.edge.somebody"
        in (await world.get("/api/rules/door", 404))["error"]["message"]
    )
    await world.ask("DELETE", "/api/rules/door", 404)


async def test_a_rule_of_the_file_is_edited_under_its_name_and_stays_the_boxs_own(world: World, facts: Facts) -> None:
    before = await world.get("/api/rules/somebody")
    assert (before["origin"], before["site"], before["node"]) == ("file", "home", "edge")
    after = await put(world, {"name": "somebody", "min_time": 5, "enabled": False})
    assert (after["key"], after["origin"], after["seed"]) == ("home.edge.somebody", "api", before["seed"])
    assert await keys(world) == ["home.edge.somebody"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"when": {"type": "line", "line": "gate"}}, "rule door: when.line: there is no line 'gate' in its cameras: known are door"),
        ({"when": {"type": "zone", "zone": "till"}}, "when.zone: there is no zone 'till' in its cameras: there is none yet"),
        ({"when": {"type": "capacity", "of": "counter", "name": "shp"}}, "when.name: there is no counter 'shp': known are shop"),
        ({"when": {"type": "count", "count": 1}}, "body.when.count"),
        ({"when": {"type": "lien"}}, "body.when"),
        ({"cameras": ["frnt"]}, "cameras[0]: there is no camera 'frnt': known are home.edge.front"),
        ({"labels": ["persn"]}, "labels[0]: none of its cameras looks for 'persn'"),
        ({"labels": []}, "body.labels"),
        ({"time_zone": "Europe/Berlino"}, "time_zone: there is no time zone 'Europe/Berlino': use an IANA name"),
        ({"schedule": [{"from": "25:00"}]}, "body.schedule[0].from"),
        ({"schedule": [{"from": "08:00", "to": "08:00"}]}, "schedule[0]: from and to are both 08:00"),
        ({"schedule": [{"days": ["monday"]}]}, "body.schedule[0].days"),
        ({"min_time": 3}, "min_time: what 'line' tells of happens in a moment: leave min_time out"),
        ({"suppress": -1}, "body.suppress"),
        ({"supress": 1}, "supress"),
        ({"name": "other"}, "the rule at 'door' cannot be called 'other'"),
        ({"name": "a b"}, "body.name"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_saved(
    world: World, facts: Facts, wrong: dict[str, Any], sentence: str
) -> None:
    await put(world, DOOR)
    before = await world.get("/api/rules")
    said = await world.ask("PUT", "/api/rules/door", 400, json=DOOR | wrong)
    assert sentence in said["error"]["message"]
    assert await world.get("/api/rules") == before


async def test_a_name_that_is_taken_or_none_is_refused(world: World, facts: Facts) -> None:
    await put(world, DOOR)
    assert "there is a rule door already" in (await world.ask("POST", "/api/rules", 400, json=DOOR))["error"]["message"]
    assert (
        "SITE.NODE.NAME"
        in (await world.ask("PUT", "/api/rules/edge.gate", 400, json=DOOR | {"name": "gate"}))["error"]["message"]
    )
    await world.ask("PUT", "/api/rules/home.*.gate", 400, json=DOOR | {"name": "gate"})
    await world.ask("PUT", "/api/rules/home.edge.gate", 200, json=DOOR | {"name": "gate"})
    assert (await world.get("/api/rules/gate"))["node"] == "edge"


async def test_a_line_that_is_taken_away_later_shows_in_the_rule(world: World, facts: Facts) -> None:
    await put(world, DOOR)
    await world.node.add("front")
    known = await world.until("/api/rules/door", lambda found: found["fault"])
    assert known["fault"].startswith("when.line: there is no line 'door'")


async def test_a_rule_just_written_raises_an_alert_that_every_listener_hears(world: World, facts: Facts) -> None:
    async with world.http.ws_connect(WS, params={"kinds": "alert,camera_state"}) as ws:
        await put(world, DOOR)
        gone = msgspec.structs.replace(
            state(1), status="retrying", previous="running", cause="refused", detail="refused"
        )
        await facts.publish(gone)
        told = await heard(ws)
        assert (told["type"], told["status"], told["camera"]) == ("state", "retrying", "front")
        await facts.publish(crossed("edge.front.door.1"))
        told = await heard(ws)
        assert (told["type"], told["message"]) == ("alert", "person crossed door (in) at front")
        assert (told["line"], told["kind"], told["subject"]) == ("door", "line", "home.edge.front.track.s.1")
    page = await world.until("/api/alerts?rule=door", lambda found: found["total"] == 1)
    assert (page["alerts"][0]["severity"], page["alerts"][0]["line"]) == ("alarm", "door")


async def test_what_a_rule_would_have_raised(world: World, facts: Facts) -> None:
    now = datetime.now(UTC)
    for n in range(6):
        await facts.publish(
            crossed(f"edge.front.door.{n}", time=now - timedelta(minutes=30 - n), direction=("in", "out")[n % 2])
        )
    await facts.publish(crossed("edge.front.door.old", time=now - timedelta(hours=3)))

    async def tried() -> Any:
        rule = DOOR | {"when": {"type": "line", "line": "door", "direction": "in"}, "enabled": False}
        return await world.ask("POST", "/api/rules/test", 200, json={"rule": rule, "hours": 1})

    async with asyncio.timeout(10):
        while (found := await tried())["facts"] < 7:
            await asyncio.sleep(0.01)
    assert (found["total"], [alert["id"] for alert in found["alerts"]]) == (
        3,
        [f"door.edge.front.door.{n}" for n in (4, 2, 0)],
    )
    assert (await world.get("/api/alerts"))["total"] == 0
    assert await keys(world) == ["home.edge.somebody"]
    await put(world, DOOR | {"suppress": 90})
    assert (await world.ask("POST", "/api/rules/door/test", 200, json={"hours": 24}))["total"] == 4
    assert (await world.ask("POST", "/api/rules/door/test", 200))["total"] == 4
    wrong = await world.ask("POST", "/api/rules/test", 400, json={"rule": DOOR | {"cameras": ["x"]}})
    assert "there is no camera 'x'" in wrong["error"]["message"]
    assert (
        "body.hours" in (await world.ask("POST", "/api/rules/door/test", 400, json={"hours": 1000}))["error"]["message"]
    )


async def test_without_a_box_that_raises_alerts_it_says_so(world: World) -> None:
    assert "has one of them alerts in handlers.run" in (await world.get("/api/rules", 503))["error"]["message"]
