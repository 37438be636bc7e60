import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edged.config import Counter
from edged.messages import CountCorrected, LineCrossed
from edged.scene.occupancy import REMEMBERED, Counters, Tally, belongs, fullness, occupancy

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
SHOP = Counter(id="shop", lines=("front.door", "edge2.back.door"), warn_threshold=2, max_capacity=3)


def crossed(number, direction="in", time=NOON, camera="front", line="door", node="edge", site="home"):
    return LineCrossed(
        site=site, node=node, camera=camera, time=time, id=f"{node}.{camera}.{line}.{number}", session="s1", track=number, pts=0,
        label="person", score=0.9, line=line, direction=direction, point=(0.5, 0.5),
    )  # fmt: skip


def corrected(id, delta_in=0, delta_out=0, of="counter", name="shop", camera="_", time=NOON):
    return CountCorrected(
        site="home", node="edge", camera=camera, time=time, id=id, of=of, name=name, delta_in=delta_in, delta_out=delta_out,
        by="anna", reason="counted by hand",
    )  # fmt: skip


def day(seed=1):
    """A day of coming and going, with corrections."""
    draw = random.Random(seed)
    facts = [
        crossed(n, draw.choice(["in", "out"]), NOON + timedelta(seconds=draw.uniform(0, 86_400))) for n in range(500)
    ]
    return [*facts, corrected("c1", delta_in=3), corrected("c2", delta_out=5, time=NOON + timedelta(hours=3))]


def test_what_went_in_less_what_went_out_is_inside():
    facts = [crossed(1), crossed(2), crossed(3, "out"), corrected("c", delta_in=4, delta_out=1)]
    assert occupancy(facts) == 4


def test_neither_the_order_nor_coming_twice_matters():
    facts = day()
    again = facts + facts[::3]
    random.Random(2).shuffle(again)
    assert occupancy(again) == occupancy(facts)


def test_at_an_instant_it_is_the_sum_of_what_had_happened():
    facts = day()
    for hour in range(25):
        then = NOON + timedelta(hours=hour)
        assert occupancy(facts, then) == occupancy([fact for fact in facts if fact.time <= then])


def test_midnight_and_daylight_saving_time_change_nothing():
    """The night of 26 October 2025 has 02:30 twice in Berlin; instants are what counts."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=0)
    second = datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=1)
    facts = [crossed(1, time=first.astimezone(UTC)), crossed(2, time=second.astimezone(UTC))]
    assert occupancy(facts, first.astimezone(UTC)) == 1
    assert occupancy(facts, second.astimezone(UTC)) == 2


def test_a_clock_set_back_loses_nothing():
    facts = [crossed(1), crossed(2, time=NOON - timedelta(hours=2)), crossed(3, "out", NOON - timedelta(hours=1))]
    assert occupancy(facts) == 1


def test_more_out_than_in_is_told_as_it_is():
    assert occupancy([crossed(1, "out")]) == -1


def test_a_counter_takes_its_lines_and_its_corrections():
    assert belongs(crossed(1), SHOP)
    assert belongs(crossed(1, camera="back", node="edge2"), SHOP)
    assert not belongs(crossed(1, camera="back", node="edge3"), SHOP)
    assert not belongs(crossed(1, line="window"), SHOP)
    assert belongs(corrected("c"), SHOP)
    assert belongs(corrected("c", of="line", name="door", camera="front"), SHOP)
    assert not belongs(corrected("c", of="line", name="shop", camera="_"), SHOP)


def test_limits_are_reached_at_their_number_and_zero_is_none():
    assert [fullness(n, 2, 3) for n in range(5)] == ["ok", "ok", "warn", "full", "full"]
    assert fullness(1000, 0, 0) == "ok"


def told(counters, facts):
    return [(one.state, one.occupancy) for fact in facts for one in counters.hear(fact, fact.time)]


def test_becoming_full_is_told_once():
    counters = Counters("home", "edge", (SHOP,), Tally())
    assert told(counters, [crossed(n) for n in range(5)]) == [("warn", 2), ("full", 3)]
    assert told(counters, [crossed(n, "out") for n in range(10, 14)]) == [("warn", 2), ("ok", 1)]


def test_the_same_crossing_tells_the_same_fact_whoever_hears_it():
    facts = [crossed(n) for n in range(2)]
    one, other = (Counters("home", node, (SHOP,), Tally()) for node in ("edge", "edge2"))
    assert [c.id for f in facts for c in one.hear(f, NOON)] == [c.id for f in facts for c in other.hear(f, NOON)]


def test_a_kept_tally_goes_on_and_counts_nothing_twice():
    facts = [crossed(n) for n in range(3)]
    before = Counters("home", "edge", (SHOP,), Tally())
    told(before, facts)
    after = Counters("home", "edge", (SHOP,), before.tally)
    assert told(after, [*facts, crossed(9, "out")]) == [("warn", 2)]
    assert after.tally.heard == NOON


def test_another_site_is_another_matter():
    counters = Counters("home", "edge", (SHOP,), Tally())
    assert told(counters, [crossed(n, site="away") for n in range(5)]) == []


def test_what_is_remembered_is_bounded():
    counters = Counters("home", "edge", (SHOP,), Tally())
    for number in range(REMEMBERED + 100):
        counters.hear(crossed(number), NOON)
    assert len(counters.tally.recent) == REMEMBERED
