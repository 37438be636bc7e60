"""`python -m bench.arrivals`: from a fact to its row in history.db, from an alert to a browser's WebSocket.

A whole daemon runs, with its own broker, and is looked at from outside: the file with another connection, the gateway with a client.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from bench.results import Row, Section, save, table
from edged.messages import AlertRaised
from tests.rigs.daemon import Daemon, running_daemon

HANDLERS = Path(__file__).with_name("handlers")
CONFIG = f'[handlers]\nrun = ["history"]\ndir = "{HANDLERS}"\n'
LOOK = 0.001  # seconds between two looks into the file
PROMISED = 100.0  # milliseconds
WARM = 2.0  # seconds before it counts

_alert = msgspec.json.Decoder(AlertRaised)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.arrivals", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    section = Section("latency", asyncio.run(measured(parser.parse_args().seconds)))
    print(table(section))
    print(f"kept in {save([section], 'none', quick=False)}")
    return 0 if all(row.met is not False for row in section.rows) else 1


async def measured(seconds: float) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="edged-latency-") as home:
        async with running_daemon(Path(home), CONFIG) as daemon:
            until = time.time() + WARM + seconds
            kept, shown = await asyncio.gather(
                asyncio.to_thread(to_sqlite, Path(home) / "state" / "history.db", until), to_browser(daemon, until)
            )
    return [*rows("fact to its row in SQLite", kept), *rows("alert to a WebSocket of the gateway", shown)]


def to_sqlite(path: Path, until: float) -> list[float]:
    """Milliseconds from the making of each crossing until another connection sees it."""
    while not path.exists():
        time.sleep(LOOK)
    found, last, warm = [], 0, time.time() + WARM
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        while (now := time.time()) < until:
            for n, made in new_rows(db, last):
                last = n
                if now > warm:
                    found.append((time.time() - made / 1000) * 1000)
            time.sleep(LOOK)
    return found


def new_rows(db: sqlite3.Connection, last: int) -> list[tuple[int, int]]:
    try:
        return db.execute("SELECT rowid, time FROM crossings WHERE rowid > ? ORDER BY rowid", (last,)).fetchall()
    except sqlite3.OperationalError:  # it is being made
        return []


async def to_browser(daemon: Daemon, until: float) -> list[float]:
    found: list[float] = []
    warm = time.time() + WARM
    url = f"{daemon.url}/api/realtime/ws?kinds=alert"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for message in socket:
            now = time.time()
            if now > until:
                return found
            if now > warm:
                found.append((now - made(message.data)) * 1000)
    raise AssertionError("the gateway has closed the WebSocket")


def made(message: str) -> float:
    moment: datetime = _alert.decode(message).time
    return moment.timestamp()


def rows(what: str, milliseconds: Sequence[float]) -> list[Row]:
    half, most, worst = map(float, np.percentile(milliseconds or [float("nan")], [50, 99, 100]))
    count = f"of {len(milliseconds)}"
    return [
        Row(f"{what}: p50", half, "ms", note=count),
        Row(f"{what}: p99", most, "ms", PROMISED, "≤", note=f"worst {worst:.1f}"),
    ]


if __name__ == "__main__":
    sys.exit(main())
