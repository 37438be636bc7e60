from edged.scene.stitching import Walkers
from edged.vision.tracker import Glimpse, Update
from tests.scene.walking import CAR, Tracks, someone


def walkers_after(*looks, end=()):
    """(walkers, the last look's steps) of looks ten times a second, each a list of (id, x, y)."""
    walkers, tracks = Walkers(1.0), Tracks()
    for number, people in enumerate(looks):
        seconds = number / 10
        steps = walkers.see(tracks.now(*(someone(id, x, y, seconds) for id, x, y in people)), seconds)
    return walkers, steps


WALK = [[(1, 0.3 + 0.01 * n, 0.5)] for n in range(10)]


def goes_on_for(steps):
    return [step.of.id if step.of else None for step in steps if step.walker.id != 1]


def test_one_who_begins_where_another_went_on_to_is_that_one():
    _, steps = walkers_after(*WALK, [], [], [(2, 0.42, 0.5)])
    assert goes_on_for(steps) == [1]


def test_one_who_begins_while_the_other_is_seen_is_somebody_else():
    _, steps = walkers_after(*WALK, [(1, 0.4, 0.5), (2, 0.41, 0.5)])
    assert goes_on_for(steps) == [None]


def test_one_who_begins_elsewhere_is_somebody_else():
    _, steps = walkers_after(*WALK, [], [(2, 0.6, 0.5)])
    assert goes_on_for(steps) == [None]


def test_one_who_begins_long_after_is_somebody_else():
    _, steps = walkers_after(*WALK, *([[]] * 15), [(2, 0.4, 0.5)])
    assert goes_on_for(steps) == [None]


def test_another_kind_of_thing_is_somebody_else():
    walkers, _ = walkers_after(*WALK)
    car = someone(2, 0.41, 0.5, 1.1, CAR)
    (step,) = walkers.see(Update((car,), (car,), (), ((),)), 1.1)
    assert step.of is None


def test_nobody_is_taken_for_two():
    _, steps = walkers_after(*WALK, [], [(2, 0.41, 0.5), (3, 0.42, 0.5)])
    assert sorted(goes_on_for(steps), key=str) == [1, None]


def test_who_comes_back_was_another():
    walkers, _ = walkers_after(*WALK, [], [(2, 0.41, 0.5)], [(1, 0.43, 0.5), (2, 0.42, 0.5)])
    (first,) = walkers.end([someone(1, 0.43, 0.5)])
    assert first.heir is None


def test_a_birth_is_told_from_its_first_glimpse_on():
    one = someone(1, 0.5, 0.5, 0.3)
    birth = tuple(Glimpse(n / 10, someone(1, 0.2 + 0.1 * n, 0.5).box) for n in range(3))
    steps = Walkers(1.0).see(Update((one,), (one,), (), (birth,)), 0.3)
    assert [step.now.at for step in steps] == [0.0, 0.1, 0.2, 0.3]
    assert [step.before and step.before.at for step in steps] == [None, 0.0, 0.1, 0.2]
