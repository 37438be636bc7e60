"""What comes true at a moment unless it ends before.

Three things can show that it lasted: the fact that it began, when that is told later than the moment; the fact that it ended, whenever it is
heard; or time passing while no end is heard (`due`). The last is for live facts only: while older facts still wait to be heard, a missing end proves
nothing. It errs towards raising, since a track that was lost a moment ago is not over yet.

Facts may come twice and in any order.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from edged.scene.alerting.findings import Finding
from edged.scene.alerting.recent import Recent
from edged.subjects import Address

STRAGGLING = timedelta(
    minutes=10
)  # a fact is told so much out of order at most; one from still earlier has seen the clock set back

K = TypeVar("K", bound=Hashable)


class _Begun(NamedTuple):
    """`told` is when it was said that it began."""

    finding: Finding
    told: datetime


class Lasting(Generic[K]):
    """By key. What was told to have begun before `began`, when the box was started, is not waited for: nobody could tell its end.

    Its state is bounded.
    """

    def __init__(self, began: datetime) -> None:
        self._began = began
        self._begun: Recent[K, _Begun] = Recent()
        self._waiting: Recent[K, _Begun] = Recent()
        self._over: Recent[K, datetime] = Recent()
        self._broke_off: Recent[Address, datetime] = Recent()

    def begin(self, key: K, finding: Finding, told: datetime) -> list[Finding]:
        """It began at `finding.since` and comes true at `finding.time`."""
        begun = self._begun[key] = _Begun(finding, told)
        if finding.time <= told:
            return [finding]
        if self._is_open(key, begun):
            self._waiting[key] = begun
        return []

    def begun(self, key: K) -> Finding | None:
        """What began under `key`, and has not ended."""
        begun = self._begun.get(key)
        return begun.finding if begun else None

    def end(self, key: K, last: datetime) -> list[Finding]:
        """It ended at `last`."""
        self._over[key] = max(last, self._over.get(key, last))
        self._waiting.pop(key, None)
        begun = self._begun.pop(key, None)
        return [begun.finding] if begun and begun.finding.time <= last else []

    def break_off(self, address: Address, when: datetime) -> None:
        """Whatever goes on there counts for what its facts have shown so far: a daemon that was killed says no ends."""
        self._broke_off[address] = max(when, self._broke_off.get(address, when))
        gone = [key for key, begun in self._waiting.items() if begun.finding.address == address and begun.told < when]
        for key in gone:
            del self._waiting[key]

    def due(self, now: datetime) -> list[Finding]:
        ripe = [(key, begun.finding) for key, begun in self._waiting.items() if begun.finding.time <= now]
        for key, _ in ripe:
            del self._waiting[key]
        return sorted((finding for _, finding in ripe), key=lambda finding: finding.time)

    def next_due(self) -> datetime | None:
        return min((begun.finding.time for begun in self._waiting.values()), default=None)

    def _is_open(self, key: K, begun: _Begun) -> bool:
        broke_off, over = self._broke_off.get(begun.finding.address), self._over.get(key)
        late = broke_off is not None and broke_off - STRAGGLING < begun.told < broke_off
        ended = over is not None and over - STRAGGLING < begun.finding.since <= over
        return begun.told >= self._began and not late and not ended
