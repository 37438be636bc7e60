"""From several looks at one person to one verdict for each item."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from edged.messages import Item, PpeChecked, PpeLooked, PpeVerdict, Saw
from edged.scene import shots
from edged.scene.looks import LOOKS
from edged.subjects import Address

ENOUGH = 3  # looks that agree
_REMEMBERED = 20_000  # rounds that were decided


class Round(NamedTuple):
    """The looks that are voted on together."""

    address: Address
    session: str
    track: int
    number: int

    @property
    def id(self) -> str:
        """Of its verdict; who decides again decides under the same."""
        return f"{self.address.node}.{self.address.camera}.{self.session}.{self.track}.{self.number}.ppe"


class Votes:
    """Hears looks, in any order and maybe twice. Its state is bounded by the rounds that are open, and by `close`."""

    def __init__(self) -> None:
        self._open: dict[Round, _Looks] = {}
        self._decided: OrderedDict[str, None] = OrderedDict()

    def decided(self, id: str) -> None:
        """There is a verdict of that id: looks that come late change nothing."""
        self._decided[id] = None
        if len(self._decided) > _REMEMBERED:
            self._decided.popitem(last=False)

    def known(self, round: Round) -> bool:
        """Whether the round has its verdict."""
        return round.id in self._decided

    def hear(self, look: PpeLooked, at: float) -> PpeChecked | None:
        """The verdict, if `look`, heard at `at` seconds, decides it: three agree on each item, or there are no more to come."""
        round = round_of(look)
        if self.known(round):
            return None
        looks = self._open.setdefault(round, _Looks())
        looks.heard = at
        looks.by_id[look.id] = look
        votes = looks.votes()
        if len(looks.by_id) < LOOKS and any(max(vote["ok"], vote["missing"]) < ENOUGH for vote in votes.values()):
            return None
        return self.close(round)

    def quiet(self, since: float) -> list[Round]:
        """The open rounds that heard nothing after `since`."""
        return [round for round, looks in self._open.items() if looks.heard <= since]

    def close(self, round: Round) -> PpeChecked:
        """The verdict on what was heard of an open round."""
        looks = self._open.pop(round)
        self.decided(round.id)
        in_order = sorted(looks.by_id.values(), key=lambda look: look.pts)
        first, last = in_order[0], in_order[-1]
        return PpeChecked(
            site=last.site, node=last.node, camera=last.camera, time=last.time, id=round.id, session=round.session,
            track=round.track, round=round.number, pts=last.pts, label=last.label, since=first.time,
            verdicts=tuple(_verdict(item, vote) for item, vote in looks.votes().items()),
            snapshot=shots.key(round.address, round.session, round.track),
        )  # fmt: skip


def round_of(look: PpeLooked) -> Round:
    return Round(Address(look.site, look.node, look.camera), look.session, look.track, look.round)


@dataclass
class _Looks:
    by_id: dict[str, PpeLooked] = field(default_factory=dict)
    heard: float = 0.0

    def votes(self) -> dict[Item, Counter[Saw]]:
        votes: dict[Item, Counter[Saw]] = {}
        for look in self.by_id.values():
            for item, saw in look.saw.items():
                votes.setdefault(item, Counter())[saw] += 1
        return votes


def _verdict(item: Item, vote: "Counter[Saw]") -> PpeVerdict:
    """A tie goes to the wearer: what is turned away or covered for a moment looks missing, and hardly anything looks like a helmet."""
    verdict: Saw = "not_visible"
    if vote["ok"] or vote["missing"]:
        verdict = "ok" if vote["ok"] >= vote["missing"] else "missing"
    return PpeVerdict(
        item=item, verdict=verdict, ok=vote["ok"], missing=vote["missing"], not_visible=vote["not_visible"]
    )
