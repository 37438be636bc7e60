"""Who the tracks of this box's cameras are, as its recognition says, and what the gallery calls them now."""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from typing import NamedTuple

import msgspec
import structlog

from edged import subjects
from edged.bus.link import Link
from edged.bus.records import Entry, Records
from edged.identities import IDENTITIES
from edged.messages import FaceFact, FaceIdentified, IdentityStatus
from edged.subjects import Address

log = structlog.get_logger()

_REMEMBERED = 5_000  # tracks
_MERGES = 5  # of merged into merged
_decode = msgspec.json.Decoder(FaceFact).decode


class _Person(msgspec.Struct, frozen=True):
    """What is shown of an `Identity`: a gallery may be large, and this box's memory is not."""

    id: str
    name: str
    status: IdentityStatus
    merged_into: str = ""


class Who(NamedTuple):
    """`identity` is an id of the gallery; both are empty for whoever is not known, and `name` is for whom nobody has named."""

    identity: str
    name: str


NOBODY = Who("", "")
_decode_person = msgspec.json.Decoder(_Person).decode


class Names:
    """`run()` hears facts of recognition and follows the gallery's names. A new name shows with the next frame.

    `heeding` is set once facts are heard.
    """

    def __init__(self, link: Link, site: str, node: str) -> None:
        self.heeding = asyncio.Event()
        self._link = link
        self._subject = subjects.every("face", site, node)
        self._records = Records(link, IDENTITIES)
        self._people: dict[str, _Person] = {}
        self._tracks: OrderedDict[tuple[str, str, int], tuple[int, str]] = OrderedDict()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear())
            tasks.create_task(self._follow())

    def of(self, address: Address, session: str, track: int) -> Who:
        """Who a track of a camera is."""
        said = self._tracks.get((address.camera, session, track))
        if said is None or not said[1]:
            return NOBODY
        person = self._people.get(said[1])
        for _ in range(_MERGES):
            if person is None or not person.merged_into:
                break
            person = self._people.get(person.merged_into)
        if person is None or person.status == "deleted":
            return NOBODY
        return Who(person.id, person.name)

    async def _hear(self) -> None:
        async with self._link.subscribe(self._subject) as inbox:
            self.heeding.set()
            while True:
                delivery = await inbox.get()
                try:
                    fact = _decode(delivery.data)
                except msgspec.MsgspecError as error:
                    log.warning("fact not understood", subject=delivery.subject, error=str(error))
                    continue
                if isinstance(fact, FaceIdentified):
                    self._take(fact)

    def _take(self, fact: FaceIdentified) -> None:
        """Facts may come twice, and late."""
        key = fact.camera, fact.session, fact.track
        if key in self._tracks and self._tracks[key][0] > fact.pts:
            return
        self._tracks[key] = fact.pts, fact.identity
        if len(self._tracks) > _REMEMBERED:
            self._tracks.popitem(last=False)

    async def _follow(self) -> None:
        async with aclosing(self._records.follow(None)) as steps:
            async for step in steps:
                if step.anew:
                    self._people.clear()
                for entry in step.entries:
                    self._put(entry)

    def _put(self, entry: Entry) -> None:
        self._people.pop(entry.key, None)
        if entry.value is None:
            return
        try:
            self._people[entry.key] = _decode_person(entry.value)
        except msgspec.MsgspecError as error:
            log.warning("identity not understood", key=entry.key, error=str(error))
