import pytest

from edged.identity.decide import Thresholds, decide, threshold
from edged.identity.index import Match

SCALE = Thresholds(score=0.4, growth=0.03, margin=0.05)


def test_a_good_match_with_a_lead_is_somebody() -> None:
    said = decide([Match("a", "1", 0.7), Match("a", "2", 0.69), Match("b", "3", 0.3)], 10, SCALE)
    assert (said.identity, said.sample) == ("a", "1")
    assert said.margin == pytest.approx(0.4)


def test_the_lead_is_over_another_person_and_not_over_another_picture() -> None:
    said = decide([Match("a", "1", 0.7), Match("a", "2", 0.7)], 10, SCALE)
    assert (said.identity, said.margin) == ("a", 0.7)


def test_two_people_who_fit_as_well_are_nobody() -> None:
    said = decide([Match("a", "1", 0.70), Match("b", "2", 0.68)], 10, SCALE)
    assert (said.identity, said.nearest) == ("", "a")


def test_a_larger_gallery_asks_for_more() -> None:
    match = [Match("a", "1", 0.45)]
    assert decide(match, 1, SCALE).identity == "a"
    assert decide(match, 100_000, SCALE).identity == ""
    assert threshold(100_000, SCALE) == pytest.approx(0.55)


def test_an_empty_gallery_knows_nobody() -> None:
    assert decide([], 0, SCALE).identity == ""
