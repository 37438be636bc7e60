import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edged import questions as q
from edged.bus.link import BusError
from edged.history import counts, ppe, reporting, schema
from edged.history.archive import Archive, open_archive
from edged.history.counting import prune
from edged.messages import AnyFact
from tests.history.crossings import crossed, stored
from tests.history.scenes import checked
from tests.history.test_archive import BERLIN, NOON

CHANGE = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin, of the day with 25 hours


async def judge(archive: Archive, *facts: AnyFact) -> int:
    return await archive.change(lambda db: ppe.record(db, stored(*facts)))


async def found(archive: Archive, **asked: object) -> list[str]:
    answer = await archive.read(lambda db: ppe.find(db, q.PpeLog(**asked), archive.zone))
    assert answer.total >= len(answer.checks)
    return [each.id for each in answer.checks]


async def test_a_verdict_is_taken_in_once(tmp_path: Path) -> None:
    fact = checked("a", NOON, helmet="ok", vest="missing")
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        assert await archive.read(ppe.since) is None
        assert await judge(archive, fact) == 1
        assert await judge(archive, fact, fact) == 0
        since = await archive.read(ppe.since)
        assert since
        assert since > NOON.replace(year=2000)
        sums = await archive.read(lambda db: ppe.tallies(db, q.Where(), 0, 2**33))
    assert {each.item: (each.checked, each.ok, each.missing, each.not_visible) for each in sums} == {
        "helmet": (1, 1, 0, 0), "vest": (1, 0, 1, 0), "*": (1, 0, 1, 0),
    }  # fmt: skip


async def test_verdicts_are_found_by_item_and_verdict_camera_and_time(tmp_path: Path) -> None:
    facts = [
        checked("a", NOON, helmet="ok", vest="ok"),
        checked("b", NOON + timedelta(hours=1), helmet="missing", vest="ok"),
        checked("c", NOON + timedelta(hours=2), "dock", helmet="not_visible", vest="ok"),
    ]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await judge(archive, *facts)
        assert await found(archive) == ["c", "b", "a"]
        assert await found(archive, limit=2, page=2) == ["a"]
        assert await found(archive, page=2**62) == []
        assert await found(archive, verdict="ok") == ["a"]
        assert await found(archive, verdict="missing") == ["b"]
        assert await found(archive, verdict="not_visible") == ["c"]
        assert await found(archive, item="vest") == ["c", "b", "a"]
        assert await found(archive, item="helmet", verdict="ok") == ["a"]
        assert await found(archive, item="gloves") == []
        assert await found(archive, camera="dock") == await found(archive, camera="home.edge.dock") == ["c"]
        assert await found(archive, camera="attic.dock") == await found(archive, camera="a.b.c.d") == []
        assert await found(archive, since="2026-05-01T13:00", until="2026-05-01T14:00") == ["b"]
        with pytest.raises(BusError, match="not after"):
            await found(archive, since="2026-05-02", until="2026-05-01")


async def test_forgetting_verdicts_leaves_every_count_and_the_other_way_round(tmp_path: Path) -> None:
    old = NOON - timedelta(days=100)
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(crossed("old", old), crossed("new", NOON)))
        await judge(archive, checked("was", old, vest="ok"), checked("is", NOON, vest="ok"))
        before = await archive.read(lambda db: dump(db, counting=True))
        assert await archive.change(lambda db: ppe.prune(db, BERLIN, NOON.timestamp(), 90)) == 1
        assert await found(archive) == ["is"]
        assert await archive.read(lambda db: dump(db, counting=True)) == before
        assert await archive.read(lambda db: db.execute("SELECT count(*) FROM ppe_items").fetchone()) == (2,)
        verdicts = await archive.read(lambda db: dump(db, counting=False))
        await archive.change(lambda db: prune(db, BERLIN, NOON.timestamp(), 50, 50))
        assert await archive.read(lambda db: dump(db, counting=False)) == verdicts


def dump(db: sqlite3.Connection, counting: bool) -> dict[str, list[object]]:
    """What all the tables of one kind hold."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        name: db.execute(f"SELECT * FROM {name}").fetchall()
        for name in tables
        if name.startswith("ppe") != counting and name != "setting"
    }


@pytest.mark.parametrize(("by", "units"), [("minute", 50), ("hour", 25), ("day", 1), ("month", 1)])
async def test_a_report_of_the_day_with_25_hours(tmp_path: Path, by: str, units: int) -> None:
    facts = [
        checked(str(n), CHANGE + timedelta(minutes=30 * n), helmet="missing" if n % 5 else "ok", vest="ok")
        for n in range(50)
    ]
    asked = q.Rows(report="ppe", range="custom", since="2026-10-25", until="2026-10-26", by=by)  # type: ignore[arg-type]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await judge(archive, *facts)
        page = await archive.read(lambda db: reporting.rows(db, asked, BERLIN, CHANGE.timestamp() + 90_000, {}))
    keys = [key[-1] for key in page.keys.values()]
    assert sorted(keys) == ["*", "helmet", "vest"]
    assert len(page.starts) == len(set(page.starts.values())) == units
    sums = {item: [0, 0, 0, 0] for item in keys}
    for _, key, *numbers in page.rows:
        sums[page.keys[key][-1]] = [a + b for a, b in zip(sums[page.keys[key][-1]], numbers, strict=True)]
    assert sums == {"*": [50, 10, 40, 0], "helmet": [50, 10, 40, 0], "vest": [50, 50, 0, 0]}


async def test_a_file_of_the_version_before_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    db = sqlite3.connect(path)
    db.executescript(schema.SCHEMA.replace(schema.SINCE_2, "") + "PRAGMA user_version = 1;")
    db.execute("INSERT INTO facts VALUES ('a', 1, 1000, 'line_crossed')")
    db.commit()
    db.close()
    async with open_archive(path, BERLIN) as archive:
        assert await judge(archive, checked("a", NOON, vest="ok")) == 1
        assert await archive.read(lambda db: db.execute("SELECT id FROM facts").fetchall()) == [("a",)]
        asked = q.Stats(range="custom", since="2026-05-01", until="2026-05-02")
        stats = await archive.read(lambda db: counts.stats(db, asked, BERLIN, NOON.timestamp(), {}))
    assert [(each.item, each.ok) for each in stats.ppe] == [("*", 1), ("vest", 1)]
    assert list(tmp_path.glob("*.broken-*")) == []
