"""What facts and pictures say of some tracks: found in the streams, and overwritten there."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from edged import messages as m
from edged import subjects
from edged.bus.deliveries import Stored, read
from edged.bus.erasing import erase_places, messages_of
from edged.bus.link import Link
from edged.bus.pictures import Pictures
from edged.bus.streams import FACES, FACTS, PICTURES
from edged.people.catalogue import Track
from edged.subjects import Address


@dataclass
class Traces:
    """Places of facts by stream, the keys of their pictures, and the alerts among them, as `site.node.camera/id`."""

    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    pictures: set[str] = field(default_factory=set)
    alerts: list[str] = field(default_factory=list)

    @property
    def facts(self) -> int:
        return sum(len(places) for places in self.places.values())


async def find(link: Link, identities: Collection[str], tracks: Iterable[Track]) -> Traces:
    """Face facts of the identities, and of the tracks face facts, snapshots, alerts and what belongs to these. Raises BusError.

    Crossings, visits of zones and the tracks themselves stay: they count people, and show nobody.
    """
    found = Traces()
    for address, ours in _by_camera(tracks).items():
        await _find_faces(link, address, identities, ours, found)
        await _find_snapshots(link, address, ours, found)
        await _find_alerts(link, address, ours, found)
    return found


async def erase(link: Link, pictures: Pictures, found: Traces) -> int:
    """Overwrites all that. How many pictures there were. Raises BusError."""
    for stream, places in found.places.items():
        await erase_places(link, stream, places)
    return sum([await pictures.erase(key) for key in sorted(found.pictures)])


def concerns(fact: m.AnyFact, identities: Collection[str], tracks: Collection[Track]) -> bool:
    """Whether a fact is one of those, by itself."""
    match fact:
        case m.FaceIdentified(identity=identity, previous=previous) if identity in identities or previous in identities:
            return True
        case m.FaceIdentified() | m.FaceSeen() | m.Snapshot() | m.AlertRaised():
            return Track(fact.site, fact.node, fact.camera, fact.session, fact.track) in tracks
        case _:
            return False


async def _find_faces(
    link: Link, address: Address, identities: Collection[str], ours: set[Track], found: Traces
) -> None:
    async for stored in _read(link, FACES, subjects.on(address, "face")):
        if concerns(stored.fact, identities, ours):
            found.places[FACES].append(stored.seq)
            if isinstance(stored.fact, m.FaceIdentified) and stored.fact.snapshot:
                found.pictures.add(stored.fact.snapshot)


async def _find_snapshots(link: Link, address: Address, ours: set[Track], found: Traces) -> None:
    async for stored in _read(link, PICTURES, subjects.on(address, "snapshots"), headers_only=True):
        if isinstance(stored.fact, m.Snapshot) and concerns(stored.fact, (), ours):
            found.places[PICTURES].append(stored.seq)
            found.pictures.add(stored.fact.key)


async def _find_alerts(link: Link, address: Address, ours: set[Track], found: Traces) -> None:
    alerts = set()
    async for stored in _read(link, FACTS, subjects.on(address, "alert")):
        match stored.fact:
            case m.AlertRaised(id=id, snapshot=snapshot) as fact if concerns(fact, (), ours):
                alerts.add(id)
                found.alerts.append(f"{address}/{id}")
                found.pictures |= {snapshot} if snapshot else set()
                found.places[FACTS].append(stored.seq)
            case m.AlertAcknowledged(alert=alert) if alert in alerts:
                found.places[FACTS].append(stored.seq)
    if alerts:
        async for stored in _read(link, FACTS, subjects.on(address, "clip")):
            if isinstance(stored.fact, m.ClipReady) and stored.fact.alert in alerts:
                found.places[FACTS].append(stored.seq)


async def _read(link: Link, stream: str, subject: str, headers_only: bool = False) -> AsyncIterator[Stored]:
    async with aclosing(messages_of(link, stream, subject, headers_only=headers_only)) as messages:
        async for msg in messages:
            if stored := read(msg):
                yield stored


def _by_camera(tracks: Iterable[Track]) -> dict[Address, set[Track]]:
    found: dict[Address, set[Track]] = defaultdict(set)
    for track in tracks:
        found[Address(track.site, track.node, track.camera)].add(track)
    return found
