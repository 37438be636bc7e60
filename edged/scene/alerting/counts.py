"""A line is crossed many times within a while."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Container
from datetime import datetime, timedelta

from edged.messages import LineCrossed
from edged.rules import Count, Crossing
from edged.scene.alerting.findings import Finding, Heard, address_of, of_track
from edged.scene.alerting.lasting import STRAGGLING
from edged.scene.alerting.lines import passes
from edged.scene.alerting.recent import Recent
from edged.subjects import Address

MOST = 20_000  # crossings remembered of a line: twice the largest `count`

_Place = tuple[Address, str]
_Crossed = tuple[datetime, str]  # when, and the fact's id


class Counts:
    """At a crossing there are as many within the `window` up to it as the rule asks for: each line for itself."""

    def __init__(self, when: Count, labels: Container[str]) -> None:
        self.memory = self.quiet = self._window = timedelta(seconds=when.window)
        self._when = when
        self._which = Crossing(line=when.line, direction=when.direction)
        self._labels = labels
        self._crossed: Recent[_Place, list[_Crossed]] = Recent()
        self._facts: Recent[str, LineCrossed] = Recent()

    def hear(self, fact: Heard) -> list[Finding]:
        if not isinstance(fact, LineCrossed) or fact.label.lower() not in self._labels:
            return []
        if not passes(fact, self._which):
            return []
        return self._counted(fact)

    def due(self, now: datetime) -> list[Finding]:
        return []

    def next_due(self) -> datetime | None:
        return None

    def _counted(self, fact: LineCrossed) -> list[Finding]:
        """A crossing that is told late counts for those after it, too."""
        known = self._crossed.get((address_of(fact), fact.line))
        if known is None or (known and fact.time < known[-1][0] - self._window - STRAGGLING):
            known = self._crossed[address_of(fact), fact.line] = []  # the first, or the clock was set back
        mine = (fact.time, fact.id)
        self._facts[fact.id] = fact
        if (at := bisect_left(known, mine)) == len(known) or known[at] != mine:
            insort(known, mine)
        findings = []
        for index in range(bisect_left(known, mine), bisect_left(known, (fact.time + self._window, ""))):
            time, id = known[index]
            count = index + 1 - bisect_right(known, (time - self._window, "\uffff"))
            if count >= self._when.count and (last := self._facts.get(id)):
                findings.append(self._found(last, count))
        self._forget(known)
        return findings

    def _forget(self, known: list[_Crossed]) -> None:
        """What no later crossing counts."""
        oldest = known[-1][0] - self._window - STRAGGLING
        del known[: max(bisect_left(known, (oldest, "")), len(known) - MOST)]

    def _found(self, fact: LineCrossed, count: int) -> Finding:
        way = f" ({self._when.direction})" if self._when.direction else ""
        message = f"{count} crossings of {fact.line}{way} at {fact.camera} within {self._when.window:g} s"
        return of_track(fact, message)._replace(
            subject=f"{address_of(fact)}.line.{fact.line}", line=fact.line, value=count, threshold=self._when.count
        )
