"""Somebody is in sight for a while; and that outside the opening hours."""

from collections.abc import Callable, Container
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from edged import hours
from edged.messages import CameraStateChanged, TrackEnded, TrackStarted
from edged.rules import AfterHours
from edged.scene import shots
from edged.scene.alerting.findings import Finding, Heard, TrackKey, address_of, key_of, track_subject
from edged.scene.alerting.lasting import Lasting
from edged.scene.alerting.triggers import NONE

WHOLE_DAY = timedelta(days=1)

Moment = Callable[[datetime], datetime | None]


class InSight:
    """A track comes true at `moment(first seen)`, if it lasted that long.

    A `state` fact other than `running` means that the camera's session is over, and with it its open tracks.
    """

    quiet = NONE

    def __init__(
        self,
        labels: Container[str],
        per: Literal["camera", "track"],
        moment: Moment,
        words: str,
        memory: timedelta,
        began: datetime,
    ) -> None:
        self.memory = memory
        self._labels = labels
        self._per = per
        self._moment = moment
        self._words = words
        self._tracks: Lasting[TrackKey] = Lasting(began)
        self.due, self.next_due = self._tracks.due, self._tracks.next_due

    def hear(self, fact: Heard) -> list[Finding]:
        match fact:
            case TrackStarted():
                finding = self._found(fact)
                return self._tracks.begin(key_of(fact), finding, fact.time) if finding else []
            case TrackEnded():
                return self._ended(fact)
            case CameraStateChanged() if fact.status != "running":
                self._tracks.break_off(address_of(fact), fact.time)
        return []

    def _ended(self, fact: TrackEnded) -> list[Finding]:
        if self._tracks.begun(key_of(fact)) is None and (finding := self._found(fact)):
            self._tracks.begin(key_of(fact), finding, fact.first_seen)
        return self._tracks.end(key_of(fact), fact.last_seen)

    def _found(self, fact: TrackStarted | TrackEnded) -> Finding | None:
        when = self._moment(fact.first_seen) if fact.label.lower() in self._labels else None
        if when is None:
            return None
        key = key_of(fact)
        address = key.address
        return Finding(
            time=when, address=address, of=f"{address.node}.{address.camera}.{key.session}.{key.track}",
            subject=str(address) if self._per == "camera" else track_subject(key),
            message=f"{fact.label} at {address.camera}{self._words}", since=fact.first_seen, session=key.session, track=key.track,
            label=fact.label, snapshot=shots.key(*key),
        )  # fmt: skip


def present(labels: Container[str], per: Literal["camera", "track"], min_time: float, began: datetime) -> InSight:
    lasts = timedelta(seconds=min_time)
    return InSight(labels, per, lambda first: first + lasts, lasting(min_time), lasts, began)


def after_hours(labels: Container[str], when: AfterHours, min_time: float, zone: tzinfo, began: datetime) -> InSight:
    """Who was there before it closed comes true when it closes, so a day's facts must be remembered."""
    lasts = timedelta(seconds=min_time)

    def moment(first: datetime) -> datetime | None:
        return hours.next_outside(when.open, first + lasts, zone)

    return InSight(labels, when.per, moment, " after hours", lasts + WHOLE_DAY, began)


def lasting(min_time: float) -> str:
    return f" for {min_time:g} s" if min_time else ""
