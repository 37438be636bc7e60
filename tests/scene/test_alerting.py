from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from edged.config import AlertRule
from edged.messages import AlertRaised, CameraStateChanged, TrackEnded, TrackStarted
from edged.scene.alerting import Rules

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
VISITOR = AlertRule(name="visitor", labels=("person",), min_time=2.0, suppress=60.0, severity="warning")
ALIASES = {"vehicle": ("car", "truck")}


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def started(track=1, first=0.0, told=None, label="person", camera="front", session="s1"):
    told = first + 0.4 if told is None else told
    return TrackStarted(
        site="home", node="edge", camera=camera, time=at(told), id=f"edge.{camera}.{session}.{track}.started",
        session=session, track=track, pts=0, label=label, score=0.9, box=(0, 0, 1, 1), first_seen=at(first),
    )  # fmt: skip


def ended(track=1, first=0.0, last=10.0, label="person", camera="front", session="s1"):
    return TrackEnded(
        site="home", node="edge", camera=camera, time=at(last + 3.0), id=f"edge.{camera}.{session}.{track}.ended",
        session=session, track=track, pts=0, label=label, score=0.9, first_seen=at(first), last_seen=at(last), path=(),
    )  # fmt: skip


def state(status, seconds, camera="front"):
    return CameraStateChanged(
        site="home", node="edge", camera=camera, time=at(seconds), id=f"state{seconds}",
        status=status, previous=None, cause=None, detail="",
    )  # fmt: skip


def rules(*some):
    return Rules(some or (VISITOR,), ALIASES)


def hear(deciding, *facts):
    return [alert for fact in facts for alert in deciding.hear(fact)]


def test_live_it_fires_the_moment_the_time_is_reached():
    deciding = rules()
    assert hear(deciding, started()) == []
    assert deciding.next_due() == at(2.0)
    assert deciding.due(at(1.99)) == []
    (alert,) = deciding.due(at(2.0))
    assert deciding.next_due() is None
    assert alert == AlertRaised(
        site="home", node="edge", camera="front", time=at(2.0), id="visitor.edge.front.s1.1", rule="visitor",
        severity="warning", label="person", session="s1", track=1, since=NOON, message="person at front for 2 s",
        snapshot="home/edge/front/s1-1.jpg",
    )  # fmt: skip


def test_who_leaves_before_that_raises_nothing():
    deciding = rules()
    assert hear(deciding, started(), ended(last=1.5)) == []
    assert deciding.due(at(100.0)) == []


def test_a_rule_without_a_time_fires_with_the_track():
    assert [a.message for a in hear(rules(AlertRule(name="any", min_time=0.0)), started())] == ["person at front"]


def test_confirming_that_took_longer_than_the_rule_asks_for_is_proof():
    assert len(hear(rules(), started(told=2.5))) == 1


def test_after_an_outage_the_end_of_a_track_decides():
    assert len(hear(rules(), started(), ended(last=5.0))) == 1
    assert len(hear(rules(), ended(last=5.0))) == 1
    assert hear(rules(), ended(last=1.0)) == []


@pytest.mark.parametrize("order", list(permutations([started(), started(), ended(last=5.0), ended(last=5.0)])))
def test_the_same_facts_twice_and_in_any_order_raise_one_alert(order):
    deciding = rules(VISITOR, msgspec.structs.replace(VISITOR, name="again", suppress=0.0))
    raised = hear(deciding, *order) + deciding.due(at(1000.0))
    assert sorted(alert.id for alert in raised) == ["again.edge.front.s1.1", "visitor.edge.front.s1.1"]


@pytest.mark.parametrize("order", list(permutations([started(), started(), ended(last=1.0)])))
def test_a_short_track_raises_nothing_in_any_order(order):
    deciding = rules()
    assert hear(deciding, *order) + deciding.due(at(1000.0)) == []


def test_live_and_from_the_stored_facts_the_alert_is_the_same():
    live = rules()
    hear(live, started())
    assert live.due(at(2.3)) == hear(rules(), started(), ended(last=30.0))


def test_within_the_quiet_time_a_camera_raises_no_other():
    deciding = rules()
    raised = hear(deciding, *(ended(n, first=20.0 * n, last=20.0 * n + 5.0) for n in range(7)))
    assert [alert.track for alert in raised] == [0, 3, 6]


def test_the_quiet_time_is_that_of_the_facts_not_that_of_hearing_them():
    deciding = rules()
    late_first = [ended(2, first=50.0, last=60.0), ended(1, first=0.0, last=10.0), ended(3, first=120.0, last=130.0)]
    assert [alert.track for alert in hear(deciding, *late_first)] == [2, 3]


def test_cameras_and_rules_are_quiet_each_for_itself():
    deciding = rules(VISITOR, msgspec.structs.replace(VISITOR, name="other"))
    raised = hear(deciding, ended(camera="front"), ended(camera="back"))
    assert [(alert.rule, alert.camera) for alert in raised] == [
        ("visitor", "front"), ("other", "front"), ("visitor", "back"), ("other", "back"),
    ]  # fmt: skip


def test_alerts_raised_before_a_restart_still_count():
    (alert,) = hear(rules(), ended(1, last=5.0))
    deciding = rules()
    deciding.seen(alert)
    assert hear(deciding, ended(1, last=5.0), ended(2, first=10.0, last=20.0)) == []
    assert len(hear(deciding, ended(3, first=70.0, last=80.0))) == 1


def test_labels_aliases_and_cameras_choose_the_tracks():
    deciding = rules(AlertRule(name="parking", labels=("vehicle",), cameras=("yard",), min_time=0.0, suppress=0.0))
    facts = [
        started(1, label="truck", camera="yard"), started(2, label="person", camera="yard"), started(3, label="car"),
    ]  # fmt: skip
    assert [alert.track for alert in hear(deciding, *facts)] == [1]


@pytest.mark.parametrize("status", ["stopped", "retrying", "stalled", "connecting"])
def test_a_session_that_breaks_off_takes_its_open_tracks_with_it(status):
    deciding = rules()
    hear(deciding, started(1), started(1, camera="back"), state(status, 1.0))
    assert [alert.camera for alert in deciding.due(at(100.0))] == ["back"]


def test_after_a_crash_the_next_session_is_decided_on_its_own():
    deciding = rules()
    hear(deciding, started(1), state("connecting", 60.0), state("running", 61.0), started(1, first=61.2, session="s2"))
    assert [alert.session for alert in deciding.due(at(100.0))] == ["s2"]


def test_a_start_heard_late_for_a_session_that_is_over_waits_for_nothing():
    deciding = rules()
    hear(deciding, state("stopped", 5.0), started(1))
    assert deciding.next_due() is None
    assert len(hear(deciding, ended(1, last=4.0))) == 1


def test_what_it_remembers_is_bounded():
    deciding = rules()
    for number in range(30_000):
        deciding.hear(started(number, first=0.001 * number))
    assert len(deciding.due(at(1e6))) <= 1
    assert max(len(part) for part in vars(deciding).values()) <= 8192
