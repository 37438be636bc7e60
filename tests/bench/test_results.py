import json
from pathlib import Path

from bench.results import Row, Section, save, summary, table


def test_a_figure_is_held_to_its_target_from_the_right_side():
    assert Row("useful", 0.96, target=0.95).met
    assert not Row("useful", 0.94, target=0.95).met
    assert Row("age", 12, target=20, bound="≤").met
    assert not Row("age", float("nan"), target=20, bound="≤").met
    assert Row("rate", 100).met is None


def test_the_table_shows_value_target_and_verdict_in_one_line():
    (line,) = table(Section("s", [Row("edged / bare loop", 0.9612, target=0.95)])).splitlines()
    assert line.split() == ["edged", "/", "bare", "loop", "0.961", "≥", "0.95", "met"]


def test_a_scenario_that_failed_says_why_and_counts():
    failed = Section("s", [], "edged run: it ended with 1\nedged.toml: no such camera")
    assert "no such camera" in table(failed)
    assert summary([failed, Section("t", [Row("x", 1, target=2)])]).strip() == "0 of 1 targets met, 1 scenarios failed"


def test_what_is_kept_says_null_where_nothing_was_measured(tmp_path: Path):
    path = save([Section("s", [Row("x", float("nan"), target=1)])], "a-model", quick=True, folder=tmp_path / "results")
    kept = json.loads(path.read_text())
    assert kept["sections"][0]["rows"][0]["value"] is None
    assert kept["sections"][0]["rows"][0]["met"] is False
    assert kept["machine"]["cores"] >= 1
