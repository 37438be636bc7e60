"""Facts of one camera, told by the second, and the rules that hear them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edged import messages as m
from edged.asking import RuleRecord
from edged.rules import AlertRule
from edged.scene.alerting.rules import Here, Rules

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)  # a Sunday
LONG_AGO = NOON - timedelta(days=30)
ALIASES = {"vehicle": ("car", "truck")}
HERE = Here(ALIASES, ZoneInfo("UTC"), LONG_AGO)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ruled(*some: AlertRule, since: datetime = LONG_AGO, here: Here = HERE) -> Rules:
    return Rules([RuleRecord(rule=rule, since=since) for rule in some], here)


def hear(deciding: Rules, *facts: Any) -> list[m.AlertRaised]:
    return [alert for fact in facts for alert in deciding.hear(fact)]


def started(track=1, first=0.0, told=None, label="person", camera="front", session="s1"):
    told = first + 0.4 if told is None else told
    return m.TrackStarted(
        site="home", node="edge", camera=camera, time=at(told), id=f"edge.{camera}.{session}.{track}.started",
        session=session, track=track, pts=0, label=label, score=0.9, box=(0, 0, 1, 1), first_seen=at(first),
    )  # fmt: skip


def ended(track=1, first=0.0, last=10.0, label="person", camera="front", session="s1"):
    return m.TrackEnded(
        site="home", node="edge", camera=camera, time=at(last + 3.0), id=f"edge.{camera}.{session}.{track}.ended",
        session=session, track=track, pts=0, label=label, score=0.9, first_seen=at(first), last_seen=at(last), path=(),
    )  # fmt: skip


def state(status, seconds, camera="front", previous=None, detail=""):
    return m.CameraStateChanged(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"edge.{camera}.state.{seconds}",
        status=status, previous=previous, cause=None, detail=detail,
    )  # fmt: skip


def crossed(number, seconds=0.0, direction="in", line="door", camera="front", label="person", track=None):
    return m.LineCrossed(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"edge.{camera}.{line}.{number}", session="s1",
        track=number if track is None else track, pts=0, label=label, score=0.9, line=line, direction=direction, point=(0.5, 0.5),
    )  # fmt: skip


def entered(track=1, seconds=0.0, inside=1, zone="till", label="person", camera="front", session="s1"):
    return m.ZoneEntered(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"edge.{camera}.{session}.{track}.{zone}.{seconds}.entered",
        session=session, track=track, pts=0, label=label, score=0.9, zone=zone, point=(0.5, 0.5), inside=inside,
    )  # fmt: skip


def left(track=1, came=0.0, seconds=10.0, inside=0, zone="till", label="person", camera="front", session="s1"):
    return m.ZoneLeft(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"edge.{camera}.{session}.{track}.{zone}.{seconds}.left",
        session=session, track=track, pts=0, label=label, score=0.9, zone=zone, entered=at(came), dwell=seconds - came,
        inside=inside,
    )  # fmt: skip


def capacity(state, previous, occupancy=40, of="counter", name="shop", seconds=0.0):
    return m.CapacityChanged(
        site="home", node="edge", camera="_" if of == "counter" else "front", time=at(seconds), id=f"{name}.capacity.{seconds}",
        of=of, name=name, occupancy=occupancy, warn_threshold=40, max_capacity=50, state=state, previous=previous,
    )  # fmt: skip


def checked(track=1, seconds=0.0, **verdicts):
    found = tuple(
        m.PpeVerdict(item=item, verdict=verdict, ok=0, missing=3, not_visible=0) for item, verdict in verdicts.items()
    )
    return m.PpeChecked(
        site="home", node="edge", camera="front", time=at(seconds), id=f"edge.front.s1.{track}.0.ppe", session="s1",
        track=track, round=0, pts=0, label="person", since=at(seconds - 4), verdicts=found, snapshot="home/edge/front/s1-1.jpg",
    )  # fmt: skip


def identified(identity="p1", track=1, seconds=0.0, status="known", watched=False, by="face", camera="front"):
    return m.FaceIdentified(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"edge.{camera}.s1.{track}.identified.{seconds}",
        session="s1", track=track, pts=0, label="person", identity=identity, status=status, by=by, score=0.61, margin=0.3,
        shots=2, previous="", since=at(seconds - 2), snapshot="home/edge/front/s1-1.jpg", watched=watched,
    )  # fmt: skip
