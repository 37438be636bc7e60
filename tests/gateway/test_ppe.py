from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.gateway.conftest import World
from tests.history.crossings import crossed
from tests.history.scenes import checked

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = {"range": "custom", "from": "2026-05-01", "to": "2026-05-02"}


@pytest.fixture
async def judged(kept: World) -> World:
    """Three people, an hour apart; the last one at another gate."""
    await kept.node.tell(checked("a", NOON, helmet="ok", vest="ok"))
    await kept.node.tell(checked("b", NOON + timedelta(hours=1), helmet="missing", vest="ok"))
    await kept.node.tell(checked("c", NOON + timedelta(hours=2), "dock", helmet="not_visible", vest="ok"))
    await kept.until("/api/ppe", lambda found: found["total"] == 3)
    return kept


async def test_verdicts_are_listed_newest_first_with_their_pictures(judged: World) -> None:
    page = await judged.get("/api/ppe", limit=2)
    assert ([each["id"] for each in page["checks"]], page["total"], page["limit"]) == (["c", "b"], 3, 2)
    first = page["checks"][1]
    assert first["snapshot_url"] == "/api/snapshots/home/edge/gate/b.jpg"
    assert first["verdicts"][0] == {"item": "helmet", "verdict": "missing", "ok": 0, "missing": 3, "not_visible": 0}

    async def ids(**asked: str) -> list[str]:
        return [each["id"] for each in (await judged.get("/api/ppe", **asked))["checks"]]

    assert await ids(limit="2", page="2") == ["a"]
    assert await ids(verdict="missing") == ["b"]
    assert await ids(verdict="ok") == ["a"]
    assert await ids(item="helmet", verdict="not_visible") == ["c"]
    assert await ids(cameraId="edge.dock") == ["c"]
    # in the site's time zone, as everything of the history: 13:00Z is 15:00 in Berlin
    assert await ids(**{"from": "2026-05-01T14:30", "to": "2026-05-01T15:30"}) == ["b"]


async def test_a_verdict_sent_twice_is_listed_once(judged: World) -> None:
    await judged.node.tell(checked("a", NOON, helmet="missing"))
    await judged.node.tell(checked("d", NOON, helmet="ok"))
    page = await judged.until("/api/ppe", lambda found: any(each["id"] == "d" for each in found["checks"]))
    assert page["total"] == 4


async def test_people_and_what_they_wear_are_summed_by_item(judged: World) -> None:
    stats = await judged.get("/api/stats", **DAY)
    assert {(each["camera"], each["item"]): (each["checked"], each["ok"]) for each in stats["ppe"]} == {
        ("gate", "*"): (2, 1), ("gate", "helmet"): (2, 1), ("gate", "vest"): (2, 2),
        ("dock", "*"): (1, 0), ("dock", "helmet"): (1, 0), ("dock", "vest"): (1, 1),
    }  # fmt: skip
    report = await judged.get("/api/reports/ppe", **DAY, by="hour", item="helmet", format="json")
    assert report["columns"] == ["start", "site", "node", "camera", "item", "checked", "ok", "missing", "not_visible"]
    assert [row[0][11:16] + row[3] for row in report["rows"]] == ["14:00gate", "15:00gate", "16:00dock"]
    assert [row[5:] for row in report["rows"]] == [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]
    assert (await judged.get("/api/reports/ppe", **DAY, format="json", cameraId="ghost"))["rows"] == []


async def test_verdicts_are_no_crossings(judged: World) -> None:
    await judged.node.tell(crossed("x", NOON))
    stats = await judged.until(
        "/api/stats?range=custom&from=2026-05-01&to=2026-05-02", lambda found: found["total"]["in"]
    )
    assert stats["total"] == {"in": 1, "out": 0, "corrected_in": 0, "corrected_out": 0}


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"verdict": "maybe"}, "query.verdict"),
        ({"page": "0"}, "query.page"),
        ({"limit": "501"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"from": "soon"}, "from=soon is no date"),
        ({"from": "2026-05-02", "to": "2026-05-01"}, "to=2026-05-01 is not after from=2026-05-02"),
        ({"to": "9999-12-31"}, "to=9999-12-31 is not a year of ours"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_name(kept: World, asked: dict[str, Any], word: str) -> None:
    assert word in (await kept.get("/api/ppe", 400, **asked))["error"]["message"]
