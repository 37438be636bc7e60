"""How many are inside: what went in, less what went out, by the facts and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct, field

from edged import config
from edged.messages import CapacityChanged, CountCorrected, CrossingFact, Fullness, LineCrossed
from edged.subjects import NODE_ITSELF

REMEMBERED = 4096  # ids


def occupancy(facts: Iterable[CrossingFact], at: datetime | None = None) -> int:
    """What `facts`, in any order and some perhaps twice, add up to; with `at`, those whose time is not after it. May be negative."""
    return sum({fact.id: change(fact) for fact in facts if at is None or fact.time <= at}.values())


def change(fact: CrossingFact) -> int:
    """By how much a fact changes the occupancy."""
    match fact:
        case LineCrossed():
            return 1 if fact.direction == "in" else -1
        case CountCorrected():
            return fact.delta_in - fact.delta_out


def belongs(fact: CrossingFact, counter: config.Counter) -> bool:
    """Whether a fact of the counter's site counts for it."""
    if isinstance(fact, CountCorrected) and fact.of == "counter":
        return fact.camera == NODE_ITSELF and fact.name == counter.id
    line = fact.line if isinstance(fact, LineCrossed) else fact.name
    return f"{fact.camera}.{line}" in counter.lines or f"{fact.node}.{fact.camera}.{line}" in counter.lines


def fullness(inside: int, warn_threshold: int, max_capacity: int) -> Fullness:
    """A limit of 0 is none."""
    if max_capacity and inside >= max_capacity:
        return "full"
    return "warn" if warn_threshold and inside >= warn_threshold else "ok"


class Tally(Struct):
    """What came of the facts heard so far: the sum of each counter, the ids that may come again, and when the stream stored the newest."""

    sums: dict[str, int] = field(default_factory=dict)
    recent: list[str] = field(default_factory=list)
    heard: datetime | None = None


class Counters:
    """The occupancy of each counter of a site, from facts heard in any order; what is heard twice counts once.

    `tally` can be kept, and handed to the next one. It knows the newest `REMEMBERED` ids.
    """

    def __init__(self, site: str, node: str, counters: Sequence[config.Counter], tally: Tally) -> None:
        self._site = site
        self._node = node
        self._counters = counters
        self._sums = dict(tally.sums)
        self._recent = dict.fromkeys(tally.recent)
        self._heard = tally.heard

    @property
    def tally(self) -> Tally:
        return Tally(dict(self._sums), list(self._recent), self._heard)

    def hear(self, fact: CrossingFact, stored: datetime) -> list[CapacityChanged]:
        """The counters that became more or less full."""
        if fact.site != self._site or fact.id in self._recent:
            return []
        self._recent[fact.id] = None
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._heard = max(stored, self._heard or stored)
        facts = []
        for counter in self._counters:
            if belongs(fact, counter):
                before = self._sums.get(counter.id, 0)
                after = self._sums[counter.id] = before + change(fact)
                facts += self._told(counter, fact, before, after)
        return facts

    def _told(self, counter: config.Counter, fact: CrossingFact, before: int, after: int) -> list[CapacityChanged]:
        previous, state = (fullness(sum_, counter.warn_threshold, counter.max_capacity) for sum_ in (before, after))
        if state == previous:
            return []
        return [
            CapacityChanged(
                site=self._site,
                node=self._node,
                camera=NODE_ITSELF,
                time=fact.time,
                id=f"{counter.id}.capacity.{fact.id}",
                of="counter",
                name=counter.id,
                occupancy=after,
                warn_threshold=counter.warn_threshold,
                max_capacity=counter.max_capacity,
                state=state,
                previous=previous,
            )
        ]
