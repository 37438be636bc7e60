"""Answers what the gallery is asked over NATS."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

import msgspec
import numpy as np

from edged import enquiries as e
from edged.bus.link import Answer, Delivery, Refused
from edged.identities import Identity
from edged.people import changing, lists
from edged.people.erasing import Eraser
from edged.people.gallery import Gallery
from edged.people.visitors import Visitors

REINDEX_SECONDS = 300.0
SAMPLES_ASKED = 5  # of the samples of an identity, those that others are compared with

_question = msgspec.json.Decoder(e.Enquiry)
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class Desk:
    """`gallery` is this box's, `eraser` and `visitors` work on it, too."""

    def __init__(self, gallery: Gallery, eraser: Eraser, visitors: Visitors) -> None:
        self._gallery = gallery
        self._eraser = eraser
        self._visitors = visitors

    async def answer(self, request: Delivery) -> Answer:
        """Raises Refused for what cannot be answered."""
        try:
            asked = _question.decode(request.data)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"the gallery does not understand that: {error}") from None
        return _encode(await self._answered(asked)), {}

    async def _answered(self, asked: e.Enquiry) -> msgspec.Struct:
        gallery = self._gallery
        match asked:
            case e.People():
                return await self._read(lambda db: lists.people(db, asked))
            case e.Changes():
                return await self._read(lambda db: lists.changes(db, asked))
            case e.Person():
                return await self._known(asked.id)
            case e.Nearest():
                return await self._nearest(asked)
            case e.Enrol():
                return await self._seen(await changing.enrol(gallery, asked))
            case e.AddSample():
                return await self._seen(await changing.add_sample(gallery, asked))
            case e.Alter():
                return await self._seen(await changing.alter(gallery, asked))
            case e.Delete():
                return await self._seen(await changing.delete(gallery, asked))
            case e.Merge():
                return await self._seen(await changing.merge(gallery, asked))
            case e.Split():
                return await self._seen(await changing.split(gallery, asked))
            case e.RemoveSample():
                return await self._seen(await changing.remove_sample(gallery, asked))
            case e.Erase():
                return await self._eraser.erase(asked.id, asked.by)
            case e.Reindex():
                return await self._reindex()
            case e.Visits():
                return self._visitors.listed(asked)
            case e.Register():
                return await self._visitors.register(asked)
            case e.AlterVisit():
                return await self._visitors.alter(asked)
            case e.Unregister():
                return await self._visitors.erase(asked)

    async def _nearest(self, asked: e.Nearest) -> e.NearestAnswer:
        if asked.id:
            matches = await self._like(asked)
        else:
            model = asked.model or self._only_model(asked.kind)
            matches = await self._like_vector(asked.kind, model, asked.vector, asked.top)
        best = sorted(matches.values(), key=lambda match: (-match[1], match[0]))[: asked.top]
        found = [e.Near(identity=await self._known(id), sample=sample, score=score) for id, score, sample in best]
        return e.NearestAnswer(matches=found, searched=self._gallery.indexes.count())

    def _only_model(self, kind: e.Kind) -> str:
        """The one whose vectors there are; empty when there are none. Raises Refused for several."""
        models = sorted(of.model for of in self._gallery.indexes.kinds() if of.kind == kind)
        if len(models) > 1:
            raise Refused("invalid", f"there are vectors of several models: name one of {', '.join(models)} as `model`")
        return models[0] if models else ""

    async def _like(self, asked: e.Nearest) -> dict[str, tuple[str, float, str]]:
        """Others than the identity itself, by its best samples of the kind."""
        known = await self._known(asked.id)
        samples = sorted((one for one in known.samples if one.kind == asked.kind), key=lambda one: -one.quality)
        best: dict[str, tuple[str, float, str]] = {}
        for sample in samples[:SAMPLES_ASKED]:
            vector = await self._gallery.indexes.vector(asked.id, sample.id)
            if vector is None:
                continue
            more = asked.top + len(known.samples)
            found = await self._like_vector(asked.kind, sample.model, vector[1].tobytes(), more)
            for id, match in found.items():
                if id != asked.id and (id not in best or match[1] > best[id][1]):
                    best[id] = match
        return best

    async def _like_vector(self, kind: e.Kind, model: str, raw: bytes, top: int) -> dict[str, tuple[str, float, str]]:
        """identity -> (identity, score, sample)."""
        if not raw or len(raw) % 4:
            raise Refused("invalid", "a vector is float32: its bytes come in fours")
        vector, wanted = np.frombuffer(raw, "<f4").astype(np.float32), top
        while True:
            try:
                found = await self._gallery.search(kind, model, vector, wanted)
            except ValueError as error:
                raise Refused("invalid", f"nothing can be compared with that: {error}") from None
            best: dict[str, tuple[str, float, str]] = {}
            for match in found:
                best.setdefault(match.identity, (match.identity, match.score, match.sample))
            if len(best) >= top or len(found) < wanted:  # many samples of few people may fill the first places
                return best
            wanted *= 4

    async def _reindex(self) -> e.Reindexed:
        try:
            async with asyncio.timeout(REINDEX_SECONDS):
                seconds = await self._gallery.reindex()
        except TimeoutError:
            raise Refused("unavailable", "the gallery is still being read: is nats-server up, or slow?") from None
        people, samples = len(self._gallery.identities), self._gallery.indexes.count()
        return e.Reindexed(identities=people, samples=samples, seconds=round(seconds, 3))

    async def _known(self, id: str) -> e.Known:
        found = await self._read(lambda db: lists.person(db, id))
        if found is None:
            raise Refused("not_found", f"there is no identity {id!r}: GET /api/identities lists them")
        return found

    async def _seen(self, identity: Identity) -> e.Known:
        """What was changed, with what is known of it besides."""
        return await self._known(identity.id)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._gallery.db.do(query, durable=False)
        except lists.CursorError as error:
            raise Refused("invalid", str(error)) from None
