"""The tables of history.db. Times are milliseconds since 1970 in UTC, the starts of minutes, hours and days are seconds.

`facts` decides whether a fact is new, and everything else follows from the facts in it. `counts_minute`, `counts_hour` and `counts_day` are
sums over `crossings` and `corrections`; hours and days are those of the site's time zone. `cursor` only says how far back reading
the stream may begin. Verdicts on protective equipment are apart from all of it: their stream, cursor and retention are their own.
"""

VERSION = 2
GRAINS = ("minute", "hour", "day")

_COUNTS = "".join(
    f"""
CREATE TABLE counts_{grain} (
    start INTEGER NOT NULL, series INTEGER NOT NULL,
    ins INTEGER NOT NULL, outs INTEGER NOT NULL, fixed_in INTEGER NOT NULL, fixed_out INTEGER NOT NULL,
    PRIMARY KEY (start, series)
) WITHOUT ROWID;"""
    for grain in GRAINS
)

# what version 2 adds to version 1
SINCE_2 = """
CREATE INDEX zone_events_of ON zone_events (site, node, camera, zone, time, type, inside, dwell); -- has all that is asked of a zone
CREATE INDEX states_of ON states (site, node, camera, time);
CREATE TABLE ppe (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL, fact BLOB NOT NULL
);
CREATE INDEX ppe_by_time ON ppe (time);
CREATE TABLE ppe_items (
    time INTEGER NOT NULL, id TEXT NOT NULL, item TEXT NOT NULL, verdict TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,
    camera TEXT NOT NULL, PRIMARY KEY (id, item)
) WITHOUT ROWID;
CREATE INDEX ppe_items_of ON ppe_items (site, node, camera, item, time, verdict);
CREATE TABLE ppe_cursor (one INTEGER PRIMARY KEY CHECK (one = 1), stored REAL NOT NULL);
"""

SCHEMA = f"""
CREATE TABLE facts (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX facts_by_time ON facts (time);
CREATE TABLE series (
    n INTEGER PRIMARY KEY, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL, line TEXT NOT NULL, label TEXT NOT NULL,
    UNIQUE (site, node, camera, line, label)
);
CREATE TABLE crossings (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, series INTEGER NOT NULL, direction INTEGER NOT NULL,
    session TEXT NOT NULL, track INTEGER NOT NULL
);
CREATE INDEX crossings_by_time ON crossings (time, series);
CREATE TABLE corrections (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, series INTEGER NOT NULL, delta_in INTEGER NOT NULL, delta_out INTEGER NOT NULL,
    by TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX corrections_by_time ON corrections (time, series);
{_COUNTS}
CREATE TABLE zone_events (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, type TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL,
    zone TEXT NOT NULL, label TEXT NOT NULL, dwell REAL, inside INTEGER
);
CREATE INDEX zone_events_by_time ON zone_events (time);
CREATE TABLE tracks (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL, label TEXT NOT NULL,
    lasted REAL NOT NULL
);
CREATE INDEX tracks_by_time ON tracks (time);
CREATE TABLE alerts (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL, rule TEXT NOT NULL,
    severity TEXT NOT NULL, label TEXT NOT NULL, fact BLOB NOT NULL
);
CREATE INDEX alerts_by_time ON alerts (time);
CREATE TABLE acknowledgements (
    id TEXT PRIMARY KEY, alert TEXT NOT NULL, time INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL
);
CREATE INDEX acknowledgements_of ON acknowledgements (alert, time);
CREATE TABLE clips (id TEXT PRIMARY KEY, alert TEXT NOT NULL, time INTEGER NOT NULL, key TEXT NOT NULL);
CREATE INDEX clips_of ON clips (alert);
CREATE TABLE states (
    id TEXT PRIMARY KEY, time INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL, camera TEXT NOT NULL, status TEXT NOT NULL,
    cause TEXT
);
CREATE INDEX states_by_time ON states (time);
CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, stored REAL NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
{SINCE_2}
"""

PRUNED = ("facts", "crossings", "corrections", "zone_events", "tracks", "alerts", "acknowledgements", "clips", "states")
