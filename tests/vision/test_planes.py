import cv2
import numpy as np
import pytest

from edged.vision.cards import Input
from edged.vision.planes import Canvas, Fit
from edged.vision.tensors import Spec
from tests import frames

FLOAT = Spec((1, 416, 416, 3), np.dtype(np.float32))
RGB = Input(width=416, height=416, layout="nhwc", colour="rgb")


def scenery(width=1280, height=720):
    """Smooth colours, as a camera gives, and one saturated block."""
    rough = np.random.default_rng(3).integers(20, 236, (height // 40, width // 40, 3), dtype=np.uint8)
    picture = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    picture[height // 4 : height // 2, width // 4 : width // 2] = (200, 30, 40)
    return picture


@pytest.mark.parametrize("full_range", [False, True])
def test_the_picture_is_that_of_the_full_way_through_rgb(full_range):
    picture = scenery()
    tensor, fit = Canvas(RGB, FLOAT).draw(frames.of_rgb(picture, full_range=full_range))
    drawn = tensor[0, fit.y : fit.y + fit.height]
    reference = cv2.resize(picture, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    assert np.abs(drawn - reference).mean() < 1.5


@pytest.mark.parametrize(
    ("full_range", "luma", "value"), [(False, 16, 0), (False, 235, 255), (True, 0, 0), (True, 255, 255)]
)
def test_black_and_white_come_out_as_black_and_white(full_range, luma, value):
    planes = np.full((96, 64), 128, np.uint8)
    planes[:64] = luma
    tensor, fit = Canvas(RGB, FLOAT).draw(frames.of_yuv(planes, full_range=full_range))
    assert np.all(tensor[0, fit.y : fit.y + fit.height, fit.x : fit.x + fit.width] == value)


def test_bgr_is_rgb_backwards():
    frame = frames.of_rgb(scenery())
    rgb, _ = Canvas(RGB, FLOAT).draw(frame)
    bgr, _ = Canvas(Input(width=416, height=416, layout="nhwc", colour="bgr"), FLOAT).draw(frame)
    assert np.array_equal(rgb[..., ::-1], bgr)


def test_nchw_is_nhwc_turned():
    frame = frames.of_rgb(scenery())
    flat, _ = Canvas(RGB, FLOAT).draw(frame)
    turned, _ = Canvas(Input(width=416, height=416, layout="nchw", colour="rgb"), FLOAT).draw(frame)
    assert np.array_equal(flat.transpose(0, 3, 1, 2), turned)


def test_a_quantised_input_holds_what_the_float_input_holds():
    frame = frames.of_rgb(scenery())
    card = Input(width=416, height=416, layout="nhwc", colour="rgb", mean=114.75, scale=4 / 255)
    real, _ = Canvas(card, FLOAT).draw(frame)
    small, _ = Canvas(card, Spec((1, 416, 416, 3), np.dtype(np.int8), 4 / 255, -13)).draw(frame)
    assert small.dtype == np.int8
    assert np.abs((small.astype(np.float32) + 13) * (4 / 255) - real).max() <= 2 / 255 + 1e-6


@pytest.mark.parametrize(
    ("letterbox", "inner"),
    [
        ("centre", Fit(0, 91, 416, 234, (416, 416))),
        ("top-left", Fit(0, 0, 416, 234, (416, 416))),
        ("stretch", Fit(0, 0, 416, 416, (416, 416))),
        ("none", Fit(0, 0, 416, 234, (416, 234))),
    ],
)
def test_a_wide_picture_is_placed_as_the_card_says_and_the_rest_is_fill(letterbox, inner):
    card = Input(width=416, height=416, layout="nhwc", colour="rgb", letterbox=letterbox, fill=7)
    tensor, fit = Canvas(card, FLOAT).draw(frames.of_rgb(np.full((1080, 1920, 3), 200, np.uint8)))
    assert fit == inner
    outside = np.ones(tensor.shape[1:3], np.bool_)
    outside[fit.y : fit.y + fit.height, fit.x : fit.x + fit.width] = False
    assert np.all(tensor[0][outside] == 7)
    assert np.all(np.abs(tensor[0][~outside] - 200) <= 2)


def test_a_tall_picture_after_a_wide_one_leaves_nothing_of_it():
    canvas = Canvas(RGB, FLOAT)
    canvas.draw(frames.of_rgb(np.full((360, 640, 3), 255, np.uint8)))
    tall = frames.of_rgb(np.full((640, 360, 3), 50, np.uint8))
    assert np.array_equal(canvas.draw(tall)[0], Canvas(RGB, FLOAT).draw(tall)[0])


def test_the_same_memory_is_drawn_into_again():
    canvas = Canvas(RGB, FLOAT)
    first, _ = canvas.draw(frames.of_rgb(scenery()))
    second, _ = canvas.draw(frames.of_rgb(scenery()))
    assert first is second


def test_a_box_comes_back_as_fractions_of_the_picture():
    fit = Fit.of(1920, 1080, RGB)
    boxes = np.array([[0, 91, 416, 325], [104, 149.5, 208, 208], [-50, 0, 500, 416]], np.float32)
    assert fit.fractions(boxes) == pytest.approx(np.array([[0, 0, 1, 1], [0.25, 0.25, 0.5, 0.5], [0, 0, 1, 1]]))
