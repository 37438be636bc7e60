"""Forgetting a person for good, wherever this box reaches; what other boxes have they remove when they hear of it.

What is to be done is written down first, so that a crash leaves no half of a person.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain

import msgspec
import structlog
from msgspec import Struct

from edged import enquiries as e
from edged import messages as m
from edged import questions as q
from edged import subjects
from edged.asking import ClipsForgotten
from edged.bus.erasing import forget_stream
from edged.bus.link import BusError, Refused, Unanswered
from edged.bus.pictures import Pictures
from edged.bus.streams import WORK
from edged.people import catalogue, traces
from edged.people.catalogue import Track
from edged.people.gallery import Gallery, PeopleBus
from edged.people.visitors import Visitors
from edged.subjects import NODE_ITSELF, Address

log = structlog.get_logger()

TOGETHER = 2_000  # tracks or alerts in one fact
PATIENCE = 10.0
COMING = 15.0  # seconds for the rest of this box to come, while it starts
AGAIN = 0.2

_encode = msgspec.json.Encoder().encode


class Plan(Struct, frozen=True, kw_only=True):
    """One erasure, as it is written down until it is done."""

    id: str
    by: str
    identities: tuple[str, ...]
    tracks: tuple[str, ...]
    alerts: tuple[str, ...] = ()


class Eraser:
    """Erases people from this box's gallery, and from the broker that all share."""

    def __init__(self, bus: PeopleBus, pictures: Pictures, gallery: Gallery, visitors: Visitors) -> None:
        self._bus = bus
        self._link = bus.link
        self._pictures = pictures
        self._gallery = gallery
        self._visitors = visitors
        self._one_by_one = asyncio.Lock()

    async def erase(self, id: str, by: str) -> e.Erased:
        """Them, and who was merged into them. Raises Refused when there is no such identity; after a BusError `finish` goes on with it."""
        await self._gallery.current(id)
        return await self.erase_all([id], by)

    async def erase_all(self, ids: Sequence[str], by: str) -> e.Erased:
        """Several at once; the answer is about all of them."""
        async with self._one_by_one:
            before = [await self._gallery.db.do(partial(catalogue.predecessors, id=id), durable=False) for id in ids]
            all_ids = tuple(dict.fromkeys([*ids, *chain.from_iterable(before)]))
            tracks = [await self._gallery.db.do(partial(catalogue.tracks_of, id=id), durable=False) for id in all_ids]
            keys = tuple(str(track) for track in chain.from_iterable(tracks))
            return await self._carry_out(Plan(id=ids[0], by=by, identities=all_ids, tracks=keys))

    async def finish(self) -> None:
        """What was begun before a restart, or failed. Raises BusError."""
        query = "SELECT value FROM notes WHERE name LIKE 'erase %'"
        async with self._one_by_one:
            for (note,) in await self._gallery.db.do(lambda db: db.execute(query).fetchall(), durable=False):
                await self._carry_out(msgspec.json.decode(note, type=Plan))

    async def forget_here(self, fact: m.PersonErased) -> None:
        """This box's share: facts on their way, clips, what was kept of alerts. Saying it twice does no harm. Raises BusError."""
        ours = [track for track in map(catalogue.read, fact.tracks) if self._is_here(track)]
        async with self._one_by_one:
            await self._bus.facts.unsend(lambda other: traces.concerns(other, fact.identities, ours))
            found = await traces.find(self._link, fact.identities, ours)
            await traces.erase(self._link, self._pictures, found)
            await self._forget_alerts({*fact.alerts, *found.alerts})
            await self._forget_records(fact.identities)

    async def _carry_out(self, plan: Plan) -> e.Erased:
        """In an order that can be begun again at any point: nobody is found any more, then what others have, then what says what there is."""
        await self._note(plan)
        tracks = [catalogue.read(key) for key in plan.tracks]
        await self._bus.facts.unsend(lambda fact: traces.concerns(fact, plan.identities, tracks))
        found = await traces.find(self._link, plan.identities, tracks)
        plan = msgspec.structs.replace(plan, alerts=tuple(sorted({*plan.alerts, *found.alerts})))
        await self._note(plan)
        pictured = await self._gallery.pictures.names()
        samples = sum([await self._erase_identity(id, pictured) for id in plan.identities])
        pictures = await traces.erase(self._link, self._pictures, found)
        await forget_stream(self._link, WORK)  # the pictures of jobs that are done are in its files still
        await self._announce(plan)
        await self._forget_alerts(set(plan.alerts))
        await self._forget_records(plan.identities)
        for id in plan.identities:
            await self._gallery.tell(id, "erased", plan.by)
        name = f"erase {plan.id}"
        await self._gallery.db.do(lambda db: db.execute("DELETE FROM notes WHERE name = ?", (name,)))
        waiting = await self._silent(tracks)
        log.info("person erased", identity=plan.id, samples=samples, facts=found.facts, tracks=len(tracks))
        return e.Erased(
            id=plan.id, samples=samples, facts=found.facts, pictures=pictures, tracks=len(tracks), waiting=waiting
        )

    async def _note(self, plan: Plan) -> None:
        row = (f"erase {plan.id}", _encode(plan))
        await self._gallery.db.do(lambda db: db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", row))

    async def _erase_identity(self, id: str, pictured: Iterable[str]) -> int:
        """How many samples there were."""
        gallery = self._gallery
        entry = await gallery.records.get(id)
        known = catalogue.decoded(entry.value) if entry and entry.value is not None else None
        samples = {sample.id for sample in known.samples} if known else set()
        samples |= {sample for one, sample in await gallery.indexes.names() if one == id}
        of_theirs = [name for name in pictured if name.startswith(f"{id}/")]
        samples |= {name.removeprefix(f"{id}/").removesuffix(".jpg") for name in of_theirs}
        for sample in samples:
            await gallery.remove_sample(id, sample)
        await self._visitors.forget(id)
        await gallery.forget(id)
        return len(samples)

    async def _announce(self, plan: Plan) -> None:
        """To every box, also to those that are off now."""
        longest = max(len(plan.tracks), len(plan.alerts), 1)
        for start in range(0, longest, TOGETHER):
            part = slice(start, start + TOGETHER)
            where = {"site": self._bus.config.site, "node": self._bus.config.node, "camera": NODE_ITSELF}
            fact = m.PersonErased(
                **where, time=datetime.now(UTC), id=f"erased-{uuid.uuid4().hex}", identities=plan.identities,
                tracks=plan.tracks[part], alerts=plan.alerts[part],
            )  # fmt: skip
            await self._bus.facts.publish(fact)

    async def _forget_alerts(self, alerts: Iterable[str]) -> None:
        """Clips on the box of the camera, if that is this one, and what this box has written down."""
        ids = []
        for key in alerts:
            place, _, id = key.partition("/")
            address = Address(*place.split("."))
            ids.append(id)
            if address[:2] == (self._bus.config.site, self._bus.config.node):
                await self._ask(address, "forget", ClipsForgotten(ids=(id,)))
        if ids:
            here = Address(self._bus.config.site, self._bus.config.node, NODE_ITSELF)
            for keeper in self._keepers():
                await self._ask(here, keeper, q.Forget(alerts=tuple(ids)))

    def _keepers(self) -> list[str]:
        """What of this box writes alerts down."""
        config = self._bus.config
        keeps = {"history": True, "email": bool(config.email.host), "webhook": bool(config.webhooks)}
        return [name for name, does in keeps.items() if does and name in config.handlers.run]

    async def _ask(self, address: Address, verb: str, wanted: Struct) -> None:
        """Waits a little for who is just starting. Raises BusError."""
        until = time.monotonic() + COMING
        while True:
            try:
                await self._link.ask(subjects.on(address, verb), _encode(wanted), timeout=PATIENCE)
                return
            except Refused as refusal:
                raise BusError(f"{verb} of {address} could not forget: {refusal}") from refusal
            except Unanswered:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(AGAIN)

    async def _forget_records(self, ids: Iterable[str]) -> None:
        for id in ids:
            await self._gallery.db.do(partial(catalogue.forget, id=id), durable=False)
        await self._gallery.db.scrub(whole=False)

    async def _silent(self, tracks: Iterable[Track]) -> tuple[str, ...]:
        """Boxes with cameras that saw the person, and that do not hear of it now."""
        silent = []
        for site, node in sorted({(track.site, track.node) for track in tracks}):
            if (site, node) == (self._bus.config.site, self._bus.config.node):
                continue
            try:
                asked = _encode(e.People(limit=1))
                await self._link.ask(subjects.on(Address(site, node, NODE_ITSELF), "people"), asked, timeout=2.0)
            except BusError:
                silent.append(f"{site}.{node}")
        return tuple(silent)

    def _is_here(self, track: Track) -> bool:
        return (track.site, track.node) == (self._bus.config.site, self._bus.config.node)
