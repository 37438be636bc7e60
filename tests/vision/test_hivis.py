import numpy as np
import pytest

from edged.vision import hivis
from tests.rigs import people
from tests.rigs.people import PERSON, person


@pytest.mark.parametrize("helmet", [people.YELLOW, people.WHITE, people.RED, people.BLUE, people.ORANGE])
@pytest.mark.parametrize("vest", [people.LIME, people.ORANGE])
def test_a_helmet_and_a_vest_are_seen(helmet: people.Colour, vest: people.Colour) -> None:
    assert hivis.look(person(helmet, vest), PERSON) == {"helmet": "ok", "vest": "ok"}


def test_who_wears_neither_misses_both() -> None:
    assert hivis.look(person(None, None), PERSON) == {"helmet": "missing", "vest": "missing"}


@pytest.mark.parametrize("vest", [people.LIME, people.ORANGE])
def test_a_vest_is_no_helmet(vest: people.Colour) -> None:
    assert hivis.look(person(None, vest), PERSON) == {"helmet": "missing", "vest": "ok"}


def test_a_helmet_is_no_vest() -> None:
    assert hivis.look(person(people.YELLOW, None), PERSON) == {"helmet": "ok", "vest": "missing"}


def test_a_white_wall_is_no_helmet() -> None:
    assert hivis.look(person(None, None, wall=people.WHITE), PERSON)["helmet"] == "missing"


def test_a_vest_in_the_background_is_not_the_persons() -> None:
    crop = person(None, None)
    crop[:, :30] = people.ORANGE
    assert hivis.look(crop, PERSON)["vest"] == "missing"


def test_a_head_outside_the_picture_is_not_visible() -> None:
    crop = person(people.YELLOW, people.LIME)[100:]
    assert hivis.look(crop, (0.2, 0.0, 0.8, 0.97))["helmet"] == "not_visible"


def test_a_trunk_outside_the_picture_is_not_visible() -> None:
    crop = person(people.YELLOW, people.LIME, height=800)[:180]
    assert hivis.look(crop, (0.2, 0.2, 0.8, 1.0)) == {"helmet": "ok", "vest": "not_visible"}


def test_nothing_is_said_of_somebody_far_away() -> None:
    assert hivis.look(person(people.YELLOW, people.LIME, height=48), PERSON) == {
        "helmet": "not_visible",
        "vest": "not_visible",
    }


@pytest.mark.parametrize("seed", range(5))
def test_any_picture_and_any_box_have_an_answer(seed: int) -> None:
    chance = np.random.default_rng(seed)
    crop = chance.integers(0, 255, (int(chance.integers(2, 300)), int(chance.integers(2, 300)), 3), np.uint8)
    for _ in range(40):
        x1, y1 = chance.uniform(0, 0.99, 2)
        x2, y2 = chance.uniform((x1, y1), 1.0)
        assert set(hivis.look(crop, (x1, y1, x2, y2))) == set(hivis.ITEMS)
