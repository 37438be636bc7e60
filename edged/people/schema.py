"""people.db: who there is and where they were seen, as this box knows it. It can be thrown away, for the broker has it all.

`identities` are the records as KV holds them. `sightings` has one row for each track that is somebody. `versions` says what the two amount
to, for lists: a row per identity and state, valid from stamp `since` until before `until`; of old states as many as a list that is
being paged through may need. Times are milliseconds since 1970 in UTC, 0: never.
"""

NOW = 2**62  # `until` of what is true now

SCHEMA = f"""
PRAGMA secure_delete = ON;
PRAGMA cache_size = -32000;
CREATE TABLE IF NOT EXISTS identities (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL DEFAULT {NOW}, ended REAL NOT NULL DEFAULT 0,
    status TEXT NOT NULL, fold TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, camera TEXT NOT NULL,
    PRIMARY KEY (id, since)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS versions_by_last ON versions (status, last_seen, id, fold, since, until);
CREATE INDEX IF NOT EXISTS versions_by_first ON versions (status, first_seen, id, fold, since, until);
CREATE INDEX IF NOT EXISTS versions_by_name ON versions (status, fold, id, since, until);
CREATE INDEX IF NOT EXISTS versions_past ON versions (ended) WHERE until < {NOW};
CREATE TABLE IF NOT EXISTS sightings (
    track TEXT PRIMARY KEY, identity TEXT NOT NULL, since INTEGER NOT NULL, time INTEGER NOT NULL, pts INTEGER NOT NULL,
    camera TEXT NOT NULL, stamp INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sightings_of ON sightings (identity, time, camera, stamp);
CREATE INDEX IF NOT EXISTS sightings_at ON sightings (camera, time, identity, stamp);
CREATE INDEX IF NOT EXISTS sightings_by_time ON sightings (time, identity, stamp);
CREATE TABLE IF NOT EXISTS audit (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, identity TEXT NOT NULL, fact BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS audit_by_time ON audit (time, id);
CREATE INDEX IF NOT EXISTS audit_of ON audit (identity, time, id);
CREATE TABLE IF NOT EXISTS counts (status TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
