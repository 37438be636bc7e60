"""Sums over counts: hours and days anew from minutes, and what is too old forgotten."""

import sqlite3

from edged.history.schema import PRUNED
from edged.timezone import TimeZone

DAY = 86_400
BULK = ("tracks", "zone_events", "states")


def recount(db: sqlite3.Connection, zone: TimeZone) -> None:
    """Hours and days from the minutes there are, in this zone. Those from before the first minute stay as they are."""
    (first,) = db.execute("SELECT min(start) FROM counts_minute").fetchone()
    if first is None:
        return
    begin = zone.day(first)
    for grain, start in (("hour", zone.hour), ("day", zone.day)):
        db.create_function(f"{grain}_of", 1, start, deterministic=True)
        db.execute(f"DELETE FROM counts_{grain} WHERE start >= ?", (begin,))
        db.execute(
            f"INSERT INTO counts_{grain} SELECT {grain}_of(start) AS begun, series, sum(ins), sum(outs), sum(fixed_in), sum(fixed_out) "
            "FROM counts_minute GROUP BY begun, series"
        )


def prune(db: sqlite3.Connection, zone: TimeZone, now: float, details_days: float, tracks_days: float) -> int:
    """Forgets what is older; hours and days stay. It cuts at midnight, so that no sum is left of half its parts. How many rows went."""
    gone = 0
    for table in PRUNED:
        cut = zone.day(now - DAY * (tracks_days if table in BULK else details_days))
        gone += db.execute(f"DELETE FROM {table} WHERE time < ?", (cut * 1000,)).rowcount
    cut = zone.day(now - DAY * details_days)
    gone += db.execute("DELETE FROM counts_minute WHERE start < ?", (cut,)).rowcount
    db.execute("INSERT OR REPLACE INTO setting VALUES ('pruned', ?)", (str(cut),))
    return gone
