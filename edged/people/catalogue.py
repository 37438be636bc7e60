"""Writes people.db: records as they come from KV, sightings as they come from facts. Pure functions over a connection."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from edged import messages as m
from edged.bus.records import Entry
from edged.identities import Identity
from edged.people.schema import NOW

Db = sqlite3.Connection
KEPT = 900.0  # seconds for which a list can be paged through as it was when it began

_identity = msgspec.json.Decoder(Identity).decode


class Track(NamedTuple):
    """One track of one camera, as a fact names it."""

    site: str
    node: str
    camera: str
    session: str
    track: int

    def __str__(self) -> str:
        return f"{self.site}.{self.node}.{self.camera}/{self.session}/{self.track}"


def read(text: str) -> Track:
    """The track that `str(track)` names."""
    place, session, number = text.split("/")
    site, node, camera = place.split(".")
    return Track(site, node, camera, session, int(number))


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def decoded(record: bytes) -> Identity | None:
    """None for what this version cannot read."""
    try:
        return _identity(record)
    except msgspec.MsgspecError:
        return None


def take_records(db: sqlite3.Connection, entries: Iterable[Entry], now: float) -> None:
    """Takes in what became of the records of identities. An older revision than the one that is known does nothing."""
    stamp = _stamp(db)
    for entry in entries:
        known = db.execute("SELECT revision FROM identities WHERE id = ?", (entry.key,)).fetchone()
        if known and known[0] >= entry.revision:
            continue
        identity = decoded(entry.value) if entry.value is not None else None
        if identity is None:
            forget(db, entry.key)
            continue
        row = (entry.key, entry.revision, entry.value)
        db.execute("INSERT OR REPLACE INTO identities VALUES (?, ?, ?)", row)
        if identity.merged_into:
            _inherit(db, entry.key, identity.merged_into, stamp, now)
        restate(db, identity, stamp, now)


def take_sighting(db: sqlite3.Connection, fact: m.FaceIdentified, now: float) -> None:
    """Takes in who a track is. What is older than what is known of that track does nothing."""
    stamp = _stamp(db)
    key = str(Track(fact.site, fact.node, fact.camera, fact.session, fact.track))
    known = db.execute("SELECT identity, pts FROM sightings WHERE track = ?", (key,)).fetchone()
    if known and known[1] > fact.pts:
        return
    identity = successor(db, fact.identity) if fact.identity else ""
    if identity:
        camera = f"{fact.site}.{fact.node}.{fact.camera}"
        row = (key, identity, milliseconds(fact.since), milliseconds(fact.time), fact.pts, camera, stamp)
        db.execute("INSERT OR REPLACE INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    else:
        db.execute("DELETE FROM sightings WHERE track = ?", (key,))
    for id in {identity, known[0] if known else ""} - {""}:
        _restate_id(db, id, stamp, now)


def take_end(db: sqlite3.Connection, fact: m.TrackEnded, now: float) -> None:
    """Somebody was seen until the end of their track."""
    key = str(Track(fact.site, fact.node, fact.camera, fact.session, fact.track))
    row = db.execute("SELECT identity, time FROM sightings WHERE track = ?", (key,)).fetchone()
    last = milliseconds(fact.last_seen)
    if row and row[1] < last:
        db.execute("UPDATE sightings SET time = ? WHERE track = ?", (last, key))
        _restate_id(db, row[0], _stamp(db), now)


def take_change(db: sqlite3.Connection, fact: m.IdentityChanged) -> None:
    row = (fact.id, milliseconds(fact.time), fact.identity, msgspec.json.encode(fact))
    db.execute("INSERT OR IGNORE INTO audit VALUES (?, ?, ?, ?)", row)


def successor(db: sqlite3.Connection, id: str) -> str:
    """Whom an identity was merged into, or itself."""
    for _ in range(8):
        row = db.execute("SELECT record FROM identities WHERE id = ?", (id,)).fetchone()
        identity = decoded(row[0]) if row else None
        if identity is None or not identity.merged_into:
            return id
        id = identity.merged_into
    return id


def restate(db: sqlite3.Connection, identity: Identity, stamp: int, now: float) -> None:
    """A new version of what lists say of it, if that changed."""
    first, last, camera = _seen(db, identity.id)
    state = (identity.status, identity.name.casefold(), first, last, camera)
    query = "SELECT since, status, fold, first_seen, last_seen, camera FROM versions WHERE id = ? AND until = ?"
    row = db.execute(query, (identity.id, NOW)).fetchone()
    if row and row[1:] == state:
        return
    if row and row[0] == stamp:
        db.execute("DELETE FROM versions WHERE id = ? AND since = ?", (identity.id, stamp))
    elif row:
        db.execute(
            "UPDATE versions SET until = ?, ended = ? WHERE id = ? AND since = ?", (stamp, now, identity.id, row[0])
        )
    if row:
        _count(db, row[1], -1)
    _count(db, identity.status, +1)
    columns = "(id, since, status, fold, first_seen, last_seen, camera)"
    db.execute(f"INSERT INTO versions {columns} VALUES (?, ?, ?, ?, ?, ?, ?)", (identity.id, stamp, *state))


def forget(db: sqlite3.Connection, id: str) -> None:
    """Leaves nothing of an identity."""
    row = db.execute("SELECT status FROM versions WHERE id = ? AND until = ?", (id, NOW)).fetchone()
    if row:
        _count(db, row[0], -1)
    for table, column in (("versions", "id"), ("identities", "id"), ("sightings", "identity")):
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (id,))


def forget_unseen(db: sqlite3.Connection, seen: Mapping[str, int]) -> list[str]:
    """After everything was read anew: drops who was not in it. Returns who that was."""
    gone = [id for (id,) in db.execute("SELECT id FROM identities") if id not in seen]
    for id in gone:
        forget(db, id)
    return gone


def predecessors(db: sqlite3.Connection, id: str) -> list[str]:
    """Who was merged into it."""
    needle = f'"merged_into":"{id}"'.encode()
    return [one for (one,) in db.execute("SELECT id FROM identities WHERE instr(record, ?) > 0", (needle,))]


def tracks_of(db: sqlite3.Connection, id: str) -> list[Track]:
    return [read(key) for (key,) in db.execute("SELECT track FROM sightings WHERE identity = ?", (id,))]


def prune(db: sqlite3.Connection, now: float, sightings_before: float) -> int:
    """Drops old versions, sightings of nobody, and sightings from before that time: of each identity the first one stays."""
    past = f"FROM versions WHERE until < {NOW} AND ended < ?"
    (last,) = db.execute(f"SELECT max(until) {past}", (now - KEPT,)).fetchone()
    if last:
        db.execute("INSERT OR REPLACE INTO notes VALUES ('pruned', ?)", (last,))
    gone = db.execute(f"DELETE {past}", (now - KEPT,)).rowcount
    gone += db.execute("DELETE FROM sightings WHERE identity NOT IN (SELECT id FROM identities)").rowcount
    old = round(sightings_before * 1000)
    return (
        gone
        + db.execute(
            "DELETE FROM sightings WHERE time < ? AND EXISTS"
            " (SELECT 1 FROM sightings earlier WHERE earlier.identity = sightings.identity AND earlier.time < sightings.time)",
            (old,),
        ).rowcount
    )


def unregistered_before(db: sqlite3.Connection, moment: float, limit: int) -> Sequence[str]:
    """Of the unregistered, those neither made nor seen since."""
    old = round(moment * 1000)
    query = "SELECT id FROM versions WHERE status = 'unregistered' AND until = ? AND last_seen < ? ORDER BY last_seen LIMIT ?"
    found = []
    for (id,) in db.execute(query, (NOW, old, limit)):
        row = db.execute("SELECT record FROM identities WHERE id = ?", (id,)).fetchone()
        identity = decoded(row[0]) if row else None
        if identity and identity.changed.timestamp() < moment:
            found.append(id)
    return found


def _seen(db: sqlite3.Connection, id: str) -> tuple[int, int, str]:
    """(first, last, camera of the last)."""
    query = "SELECT time, camera FROM sightings WHERE identity = ? ORDER BY time DESC LIMIT 1"
    last = db.execute(query, (id,)).fetchone()
    if not last:
        return 0, 0, ""
    (first,) = db.execute("SELECT min(since) FROM sightings WHERE identity = ?", (id,)).fetchone()
    return first, last[0], last[1]


def _inherit(db: sqlite3.Connection, id: str, heir: str, stamp: int, now: float) -> None:
    moved = db.execute("UPDATE sightings SET identity = ? WHERE identity = ?", (successor(db, heir), id)).rowcount
    if moved:
        _restate_id(db, successor(db, heir), stamp, now)


def _restate_id(db: sqlite3.Connection, id: str, stamp: int, now: float) -> None:
    row = db.execute("SELECT record FROM identities WHERE id = ?", (id,)).fetchone()
    if row and (identity := decoded(row[0])):
        restate(db, identity, stamp, now)


def _count(db: sqlite3.Connection, status: str, by: int) -> None:
    db.execute("INSERT INTO counts VALUES (?, ?) ON CONFLICT (status) DO UPDATE SET n = n + excluded.n", (status, by))


def _stamp(db: sqlite3.Connection) -> int:
    """A new one, greater than all before."""
    query = "INSERT INTO notes VALUES ('stamp', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
    (stamp,) = db.execute(query).fetchone()
    return int(stamp)
