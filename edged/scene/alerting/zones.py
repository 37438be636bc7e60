"""Somebody enters or leaves a zone, or stays in it; so many are in it."""

from collections.abc import Container
from datetime import datetime, timedelta

from edged.messages import CameraStateChanged, ZoneEntered, ZoneLeft
from edged.rules import Occupancy, Visit
from edged.scene.alerting.findings import Finding, Heard, TrackKey, address_of, key_of, of_track
from edged.scene.alerting.lasting import Lasting
from edged.scene.alerting.presence import lasting
from edged.scene.alerting.triggers import NONE


def visited(fact: Heard, when: Visit, labels: Container[str]) -> Finding | None:
    """Who entered, or left."""
    match fact, when.event:
        case ZoneEntered(), "enter":
            message, value = f"{fact.label} entered {fact.zone} at {fact.camera}", None
        case ZoneLeft(), "leave":
            message, value = f"{fact.label} left {fact.zone} at {fact.camera} after {fact.dwell:.0f} s", fact.dwell
        case _:
            return None
    if fact.zone != when.zone or fact.label.lower() not in labels:
        return None
    since = fact.entered if isinstance(fact, ZoneLeft) else fact.time
    return of_track(fact, message)._replace(since=since, zone=fact.zone, value=value)


def filled(fact: Heard, when: Occupancy) -> Finding | None:
    """The one who made them `count`. Everybody counts whom the zone heeds."""
    if not isinstance(fact, ZoneEntered) or (fact.zone, fact.inside) != (when.zone, when.count):
        return None
    return of_track(fact, f"{fact.inside} in {fact.zone} at {fact.camera}")._replace(
        subject=f"{address_of(fact)}.zone.{fact.zone}", zone=fact.zone, value=fact.inside, threshold=when.count
    )


class Stays:
    """Who is in a zone for `min_time` seconds. Who leaves it and comes back begins anew."""

    quiet = NONE

    def __init__(self, when: Visit, labels: Container[str], min_time: float, began: datetime) -> None:
        self.memory = timedelta(seconds=min_time)
        self._zone = when.zone
        self._labels = labels
        self._stays: Lasting[TrackKey] = Lasting(began)
        self.due, self.next_due = self._stays.due, self._stays.next_due

    def hear(self, fact: Heard) -> list[Finding]:
        match fact:
            case ZoneEntered() if fact.zone == self._zone and fact.label.lower() in self._labels:
                return self._stays.begin(key_of(fact), self._found(fact), fact.time)
            case ZoneLeft() if fact.zone == self._zone:
                return self._stays.end(key_of(fact), fact.time)
            case CameraStateChanged() if fact.status != "running":
                self._stays.break_off(address_of(fact), fact.time)
        return []

    def _found(self, fact: ZoneEntered) -> Finding:
        seconds = self.memory.total_seconds()
        return of_track(fact, f"{fact.label} in {fact.zone} at {fact.camera}{lasting(seconds)}")._replace(
            time=fact.time + self.memory, zone=fact.zone, value=seconds, threshold=seconds
        )
