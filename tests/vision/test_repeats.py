import numpy as np

from edged.vision.repeats import Repeat, Repeats


def plane(seed=0):
    """With padding to the right of each row, as decoders have it."""
    return np.random.default_rng(seed).integers(0, 255, (270, 512), np.uint8)[:, :480]


def test_the_first_picture_repeats_nothing():
    assert Repeats().look(plane(), 5.0) == Repeat(same=False, seconds=0.0)


def test_the_same_picture_again_is_told_with_its_time():
    repeats = Repeats()
    looks = [repeats.look(plane(), 10.0 + n) for n in range(4)]
    assert looks[1:] == [Repeat(same=True, seconds=float(n)) for n in (1, 2, 3)]


def test_one_pixel_anywhere_makes_another_picture():
    for row, column in ((0, 0), (1, 479), (63, 100), (269, 479)):
        repeats = Repeats()
        repeats.look(plane(), 0.0)
        other = plane()
        other[row, column] ^= 1
        assert repeats.look(other, 1.0) == Repeat(same=False, seconds=0.0)


def test_time_starts_again_with_each_new_picture():
    repeats = Repeats()
    seconds = [repeats.look(plane(seed), time).seconds for time, seed in enumerate((1, 1, 1, 2, 2))]
    assert seconds == [0.0, 1.0, 2.0, 0.0, 1.0]


def test_another_size_is_another_picture():
    repeats = Repeats()
    repeats.look(plane(), 0.0)
    assert not repeats.look(plane()[:100], 1.0).same
