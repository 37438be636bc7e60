import asyncio
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edged import config
from edged import questions as q
from edged.bus.link import BusError
from edged.history import counts
from edged.history.archive import Archive, open_archive
from edged.history.counting import prune
from edged.timezone import TimeZone
from tests.history.crossings import corrected, crossed, stored

BERLIN = TimeZone(ZoneInfo("Europe/Berlin"))
NOON = datetime(2026, 5, 1, 12, tzinfo=BERLIN.tz)


def stats(archive: Archive, **asked: object) -> "asyncio.Future[q.StatsAnswer]":
    question = q.Stats(**{"range": "custom", **asked})
    return archive.read(lambda db: counts.stats(db, question, archive.zone, NOON.timestamp(), {"vehicle": ("car",)}))


def inside(archive: Archive, at: datetime) -> "asyncio.Future[q.OccupancyAnswer]":
    asked = q.Occupancy(at=at.isoformat())
    counter = config.Counter(id="shop", lines=("front.door",))
    return archive.read(lambda db: counts.occupancy(db, asked, archive.zone, NOON.timestamp(), {}, (counter,)))


async def test_a_fact_counts_once_however_often_it_comes(tmp_path: Path) -> None:
    facts = stored(crossed("a", NOON), crossed("b", NOON, "out"), corrected("c", NOON, 2, 0))
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        assert await archive.write(facts) == 3
        assert await archive.write([*facts, *facts]) == 0
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        assert await archive.write(facts) == 0
        found = await stats(archive, since="2026-05-01", until="2026-05-02")
    assert (found.total.ins, found.total.outs, found.total.corrected_in) == (3, 1, 2)
    assert found.by == "day"


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-05-01", 24)], ids=["spring", "autumn", "plain"]
)
async def test_every_hour_of_a_day_is_one_of_its_own_when_the_clocks_change(
    tmp_path: Path, day: str, hours: int
) -> None:
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN.tz).astimezone(UTC)
    facts = [crossed(str(n), begin + timedelta(minutes=60 * n + 30)) for n in range(hours)]
    before, after = crossed("before", begin - timedelta(seconds=1)), crossed("after", begin + timedelta(hours=hours))
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(*facts, before, after))
        tomorrow = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
        by_hour = await stats(archive, since=day, until=tomorrow, by="hour")
        by_day = await stats(archive, since=day, until=tomorrow, by="day")
        by_minute = await stats(archive, since=day, until=tomorrow, by="minute")
    assert [unit.ins for unit in by_hour.series] == [1] * hours
    assert len({unit.start.isoformat() for unit in by_hour.series}) == hours
    assert by_hour.total == by_day.total == by_minute.total
    assert by_day.total.ins == hours
    assert len(by_day.series) == 1


async def test_half_hours_of_a_zone_and_of_a_change(tmp_path: Path) -> None:
    lord_howe = TimeZone(ZoneInfo("Australia/Lord_Howe"))  # goes back by half an hour, 02:00 to 01:30
    begin = datetime(2026, 4, 4, 13, 0, tzinfo=UTC)
    facts = [crossed(str(n), begin + timedelta(minutes=15 * n)) for n in range(16)]
    async with open_archive(tmp_path / "history.db", lord_howe) as archive:
        await archive.write(stored(*facts))
        found = await stats(archive, since="2026-04-05", until="2026-04-05T04:00", by="hour")
    assert sum(unit.ins for unit in found.series) == found.total.ins == 16
    assert [unit.ins for unit in found.series] == [4, 4, 2, 4, 2][: len(found.series)]


async def test_a_clock_that_was_set_back_changes_no_sum(tmp_path: Path) -> None:
    times = [NOON, NOON + timedelta(hours=1), NOON - timedelta(days=2), NOON - timedelta(days=2, hours=1)]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        for n, moment in enumerate(times):
            await archive.write(stored(crossed(str(n), moment), first=n + 1))
        found = await stats(archive, since="2026-04-01", until="2026-06-01")
        assert found.total.ins == 4
        assert (await inside(archive, NOON + timedelta(days=1))).occupancy == 4


async def test_occupancy_at_any_instant_is_the_replay_of_the_log(tmp_path: Path) -> None:
    begin = datetime(2026, 3, 28, 20, tzinfo=BERLIN.tz)
    facts = [
        crossed(str(n), begin + timedelta(seconds=997 * n), "in" if n % 3 else "out", ("person", "car")[n % 2])
        for n in range(300)
    ] + [
        corrected("fix", begin + timedelta(hours=5, seconds=7), 0, 9),
        corrected("shop", begin, 4, 0, "shop", "counter"),
    ]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(*facts))
        for seconds in (0, 1, 997, 998, 18_007, 18_008, 50_000, 86_400, 200_000, 1_000_000):
            at = begin.astimezone(UTC) + timedelta(seconds=seconds)
            net = 0
            for fact in facts:
                if fact.time < at:
                    net += (
                        {"in": 1, "out": -1}[fact.direction]
                        if hasattr(fact, "direction")
                        else fact.delta_in - fact.delta_out
                    )
            found = await inside(archive, at)
            assert (found.occupancy, found.exact) == (net, True)
            assert found.counters[0].occupancy == net


async def test_a_minute_that_is_forgotten_stays_in_its_hour_and_day(tmp_path: Path) -> None:
    old, new = NOON - timedelta(days=500), NOON
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(crossed("old", old), crossed("new", new)))
        assert await archive.change(lambda db: prune(db, BERLIN, NOON.timestamp(), 400, 90)) == 3
        found = await stats(archive, since="2024-01-01", until="2027-01-01", by="month")
        assert found.total.ins == 2
        assert (await inside(archive, old + timedelta(hours=1))).exact is False
        assert (await inside(archive, NOON + timedelta(hours=1))).occupancy == 2


async def test_another_time_zone_sums_up_anew(tmp_path: Path) -> None:
    late = datetime(2026, 5, 1, 23, 30, tzinfo=BERLIN.tz)
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(crossed("a", late)))
    async with open_archive(tmp_path / "history.db", TimeZone(ZoneInfo("Asia/Kolkata"))) as archive:
        found = await stats(archive, since="2026-05-02", until="2026-05-03")
        assert found.total.ins == 1
        assert [unit.start.isoformat() for unit in found.series] == ["2026-05-02T00:00:00+05:30"]


async def test_a_broken_file_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"this is no database" * 1000)
    async with open_archive(path, BERLIN) as archive:
        assert await archive.write(stored(crossed("a", NOON))) == 1
    assert list(tmp_path.glob("history.db.broken-*"))


async def test_a_full_disk_takes_all_of_a_batch_or_nothing(tmp_path: Path) -> None:
    facts = stored(*(crossed(f"fact {n} {'x' * 200}", NOON + timedelta(minutes=n)) for n in range(2000)))
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        (pages,) = await archive.change(lambda db: db.execute("PRAGMA page_count").fetchone())
        await asyncio.to_thread(archive._connection.execute, f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(BusError, match="disk full"):
            await archive.write(facts)
        assert (await stats(archive, since="2026-05-01", until="2026-05-05")).total.ins == 0
        await asyncio.to_thread(archive._connection.execute, "PRAGMA max_page_count = 1000000")
        assert await archive.write(facts) == 2000


async def test_a_question_sees_no_half_of_a_batch(tmp_path: Path) -> None:
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        batch = [stored(*(crossed(f"{n}-{k}", NOON) for k in range(500))) for n in range(6)]
        writing = asyncio.gather(*(archive.write(facts) for facts in batch))
        seen = set()
        while not writing.done():
            seen.add((await stats(archive, since="2026-05-01", until="2026-05-02")).total.ins % 500)
        await writing
    assert seen == {0}


async def test_all_that_a_question_looks_up_is_of_one_moment(tmp_path: Path) -> None:
    looked, written = threading.Event(), threading.Event()

    def twice(db: sqlite3.Connection) -> list[int]:
        found = db.execute("SELECT n FROM series").fetchall()
        looked.set()
        assert written.wait(20)
        return [len(found), len(db.execute("SELECT n FROM series").fetchall())]

    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        asking = asyncio.create_task(archive.read(twice))
        await asyncio.to_thread(looked.wait, 20)
        await archive.write(stored(crossed("a", NOON)))
        written.set()
        assert await asking == [0, 0]
        assert len(await archive.read(lambda db: db.execute("SELECT n FROM series").fetchall())) == 1


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"since": "yesterday", "until": "2026-05-02"}, "from=yesterday"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "not after"),
        ({"since": "2026-05-01"}, "to is missing"),
        ({"since": "0001-01-01", "until": "2026-05-01"}, "from=0001"),
        ({"since": "2020-01-01", "until": "2026-05-01", "by": "minute"}, "more than"),
        ({"range": "today", "since": "2026-05-01"}, "range=custom"),
    ],
)
async def test_a_range_that_makes_no_sense_is_refused_by_name(tmp_path: Path, asked: dict[str, str], word: str) -> None:
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        with pytest.raises(BusError, match=word):
            await stats(archive, **asked)


def test_the_file_is_readable_by_any_sqlite(tmp_path: Path) -> None:
    async def write() -> None:
        async with open_archive(tmp_path / "history.db", BERLIN) as archive:
            await archive.write(stored(crossed("a", NOON)))

    asyncio.run(write())
    db = sqlite3.connect(tmp_path / "history.db")
    assert db.execute("SELECT ins FROM counts_minute").fetchall() == [(1,)]
    assert db.execute("SELECT seq, stored <= ? FROM cursor", (time.time(),)).fetchall() == [(1, 1)]
    db.close()
