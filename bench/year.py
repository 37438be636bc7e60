"""A year of minutes of 20 lines, 10.5 million rows, asked for over HTTP: `python -m bench.year`. Prints a table.

The history is made up, the daemon that answers is the real one, in a process of its own. Zones and protective equipment have 90 days.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from bench.figures import median
from edged.history.archive import in_transaction, prepare
from edged.history.counting import recount
from edged.timezone import TimeZone
from tests.rigs.daemon import Daemon, running_daemon

LINES, ZONES, ITEMS = 20, 8, ("helmet", "vest", "*")
DETAILS, VISITS, CHECKS = 90, 400, 200  # days; visits of a zone a day; people judged a day
BERLIN = TimeZone(ZoneInfo("Europe/Berlin"))
ASKED = 7
YEAR = "range=custom&from={}&to={}"
COUNTS = {
    "stats, by month": "/api/stats?{year}&by=month",
    "stats, by day": "/api/stats?{year}&by=day",
    "stats, by hour": "/api/stats?{year}&by=hour",
    "stats of a line, by hour": "/api/stats?{year}&by=hour&line=line7",
    "stats, 30d": "/api/dashboard/stats?range=30d",
    "how many were inside half a year ago": "/api/occupancy?at={half}T12:34:56",
    "CSV by day": "/api/reports/counts?{year}&by=day",
    "CSV by hour": "/api/reports/counts?{year}&by=hour",
    "XLSX by day": "/api/reports/counts?{year}&by=day&format=xlsx",
    "PDF by day": "/api/reports/counts?{year}&by=day&format=pdf",
}
PEOPLE = {
    "stats, 30d, with zones and equipment": "/api/dashboard/stats?range=30d",
    "stats, by day, with zones and equipment": "/api/stats?{year}&by=day",
    "CSV of zones by day": "/api/reports/zones?{year}&by=day",
    "CSV of zones by hour": "/api/reports/zones?{year}&by=hour",
    "CSV of equipment by hour": "/api/reports/ppe?{year}&by=hour",
}
MINUTES = """
WITH RECURSIVE minute(start) AS (SELECT ? UNION ALL SELECT start + 60 FROM minute WHERE start + 60 < ?)
INSERT INTO counts_minute SELECT start, n, (start / 60 * 7 + n * 13) % 5, (start / 60 * 11 + n * 17) % 5, 0, 0
FROM minute CROSS JOIN series ORDER BY start, n
"""


def minutes(path: Path, days: int, last: date) -> int:
    """Writes the file; how many rows of minutes it has."""

    def fill(db: sqlite3.Connection) -> int:
        lines = [("home", "edge", f"cam{n % 5}", f"line{n}", "person") for n in range(LINES)]
        db.executemany("INSERT INTO series (site, node, camera, line, label) VALUES (?, ?, ?, ?, ?)", lines)
        db.execute(MINUTES, (BERLIN.midnight(last - timedelta(days=days)), BERLIN.midnight(last)))
        recount(db, BERLIN)
        return int(db.execute("SELECT count(*) FROM counts_minute").fetchone()[0])

    with closing(prepare(path, BERLIN)) as db:
        return in_transaction(db, fill)


def people(path: Path, last: date) -> None:
    """Adds visits of zones and verdicts."""
    end = BERLIN.midnight(last)

    def fill(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO zone_events VALUES (?, ?, ?, 'home', 'edge', ?, ?, 'person', ?, ?)", visits(end))
        db.executemany(
            "INSERT INTO ppe_items VALUES (?, ?, ?, ?, 'home', 'edge', 'cam0')",
            (
                (int((end - n * 86_400 / CHECKS) * 1000), str(n), item, "missing" if n % 7 == 0 else "ok")
                for n in range(DETAILS * CHECKS)
                for item in ITEMS
            ),
        )
        db.execute("INSERT INTO ppe VALUES ('0', ?, 'home', 'edge', 'cam0', '')", ((end - DETAILS * 86_400) * 1000,))

    with closing(prepare(path, BERLIN)) as db:
        in_transaction(db, fill)


def visits(end: int) -> Iterator[tuple[object, ...]]:
    """Each stays until the next but one has come."""
    for zone in range(ZONES):
        for n in range(DETAILS * VISITS):
            came = end - (DETAILS * VISITS - n) * 86_400 / VISITS
            where = f"cam{zone % 5}", f"zone{zone}"
            yield f"{zone}.{n}.in", int(came * 1000), "zone_entered", *where, None, 2
            yield f"{zone}.{n}.out", int((came + 100 + n % 97) * 1000), "zone_left", *where, 100.0 + n % 97, 1


async def taken(session: aiohttp.ClientSession, path: str) -> tuple[float, float, int, int]:
    """Seconds until its first bytes, and in all; lines and bytes."""
    begun, first, lines, size = time.monotonic(), 0.0, 0, 0
    async with session.get(path) as response:
        response.raise_for_status()
        async for chunk in response.content.iter_any():
            first = first or time.monotonic() - begun
            lines += chunk.count(b"\n")
            size += len(chunk)
    return first, time.monotonic() - begun, lines, size


async def until_answered(session: aiohttp.ClientSession) -> None:
    """The history comes a moment after its box."""
    for _ in range(300):
        if (await session.get("/api/alerts")).status == 200:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the daemon does not answer")


def cpu(daemon: Daemon) -> float:
    """Seconds it has had so far: on a box that does other things besides, they say more than the clock."""
    assert daemon.process
    user, system = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory(daemon: Daemon) -> float:
    """The most it ever had, in MB."""
    assert daemon.process
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


async def measured(days: int) -> None:
    last = datetime.now(BERLIN.tz).date()
    words = {"year": YEAR.format(last - timedelta(days=days), last), "half": last - timedelta(days=days // 2)}
    with tempfile.TemporaryDirectory(prefix="edged-year-") as folder:
        path = Path(folder) / "state" / "history.db"
        rows = await asyncio.to_thread(minutes, path, days, last)
        print(f"{rows:,} rows of minutes, {path.stat().st_size / 1e6:.0f} MB")
        settings = '[handlers]\nrun = ["history"]\n[history]\ndetails_days = 9000\ntracks_days = 9000\n'
        async with (
            running_daemon(Path(folder), settings, environ={"TZ": str(BERLIN.tz)}) as daemon,
            aiohttp.ClientSession(daemon.url) as session,
        ):
            await until_answered(session)
            await asked(daemon, session, COUNTS, words)
            await whole(daemon, session, "/api/reports/counts?{year}&by=minute".format(**words))
            await asyncio.to_thread(people, path, last)
            await asked(daemon, session, PEOPLE, words)


async def asked(
    daemon: Daemon, session: aiohttp.ClientSession, questions: dict[str, str], words: dict[str, object]
) -> None:
    for what, url in questions.items():
        spent = cpu(daemon)
        times = [await taken(session, url.format(**words)) for _ in range(ASKED)]
        spent = (cpu(daemon) - spent) / ASKED
        wait = 1000 * median([each[1] for each in times])
        print(f"{what:42} {wait:6.0f} ms, {1000 * spent:5.0f} ms of CPU, {times[0][3]:11,} bytes")


async def whole(daemon: Daemon, session: aiohttp.ClientSession, url: str) -> None:
    before, spent = memory(daemon), cpu(daemon)
    first, seconds, lines, size = await taken(session, url)
    spent = cpu(daemon) - spent
    rates = f"{(lines - 1) / seconds:,.0f} rows/s, {(lines - 1) / spent:,.0f} per second of CPU"
    print(f"{'CSV by minute':42} {rates}, {size / 1e6:.0f} MB, first bytes after {1000 * first:.0f} ms")
    print(f"{'memory of the daemon, before and after':42} {before:6.0f} MB, {memory(daemon):.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.year", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    asyncio.run(measured(parser.parse_args().days))


if __name__ == "__main__":
    main()
