"""The rules of alerts, decided by the times inside the facts, as docs/alerts.md defines them.

Facts may come twice and in any order. The moment at which a rule came true, and an alert's id, follow from the facts alone, so
whoever decides again decides the same.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import NamedTuple

from edged import hours, rules, timezone
from edged.asking import RuleRecord
from edged.labels import Aliases, expanded
from edged.messages import AlertRaised
from edged.scene.alerting import capacity, equipment, lines, people, presence, zones
from edged.scene.alerting.cameras import Offline
from edged.scene.alerting.counts import Counts
from edged.scene.alerting.crowds import Crowds
from edged.scene.alerting.findings import Finding, Heard, address_of
from edged.scene.alerting.quiet import Quiet
from edged.scene.alerting.recent import Recent
from edged.scene.alerting.triggers import NONE, Instant, Trigger
from edged.subjects import Address

_LONGEST_ID = 200  # of what becomes the name of a clip


class Here(NamedTuple):
    """What the box knows: its labels' aliases, its time zone, and when it was started."""

    aliases: Aliases
    zone: tzinfo
    began: datetime


@dataclass(frozen=True)
class _Judge:
    record: RuleRecord
    trigger: Trigger
    zone: tzinfo
    of_subject: Quiet
    of_camera: Quiet

    def hears(self, address: Address) -> bool:
        cameras = self.record.rule.cameras
        return not cameras or any(address.is_called(name) for name in cameras)

    def holds(self, when: datetime) -> bool:
        schedule = self.record.rule.schedule
        return when >= self.record.since and (not schedule or hours.covers(schedule, when, self.zone))

    def is_quiet(self, finding: Finding) -> bool:
        return self.of_subject.too_close(finding.subject, finding.time) or self.of_camera.too_close(
            str(finding.address), finding.time
        )


class Rules:
    """Hears facts and says which alerts they raise. Its state is bounded.

    `memory` is how far back before them `recall` should begin, `quiet` how far back alerts count.
    """

    def __init__(self, records: Iterable[RuleRecord], here: Here) -> None:
        self._judges = [_judge(record, here) for record in records if record.rule.enabled]
        self._raised: Recent[str, None] = Recent()
        self.memory = max((judge.trigger.memory for judge in self._judges), default=NONE)
        longest = max((max(judge.of_subject.seconds, judge.of_camera.seconds) for judge in self._judges), default=0.0)
        self.quiet = timedelta(seconds=longest)

    def recall(self, fact: Heard) -> None:
        """A fact of before, which is decided already but counts for those to come."""
        for judge in self._judges:
            if judge.hears(address_of(fact)):
                judge.trigger.hear(fact)

    def hear(self, fact: Heard) -> list[AlertRaised]:
        """The alerts that the times of the facts heard so far prove."""
        return [
            alert
            for judge in self._judges
            if judge.hears(address_of(fact))
            for finding in judge.trigger.hear(fact)
            for alert in self._raise(judge, finding)
        ]

    def due(self, now: datetime) -> list[AlertRaised]:
        """The alerts that come true by `now` because time passes. Ask only when no more facts wait to be heard."""
        return [
            alert
            for judge in self._judges
            for finding in judge.trigger.due(now)
            for alert in self._raise(judge, finding)
        ]

    def next_due(self) -> datetime | None:
        """When to ask `due` again, unless a fact is heard before; None: nothing is waiting."""
        return min((when for judge in self._judges if (when := judge.trigger.next_due())), default=None)

    def seen(self, alert: AlertRaised) -> None:
        """An alert that was raised before, by whomever: it suppresses others, and is not raised again."""
        self._raised[alert.id] = None
        camera = f"{alert.site}.{alert.node}.{alert.camera}"
        for judge in self._judges:
            if judge.record.rule.name == alert.rule:
                judge.of_subject.note(alert.subject or camera, alert.time)
                judge.of_camera.note(camera, alert.time)

    def _raise(self, judge: _Judge, finding: Finding) -> list[AlertRaised]:
        """The alert, unless the rule does not hold then, it was raised before, or another is too close."""
        rule, id = judge.record.rule, _id(judge.record.rule.name, finding.of)
        if id in self._raised or not judge.holds(finding.time) or judge.is_quiet(finding):
            return []
        alert = _alert(rule, finding, id)
        self.seen(alert)
        return [alert]


def trigger_of(rule: rules.AlertRule, here: Here, zone: tzinfo) -> Trigger:
    labels = frozenset(expanded(rule.labels, here.aliases))
    match rule.when:
        case rules.Presence() as when:
            return presence.present(labels, when.per, rule.lasts, here.began)
        case rules.AfterHours() as when:
            return presence.after_hours(labels, when, rule.lasts, zone, here.began)
        case rules.Visit(event="stay") as when:
            return zones.Stays(when, labels, rule.lasts, here.began)
        case rules.Visit() as when:
            return Instant(partial(zones.visited, when=when, labels=labels))
        case rules.Occupancy() as when:
            return Instant(partial(zones.filled, when=when))
        case rules.Capacity() as when:
            return Instant(partial(capacity.reached, when=when))
        case rules.Crossing() as when:
            return Instant(partial(lines.crossed, when=when, labels=labels))
        case rules.WrongWay() as when:
            return Instant(partial(lines.wrong_way, when=when, labels=labels))
        case rules.Count() as when:
            return Counts(when, labels)
        case rules.Missing() as when:
            return Instant(partial(equipment.missing, when=when, labels=labels))
        case rules.Identified() as when:
            return Instant(partial(people.identified, when=when, labels=labels))
        case rules.Offline():
            return Offline(rule.lasts, here.began)
        case rules.Crowd() as when:
            return Crowds(when, labels, here.began)


def _judge(record: RuleRecord, here: Here) -> _Judge:
    rule = record.rule
    zone = timezone.named(rule.time_zone) if rule.time_zone else here.zone
    trigger = trigger_of(rule, here, zone)
    suppress = max(rule.suppress, trigger.quiet.total_seconds())
    return _Judge(record, trigger, zone, Quiet(suppress), Quiet(rule.suppress_camera))


def _alert(rule: rules.AlertRule, finding: Finding, id: str) -> AlertRaised:
    return AlertRaised(
        **finding.address._asdict(), time=finding.time, id=id, rule=rule.name, severity=rule.severity, label=finding.label,
        session=finding.session, track=finding.track, since=finding.since, message=finding.message,
        snapshot=finding.snapshot if rule.snapshot else None, kind=str(type(rule.when).__struct_config__.tag),
        subject=finding.subject, zone=finding.zone, line=finding.line, value=finding.value, threshold=finding.threshold,
        wants_clip=rule.clip and bool(finding.session),
    )  # fmt: skip


def _id(rule: str, of: str) -> str:
    id = f"{rule}.{of}"
    return id if len(id) <= _LONGEST_ID else f"{rule}.{hashlib.sha256(of.encode()).hexdigest()[:40]}"
