"""Who is known, as this process follows it: identities from KV, their vectors in an index of its own."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from edged import identities as ids
from edged.bus.database import Database
from edged.bus.link import Link
from edged.bus.records import Entry, Place, Records, Step
from edged.identities import Identity
from edged.identity.index import Match
from edged.mailbox import Inbox
from edged.people import catalogue
from edged.people.indexes import Indexes, Kind, Of, Vector, unit

SAVE = 5.0  # seconds between two manifests
CHANGES = 4_096  # changes that somebody may be behind

_encode = msgspec.json.Encoder().encode


class Change(NamedTuple):
    """`identity` is what `id` now is; None: it is gone."""

    id: str
    identity: Identity | None


class Roster(Mapping[str, Identity]):
    """Identities by id, kept as they came and decoded when they are looked at."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def __getitem__(self, id: str) -> Identity:
        value = self.entries[id].value
        identity = catalogue.decoded(value) if value is not None else None
        if identity is None:
            raise KeyError(id)
        return identity

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def take(self, entry: Entry) -> bool:
        """Whether that was news."""
        known = self.entries.get(entry.key)
        if known and known.revision >= entry.revision:
            return False
        if entry.value is None:
            return self.entries.pop(entry.key, None) is not None
        self.entries[entry.key] = entry
        return True


class Followed:
    """`identities` is what KV holds, a moment ago at most. Those with the status `deleted` are in it, and are never found by `search`."""

    def __init__(self, link: Link, db: Database, indexes: Indexes) -> None:
        self.identities = Roster()
        self.db = db
        self.indexes = indexes
        self.records = Records(link, ids.IDENTITIES)
        self.embeddings = Records(link, ids.EMBEDDINGS)
        self._listening: set[Inbox[Change]] = set()
        self._people_whole, self._vectors_whole = asyncio.Event(), asyncio.Event()
        self._again, self._grown = asyncio.Event(), asyncio.Event()
        self._place: Place | None = None
        self._saved: Place | None = None

    async def search(self, kind: Kind, model: str, vector: Vector, top: int = 10) -> list[Match]:
        """The nearest samples, the best first; `identity.decide.decide` makes a decision of them. Raises ValueError for a vector that does not fit."""
        fitting = unit(vector)
        if fitting is None:
            raise ValueError("a vector without direction fits nothing")
        wanted = top
        while True:
            found = await self.indexes.search(Of(kind, model), fitting, wanted)
            counted = [match for match in found if self._counts(match)]
            if len(counted) >= top or len(found) < wanted:
                return counted[:top]
            wanted *= 4

    def size(self, kind: Kind, model: str) -> int:
        """How many identities have a vector of that kind and model."""
        return self.indexes.people(Of(kind, model))

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Every change from now on, as it comes in, whoever made it; who is thousands behind loses the oldest."""
        inbox: Inbox[Change] = Inbox(CHANGES)
        self._listening.add(inbox)
        try:
            while True:
                yield await inbox.get()
        finally:
            self._listening.discard(inbox)

    async def reindex(self) -> float:
        """Throws away what was derived, and reads everything again. Seconds it took."""
        began = time.monotonic()
        self._people_whole.clear()
        self._vectors_whole.clear()
        self._again.set()
        await self.whole()
        return time.monotonic() - began

    async def run(self) -> None:
        """Follows, for ever."""
        while True:
            async with asyncio.TaskGroup() as tasks:
                steps = (self._follow_people(), self._follow_vectors(), self._save(), self._seal())
                work = [tasks.create_task(each) for each in steps]
                await self._again.wait()
                self._again.clear()
                for task in work:
                    task.cancel()
            await self.indexes.clear()
            await self.db.do(lambda db: db.execute("DELETE FROM notes WHERE name = 'place'"), durable=False)
            self._place = self._saved = None

    async def load(self) -> None:
        """What the files of this process say."""
        self._place = self._saved = await self.indexes.load()
        self.identities.entries = await self.db.do(_entries, durable=False)

    async def whole(self) -> None:
        """Returns when everything there was at the start is known."""
        await self._people_whole.wait()
        await self._vectors_whole.wait()

    async def save(self) -> None:
        """What is followed from at the next start."""
        if self._place is not None and self._place != self._saved:
            await self.indexes.save(self._place)
            self._saved = self._place

    async def _follow_people(self) -> None:
        row = await self.db.do(lambda db: db.execute("SELECT value FROM notes WHERE name = 'place'").fetchone())
        place = msgspec.json.decode(row[0], type=Place) if row else None
        seen: dict[str, int] | None = None
        async with aclosing(self.records.follow(place)) as steps:
            async for step in steps:
                if step.anew:
                    seen = {}
                if seen is not None:
                    seen.update((entry.key, entry.revision) for entry in step.entries if entry.value is not None)
                await self.heard(step.entries, step.place)
                if step.whole and seen is not None:
                    await self._drop_unseen(seen)
                    seen = None
                if step.whole:
                    self._people_whole.set()

    async def _drop_unseen(self, seen: dict[str, int]) -> None:
        for id in await self.db.do(lambda db: catalogue.forget_unseen(db, seen), durable=False):
            self.identities.entries.pop(id, None)
            self._say(Change(id, None))

    async def _follow_vectors(self) -> None:
        async with aclosing(self.embeddings.follow(self._place)) as steps:
            async for step in steps:
                if step.anew:
                    await self.indexes.clear()
                    self._place = None
                await self._take(step)

    async def _take(self, step: Step) -> None:
        if step.entries:
            await self.indexes.apply(step.entries)
        if step.whole:
            self._vectors_whole.set()
        if self._vectors_whole.is_set():
            self._place = step.place
            self._grown.set()

    async def _seal(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self.indexes.seal()

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE)
            await self.save()

    async def heard(self, entries: Sequence[Entry], place: Place | None = None) -> None:
        """Takes in records of identities."""
        news = [entry for entry in entries if self.identities.take(entry)]
        now = time.time()

        def take(db: sqlite3.Connection) -> None:
            catalogue.take_records(db, news, now)
            if place:
                db.execute("INSERT OR REPLACE INTO notes VALUES ('place', ?)", (_encode(place),))

        if news or place:
            await self.db.do(take, durable=False)
        for entry in news if self._listening else ():
            self._say(Change(entry.key, self.identities.get(entry.key)))

    def _say(self, change: Change) -> None:
        for inbox in self._listening:
            inbox.put(change)

    def _counts(self, match: Match) -> bool:
        known = self.identities.get(match.identity)
        return known is not None and known.status != "deleted" and any(s.id == match.sample for s in known.samples)


def _entries(db: sqlite3.Connection) -> dict[str, Entry]:
    rows = db.execute("SELECT id, revision, record FROM identities")
    return {id: Entry(id, record, revision) for id, revision, record in rows}
