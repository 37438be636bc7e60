"""The rules of alerts, decided by the times inside the facts.

A rule comes true for a track at `first_seen + min_time`, if the track lasted that long. Three things can show that it did:
`TrackStarted`, when confirming took longer than `min_time`; `TrackEnded`, whenever it is heard; or time passing while no end is heard (`due`).
The last is for live facts only: while older facts still wait to be heard, a missing end proves nothing. It errs towards raising, since a
track that was lost a moment ago is not over yet.

A `state` fact other than `running` means that the camera's session is over. Its open tracks then count for what their facts have shown
so far: a daemon that was killed says no `TrackEnded` (it says `connecting` when it is back), and nobody knows how long they went on.

Facts may come twice and in any order. The moment at which a rule came true, and an alert's id, follow from the track alone, so
whoever decides again decides the same. Two alerts of a rule and camera are never closer than `suppress`, whichever is heard first.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from edged import config
from edged.labels import Aliases, expanded
from edged.messages import AlertRaised, CameraStateChanged, TrackEnded, TrackStarted
from edged.scene import shots
from edged.subjects import Address

_REMEMBERED = 8192  # alerts, tracks that ended, and tracks that wait: each
_TIMES = 32  # alerts of a rule and camera that suppress others

K = TypeVar("K")
V = TypeVar("V")


class TrackKey(NamedTuple):
    address: Address
    session: str
    track: int


class _Recent(OrderedDict[K, V], Generic[K, V]):
    """Forgets the one set first of more than `_REMEMBERED`."""

    def __setitem__(self, name: K, value: V) -> None:
        super().__setitem__(name, value)
        if len(self) > _REMEMBERED:
            self.popitem(last=False)


class _Waiting(NamedTuple):
    """A track that may yet make a rule come true, at `when`."""

    when: datetime
    label: str
    since: datetime
    told: datetime


class Rules:
    """Hears facts and says which alerts they raise. Its state is bounded."""

    def __init__(self, rules: tuple[config.AlertRule, ...], aliases: Aliases) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._labels: Mapping[str, frozenset[str]] = {
            rule.name: frozenset(expanded(rule.labels, aliases)) for rule in rules
        }
        self._waiting: _Recent[tuple[str, TrackKey], _Waiting] = _Recent()
        self._over: _Recent[TrackKey, None] = _Recent()
        self._decided: _Recent[str, None] = _Recent()
        self._raised: _Recent[tuple[str, Address], deque[datetime]] = _Recent()
        self._session_since: _Recent[Address, datetime] = _Recent()

    def hear(self, fact: TrackStarted | TrackEnded | CameraStateChanged) -> list[AlertRaised]:
        """The alerts that the times of the facts heard so far prove."""
        match fact:
            case TrackStarted():
                return self._started(fact)
            case TrackEnded():
                return self._ended(fact)
            case CameraStateChanged():
                if fact.status != "running":
                    self._session_over(_address(fact), fact.time)
                return []

    def due(self, now: datetime) -> list[AlertRaised]:
        """The alerts that come true by `now` because time passes. Ask only when no more facts wait to be heard."""
        ripe = sorted((item for item in self._waiting.items() if item[1].when <= now), key=lambda item: item[1].when)
        raised = []
        for (name, key), waiting in ripe:
            del self._waiting[name, key]
            raised += self._raise(self._rules[name], key, waiting)
        return raised

    def next_due(self) -> datetime | None:
        """When to ask `due` again, unless a fact is heard before; None: nothing is waiting."""
        return min((waiting.when for waiting in self._waiting.values()), default=None)

    def seen(self, alert: AlertRaised) -> None:
        """An alert that was raised before, by whomever: it suppresses others, and is not raised again."""
        self._note(alert.id, alert.rule, _address(alert), alert.time)

    def _started(self, fact: TrackStarted) -> list[AlertRaised]:
        key = TrackKey(_address(fact), fact.session, fact.track)
        since = self._session_since.get(key.address)
        open_ = key not in self._over and (since is None or fact.time >= since)
        raised = []
        for rule in self._that_match(fact):
            waiting = _Waiting(fact.first_seen + _seconds(rule.min_time), fact.label, fact.first_seen, fact.time)
            if waiting.when <= fact.time:
                raised += self._raise(rule, key, waiting)
            elif open_ and _alert_id(rule, key) not in self._decided:
                self._waiting[rule.name, key] = waiting
        return raised

    def _ended(self, fact: TrackEnded) -> list[AlertRaised]:
        key = TrackKey(_address(fact), fact.session, fact.track)
        self._over[key] = None
        raised = []
        for rule in self._rules.values():
            waiting = self._waiting.pop((rule.name, key), None)
            if waiting is None and rule in self._that_match(fact):
                waiting = _Waiting(fact.first_seen + _seconds(rule.min_time), fact.label, fact.first_seen, fact.time)
            if waiting is not None and waiting.when <= fact.last_seen:
                raised += self._raise(rule, key, waiting)
        return raised

    def _session_over(self, address: Address, when: datetime) -> None:
        self._session_since[address] = max(when, self._session_since.get(address, when))
        gone = [item for item, waiting in self._waiting.items() if item[1].address == address and waiting.told < when]
        for item in gone:
            del self._waiting[item]

    def _that_match(self, fact: TrackStarted | TrackEnded) -> list[config.AlertRule]:
        return [
            rule
            for rule in self._rules.values()
            if fact.label.lower() in self._labels[rule.name] and (not rule.cameras or fact.camera in rule.cameras)
        ]

    def _raise(self, rule: config.AlertRule, key: TrackKey, waiting: _Waiting) -> list[AlertRaised]:
        """The alert, unless it was decided before or another is too close."""
        alert_id = _alert_id(rule, key)
        if alert_id in self._decided:
            return []
        others = self._raised.get((rule.name, key.address), ())
        if any(abs(waiting.when - other) < _seconds(rule.suppress) for other in others):
            self._decided[alert_id] = None
            return []
        self._note(alert_id, rule.name, key.address, waiting.when)
        return [_alert(rule, key, waiting, alert_id)]

    def _note(self, alert_id: str, rule: str, address: Address, when: datetime) -> None:
        self._decided[alert_id] = None
        times = self._raised.get((rule, address), deque[datetime](maxlen=_TIMES))
        if when not in times:
            times.append(when)
        self._raised[rule, address] = times


def _alert(rule: config.AlertRule, key: TrackKey, waiting: _Waiting, alert_id: str) -> AlertRaised:
    lasting = f" for {rule.min_time:g} s" if rule.min_time else ""
    return AlertRaised(
        site=key.address.site,
        node=key.address.node,
        camera=key.address.camera,
        time=waiting.when,
        id=alert_id,
        rule=rule.name,
        severity=rule.severity,
        label=waiting.label,
        session=key.session,
        track=key.track,
        since=waiting.since,
        message=f"{waiting.label} at {key.address.camera}{lasting}",
        snapshot=shots.key(key.address, key.session, key.track),
    )


def _alert_id(rule: config.AlertRule, key: TrackKey) -> str:
    return f"{rule.name}.{key.address.node}.{key.address.camera}.{key.session}.{key.track}"


def _address(message: TrackStarted | TrackEnded | CameraStateChanged | AlertRaised) -> Address:
    return Address(message.site, message.node, message.camera)


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)
