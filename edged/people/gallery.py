"""The gallery: who is known, and the only way to change it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Literal, NamedTuple, Protocol

import msgspec
import numpy as np

from edged import identities as ids
from edged import messages as m
from edged.bus.database import Database, open_database
from edged.bus.facts import Facts
from edged.bus.link import Link, Refused
from edged.bus.objects import Objects
from edged.bus.records import Conflict, Entry
from edged.config import Config
from edged.identities import Embedding, Identity, Sample
from edged.messages import IdentityStatus
from edged.people import catalogue
from edged.people.following import Change as Change
from edged.people.following import Followed
from edged.people.indexes import Indexes, Kind, Vector, unit
from edged.people.schema import SCHEMA
from edged.shredding import shred
from edged.subjects import NODE_ITSELF

MOST_BYTES = 4_000_000_000
TRIES = 50
What = Literal["created", "enrolled", "renamed", "status", "merged", "split", "sample_removed", "deleted", "erased"]

_encode = msgspec.json.Encoder().encode


class PeopleBus(Protocol):
    """What the gallery needs of a HandlerBus."""

    @property
    def config(self) -> Config: ...
    @property
    def link(self) -> Link: ...
    @property
    def facts(self) -> Facts: ...


class Picture(NamedTuple):
    """What becomes a sample: `vector` is brought to length 1."""

    sample: Sample
    vector: Vector
    jpeg: bytes


class Gallery(Followed):
    """What was written is known here when a method returns, and everywhere a moment later."""

    def __init__(self, bus: PeopleBus, db: Database, indexes: Indexes) -> None:
        super().__init__(bus.link, db, indexes)
        self.pictures = Objects(bus.link, ids.PEOPLE)
        self._facts = bus.facts
        self._where = {"site": bus.config.site, "node": bus.config.node, "camera": NODE_ITSELF}
        self._most = bus.config.gallery.samples

    async def create(
        self,
        *,
        name: str = "",
        status: IdentityStatus = "known",
        by: str,
        samples: Sequence[Picture] = (),
        id: str = "",
        note: str = "",
        watch: bool = False,
        what: What = "created",
    ) -> Identity:
        """A new identity, safe in KV with its `samples`. With `id`, saying it twice makes one. Raises BusError when it is not safe."""
        now = datetime.now(UTC)
        id = id or f"p{token_hex(8)}"
        for picture in samples:
            await self._store(id, Picture(*picture))
        kept = tuple(sample for sample, _, _ in samples)
        made = Identity(id=id, name=name, status=status, created=now, changed=now, samples=kept, note=note, watch=watch)
        try:
            revision = await self.records.put(id, _encode(made), 0)
        except Conflict:
            if (found := await self.records.get(id)) is None or found.value is None:
                raise Refused("unavailable", f"{id} was erased: enrol under another id") from None
            await self.heard([found])
            return self.identities[id]
        await self.heard([Entry(id, _encode(made), revision)])
        await self.tell(id, what, by)
        return made

    async def add_sample(self, identity: str, sample: Sample, vector: Vector, jpeg: bytes, *, by: str) -> Identity:
        """Raises Refused when there is no such identity, or it has as many samples as it may."""
        picture = Picture(sample, vector, jpeg)
        self._room(await self.current(identity), sample)
        await self._store(identity, picture)

        def add(known: Identity) -> Identity:
            if any(sample.id == other.id for other in known.samples):
                return known
            self._room(known, sample)
            return msgspec.structs.replace(known, samples=(*known.samples, sample))

        return await self.change(identity, add, by=by, what="enrolled", detail=f"sample {sample.id}")

    async def change(
        self,
        identity: str,
        change: Callable[[Identity], Identity],
        *,
        by: str,
        what: What | None = None,
        detail: str = "",
    ) -> Identity:
        """What `change` makes of it, whoever else writes at the same time: it may be called several times. Raises Refused, BusError.

        With `what`, and if it changed anything, it is written down who did it.
        """
        for _ in range(TRIES):
            entry = await self.records.get(identity)
            known = catalogue.decoded(entry.value) if entry and entry.value is not None else None
            if entry is None or known is None:
                raise Refused("not_found", f"there is no identity {identity!r}")
            changed = change(known)
            if changed == known:
                return known
            changed = msgspec.structs.replace(changed, changed=datetime.now(UTC))
            value = _encode(changed)
            try:
                revision = await self.records.put(identity, value, entry.revision)
            except Conflict:
                continue
            await self.heard([Entry(identity, value, revision)])
            if what:
                await self.tell(identity, what, by, detail)
            return changed
        raise Refused("unavailable", f"identity {identity} is being changed by too many at once: try again")

    async def tell(self, identity: str, what: What, by: str, detail: str = "") -> None:
        """Writes down, as a fact, who did what."""
        fact = m.IdentityChanged(
            **self._where, time=datetime.now(UTC), id=f"people-{token_hex(12)}", identity=identity,
            change=what, by=by, detail=detail,
        )  # fmt: skip
        await self._facts.publish(fact)
        await self.db.do(lambda db: catalogue.take_change(db, fact), durable=False)

    async def remove_sample(self, identity: str, sample: str) -> None:
        """The vector and the picture; the record is the caller's."""
        await self.embeddings.erase(f"{identity}.{sample}")
        await self.indexes.apply([Entry(f"{identity}.{sample}", None, 0)])
        await self.pictures.erase(f"{identity}/{sample}.jpg")

    async def forget(self, identity: str) -> None:
        """Overwrites the record and all its revisions; samples are the caller's."""
        revision = await self.records.erase(identity)
        await self.heard([Entry(identity, None, revision)])

    async def copy_sample(self, of: str, to: str, sample: Sample) -> None:
        """Safe under the other identity, too, when it returns."""
        vector = await self.indexes.vector(of, sample.id)
        jpeg = await self.pictures.get(f"{of}/{sample.id}.jpg")
        if vector is not None:
            await self._store(to, Picture(sample, vector[1], jpeg or b""))

    async def current(self, identity: str) -> Identity:
        """As the broker has it now. Raises Refused when there is none."""
        entry = await self.records.get(identity)
        known = catalogue.decoded(entry.value) if entry and entry.value is not None else None
        if entry is None or known is None:
            raise Refused("not_found", f"there is no identity {identity!r}")
        return known

    async def _store(self, identity: str, picture: Picture) -> None:
        vector = unit(picture.vector)
        if vector is None:
            raise Refused("invalid", "the vector of a sample has no direction: take another picture")
        sample = picture.sample
        if picture.jpeg:
            await self.pictures.put(f"{identity}/{sample.id}.jpg", picture.jpeg)
        embedding = Embedding(
            identity=identity, sample=sample.id, kind=sample.kind, model=sample.model,
            vector=vector.astype("<f4").tobytes(),
        )  # fmt: skip
        key = f"{identity}.{sample.id}"
        try:
            revision = await self.embeddings.put(key, _encode(embedding), 0)
        except Conflict:  # stored before, by one that was killed then
            return
        await self.indexes.apply([Entry(key, _encode(embedding), revision)])

    def has_room(self, known: Identity, sample: Sample) -> bool:
        """Whether it may have one more sample of that kind."""
        same = [other for other in known.samples if other.kind == sample.kind and other.id != sample.id]
        return len(same) < self._most

    def _room(self, known: Identity, sample: Sample) -> None:
        if known.status == "deleted":
            raise Refused("not_found", f"identity {known.id} is deleted: set its status to known first")
        if not self.has_room(known, sample):
            raise Refused(
                "limit", f"identity {known.id} has as many samples as gallery.samples allows ({self._most}): remove one"
            )


@asynccontextmanager
async def open_gallery(bus: PeopleBus, state_dir: Path) -> AsyncIterator[Gallery]:
    """The gallery, whole as soon as the block begins, and followed until its end. Nobody else may use the folder `people` in `state_dir`."""
    folder = state_dir / "people"
    indexes = Indexes(folder)
    async with open_database(folder / "people.db", SCHEMA, MOST_BYTES) as db:
        await asyncio.to_thread(_forget_broken, folder)
        gallery = Gallery(bus, db, indexes)
        try:
            await gallery.load()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(gallery.run())
                try:
                    await gallery.whole()
                    yield gallery
                finally:
                    running.cancel()
            await gallery.save()
        finally:
            await indexes.close()


def _forget_broken(folder: Path) -> None:
    """What was set aside has names in it, and everything can be had again."""
    for path in folder.glob("people.db.broken-*"):
        shred(path)


def sample_of(
    kind: Kind, model: str, quality: float, origin: Literal["upload", "live", "seen"], **more: object
) -> Sample:
    """A sample that is made now, under an id of its own."""
    quality = float(np.clip(quality, 0.0, 1.0))
    given = {"id": f"s{token_hex(8)}", **more}
    return Sample(kind=kind, model=model, quality=quality, time=datetime.now(UTC), origin=origin, **given)  # type: ignore[arg-type]
