"""One SQLite file in one thread of its own. Writes that are asked for at the same time share a commit, and so an fsync."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import structlog

from edged.bus.link import BusError

log = structlog.get_logger()

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]
PAGE = 4096
TOGETHER = 1000  # actions in one commit


class _Job(NamedTuple):
    action: Action[Any]
    durable: bool
    result: asyncio.Future[Any]
    alone: bool = False  # in no transaction


class Database:
    """`await do(action)` runs `action(connection)` in the thread and returns what it returned, when that is on disk."""

    def __init__(self, path: Path, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._connection = connection
        self._loop = loop
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"sqlite {path.name}", daemon=True)

    async def do(self, action: Action[T], *, durable: bool = True, then: Callable[[T], None] | None = None) -> T:
        """With `durable=False` a power cut may undo it. Raises BusError when the disk did not take it.

        `then` is told the result on the loop, even if whoever asked was cancelled meanwhile: the action happens all the same.
        """
        result: asyncio.Future[T] = self._loop.create_future()
        if then:
            result.add_done_callback(lambda done: done.exception() or then(done.result()))
        self._jobs.put(_Job(action, durable, result))
        try:
            return await asyncio.shield(result)
        except sqlite3.Error as error:
            raise BusError(
                f"{self._path} could not be written ({error}): is its disk full, or broken? `df -h {self._path.parent}`"
            ) from error

    async def scrub(self, *, whole: bool) -> None:
        """Nothing that was deleted is left in the files. `whole`: also what was deleted without `PRAGMA secure_delete`. Raises BusError."""

        def act(db: sqlite3.Connection) -> None:
            if whole:
                db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        result: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put(_Job(act, True, result, alone=True))
        try:
            await asyncio.shield(result)
        except sqlite3.Error as error:
            raise BusError(f"{self._path} could not be scrubbed ({error}): is its disk full?") from error

    async def _stop(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while taken := self._together():
            jobs = [job for job in taken if not job.alone]
            try:
                results = self._commit(jobs)
                self._resolve([(job, value, None) for job, value in zip(jobs, results, strict=True)])
            except Exception:  # of whatever kind: who asked must hear of it, and the others must not wait for ever
                self._resolve([self._alone(job) for job in jobs])
            self._resolve([self._outside(job) for job in taken if job.alone])
        self._connection.close()

    def _together(self) -> list[_Job]:
        """Waits for one job, then takes whatever else has piled up; empty at the end."""
        first = self._jobs.get()
        if first is None:
            return []
        jobs = [first]
        try:
            while len(jobs) < TOGETHER:
                job = self._jobs.get_nowait()
                if job is None:
                    self._jobs.put(None)
                    break
                jobs.append(job)
        except Empty:
            pass
        return jobs

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        safety = "FULL" if any(job.durable for job in jobs) else "NORMAL"
        self._connection.execute(f"PRAGMA synchronous={safety}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [job.action(self._connection) for job in jobs]
            self._connection.execute("COMMIT")
            return results
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _outside(self, job: _Job) -> tuple[_Job, Any, Exception | None]:
        try:
            return job, job.action(self._connection), None
        except Exception as error:  # for who asked
            return job, None, error

    def _alone(self, job: _Job) -> tuple[_Job, Any, Exception | None]:
        """After a commit that failed: one job that cannot be done must not fail its neighbours."""
        try:
            return job, self._commit([job])[0], None
        except Exception as error:  # for who asked
            return job, None, error

    def _resolve(self, outcomes: list[tuple[_Job, Any, Exception | None]]) -> None:
        self._loop.call_soon_threadsafe(_settle, outcomes)


def _settle(outcomes: list[tuple[_Job, Any, Exception | None]]) -> None:
    for job, value, error in outcomes:
        if error:
            job.result.set_exception(error)
        else:
            job.result.set_result(value)


@asynccontextmanager
async def open_database(path: Path, schema: str, max_bytes: int) -> AsyncIterator[Database]:
    """The file at `path`, at most `max_bytes` large. A file that is not readable any more is moved aside, and a fresh one begun."""
    loop = asyncio.get_running_loop()
    connection = await asyncio.to_thread(_open, path, schema, max_bytes)
    database = Database(path, connection, loop)
    database._thread.start()
    try:
        yield database
    finally:
        await database._stop()


def _open(path: Path, schema: str, max_bytes: int) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _connect(path, schema, max_bytes)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise BusError(
                f"{path} could not be opened ({error}): may edged write there, and is it used twice?"
            ) from error
        aside = path.with_name(f"{path.name}.broken-{int(time.time())}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        log.error("outbox broken", error=str(error), moved_to=str(aside), note="facts not yet sent may be lost")
        return _connect(path, schema, max_bytes)


def _connect(path: Path, schema: str, max_bytes: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        for (finding,) in connection.execute("PRAGMA quick_check(1)"):
            if finding != "ok":
                raise sqlite3.DatabaseError(finding)
        connection.execute(f"PRAGMA max_page_count={max_bytes // PAGE}")
        connection.executescript(schema)
        return connection
    except BaseException:
        connection.close()
        raise
