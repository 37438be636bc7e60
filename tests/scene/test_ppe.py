from datetime import UTC, datetime, timedelta

from edged import messages as m
from edged.scene.ppe import Votes, round_of

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def look(seq: int, helmet: m.Saw, vest: m.Saw = "ok", track: int = 1, round: int = 0) -> m.PpeLooked:
    return m.PpeLooked(
        site="home", node="edge", camera="front", time=NOON + timedelta(seconds=seq), id=f"{track}.{round}.{seq}",
        session="s", track=track, round=round, pts=90_000 * seq, label="person", saw={"helmet": helmet, "vest": vest},
        by="colour",
    )  # fmt: skip


def verdicts(fact: m.PpeChecked) -> dict[str, m.Saw]:
    return {one.item: one.verdict for one in fact.verdicts}


def hear(votes: Votes, *looks: m.PpeLooked) -> list[m.PpeChecked]:
    return [verdict for one in looks if (verdict := votes.hear(one, 0.0))]


def test_three_looks_that_agree_decide() -> None:
    [checked] = hear(Votes(), look(1, "ok"), look(2, "ok"), look(3, "ok"))
    assert verdicts(checked) == {"helmet": "ok", "vest": "ok"}
    assert (checked.since, checked.time, checked.pts) == (
        NOON + timedelta(seconds=1),
        NOON + timedelta(seconds=3),
        270_000,
    )
    assert checked.snapshot == "home/edge/front/s-1.jpg"


def test_one_wrong_look_is_outvoted_and_counted() -> None:
    [checked] = hear(Votes(), look(1, "missing"), look(2, "ok"), look(3, "ok"), look(4, "ok"))
    assert checked.verdicts[0] == m.PpeVerdict(item="helmet", verdict="ok", ok=3, missing=1, not_visible=0)


def test_the_last_look_decides_whatever_it_says() -> None:
    saw: list[m.Saw] = ["ok", "missing", "not_visible", "missing", "not_visible"]
    [checked] = hear(Votes(), *(look(seq, one) for seq, one in enumerate(saw)))
    assert verdicts(checked)["helmet"] == "missing"


def test_looks_may_come_in_any_order_and_twice() -> None:
    votes = Votes()
    assert not hear(votes, look(3, "ok"), look(3, "ok"), look(3, "ok"), look(1, "ok"))
    [checked] = hear(votes, look(2, "ok"))
    assert checked.verdicts[0].ok == 3
    assert checked.since == NOON + timedelta(seconds=1)


def test_a_round_has_one_verdict_and_late_looks_change_nothing() -> None:
    votes = Votes()
    assert len(hear(votes, *(look(seq, "ok") for seq in range(5)))) == 1
    assert not hear(votes, look(5, "missing"))
    assert not votes.quiet(100.0)


def test_the_next_round_has_its_own_verdict() -> None:
    votes = Votes()
    checked = hear(votes, *(look(seq, "ok") for seq in range(3)), *(look(seq, "missing", round=1) for seq in range(3)))
    assert [one.id for one in checked] == ["edge.front.s.1.0.ppe", "edge.front.s.1.1.ppe"]
    assert [verdicts(one)["helmet"] for one in checked] == ["ok", "missing"]


def test_after_a_restart_the_same_is_not_decided_again() -> None:
    votes = Votes()
    votes.decided("edge.front.s.1.0.ppe")
    assert not hear(votes, *(look(seq, "ok") for seq in range(5)))


def test_who_left_early_is_judged_by_what_was_seen() -> None:
    votes = Votes()
    votes.hear(look(1, "not_visible", "missing"), 10.0)
    assert votes.quiet(9.0) == []
    [round] = votes.quiet(10.0)
    assert round == round_of(look(1, "ok"))
    assert verdicts(votes.close(round)) == {"helmet": "not_visible", "vest": "missing"}


def test_a_tie_goes_to_the_wearer() -> None:
    votes = Votes()
    hear(votes, look(1, "ok"), look(2, "missing"))
    assert verdicts(votes.close(round_of(look(1, "ok"))))["helmet"] == "ok"
