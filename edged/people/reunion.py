"""Strangers who turn out to be somebody enrolled: who was seen before their picture was given would otherwise be two people for ever, in each other's way."""

from collections import OrderedDict

from edged.bus.link import BusError
from edged.enquiries import Merge
from edged.identities import Identity
from edged.identity.decide import Thresholds, best_of_each, decide, threshold
from edged.identity.index import Match
from edged.people.changing import merge
from edged.people.gallery import Gallery

_REMEMBERED = 1024  # pairs that were found to be two people


class Reunions:
    """Merges a stranger into the person that most of the stranger's own samples are, by the rules that name a face."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._different: OrderedDict[tuple[object, ...], None] = OrderedDict()

    async def made(self, matches: list[Match], model: str, scales: Thresholds) -> bool:
        """Whether somebody among these matches of a face is now one with another: then they are to be searched anew."""
        least = threshold(self._gallery.size("face", model), scales)
        near = [self._gallery.identities.get(match.identity) for match in best_of_each(matches) if match.score >= least]
        people = [one for one in near if one and one.status in ("known", "pending")]
        strangers = [one for one in near if one and one.status == "unregistered"]
        if not people or not strangers:
            return False
        same = [one for one in strangers if await self._is(one, people[0], model, scales)]
        if not same:
            return False
        others = tuple(one.id for one in same)
        try:
            await merge(self._gallery, Merge(id=people[0].id, others=others, by="edged"))
        except BusError:  # the next look tries again
            return False
        return True

    async def _is(self, stranger: Identity, person: Identity, model: str, scales: Thresholds) -> bool:
        asked = (stranger.id, stranger.samples, person.id, person.samples)
        if asked in self._different:
            return False
        samples = [sample for sample in stranger.samples if (sample.kind, sample.model) == ("face", model)]
        agree = [sample for sample in samples if await self._whose(stranger.id, sample.id, model, scales) == person.id]
        if 2 * len(agree) > len(samples):
            return True
        self._different[asked] = None
        if len(self._different) > _REMEMBERED:
            self._different.popitem(last=False)
        return False

    async def _whose(self, identity: str, sample: str, model: str, scales: Thresholds) -> str:
        """Who of those that somebody enrolled this sample shows."""
        if (found := await self._gallery.indexes.vector(identity, sample)) is None:
            return ""
        matches = await self._gallery.search("face", model, found[1], top=32)
        registered = [match for match in matches if self._status(match.identity) in ("known", "pending")]
        return decide(registered, self._gallery.size("face", model), scales).identity

    def _status(self, identity: str) -> str:
        one = self._gallery.identities.get(identity)
        return one.status if one else ""
