"""What all triggers have in common."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from edged.scene.alerting.findings import Finding, Heard

NONE = timedelta(0)


class Trigger(Protocol):
    """Hears facts of the cameras it is about and says what came true. The same fact again brings the same findings.

    `memory` is how far back the facts go that it must have heard to be right about those that follow; `quiet` how long
    a subject is told of once at most, whatever the rule says.
    """

    memory: timedelta
    quiet: timedelta

    def hear(self, fact: Heard) -> list[Finding]: ...

    def due(self, now: datetime) -> list[Finding]:
        """What comes true by `now` because time passes. Ask only when no more facts wait to be heard."""

    def next_due(self) -> datetime | None:
        """When to ask `due` again, unless a fact is heard before; None: no need to."""


class Instant:
    """For what a single fact proves."""

    memory = quiet = NONE

    def __init__(self, found: Callable[[Heard], Finding | None]) -> None:
        self._found = found

    def hear(self, fact: Heard) -> list[Finding]:
        finding = self._found(fact)
        return [finding] if finding else []

    def due(self, now: datetime) -> list[Finding]:
        return []

    def next_due(self) -> datetime | None:
        return None
