"""The soak of `python -m bench.durability`, small: boxes, broker and history writer die by kill -9, and no fact is lost or doubled."""

from pathlib import Path

from bench.durability.soak import Plan, soaked


async def test_every_promised_fact_is_in_the_history_once_whoever_is_killed(tmp_path: Path) -> None:
    outcome = await soaked(Plan(facts=4000, kills=8, rate=2000, torn=1), tmp_path)
    assert outcome.account.faultless, outcome.account
    assert outcome.account.promised == 4000
    assert {"broker", "history", "producer"} <= outcome.kills.keys()
    assert outcome.tears
