"""One index for each kind and model, in one thread, and the files under them."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from edged.bus.records import Entry, Place
from edged.identities import Embedding
from edged.identity.index import Index, Match
from edged.people.vectors import Held
from edged.shredding import shred

log = structlog.get_logger()

Kind = Literal["face", "body"]
Vector = NDArray[np.float32]
T = TypeVar("T")

MANIFEST = "gallery.json"
_decode = msgspec.json.Decoder(Embedding).decode


class Of(NamedTuple):
    """Vectors of which kind and model can be compared with each other."""

    kind: Kind
    model: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    model: str
    dimensions: int
    rows: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the files hold at least: everything up to `place`."""

    place: Place
    indexes: list[Listed]


class Indexes:
    """Everything is done in one thread, one thing after the other. `folder` is this process' own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "gallery")
        self._indexes: dict[Of, Index] = {}
        self._files: dict[Of, Held] = {}
        self._of: dict[str, Of] = {}  # by key of the record
        self._people: dict[Of, dict[str, int]] = {}

    async def load(self) -> Place | None:
        """Takes over what the files hold; None when that is nothing."""
        place = await self._do(self._load)
        if place is None:
            await self.clear()
        return place

    async def clear(self) -> None:
        """Forgets everything, files too."""
        await self._do(self._clear)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Takes in what became of the records of embeddings."""
        await self._do(lambda: self._apply(entries))

    async def seal(self) -> None:
        """Prepares what is searched often; between two blocks others have their turn."""
        while await self._do(self._seal_one):
            pass

    async def search(self, of: Of, vector: Vector, top: int) -> list[Match]:
        """Nothing of a kind or model that nobody has. Raises ValueError for a vector that does not fit."""
        return await self._do(lambda: self._indexes[of].search(vector, top) if of in self._indexes else [])

    async def vector(self, identity: str, sample: str) -> tuple[Of, Vector] | None:
        return await self._do(lambda: self._vector(identity, sample))

    async def names(self) -> list[tuple[str, str]]:
        """(identity, sample) of everything there is."""
        return await self._do(lambda: [name for index in self._indexes.values() for name in index.names])

    async def save(self, place: Place) -> None:
        """Says in the manifest that the files hold everything up to `place`, once they do."""
        await self._do(lambda: self._save(place))

    async def close(self) -> None:
        await self._do(self._close)
        await asyncio.to_thread(self._thread.shutdown)

    def people(self, of: Of) -> int:
        """How many identities have such a vector."""
        return len(self._people.get(of, ()))

    def kinds(self) -> list[Of]:
        """Those of which there is a vector."""
        return [of for of, people in self._people.items() if people]

    def count(self) -> int:
        """How many vectors there are."""
        return len(self._of)

    async def _do(self, action: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)

    def _load(self) -> Place | None:
        try:
            manifest = msgspec.json.decode((self._folder / MANIFEST).read_bytes(), type=Manifest)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("gallery file unreadable", error=str(error), note="everything is read again")
            return None
        for listed in manifest.indexes:
            of = Of(listed.kind, listed.model)
            held = Held(self._path(of), listed.dimensions)
            names = held.read()
            if names is None:
                log.warning("gallery file broken", kind=of.kind, model=of.model, note="everything is read again")
                held.close()
                return None
            self._files[of], self._indexes[of] = held, Index(held, names)
            people = self._people.setdefault(of, {})
            for identity, sample in names:
                self._of[f"{identity}.{sample}"] = of
                people[identity] = people.get(identity, 0) + 1
        return manifest.place

    def _clear(self) -> None:
        self._close()
        self._indexes.clear()
        self._files.clear()
        self._of.clear()
        self._people.clear()
        if self._folder.is_dir():
            for path in (*self._folder.glob("*.rows"), *self._folder.glob("*.names"), self._folder / MANIFEST):
                shred(path)

    def _apply(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.value is None:
                self._remove(entry.key)
                continue
            try:
                embedding = _decode(entry.value)
            except msgspec.MsgspecError as error:
                log.warning("embedding not understood", key=entry.key, error=str(error))
                continue
            self._put(entry.key, embedding)

    def _put(self, key: str, embedding: Embedding) -> None:
        of = Of(embedding.kind, embedding.model)
        vector = unit(np.frombuffer(embedding.vector, "<f4"))
        if vector is None:
            log.warning("embedding is no vector", key=key)
            return
        if of not in self._indexes:
            held = Held(self._path(of), len(vector))
            self._files[of], self._indexes[of] = held, Index(held)
        if len(vector) != self._indexes[of].dimensions:
            log.warning("embedding does not fit", key=key, model=of.model, dimensions=len(vector))
            return
        if key in self._of and self._of[key] != of:
            self._remove(key)
        people = self._people.setdefault(of, {})
        if key not in self._of:
            people[embedding.identity] = people.get(embedding.identity, 0) + 1
        self._of[key] = of
        self._indexes[of].put(embedding.identity, embedding.sample, vector)

    def _remove(self, key: str) -> None:
        of = self._of.pop(key, None)
        if of is None:
            return
        identity, _, sample = key.partition(".")
        self._indexes[of].remove(identity, sample)
        people = self._people[of]
        people[identity] -= 1
        if not people[identity]:
            del people[identity]

    def _vector(self, identity: str, sample: str) -> tuple[Of, Vector] | None:
        of = self._of.get(f"{identity}.{sample}")
        if of is None:
            return None
        vector = self._indexes[of].vector(identity, sample)
        return None if vector is None else (of, vector)

    def _seal_one(self) -> bool:
        return any(index.seal() for index in self._indexes.values())

    def _save(self, place: Place) -> None:
        if any(held.lost for held in self._files.values()):
            (self._folder / MANIFEST).unlink(missing_ok=True)
            return
        for held in self._files.values():
            held.flush()
        listed = [
            Listed(kind=of.kind, model=of.model, dimensions=index.dimensions, rows=len(index))
            for of, index in self._indexes.items()
        ]
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._folder / f"{MANIFEST}.new"
        fresh.write_bytes(msgspec.json.encode(Manifest(place=place, indexes=listed)))
        fresh.replace(self._folder / MANIFEST)

    def _close(self) -> None:
        for held in self._files.values():
            held.close()

    def _path(self, of: Of) -> Path:
        return self._folder / f"{of.kind}-{hashlib.sha256(of.model.encode()).hexdigest()[:16]}.rows"


def unit(vector: NDArray[np.floating]) -> Vector | None:
    """The same direction with length 1; None for what has no direction."""
    norm = float(np.linalg.norm(vector)) if vector.size else 0.0
    return None if not np.isfinite(norm) or norm < 1e-6 else (vector / norm).astype(np.float32)
