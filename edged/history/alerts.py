"""Alerts out of the tables, with who has acknowledged them. Pure functions over a connection."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from edged.history.recording import milliseconds
from edged.questions import Acknowledged, Alerts, AlertsAnswer, KnownAlert

_decode = msgspec.json.Decoder(KnownAlert).decode


def find(db: sqlite3.Connection, asked: Alerts) -> AlertsAnswer:
    """The page that is asked for, newest first, and how many there are in all."""
    condition, values = _condition(asked)
    (total,) = db.execute(f"SELECT count(*) FROM alerts WHERE {condition}", values).fetchone()
    start = (asked.page - 1) * asked.limit
    query = f"SELECT id, fact FROM alerts WHERE {condition} ORDER BY time DESC, id DESC LIMIT ? OFFSET ?"
    found = db.execute(query, (*values, asked.limit, min(start, 2**62))).fetchall()
    return AlertsAnswer(alerts=[_known(db, id, fact) for id, fact in found], total=total)


def forget(db: sqlite3.Connection, ids: Iterable[str]) -> int:
    """Removes alerts and what belongs to them, overwritten. That they were known stays, so that they don't come back. How many rows."""
    db.execute("PRAGMA secure_delete = ON")
    gone = 0
    for id in ids:
        for table, column in (("alerts", "id"), ("acknowledgements", "alert"), ("clips", "alert")):
            gone += db.execute(f"DELETE FROM {table} WHERE {column} = ?", (id,)).rowcount
    db.execute("PRAGMA secure_delete = FAST")
    return gone


def _known(db: sqlite3.Connection, id: str, fact: bytes) -> KnownAlert:
    first = "SELECT by, time, note FROM acknowledgements WHERE alert = ? ORDER BY time, id LIMIT 1"
    clip = db.execute("SELECT key FROM clips WHERE alert = ?", (id,)).fetchone()
    alert = msgspec.structs.replace(_decode(fact), clip=clip[0] if clip else None)
    if not (row := db.execute(first, (id,)).fetchone()):
        return alert
    by, time, note = row
    said = Acknowledged(by=by, time=datetime.fromtimestamp(time / 1000, UTC), note=note)
    return msgspec.structs.replace(alert, acknowledged=said)


def _condition(asked: Alerts) -> tuple[str, list[object]]:
    terms, values = ["1"], []
    camera = asked.camera.split(".") if asked.camera else []
    wanted: dict[str, object] = dict(zip(("site", "node", "camera")[max(0, 3 - len(camera)) :], camera, strict=False))
    if len(camera) > 3:
        terms.append("0")
    wanted |= {"rule": asked.rule, "severity": asked.severity, "id": asked.id}
    for column, value in wanted.items():
        if value:
            terms.append(f"{column} = ?")
            values.append(value)
    for sign, moment in ((">=", asked.since), ("<", asked.until)):
        if moment:
            terms.append(f"time {sign} ?")
            values.append(milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
    if asked.acknowledged is not None:
        terms.append(f"id {'' if asked.acknowledged else 'NOT '}IN (SELECT alert FROM acknowledgements)")
    return " AND ".join(terms), values
