import numpy as np
import pytest

from edged.identity.bodies import Bodies, mean
from edged.identity.decide import Thresholds
from tests.rigs.gallery import vector

RULES = Thresholds(score=0.7, growth=0.02, margin=0.1)


@pytest.fixture
def wardrobe() -> Bodies:
    bodies = Bodies(hours=1.0)
    bodies.add("ada", vector(1), 0.0)
    bodies.add("bob", vector(2), 10.0)
    return bodies


def test_a_figure_is_whose_it_is_most_like(wardrobe: Bodies) -> None:
    assert wardrobe.whose(vector(9, near=vector(1)), 20.0, (), RULES).identity == "ada"


def test_a_figure_like_nobodys_is_nobodys(wardrobe: Bodies) -> None:
    assert wardrobe.whose(vector(3), 20.0, (), RULES).identity == ""


def test_a_figure_like_two_peoples_is_nobodys(wardrobe: Bodies) -> None:
    wardrobe.add("carl", vector(8, near=vector(1)), 15.0)
    assert wardrobe.whose(vector(9, near=vector(1)), 20.0, (), RULES).identity == ""


def test_who_cannot_be_meant_does_not_leave_the_figure_to_the_next(wardrobe: Bodies) -> None:
    assert wardrobe.whose(vector(9, near=vector(1)), 20.0, {"ada"}, RULES).identity == ""


def test_figures_are_forgotten_after_their_hours(wardrobe: Bodies) -> None:
    assert wardrobe.whose(vector(9, near=vector(1)), 3601.0, (), RULES).identity == ""
    assert wardrobe.whose(vector(9, near=vector(2)), 3601.0, (), RULES).identity == "bob"


def test_who_is_forgotten_is_not_found(wardrobe: Bodies) -> None:
    wardrobe.forget("ada")
    assert wardrobe.whose(vector(9, near=vector(1)), 20.0, (), RULES).identity == ""


def test_memory_is_bounded_in_people_the_longest_unseen_go() -> None:
    bodies = Bodies(hours=1.0)
    for number in range(400):
        bodies.add(f"p{number}", vector(number), float(number))
    assert bodies.whose(vector(0), 500.0, (), RULES).identity == ""
    assert bodies.whose(vector(399), 500.0, (), RULES).identity == "p399"


def test_another_models_vectors_fit_nothing(wardrobe: Bodies) -> None:
    assert wardrobe.whose(vector(1, dimensions=64), 20.0, (), RULES).identity == ""


def test_the_mean_of_vectors_has_length_one() -> None:
    middle = mean([vector(1), vector(2)])
    assert np.linalg.norm(middle) == pytest.approx(1)
    assert middle @ vector(1) == pytest.approx(float(middle @ vector(2)), abs=1e-5)
