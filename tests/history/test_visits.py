import random
from datetime import datetime, timedelta
from pathlib import Path

from edged import messages as m
from edged import questions as q
from edged.history import counts, reporting
from edged.history.archive import Archive, open_archive
from tests.history.crossings import stored
from tests.history.scenes import entered, left, state
from tests.history.test_archive import BERLIN

MORNING = datetime(2026, 5, 1, 8, tzinfo=BERLIN.tz)
EVENING = datetime(2026, 5, 1, 20, tzinfo=BERLIN.tz)
DAY = {"range": "custom", "since": "2026-05-01", "until": "2026-05-02"}


async def rows(archive: Archive, now: datetime = EVENING, **asked: object) -> list[tuple[object, ...]]:
    """(start, zone, numbers …), page after page."""
    question = {"report": "zones", **DAY, **asked}
    found: list[tuple[object, ...]] = []
    while True:
        page = await archive.read(lambda db: reporting.rows(db, q.Rows(**question), archive.zone, now.timestamp(), {}))
        found += [(page.starts[start], page.keys[key][-1], *numbers) for start, key, *numbers in page.rows]
        if page.after is None:
            return found
        question["after"] = page.after


async def tallies(archive: Archive, **asked: object) -> list[q.ZoneTally]:
    question = q.Stats(**{**DAY, **asked})
    return (await archive.read(lambda db: counts.stats(db, question, archive.zone, EVENING.timestamp(), {}))).zones


def at(hours: float) -> datetime:
    return MORNING + timedelta(hours=hours)


async def test_who_stays_is_inside_in_every_hour(tmp_path: Path) -> None:
    facts = [entered("a", at(0.1), 1), entered("b", at(0.2), 2), left("c", at(3.5), 1, 11_880.0)]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(*facts))
        found = await rows(archive, by="hour")
    nothing = (0, 0, None, None, None)
    assert [row[0][11:16] for row in found] == [f"{hour:02}:00" for hour in range(8, 20)]
    assert [row[2:] for row in found[:5]] == [
        (2, 0, None, None, None, 2), (*nothing, 2), (*nothing, 2), (0, 1, 11_880.0, 11_880.0, 11_880.0, 2), (*nothing, 1),
    ]  # fmt: skip


async def test_nobody_is_known_to_be_inside_once_the_camera_was_lost(tmp_path: Path) -> None:
    facts = [
        entered("a", at(0.5), 1),
        state("b", at(2.1), "stalled"),
        state("c", at(4.1), "connecting"),
        entered("d", at(6.5), 1),
        left("e", at(6.6), 0, 360.0),
    ]
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(*facts))
        found = await rows(archive, by="hour")
        assert [(row[0][11:13], row[-1]) for row in found] == [(f"{hour:02}", 1) for hour in (8, 9, 10, 11, 12, 14)]
        assert await rows(archive, by="hour", limit=1) == found
        assert await tallies(archive, since="2026-05-01T13:00", until="2026-05-01T13:30", by="minute") == []


async def test_the_sums_of_a_day_are_those_of_its_report(tmp_path: Path) -> None:
    chance = random.Random(1)
    facts: list[m.AnyFact] = []
    for zone in ("till", "door", "yard"):
        inside, time = 0, MORNING
        for n in range(301):
            time += timedelta(seconds=chance.uniform(0, 120))
            if inside and chance.random() < 0.5:
                inside -= 1
                facts.append(left(f"{zone}{n}", time, inside, chance.uniform(0, 5000), zone))
            else:
                inside += 1
                facts.append(entered(f"{zone}{n}", time, inside, zone))
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(*facts))
        by_day = await rows(archive, by="day")
        by_minute = await rows(archive, by="minute")
        assert await rows(archive, by="minute", limit=7) == by_minute
        sums = await tallies(archive)
        assert await rows(archive, by="day", zone="door") == [row for row in by_day if row[1] == "door"]
    assert by_day == [
        ("2026-05-01", each.zone, each.visits, each.left, each.dwell_min, each.dwell_median, each.dwell_max, each.most)
        for each in sums
    ]
    for tally in sums:
        own = [row for row in by_minute if row[1] == tally.zone]
        came = [fact for fact in facts if isinstance(fact, m.ZoneEntered) and fact.zone == tally.zone]
        assert sum(row[2] for row in own) == tally.visits == len(came)
        assert max(row[-1] for row in own) == tally.most


async def test_a_report_of_all_time_begins_with_the_first_visit_and_ends_now(tmp_path: Path) -> None:
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        assert await rows(archive, since="1990-01-01", until="2190-01-01", by="minute") == []
        await archive.write(stored(entered("a", at(11.9), 1)))
        found = await rows(archive, since="1990-01-01", until="2190-01-01", by="minute", limit=1)
    assert [row[0][11:16] for row in found] == [f"19:{minute}" for minute in range(54, 60)]
