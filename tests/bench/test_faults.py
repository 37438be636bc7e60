from bench.faults import Heard
from bench.trials import Trial, Used, by_trouble, section

STEADY = [Used(15, 27, 150_000_000)] * 50
GOOD = [Trial("reset", 0.1, "ended", 1.0), Trial("silent", 1.8, "stalled", 1.0)] * 25


def unmet(trials: list[Trial] = GOOD, used: list[Used] = STEADY, heard: Heard | None = None) -> list[str]:
    heard = heard or Heard(units=100, sessions={"s"})
    return [row.name for row in section(trials, used, heard.units, heard.lost).rows if row.met is False]


def test_a_daemon_that_stays_as_it_was_meets_every_bound():
    assert unmet() == []


def test_what_leaks_is_named():
    leaking = [Used(15 + n // 5, 27 + n, 150_000_000 + n * 100_000) for n in range(50)]
    assert [name.split()[0] for name in unmet(used=leaking)] == ["threads", "open", "memory"]


def test_late_pictures_late_notice_and_holes_are_named():
    late = [*GOOD, *[Trial("silent", 2.5, "stalled", 3.5)] * 10]
    assert unmet(trials=late) == ["stall noticed, p95", "picture back, p95"]
    assert unmet(heard=Heard(units=100, missing=1, sessions={"s"})) == ["frames of the other camera lost"]
    assert unmet(heard=Heard(units=100, sessions={"s", "t"})) == ["frames of the other camera lost"]


def test_each_kind_has_a_line_with_its_causes():
    lines = by_trouble([*GOOD, Trial("late", None, "", 0.2)]).splitlines()
    assert "| silent | 25 | stalled | 1.80, 1.80, 1.80 | 1.00, 1.00, 1.00 |" in lines
    assert "| late | 1 |  | – | 0.20, 0.20, 0.20 |" in lines
