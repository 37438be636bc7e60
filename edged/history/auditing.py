"""Compares outbox, stream and history fact by fact. What is compared lies in one temporary SQLite file, so that a million facts need no memory.

Every fault is named by the id of its fact, or by line and minute.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edged.bus.facts import Facts
from edged.bus.link import BusError
from edged.history.archive import PATIENCE

SCHEMA = """
CREATE TABLE stream (seq INTEGER PRIMARY KEY, id TEXT NOT NULL);
CREATE TABLE ended (seq INTEGER NOT NULL);
CREATE TABLE held (id TEXT PRIMARY KEY, seq INTEGER);
"""
TOGETHER = 5000
NAMED = 100  # faults of one kind that are named; all are counted
TRIES = 3  # at a copy of the outbox that is whole


class Fault(NamedTuple):
    """`what` is wrong, once for each of `names`; `many` says how many there are."""

    what: str
    names: list[str]
    many: int


class Findings(NamedTuple):
    stream: int
    history: int
    outbox: int
    waiting: int
    faults: list[Fault]


# Facts before the stream's first place may have been dropped by its age. A fact with place 0 came from this box's own desk.
# Facts that the history has not come to yet, and those that wait in the outbox, are no faults.
CHECKS = {
    "doubled in the stream": "SELECT id || ' at ' || group_concat(seq) FROM stream GROUP BY id HAVING count(*) > 1",
    "missing in the stream, known to the history": """
        SELECT facts.id || ' at ' || facts.seq FROM history.facts LEFT JOIN stream USING (id) LEFT JOIN held USING (id)
        WHERE stream.id IS NULL AND held.id IS NULL AND facts.seq >= (SELECT min(seq) FROM stream)""",
    "missing in the stream, acknowledged to the outbox": """
        SELECT held.id || ' at ' || held.seq FROM held LEFT JOIN stream USING (id)
        WHERE stream.id IS NULL AND held.seq IS NOT NULL AND held.seq <= (SELECT max(seq) FROM stream)""",
    "missing in the history": """
        SELECT stream.id || ' at ' || stream.seq FROM stream LEFT JOIN history.facts ON facts.id = stream.id
        WHERE facts.id IS NULL AND stream.seq <= (SELECT seq FROM history.cursor)""",
    "place removed from the stream": """
        SELECT CASE before.seq + 1 WHEN stream.seq - 1 THEN before.seq + 1 ELSE (before.seq + 1) || ' to ' || (stream.seq - 1) END
        FROM (
            SELECT seq, lag(seq) OVER (ORDER BY seq) AS last FROM (SELECT seq FROM stream UNION SELECT seq + 1 FROM ended)
        ) AS stream JOIN stream AS before ON before.seq = stream.last
        WHERE stream.seq > before.seq + 1""",
    "crossing without its fact": "SELECT id FROM history.crossings WHERE id NOT IN (SELECT id FROM history.facts)",
    "fact without its crossing": """
        SELECT id FROM history.facts WHERE type = 'line_crossed' AND id NOT IN (SELECT id FROM history.crossings)""",
    "correction without its fact": "SELECT id FROM history.corrections WHERE id NOT IN (SELECT id FROM history.facts)",
    "fact without its correction": """
        SELECT id FROM history.facts WHERE type = 'count_corrected' AND id NOT IN (SELECT id FROM history.corrections)""",
    "fact without its alert": "SELECT id FROM history.facts WHERE type = 'alert' AND id NOT IN (SELECT id FROM history.alerts)",
    "sum of a minute is not that of its facts": """
        WITH counted AS (
            SELECT start, series, ins - outs + fixed_in - fixed_out AS net, ins + outs + fixed_in + fixed_out AS gross
            FROM history.counts_minute
            UNION ALL SELECT time / 60000 * 60, series, -direction, -1 FROM history.crossings
            UNION ALL SELECT time / 60000 * 60, series, delta_out - delta_in, -delta_in - delta_out FROM history.corrections
        ), wrong AS (SELECT start, series FROM counted GROUP BY start, series HAVING sum(net) != 0 OR sum(gross) != 0)
        SELECT site || '.' || node || '.' || camera || '.' || line || ' ' || label || ' at ' || datetime(start, 'unixepoch')
        FROM wrong JOIN history.series ON series.n = wrong.series""",
    "sums of minutes and hours differ": """
        SELECT site || '.' || node || '.' || camera || '.' || line || ' ' || label FROM history.series JOIN (
            SELECT series FROM (
                SELECT series, ins + 3 * outs + 5 * fixed_in + 7 * fixed_out AS sum FROM history.counts_hour
                WHERE start >= coalesce((SELECT value + 0 FROM history.setting WHERE name = 'pruned'), 0)
                UNION ALL SELECT series, -(ins + 3 * outs + 5 * fixed_in + 7 * fixed_out) FROM history.counts_minute
            ) GROUP BY series HAVING sum(sum) != 0
        ) AS wrong ON wrong.series = series.n""",
    "sums of hours and days differ": """
        SELECT site || '.' || node || '.' || camera || '.' || line || ' ' || label FROM history.series JOIN (
            SELECT series FROM (
                SELECT series, ins + 3 * outs + 5 * fixed_in + 7 * fixed_out AS sum FROM history.counts_hour
                UNION ALL SELECT series, -(ins + 3 * outs + 5 * fixed_in + 7 * fixed_out) FROM history.counts_day
            ) GROUP BY series HAVING sum(sum) != 0
        ) AS wrong ON wrong.series = series.n""",
}


async def audited(facts: Facts, state: Path) -> Findings:
    """Reads the stream to its end, and compares. Raises BusError when one of the three cannot be read.

    It may run beside a daemon at work: the history is looked at before the stream, and the outbox as a copy.
    """
    with TemporaryDirectory(prefix="edged-audit-") as folder, _comparison(Path(folder), state) as db:
        db.execute("INSERT INTO ended VALUES (?)", (await facts.end(),))
        async with aclosing(facts.places()) as places:
            batch: list[tuple[int, str]] = []
            async for place in places:
                batch.append(place)
                if len(batch) >= TOGETHER:
                    db.executemany("INSERT OR REPLACE INTO stream VALUES (?, ?)", batch)
                    batch.clear()
            db.executemany("INSERT OR REPLACE INTO stream VALUES (?, ?)", batch)
        db.execute("CREATE INDEX stream_by_id ON stream (id)")
        return _compared(db)


def _compared(db: sqlite3.Connection) -> Findings:
    faults = []
    for what, query in CHECKS.items():
        names = [str(name) for (name,) in db.execute(query)]
        if names:
            faults.append(Fault(what, names[:NAMED], len(names)))
    stream, history, outbox, waiting = (
        int(db.execute(query).fetchone()[0])
        for query in (
            "SELECT count(*) FROM stream",
            "SELECT count(*) FROM history.facts",
            "SELECT count(*) FROM held",
            "SELECT count(*) FROM held WHERE seq IS NULL",
        )
    )
    return Findings(stream, history, outbox, waiting, faults)


@contextmanager
def _comparison(folder: Path, state: Path) -> Iterator[sqlite3.Connection]:
    path = state / "history.db"
    db = sqlite3.connect(folder / "audit.db", isolation_level=None, uri=True, timeout=PATIENCE)
    try:
        db.executescript(SCHEMA)
        db.execute("PRAGMA synchronous = OFF")
        # a copy, so that all questions see the same: writing goes on meanwhile
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)
        copy = sqlite3.connect(folder / "history.db")
        source.backup(copy)
        source.close()
        copy.close()
        db.execute("ATTACH ? AS history", (str(folder / "history.db"),))
        db.executemany("INSERT INTO held VALUES (?, ?)", _outbox(folder, state / "outbox.db"))
        yield db
    except sqlite3.Error as error:
        raise BusError(
            f"{path} could not be read ({error}): is state_dir right, and did the history run there?"
        ) from error
    finally:
        db.close()


def _outbox(folder: Path, path: Path) -> list[tuple[str, int | None]]:
    """The facts it holds. The daemon keeps the file to itself, so a copy of it is read; without the file there are none."""
    if not path.exists():
        return []
    for attempt in range(TRIES):
        copy = folder / f"outbox-{attempt}.db"
        for suffix in ("", "-wal"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        db = sqlite3.connect(copy)
        try:
            if db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return db.execute("SELECT id, seq FROM facts WHERE stream = 'edged_facts'").fetchall()
        except sqlite3.DatabaseError:
            continue  # it was copied in the middle of a change
        finally:
            db.close()
    raise BusError(f"{path} could not be read: stop edged, and audit again")
