"""history.db: one thread writes, two read beside it. It can be thrown away at any time, for the stream makes it anew."""

import asyncio
import fcntl
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import structlog

from edged.bus.deliveries import Stored
from edged.bus.link import BusError
from edged.bus.reading import Bookmark
from edged.history import schema
from edged.history.counting import recount
from edged.history.recording import record
from edged.timezone import TimeZone

log = structlog.get_logger()

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]
READERS = 2
PATIENCE = 5.0  # seconds for another process that has the file, such as an audit


class Archive:
    """`write` returns when the facts are in the file; a power cut may take the last ones back, with the cursor that says so."""

    def __init__(self, path: Path, zone: TimeZone, connection: sqlite3.Connection) -> None:
        self.path = path
        self.zone = zone
        self._connection = connection
        self._writer = ThreadPoolExecutor(1, "history writer")
        self._readers = ThreadPoolExecutor(READERS, "history reader")
        self._reading = threading.local()
        self._opened: list[sqlite3.Connection] = []

    async def write(self, batch: Sequence[Stored]) -> int:
        """How many of the facts were new. Raises BusError when the disk does not take them; then none of them is in."""
        return await self.change(lambda db: record(db, self.zone, batch))

    async def change(self, action: Query[T]) -> T:
        """Does `action` in one transaction."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writer, in_transaction, self._connection, action)
        except sqlite3.Error as error:
            raise BusError(
                f"{self.path} could not be written ({error}): is its disk full? `df -h {self.path.parent}`"
            ) from error

    async def scrub(self) -> None:
        """Nothing that was overwritten is left in the log beside the file. Raises BusError."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                self._writer, lambda: self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            )
        except sqlite3.Error as error:
            raise BusError(f"{self.path} could not be scrubbed ({error})") from error

    async def read(self, query: Query[T]) -> T:
        """What `query` returns, while writing goes on beside it: all that it looks up is of one moment."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._readers, lambda: of_one_moment(self._reader(), query))
        except sqlite3.Error as error:
            raise BusError(f"{self.path} could not be read ({error}): `edged history rebuild` makes it anew") from error

    async def bookmark(self) -> Bookmark | None:
        """How far the stream is in the file; None: nothing of it is."""
        row = await self.read(lambda db: db.execute("SELECT seq, stored FROM cursor").fetchone())
        return Bookmark(row[0], datetime.fromtimestamp(row[1], UTC)) if row else None

    def _reader(self) -> sqlite3.Connection:
        if not hasattr(self._reading, "connection"):
            self._reading.connection = connect_read_only(self.path)
            self._opened.append(self._reading.connection)
        connection: sqlite3.Connection = self._reading.connection
        return connection

    def close(self) -> None:
        """Blocks until what was begun is done."""
        self._writer.shutdown()
        self._readers.shutdown()
        for connection in (*self._opened, self._connection):
            connection.close()


@asynccontextmanager
async def open_archive(path: Path, zone: TimeZone) -> AsyncIterator[Archive]:
    """The file at `path`. One that is broken, or of another version, is moved aside and begun anew. Raises BusError."""
    with locked(path):
        async with _opened(path, zone) as archive:
            yield archive


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes into the file meanwhile. Raises BusError if somebody does."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_name(f"{path.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusError(f"{path} is in use by an edged that runs: stop it first") from None
        yield


@asynccontextmanager
async def _opened(path: Path, zone: TimeZone) -> AsyncIterator[Archive]:
    connection = await asyncio.to_thread(prepare, path, zone)
    archive = Archive(path, zone, connection)
    try:
        yield archive
    finally:
        await asyncio.to_thread(archive.close)


def in_transaction(connection: sqlite3.Connection, action: Query[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = action(connection)
        connection.execute("COMMIT")
        return result
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def of_one_moment(connection: sqlite3.Connection, query: Query[T]) -> T:
    """Several statements without it may see what was written between them: counts of a line that the first did not know."""
    connection.execute("BEGIN")
    try:
        return query(connection)
    finally:
        if connection.in_transaction:  # SQLite ends it itself after some errors
            connection.execute("ROLLBACK")


def prepare(path: Path, zone: TimeZone) -> sqlite3.Connection:
    """The connection that writes. Blocks."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _connect(path, zone)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise BusError(f"{path} could not be opened ({error}): may edged write there?") from error
        aside = set_aside(path, "broken")
        log.error("history broken", error=str(error), moved_to=str(aside), note="it is made anew from the stream")
        return _connect(path, zone)


def set_aside(path: Path, why: str) -> Path:
    aside = path.with_name(f"{path.name}.{why}-{int(time.time())}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that sees each transaction whole, beside whoever writes. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=PATIENCE
    )
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _connect(path: Path, zone: TimeZone) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > schema.VERSION:
            raise sqlite3.DatabaseError(f"its schema is version {version}, this edged wants {schema.VERSION}")
        if version < schema.VERSION:
            missing = schema.SINCE_2 if version else schema.SCHEMA
            with closing(connection.cursor()) as cursor:
                cursor.executescript(f"BEGIN;{missing}PRAGMA user_version = {schema.VERSION};COMMIT;")
        in_transaction(connection, lambda db: _zoned(db, zone))
        return connection
    except BaseException:
        connection.close()
        raise


def _zoned(db: sqlite3.Connection, zone: TimeZone) -> None:
    """Hours and days are those of one time zone: in another they are summed up anew."""
    row = db.execute("SELECT value FROM setting WHERE name = 'time_zone'").fetchone()
    if row and row[0] != str(zone.tz):
        recount(db, zone)
    db.execute("INSERT OR REPLACE INTO setting VALUES ('time_zone', ?)", (str(zone.tz),))
