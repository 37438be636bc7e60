import pytest

from models.train.gather.judging import judged
from models.train.gather.outcomes import Outcome
from models.train.pictures import DOUBTFUL, PERSON
from tests.train.repositories import source


def outcome(*scores: float, own: list | None = None, crowds: list | None = None) -> Outcome:
    """People seen side by side with these scores."""
    seen = [(20.0 * place, 0.0, 20.0 * place + 10, 20.0, score) for place, score in enumerate(scores)]
    return Outcome("1.jpg", image="1.jpg", own=own, crowds=crowds or [], seen=seen)


@pytest.mark.parametrize(
    ("shows", "flags"), [("people", [PERSON, PERSON, DOUBTFUL]), ("mixed", [PERSON, DOUBTFUL, DOUBTFUL])]
)
def test_where_nobody_is_expected_the_teacher_must_be_surer(shows: str, flags: list[int]):
    assert [box.flag for box in judged(source(shows=shows), outcome(0.7, 0.6, 0.3)).boxes] == flags


def test_own_boxes_come_first_and_those_that_the_teacher_sees_are_counted():
    verdict = judged(source(), outcome(0.9, 0.55, 0.45, own=[(0, 0, 10, 19), (200, 0, 210, 20)]))
    assert [(box.x1, box.flag, box.by) for box in verdict.boxes] == [
        (0, PERSON, "own"), (200, PERSON, "own"), (20, PERSON, "yolox"), (40, DOUBTFUL, "yolox"),
    ]  # fmt: skip
    assert verdict.agreed == 1


@pytest.mark.parametrize("somebody", [outcome(0.31), outcome(own=[(0, 0, 9, 9)]), outcome(crowds=[(0, 0, 9, 9)])])
def test_where_nobody_should_be_somebody_is_refused(somebody: Outcome):
    assert judged(source(shows="nobody"), somebody).refused == "somebody is there"


def test_a_faint_doubt_does_not_make_an_empty_picture_worse():
    assert judged(source(shows="nobody"), outcome(0.29)) == ("", [], 0)


def test_where_people_should_be_nobody_is_refused_unless_the_source_says_so():
    assert judged(source(shows="people"), outcome()).refused == "nobody found"
    assert judged(source(shows="people"), outcome(own=[])) == ("", [], 0)
    assert judged(source(shows="mixed"), outcome()) == ("", [], 0)


def test_a_crowd_of_which_most_is_not_labelled_is_refused():
    assert judged(source(shows="people"), outcome(0.9, *[0.3] * 6)).refused == "an unlabelled crowd"
    assert not judged(source(shows="people"), outcome(*[0.9] * 6, *[0.3] * 6)).refused
    assert not judged(source(shows="people"), outcome(0.9, *[0.3] * 6, own=[])).refused


def test_boxes_on_drawings_which_the_teacher_does_not_see_are_doubtful():
    drawn = outcome(0.25, own=[(0, 0, 10, 18), (200, 0, 300, 300)])
    assert [box.flag for box in judged(source(believed="seen"), drawn).boxes] == [PERSON, DOUBTFUL]
    assert [box.flag for box in judged(source(believed="all"), drawn).boxes] == [PERSON, PERSON]
