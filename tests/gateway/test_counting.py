import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pypdf
import pytest

from tests.gateway.conftest import World
from tests.history.crossings import crossed

CHANGE = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin, of the day with 25 hours
DAY = {"range": "custom", "from": "2026-10-25", "to": "2026-10-26"}


@pytest.fixture
async def walked(kept: World) -> World:
    """A day of 25 hours: each half hour one goes in, each whole hour one comes out, every third in a car."""
    for n in range(50):
        label = "car" if n % 3 == 0 else "person"
        fact = crossed(str(n), CHANGE + timedelta(minutes=30 * n), "in" if n % 2 else "out", label)
        await kept.node.tell(fact)
    async with asyncio.timeout(10):
        while (await kept.get("/api/stats", **DAY))["total"] != {
            "in": 25,
            "out": 25,
            "corrected_in": 0,
            "corrected_out": 0,
        }:
            pass
    return kept


async def test_the_day_on_which_the_clocks_change_is_whole(walked: World) -> None:
    by_hour = await walked.get("/api/dashboard/stats", **DAY, by="hour")
    assert [unit["in"] for unit in by_hour["series"]] == [1] * 25
    assert by_hour["since"] == "2026-10-25T00:00:00+02:00"
    assert by_hour["until"] == "2026-10-26T00:00:00+01:00"
    assert by_hour["time_zone"] == "Europe/Berlin"
    vehicles = await walked.get("/api/stats", **DAY, label="vehicle")
    assert vehicles["total"]["in"] + vehicles["total"]["out"] == 17
    assert {each["name"]: each["in"] + each["out"] for each in by_hour["labels"]} == {"car": 17, "person": 33}
    assert by_hour["cameras"][0]["name"] == "home.edge.front"


async def test_csv_xlsx_and_pdf_agree_with_the_api_to_the_last_digit(walked: World) -> None:
    stats = await walked.get("/api/stats", **DAY, by="hour")
    text = (await walked.get("/api/reports/counts", **DAY, by="hour", format="csv")).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["start", "site", "node", "camera", "line", "label", "in", "out"]
    assert rows[1] == ["2026-10-25T00:00+02:00", "home", "edge", "front", "door", "car", "0", "1"]
    by_start: dict[str, list[int]] = {}
    for start, *_, ins, outs in rows[1:]:
        sums = by_start.setdefault(start, [0, 0])
        sums[0] += int(ins)
        sums[1] += int(outs)
    assert {datetime.fromisoformat(start).isoformat(): sums for start, sums in by_start.items()} == {
        unit["start"]: [unit["in"], unit["out"]] for unit in stats["series"]
    }

    data = await walked.get("/api/reports/counts", **DAY, by="hour", format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    found = [[str(value) for value in row] for row in book.active.iter_rows(values_only=True)]
    assert found == rows

    data = await walked.get("/api/reports/counts", **DAY, by="hour", format="pdf")
    words = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    assert "2026-10-25 00:00+02:00 to 2026-10-26 00:00+01:00, Europe/Berlin, by hour" in words
    assert "sum" in words
    assert words.count("2026-10-25T02:00+02:00") + words.count("2026-10-25T02:00+01:00") >= 2


async def test_a_report_of_people_or_vehicles_has_only_these(walked: World) -> None:
    for name, labels in (("person", {"person"}), ("vehicle", {"car"})):
        text = (await walked.get(f"/api/reports/{name}", **DAY, by="minute")).decode()
        assert {row["label"] for row in csv.DictReader(io.StringIO(text))} == labels
    assert "counts, person, vehicle" in (await walked.get("/api/reports/ghosts", 404))["error"]["message"]


async def test_a_report_comes_in_pages_without_a_seam(walked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await walked.get("/api/reports/counts", **DAY, by="minute")
    monkeypatch.setattr("edged.gateway.reports.ROWS_AT_ONCE", 7)
    assert await walked.get("/api/reports/counts", **DAY, by="minute") == whole
    assert len(whole.splitlines()) == 51


async def test_a_correction_is_a_fact_and_counts_at_once(walked: World) -> None:
    said = {"out": 2, "by": "anna", "reason": "the fire door was used", "id": "one"}
    before = (await walked.get("/api/occupancy"))["occupancy"]
    assert await walked.ask("POST", "/api/counters/front.door/correct", 201, json=said) == {"id": "correction-one"}
    await walked.ask("POST", "/api/counters/front.door/correct", 201, json=said)
    found = await walked.get("/api/occupancy")
    assert found["occupancy"] == before - 2
    assert found["counters"] == [{"name": "shop", "occupancy": before - 2}]
    await walked.ask("POST", "/api/counters/shop/correct", 201, json={"in": 5, "by": "anna", "reason": "opened late"})
    found = await walked.get("/api/occupancy")
    assert found["counters"] == [{"name": "shop", "occupancy": before + 3}]
    past = await walked.get("/api/occupancy", at="2026-10-25T00:00:01")
    assert past["occupancy"] == -1


@pytest.mark.parametrize(
    ("counter", "said", "status", "word"),
    [
        ("ghost", {"in": 1, "by": "a", "reason": "r"}, 404, "known are: shop, home.edge.front.door"),
        ("front.ghost", {"in": 1, "by": "a", "reason": "r"}, 404, "front.ghost"),
        ("shop", {"by": "a", "reason": "r"}, 400, "both 0"),
        ("shop", {"in": 1, "by": "", "reason": "r"}, 400, "body.by"),
        ("shop", {"in": "many", "by": "a", "reason": "r"}, 400, "body.in"),
    ],
)
async def test_a_correction_that_makes_no_sense_is_refused(
    kept: World, counter: str, said: dict[str, Any], status: int, word: str
) -> None:
    answer = await kept.ask("POST", f"/api/counters/{counter}/correct", status, json=said)
    assert word in answer["error"]["message"]
    assert (await kept.get("/api/occupancy"))["lines"] == []


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"range": "custom", "from": "soon", "to": "2026-01-01"}, "from=soon is no date"),
        ({"range": "century"}, "query.range"),
        ({"range": "custom", "from": "2026-01-02", "to": "2026-01-01"}, "not after"),
        ({"range": "custom", "from": "2026-01-02", "to": "2026-01-02"}, "not after"),
        ({"range": "custom", "from": "2026-01-02"}, "to is missing"),
        ({"range": "custom"}, "from is missing"),
        ({"from": "2026-01-01", "to": "2026-01-02"}, "range=custom"),
        ({"range": "custom", "from": "2026-02-30", "to": "2026-03-01"}, "from=2026-02-30"),
        ({"range": "custom", "from": "2026-01-01T25:00", "to": "2026-03-01"}, "from=2026-01-01T25:00"),
        ({"range": "custom", "from": "2026-01-01T12:00 02:00", "to": "2026-03-01"}, "as %2B"),
        ({"range": "custom", "from": "2026-01-01T12:00[Mars/Olympus]", "to": "2026-03-01"}, "Mars/Olympus"),
        ({"range": "custom", "from": "2026-01-01T12:00+99:00", "to": "2026-03-01"}, "from=2026-01-01T12:00+99:00"),
        ({"range": "custom", "from": "1500-01-01", "to": "2026-03-01"}, "from 1971 to 2200"),
        ({"range": "custom", "from": "2026-01-01", "to": "9999-12-31T23:59:59-12:00"}, "to=9999-12-31"),
        ({"range": "custom", "from": "2026-01-01", "to": "2026-03-01", "by": "week"}, "query.by"),
    ],
)
async def test_a_bad_range_is_named(kept: World, asked: dict[str, str], word: str) -> None:
    for path in ("/api/stats", "/api/dashboard/stats", "/api/reports/counts", "/api/reports/zones", "/api/reports/ppe"):
        assert word in (await kept.get(path, 400, **asked))["error"]["message"]


async def test_a_question_about_everything_there_ever_was_is_answered_or_refused_at_once(walked: World) -> None:
    ever = {"range": "custom", "from": "1971-01-01", "to": "2199-12-31"}
    refused = await walked.get("/api/stats", 400, **ever, by="minute")
    assert "ask for a shorter range, or a longer unit" in refused["error"]["message"]
    assert (await walked.get("/api/stats", **ever, by="month"))["total"]["in"] == 25
    assert len((await walked.get("/api/reports/counts", **ever, by="minute")).splitlines()) == 51
    assert (await walked.get("/api/reports/zones", **ever, by="minute", format="json"))["rows"] == []


@pytest.mark.parametrize(
    ("report", "asked", "word"),
    [
        ("zones", {"line": "door"}, "query.line: the report zones has no line"),
        ("zones", {"label": "person"}, "query.label"),
        ("ppe", {"zone": "till"}, "query.zone"),
        ("counts", {"item": "helmet"}, "query.item"),
        ("person", {"label": "car"}, "query.label"),
        ("counts", {"format": "docx"}, "query.format"),
    ],
)
async def test_what_a_report_cannot_be_asked_for_is_refused(
    kept: World, report: str, asked: dict[str, str], word: str
) -> None:
    assert word in (await kept.get(f"/api/reports/{report}", 400, **DAY, **asked))["error"]["message"]


async def test_more_rows_than_a_format_holds_are_refused_before_any_is_written(
    walked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edged.reports.pdf.Pdf.most", 49)
    refused = await walked.get("/api/reports/counts", 400, **DAY, by="minute", format="pdf")
    assert "more than 49 rows: ask for by=hour or by=day, or for format=csv" in refused["error"]["message"]
    monkeypatch.setattr("edged.reports.pdf.Pdf.most", 50)
    assert (await walked.get("/api/reports/counts", **DAY, by="minute", format="pdf")).startswith(b"%PDF")


async def test_without_a_history_the_gateway_says_what_is_missing(world: World) -> None:
    assert "handlers.run" in (await world.get("/api/stats", 503))["error"]["message"]
