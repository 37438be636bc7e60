"""Exported files in the hands of other programs: pandas with openpyxl, LibreOffice, pdftotext."""

import asyncio
import csv
import io
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas
import pytest
from aiohttp import ClientError

from edged import config
from edged.history.archive import in_transaction, prepare
from edged.timezone import TimeZone
from tests.gateway.conftest import World, a_world
from tests.history.crossings import corrected, crossed
from tests.history.scenes import checked, entered, left
from tests.rigs.nats import NatsServer
from tests.rigs.node import keeping_history

BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
# zone, day, its hours, and its hours on the wall: the one at the change is cut in two, or comes twice
DAYS = [
    pytest.param(BERLIN, "2026-03-29", 23, 23, id="berlin-spring"),
    pytest.param(BERLIN, "2026-10-25", 25, 25, id="berlin-autumn"),
    pytest.param(LORD_HOWE, "2026-10-04", 23.5, 24, id="lord-howe-spring"),
    pytest.param(LORD_HOWE, "2026-04-05", 24.5, 25, id="lord-howe-autumn"),
]
NUMBERS = {
    "counts": ("in", "out"),
    "zones": ("visits", "left", "dwell_min", "dwell_median", "dwell_max", "most"),
    "ppe": ("checked", "ok", "missing", "not_visible"),
}
Rows = list[tuple[Any, ...]]


@dataclass
class Day:
    """A day of a shop: each quarter of an hour something happens."""

    world: World
    asked: dict[str, str]
    times: list[datetime]

    async def api(self, report: str, **more: str) -> Any:
        return await self.world.get(f"/api/reports/{report}", **self.asked, **more, format="json")

    async def file(self, report: str, kind: str, **more: str) -> bytes:
        data: bytes = await self.world.get(f"/api/reports/{report}", **self.asked, **more, format=kind)
        return data


@asynccontextmanager
async def a_day(nats_server: NatsServer, home: Path, zone: ZoneInfo, day: str, hours: float) -> AsyncIterator[Day]:
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)
    times = [midnight + timedelta(minutes=15 * n) for n in range(int(hours * 4))]
    until = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    async with a_world(nats_server) as world:
        settings = config.Config(time_zone=str(zone))
        async with keeping_history(world.node, home, settings):
            for n, time in enumerate(times):
                label = ("person", "car")[n % 3 == 0]
                await world.node.tell(crossed(f"c{n}", time, ("in", "out")[n % 2], label))  # type: ignore[arg-type]
                inside = n // 2 % 3
                await world.node.tell(entered(f"e{n}", time, inside + 1))
                await world.node.tell(left(f"l{n}", time + timedelta(minutes=7), inside, 420.0 + n / 7))
                if n % 2:
                    await world.node.tell(checked(f"p{n}", time, helmet=("ok", "missing")[n % 5 == 0], vest="ok"))
            await world.node.tell(corrected("fix", times[5], 3, 1))
            asked = {"range": "custom", "from": day, "to": until}

            def whole(found: Any) -> bool:
                total, zones, ppe = found["total"], found["zones"], found["ppe"]
                return (
                    total["in"] + total["out"] == len(times) + 4
                    and sum(each["left"] for each in zones) == len(times)
                    and sum(each["checked"] for each in ppe) == 3 * (len(times) // 2)
                )

            path = "/api/stats?" + "&".join(f"{key}={value}" for key, value in asked.items())
            await world.until_answered("/api/stats")
            await world.until(path, whole)
            yield Day(world, asked, times)


def rows(answer: Any) -> Rows:
    return [tuple(row) for row in answer["rows"]]


def from_pandas(frame: pandas.DataFrame, report: str) -> Rows:
    """A name that is empty and a number that there is none of look alike to pandas."""
    texts = len(frame.columns) - len(NUMBERS[report])
    return [
        tuple(("" if at < texts else None) if pandas.isna(cell) else cell for at, cell in enumerate(row))
        for row in frame.astype(object).itertuples(index=False, name=None)
    ]


async def from_pdf(data: bytes, folder: Path) -> tuple[Rows, str]:
    """The words of each line, and the text as a whole."""
    (folder / "report.pdf").write_bytes(data)
    process = await asyncio.create_subprocess_exec(
        "pdftotext", "-layout", str(folder / "report.pdf"), "-", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return [tuple(line.split()) for line in out.decode().splitlines() if line.strip()], out.decode()


@pytest.mark.parametrize(("zone", "day", "hours", "on_the_wall"), DAYS)
async def test_a_day_when_the_clocks_change_is_the_same_in_every_program(
    nats_server: NatsServer, tmp_path: Path, zone: ZoneInfo, day: str, hours: float, on_the_wall: int
) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is missing: apt-get install poppler-utils")
    async with a_day(nats_server, tmp_path / "state", zone, day, hours) as shop:
        local = [time.astimezone(zone) for time in shop.times]
        # an hour of the wall is its number and its offset; counted without any code of ours
        expected = Counter((each.strftime("%Y-%m-%dT%H"), each.utcoffset()) for each in local)
        assert len(expected) == on_the_wall
        stats = await shop.world.get("/api/stats", **shop.asked, by="hour")
        for report, numbers in NUMBERS.items():
            api = await shop.api(report, by="hour")
            assert (api["by"], api["time_zone"]) == ("hour", str(zone))
            assert tuple(api["columns"][-len(numbers) :]) == numbers
            types: Any = dict.fromkeys(api["columns"][: -len(numbers)], str)
            text = await shop.file(report, "csv", by="hour")
            read = pandas.read_csv(io.BytesIO(text), dtype=types)
            assert list(read.columns) == api["columns"]
            assert from_pandas(read, report) == rows(api)
            sheet = await shop.file(report, "xlsx", by="hour")
            assert from_pandas(pandas.read_excel(io.BytesIO(sheet), dtype=types), report) == rows(api)
            lines, page = await from_pdf(await shop.file(report, "pdf", by="hour"), tmp_path)
            assert [line for line in lines if line[0].startswith(day)][-len(api["rows"]) :] == [
                tuple(str(cell) for cell in row if cell not in (None, "")) for row in rows(api)
            ]
            assert f"{zone}, by hour" in page

            starts = list(dict.fromkeys(row[0] for row in rows(api)))
            begun = [datetime.fromisoformat(start) for start in starts]
            assert [(each.strftime("%Y-%m-%dT%H"), each.utcoffset()) for each in begun] == list(expected)
            instants = pandas.to_datetime(pandas.Series(starts), utc=True)
            assert instants.is_monotonic_increasing
            assert instants.is_unique
            if report == "counts":
                fixed = local[5].strftime("%Y-%m-%dT%H"), local[5].utcoffset()
                many = [count + 4 * (hour == fixed) for hour, count in expected.items()]
                assert list(read.groupby("start", sort=False)[["in", "out"]].sum().sum(axis=1)) == many
                assert [unit["in"] + unit["out"] for unit in stats["series"]] == many
            else:
                by_day = await shop.api(report, by="day")
                said = [[day, *(each[name] for name in by_day["columns"][1:])] for each in stats[report]]
                assert by_day["rows"] == said


async def test_libreoffice_reads_what_the_api_says(nats_server: NatsServer, tmp_path: Path) -> None:
    if not (office := shutil.which("soffice")):
        pytest.skip("LibreOffice is missing: apt-get install libreoffice-calc-nogui")
    async with a_day(nats_server, tmp_path / "state", BERLIN, "2026-10-25", 25) as shop:
        apis = {report: await shop.api(report, by="hour") for report in NUMBERS}
        for report in NUMBERS:
            (tmp_path / f"{report}.xlsx").write_bytes(await shop.file(report, "xlsx", by="hour"))
    # comma, quotes, UTF-8; numbers as they are and not as they are shown
    what = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false"
    process = await asyncio.create_subprocess_exec(
        office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", what,
        "--outdir", str(tmp_path / "read"), *(str(tmp_path / f"{report}.xlsx") for report in NUMBERS),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    for report, api in apis.items():
        path = tmp_path / "read" / f"{report}.csv"
        assert path.exists(), said.decode()
        head, *found = csv.reader(io.StringIO(path.read_text()))
        assert head == api["columns"]
        texts = len(head) - len(NUMBERS[report])
        assert [
            (*row[:texts], *(None if cell == "" else float(cell) for cell in row[texts:])) for row in found
        ] == rows(api)


async def test_a_file_that_broke_off_is_not_taken_for_whole(
    nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edged.gateway.historian.PATIENCE", 0.5)
    monkeypatch.setattr("edged.gateway.historian.COMING", 0.5)

    def fill(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO series VALUES (1, 'home', 'edge', 'front', 'door', 'person')")
        rows = ((1_700_000_000 // 60 * 60 + 60 * n, 1, n % 7, 3, 0, 0) for n in range(200_000))
        db.executemany("INSERT INTO counts_minute VALUES (?, ?, ?, ?, ?, ?)", rows)

    with closing(prepare(tmp_path / "history.db", TimeZone(BERLIN))) as db:
        in_transaction(db, fill)
    asked = {"range": "custom", "from": "2023-11-01", "to": "2025-11-01", "by": "minute"}
    async with a_world(nats_server) as world, AsyncExitStack() as history:
        kept = config.Config(time_zone=str(BERLIN), history=config.History(details_days=9000))
        await history.enter_async_context(keeping_history(world.node, tmp_path, kept))
        await world.until_answered("/api/alerts")
        for format, last in (("csv", b"\r\n"), ("json", b"]]}")):
            async with world.http.get("/api/reports/counts", params=asked | {"format": format}) as response:
                whole = await response.read()
                assert whole.count(b"2023-11-1") > 4000
                assert whole.endswith(last)
        async with world.http.get("/api/reports/counts", params=asked) as response:
            assert response.status == 200
            await response.content.readany()
            await history.aclose()
            with pytest.raises(ClientError):
                await response.read()
