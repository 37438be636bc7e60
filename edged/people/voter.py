"""Says who the tracks of this box's cameras are: hears what recognisers saw (`handlers/faces.py`), asks the gallery, and lets the looks of a track vote.

Vectors stay in memory, but for those of strangers who were seen well often enough: they become identities nobody has named yet.
"""

import asyncio
import hashlib
import time
from contextlib import aclosing, suppress
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from edged import settings, subjects
from edged.bus.link import Answer, BusError, Delivery, Refused
from edged.handlers import HandlerBus
from edged.identities import Face, Looked, Sample
from edged.identity.bodies import Bodies, mean
from edged.identity.decide import Decision, Thresholds, decide
from edged.identity.voting import Ballot, Ballots, Portrait, Said, TrackKey, of_one
from edged.messages import FaceIdentified, FaceSeen, TrackEnded, TrackStarted
from edged.people.gallery import Gallery, Picture
from edged.people.reunion import Reunions
from edged.recognition.chosen import thresholds
from edged.scene import shots
from edged.subjects import Address

log = structlog.get_logger()

NEARLY = 0.08  # below the threshold: such a stranger may be somebody known, seen badly
SAMPLES = 3  # of a stranger, at first …
MORE = 6  # … and in all

_decode_look = msgspec.json.Decoder(Looked).decode
_decode_track = msgspec.json.Decoder(TrackStarted | TrackEnded).decode


class Scales:
    """The thresholds of each model, by its card."""

    def __init__(self, bus: HandlerBus) -> None:
        self._settings = bus.config.recognition
        self._folder: Path = settings.models_dir(bus.config)
        self._known: dict[str, Thresholds] = {}

    async def of(self, model: str) -> Thresholds:
        """Raises Refused when no card of that model is here."""
        if model not in self._known:
            try:
                self._known[model] = await asyncio.to_thread(thresholds, self._settings, self._folder, model)
            except LookupError as error:
                raise Refused("unavailable", f"{error}; copy the model's card to {self._folder}") from None
        return self._known[model]


class Voter:
    """`run()` for ever. One look at a time."""

    def __init__(self, bus: HandlerBus, gallery: Gallery) -> None:
        self._bus = bus
        self._gallery = gallery
        self._rules = bus.config.recognition
        self._scales = Scales(bus)
        self._ballots = Ballots(self._rules)
        self._bodies = Bodies(self._rules.body_hours)
        self._reunions = Reunions(gallery)
        self._busy = asyncio.Lock()

    async def run(self) -> None:
        name = f"edged-{self._bus.config.site}-{self._bus.config.node}-looked"
        answers = {"looked": (self._bus.subject("looked"), self._answer)}
        async with self._bus.link.answer(name, answers), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear_ends())
            tasks.create_task(self._forget_the_gone())

    async def _forget_the_gone(self) -> None:
        """Who is not in the gallery any more leaves no figure here."""
        async with aclosing(self._gallery.changes()) as changes:
            async for change in changes:
                if change.identity is None or change.identity.status == "deleted":
                    self._bodies.forget(change.id)

    async def _hear_ends(self) -> None:
        """A message that gets lost here costs nothing but memory, for a while."""
        subject = subjects.every("track", self._bus.config.site, self._bus.config.node)
        async with self._bus.link.subscribe(subject) as inbox:
            while True:
                delivery = await inbox.get()
                with suppress(msgspec.MsgspecError):
                    fact = _decode_track(delivery.data)
                    if isinstance(fact, TrackEnded):
                        self._ballots.end(
                            TrackKey(Address(fact.site, fact.node, fact.camera), fact.session, fact.track)
                        )

    async def _answer(self, request: Delivery) -> Answer:
        try:
            looked = _decode_look(request.data)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"not a Looked: {error}") from None
        async with self._busy:
            await self._count(looked)
        return b"{}", {}

    async def _count(self, looked: Looked) -> None:
        key = TrackKey(Address(looked.site, looked.node, looked.camera), looked.session, looked.track)
        ballot = self._ballots.of(key, looked.time, time.monotonic())
        if not ballot.is_new(looked.pts):
            return
        face = next((face for face in looked.faces if not face.reason), None)
        if face and not ballot.face_seen:
            ballot.face_seen = True
            await self._bus.publish_fact(seen(looked, face))
        if face and face.vector and looked.model:
            await self._count_face(looked, key, ballot, face)
        else:
            await self._count_body(looked, key, ballot)

    async def _count_face(self, looked: Looked, key: TrackKey, ballot: Ballot, face: Face) -> None:
        vector = floats(face.vector)
        scales = await self._scales.of(looked.model)
        decision = await self._decide(looked.model, vector, scales)
        before = ballot.said.identity
        said = ballot.face(decision, Portrait(face, vector, looked.time, looked.pts))
        if said:
            await self._say(looked, ballot, said, before)
        elif ballot.is_stranger and self._rules.unknown:
            await self._meet(looked, key, ballot, scales)
        if looked.body and decision.identity and decision.identity == ballot.said.identity:
            self._bodies.add(decision.identity, floats(looked.body), time.monotonic())
        await self._learn(looked, ballot, decision, Portrait(face, vector, looked.time, looked.pts))

    async def _count_body(self, looked: Looked, key: TrackKey, ballot: Ballot) -> None:
        body = None
        if looked.body and self._rules.body_hours and ballot.wants_body:
            scales = await self._scales.of(looked.body_model)
            there = self._ballots.shown(key.address, but=key)
            body = self._bodies.whose(floats(looked.body), time.monotonic(), there, scales)
        before = ballot.said.identity
        if said := ballot.no_face(body):
            await self._say(looked, ballot, said, before)

    async def _decide(self, model: str, vector: NDArray[np.float32], scales: Thresholds) -> Decision:
        matches = await self._gallery.search("face", model, vector)
        if await self._reunions.made(matches, model, scales):
            matches = await self._gallery.search("face", model, vector)
        return decide(matches, self._gallery.size("face", model), scales)

    async def _meet(self, looked: Looked, key: TrackKey, ballot: Ballot, scales: Thresholds) -> None:
        """A stranger whose looks are alike, and like nobody's, becomes an identity; one who is nearly somebody waits."""
        alike = of_one(ballot.portraits, scales.score)
        if len(alike) < self._rules.unknown_looks:
            return
        middle = mean([one.vector for one in alike])
        nearest = await self._decide(looked.model, middle, scales)
        identity = nearest.identity
        if not identity and nearest.score >= nearest.threshold - NEARLY:
            known = self._gallery.identities.get(nearest.nearest)
            if known is None or known.status != "unregistered" or nearest.score >= nearest.threshold:
                return
            identity = nearest.nearest
        said = Said(identity, "face", nearest.score, nearest.margin, len(alike))
        if not identity:
            unity = min(float(one.vector @ middle) for one in alike)
            said = Said(await self._created(looked, key, alike), "face", unity, unity - nearest.score, len(alike))
        if said.identity and ballot.settle(said):
            await self._say(looked, ballot, said, "")

    async def _created(self, looked: Looked, key: TrackKey, alike: list[Portrait]) -> str:
        """The id of the new identity; the same for the same track, so that doing it twice makes one. Empty when it is not safe."""
        id = "u" + hashlib.sha256(f"{key.address}.{key.session}.{key.track}".encode()).hexdigest()[:20]
        samples = [Picture(sample(looked, one, id), one.vector, one.face.jpeg) for one in alike[:SAMPLES]]
        try:
            return (await self._gallery.create(status="unregistered", by="edged", samples=samples, id=id)).id
        except BusError as error:
            log.warning("stranger not kept", camera=looked.camera, error=str(error))
            return ""

    async def _learn(self, looked: Looked, ballot: Ballot, decision: Decision, portrait: Portrait) -> None:
        """More samples of strangers only: who is enrolled looks as somebody said they do."""
        known = self._gallery.identities.get(decision.identity)
        if known is None or known.status != "unregistered" or decision.identity != ballot.said.identity:
            return
        new = decision.score < 1 - NEARLY and portrait.face.quality >= self._rules.unknown_quality
        if not new or len(known.samples) >= MORE or any(one.session == looked.session for one in known.samples):
            return
        with suppress(BusError):
            await self._gallery.add_sample(
                known.id, sample(looked, portrait, known.id), portrait.vector, portrait.face.jpeg, by="edged"
            )

    async def _say(self, looked: Looked, ballot: Ballot, said: Said, previous: str) -> None:
        person = self._gallery.identities.get(said.identity)
        address = Address(looked.site, looked.node, looked.camera)
        await self._bus.publish_fact(
            FaceIdentified(
                site=looked.site, node=looked.node, camera=looked.camera, time=looked.time, session=looked.session,
                id=f"{looked.node}.{looked.camera}.{looked.session}.{looked.track}.identified.{looked.pts}",
                track=looked.track, pts=looked.pts, label=looked.label, identity=said.identity,
                status=person.status if person else "unregistered", by=said.by, score=round(said.score, 4),
                margin=round(said.margin, 4), shots=said.shots, previous=previous, since=ballot.since,
                snapshot=shots.key(address, looked.session, looked.track), watched=bool(person and person.watch),
            )
        )  # fmt: skip


def seen(looked: Looked, face: Face) -> FaceSeen:
    return FaceSeen(
        site=looked.site, node=looked.node, camera=looked.camera, time=looked.time, session=looked.session,
        id=f"{looked.node}.{looked.camera}.{looked.session}.{looked.track}.face", track=looked.track, pts=looked.pts,
        label=looked.label, face=face.box, quality=face.quality,
    )  # fmt: skip


def sample(looked: Looked, portrait: Portrait, identity: str) -> Sample:
    when: datetime = portrait.time
    id = hashlib.sha256(f"{identity}.{looked.session}.{looked.track}.{portrait.pts}".encode()).hexdigest()[:20]
    return Sample(
        id=f"s{id}", kind="face", model=looked.model, quality=portrait.face.quality, time=when, origin="seen",
        camera=f"{looked.site}.{looked.node}.{looked.camera}", session=looked.session, track=looked.track,
    )  # fmt: skip


def floats(vector: bytes) -> NDArray[np.float32]:
    return np.frombuffer(vector, "<f4").astype(np.float32)
