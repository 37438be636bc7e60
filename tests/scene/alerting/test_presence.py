from datetime import datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edged.messages import AlertRaised
from edged.rules import AfterHours, AlertRule, Hours, Presence
from edged.scene.alerting.rules import Here
from tests.scene.alerting.telling import ALIASES, NOON, at, ended, hear, ruled, started, state

VISITOR = AlertRule(name="visitor", labels=("person",), min_time=2.0, suppress=60.0, severity="warning")


def rules(*some):
    return ruled(*(some or (VISITOR,)))


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
        snapshot="home/edge/front/s1-1.jpg", kind="presence", subject="home.edge.front",
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


def test_each_track_is_told_of_where_the_rule_is_about_tracks():
    deciding = rules(msgspec.structs.replace(VISITOR, when=Presence(per="track")))
    raised = hear(deciding, ended(1), ended(2), ended(2))
    assert [alert.subject for alert in raised] == ["home.edge.front.track.s1.1", "home.edge.front.track.s1.2"]


def test_a_camera_may_be_quiet_although_its_tracks_are_not():
    deciding = rules(msgspec.structs.replace(VISITOR, when=Presence(per="track"), suppress_camera=30.0))
    raised = hear(deciding, *(ended(n, first=10.0 * n, last=10.0 * n + 5.0) for n in range(7)))
    assert [alert.track for alert in raised] == [0, 3, 6]


def test_the_tracks_of_before_a_restart_are_not_waited_for_but_their_ends_still_count():
    deciding = ruled(VISITOR, here=Here(ALIASES, ZoneInfo("UTC"), at(1.0)))
    deciding.recall(started(1))
    assert deciding.due(at(100.0)) == []
    assert [alert.track for alert in hear(deciding, ended(1, last=5.0))] == [1]


def test_what_is_recalled_raises_nothing_but_goes_on():
    deciding = rules()
    deciding.recall(started(1))
    deciding.recall(started(2))
    deciding.recall(ended(2, last=1.0))
    assert [alert.track for alert in deciding.due(at(2.0))] == [1]


def test_what_was_before_the_rule_raises_nothing():
    deciding = ruled(VISITOR, since=at(10.0))
    assert hear(deciding, ended(1, last=5.0)) == []
    assert [alert.time for alert in hear(deciding, ended(2, first=8.0, last=15.0))] == [at(10.0)]


def test_what_it_remembers_is_bounded():
    deciding = rules()
    for number in range(30_000):
        deciding.hear(started(number, first=0.001 * number))
    assert len(deciding.due(at(1e6))) <= 1
    (judge,) = deciding._judges
    parts = [*vars(judge.trigger._tracks).values(), *vars(judge.of_subject).values(), deciding._raised]
    assert max(len(part) for part in parts if hasattr(part, "__len__")) == 8192


def test_a_day_that_is_heard_again_is_quiet_where_it_was():
    per_track = msgspec.structs.replace(VISITOR, when=Presence(per="track"), suppress=0.0, suppress_camera=7.0)
    day = [ended(n, first=3.0 * n, last=3.0 * n + 5.0) for n in range(2000)]
    first = rules(per_track)
    raised = hear(first, *day)
    again = rules(per_track)
    for alert in raised:
        again.seen(alert)
    assert len(raised) == 667
    assert hear(again, *day) == []


OPEN = (Hours(days=("mon", "tue", "wed", "thu", "fri", "sat"), begin="09:00", end="18:00"),)
BERLIN = ZoneInfo("Europe/Berlin")


def closed(begin, labels=("person",), open=OPEN):
    """A rule on a day that begins, by the clock of Berlin, as `begin`, in seconds of these facts."""
    rule = AlertRule(name="night", when=AfterHours(open=open), labels=labels, min_time=2.0, time_zone="Europe/Berlin")
    return ruled(rule), (datetime.fromisoformat(begin).replace(tzinfo=BERLIN) - NOON).total_seconds()


@pytest.mark.parametrize(
    ("first", "stays", "raised"),
    [
        ("2025-06-02T12:00", 600, None),
        ("2025-06-01T12:00", 600, 2),
        ("2025-06-02T08:59:59", 600, None),
        ("2025-06-02T08:59:57", 600, 2),
        ("2025-06-02T17:59", 50, None),
        ("2025-06-02T17:59", 70, 60),
        ("2025-06-02T18:00", 1, None),
        ("2025-06-07T17:00", 4000, 3600),
    ],
    ids=["open", "sunday", "opens first", "just before", "left in time", "closed on", "a moment", "saturday"],
)
def test_after_hours_it_counts_who_is_there_when_it_is_closed(first, stays, raised):
    deciding, begin = closed(first)
    found = hear(deciding, started(1, first=begin), ended(1, first=begin, last=begin + stays))
    assert [alert.time for alert in found] == ([] if raised is None else [at(begin + raised)])
    assert [alert.message for alert in found] == ["person at front after hours"] * len(found)


def test_live_who_stays_is_told_of_the_moment_it_closes():
    deciding, begin = closed("2025-06-02T17:59")
    assert hear(deciding, started(1, first=begin)) == []
    assert deciding.next_due() == at(begin + 60)
