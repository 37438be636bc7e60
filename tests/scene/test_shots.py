import numpy as np

from edged.scene import shots
from edged.scene.shots import Shots, sharpness
from edged.subjects import Address
from edged.vision.tracker import Tracked


def tracked(size=0.2, score=0.9, left=0.4, number=1):
    return Tracked(number, 0, score, (left, 0.3, left + size, 0.3 + size), 0.0, 0.0)


def choose(chooser, one, at, sharp=1.0):
    return bool(chooser.choose([one], at, lambda _: sharp))


def test_a_track_gets_its_first_picture_at_once():
    (shot,) = Shots().choose([tracked()], 0.0, lambda _: 10.0)
    assert shot.tracked == tracked()
    assert shot.quality > 0.0


def test_only_a_clearly_better_one_is_taken_after_that():
    chooser = Shots()
    assert choose(chooser, tracked(0.20), 0.0)
    assert not choose(chooser, tracked(0.21), 2.0)
    assert choose(chooser, tracked(0.30), 4.0)


def test_sharper_is_better_and_cut_off_is_worse():
    chooser = Shots()
    assert choose(chooser, tracked(left=0.0), 0.0)
    assert choose(chooser, tracked(), 2.0)
    assert not choose(chooser, tracked(left=0.0), 4.0, sharp=2.0)
    assert choose(chooser, tracked(), 6.0, sharp=2.0)


def test_three_are_enough_however_good_the_next_would_be():
    chooser = Shots()
    taken = [choose(chooser, tracked(), 2.0 * n, sharp=10.0**n) for n in range(10)]
    assert taken == [True] * 3 + [False] * 7


def test_pictures_of_a_track_keep_their_distance_in_time():
    chooser = Shots()
    times = [n / 10 for n in range(40) if choose(chooser, tracked(), n / 10, sharp=2.0**n)]
    assert times == [0.0, 1.0, 2.0]


def test_sharpness_is_not_measured_in_vain():
    chooser, asked = Shots(), []
    for number in range(50):
        chooser.choose([tracked()], number / 25, lambda one: asked.append(one) or 1.0)
    assert len(asked) <= 4


def test_tracks_are_judged_each_by_itself_and_forgotten_when_over():
    chooser = Shots()
    one, other = tracked(number=1), tracked(number=2, size=0.1)
    assert len(chooser.choose([one, other], 0.0, lambda _: 1.0)) == 2
    chooser.forget([one])
    assert [shot.tracked.id for shot in chooser.choose([one, other], 5.0, lambda _: 1.0)] == [1]


def test_a_blurred_picture_is_less_sharp_than_a_clear_one():
    clear = np.zeros((400, 400), np.uint8)
    clear[:, ::2] = 200
    blurred = np.full((400, 400), 100, np.uint8)
    box = (0.1, 0.1, 0.25, 0.25)
    assert sharpness(clear, box) > sharpness(blurred, box) == 1.0


def test_a_box_without_pixels_has_the_least_sharpness():
    assert sharpness(np.zeros((100, 100), np.uint8), (0.5, 0.5, 0.501, 0.501)) == 1.0
    assert sharpness(np.zeros((100, 100), np.uint8), (-0.5, -0.5, -0.2, -0.2)) == 1.0


def test_the_key_names_one_track_of_one_session():
    assert shots.key(Address("home", "edge", "front"), "s1", 7) == "home/edge/front/s1-7.jpg"
