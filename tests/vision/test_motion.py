import numpy as np
import pytest

from edged.config import Motion
from edged.vision.motion import Gate

LEFT_HALF = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)


def scene(height=288, width=512):
    """Smooth, with contrast, as walls and floors are."""
    y, x = np.mgrid[0:height, 0:width]
    return 110 + 50 * np.sin(x / 48) * np.cos(y / 37)


def picture(of, noise=0.0, seed=0):
    grain = np.random.default_rng(seed).normal(0.0, noise, of.shape) if noise else 0.0
    return np.clip(of + grain, 0, 255).astype(np.uint8)


def somebody(of, x, y=100, brightness=40):
    with_him = of.copy()
    with_him[y : y + 64, x : x + 20] = brightness
    return with_him


def settled(noise=0.0, **settings):
    """A gate that has watched an empty scene for 10 s at 5 fps."""
    gate = Gate(Motion(**settings), ())
    for number in range(50):
        gate.look(picture(scene(), noise, number), number / 5)
    return gate


def test_the_first_picture_is_looked_at():
    assert Gate(Motion(), ()).look(picture(scene()), 0.0).open


def test_a_still_picture_is_looked_at_again_only_when_a_look_is_due():
    gate = settled(recheck=2.0)
    opened = [n / 5 for n in range(50, 100) if gate.look(picture(scene()), n / 5).open]
    assert opened == pytest.approx([10.0, 12.0, 14.0, 16.0, 18.0])


@pytest.mark.parametrize("noise", [3.0, 8.0, 14.0])
def test_noise_is_no_motion(noise):
    gate = settled(noise)
    looks = [gate.look(picture(scene(), noise, n), n / 5) for n in range(50, 100)]
    assert not any(look.moving for look in looks)


@pytest.mark.parametrize("noise", [0.0, 8.0])
def test_somebody_who_walks_in_opens_the_gate_at_once(noise):
    look = settled(noise).look(picture(somebody(scene(), 160), noise, 99), 10.0)
    assert look.moving
    assert look.open
    assert look.area == pytest.approx(64 * 20 / (288 * 512), rel=0.5)


def test_somebody_who_walks_slowly_keeps_it_open():
    gate = settled()
    looks = [gate.look(picture(somebody(scene(), 160 + n)), 10.0 + n / 5) for n in range(100)]
    assert all(look.open for look in looks)


def test_something_that_fills_the_picture_is_motion():
    assert settled().look(picture(scene()[:, ::-1] * 0.5), 10.0).moving


@pytest.mark.parametrize("change", [-30, 30])
def test_light_that_changes_everywhere_is_no_motion(change):
    assert not settled().look(picture(scene() + change), 10.0).moving


def test_after_the_last_motion_it_stays_open_for_the_hold():
    gate = settled(hold=1.0, recheck=60.0)
    gate.look(picture(scene()), 69.9)  # uses up the look that is due
    gate.look(picture(somebody(scene(), 160)), 70.0)
    opened = [gate.look(picture(scene()), 70.0 + n / 5).open for n in range(1, 10)]
    assert opened == [True] * 5 + [False] * 4


def test_motion_under_a_mask_does_not_count():
    gate = Gate(Motion(), LEFT_HALF)
    gate.look(picture(scene()), 0.0)
    assert not gate.look(picture(somebody(scene(), 110)), 0.2).moving
    assert gate.look(picture(somebody(scene(), 320)), 0.4).moving


def test_a_change_of_size_begins_anew():
    gate = settled()
    assert not gate.look(picture(scene(480, 640)), 10.0).moving
    assert gate.look(picture(somebody(scene(480, 640), 100)), 10.2).moving


def test_switched_off_it_is_always_open():
    gate = settled(enabled=False)
    assert all(gate.look(picture(scene()), 10.0 + n / 100).open for n in range(10))


def test_a_picture_smaller_than_its_cells_is_no_error():
    gate = Gate(Motion(), ())
    tiny = np.zeros((1, 1), np.uint8)
    assert [gate.look(tiny, time).open for time in (0.0, 0.1)] == [True, False]
