"""Each layout by a round trip: boxes written down as its networks do, then read back."""

import msgspec
import numpy as np
import pytest

from edged.vision import layouts
from edged.vision.cards import Card, Input, Output
from edged.vision.planes import Fit
from edged.vision.tensors import ModelError, Tensor

SIZE = 64  # 64 + 16 + 4 = 84 cells
CELLS = 84
WHOLE = Fit(0, 0, SIZE, SIZE, (SIZE, SIZE))
BOXES = np.array([[0.1, 0.2, 0.4, 0.8], [0.5, 0.5, 0.9, 0.7]], np.float32)
SCORES = [0.9, 0.6]
CLASSES = [1, 0]
PLACES = [11, 70]  # cells that found something: one of stride 8, one of stride 16


def card(layout, labels=("cat", "dog"), **output):
    given = Input(width=SIZE, height=SIZE, layout="nhwc", colour="rgb")
    output = Output(layout=layout, **output)
    return Card(name="net", title="", licence="", runtime="onnx", file="net", labels=labels, input=given, output=output)


def centres():
    """centre x, centre y, width, height in fractions."""
    return np.hstack([(BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 2:] - BOXES[:, :2]])


def same(found, tolerance=1e-4):
    assert found.boxes == pytest.approx(BOXES, abs=tolerance)
    assert found.scores == pytest.approx(np.array(SCORES), abs=tolerance)
    assert found.classes.tolist() == CLASSES
    assert (found.boxes.dtype, found.scores.dtype, found.classes.dtype) == (np.float32, np.float32, np.int32)


def yolov8(size=1.0):
    table = np.zeros((6, CELLS), np.float32)
    table[:4, PLACES] = centres().T * size
    table[[5, 4], PLACES] = SCORES
    return table


def quantised(values, scale, zero):
    return Tensor(np.clip(np.round(values / scale) + zero, -128, 127).astype(np.int8), scale, zero)


def test_what_is_lower_than_the_cards_least_height_is_left_out():
    wanted = msgspec.structs.replace(card("yolov8"), min_height=0.3)
    found = layouts.decode([Tensor(yolov8()[None])], wanted, 0.1, WHOLE)
    assert found.boxes == pytest.approx(BOXES[:1], abs=1e-4)
    assert found.classes.tolist() == CLASSES[:1]


def test_yolov8_in_fractions():
    same(layouts.decode([Tensor(yolov8()[None])], card("yolov8"), 0.1, WHOLE))


def test_yolov8_in_pixels():
    same(layouts.decode([Tensor(yolov8(SIZE)[None])], card("yolov8", coordinates="pixels"), 0.1, WHOLE))


def test_yolov8_with_rows_and_columns_exchanged():
    same(layouts.decode([Tensor(yolov8().T[None])], card("yolov8"), 0.1, WHOLE))


def test_yolov8_quantised_is_the_float_one_to_a_step():
    same(layouts.decode([quantised(yolov8()[None], 1 / 255, -128)], card("yolov8"), 0.1, WHOLE), 1 / 255)


def test_a_quantised_score_exactly_at_the_threshold_counts():
    table = yolov8()
    output = quantised(table[None], 1 / 200, -100)
    assert len(layouts.decode([output], card("yolov8"), 0.6, WHOLE)) == 2
    assert len(layouts.decode([output], card("yolov8"), 0.604, WHOLE)) == 1


def yolox(objectness=(1.0, 1.0)):
    table = np.zeros((CELLS, 7), np.float32)
    for place, stride, cell, centre, score, kind, thing in zip(
        PLACES, (8, 16), ((3, 1), (2, 1)), centres() * SIZE, SCORES, CLASSES, objectness, strict=True
    ):
        table[place, :2] = centre[:2] / stride - cell
        table[place, 2:4] = np.log(centre[2:] / stride)
        table[place, 4] = thing
        table[place, 5 + kind] = score / thing
    return table[None]


def test_yolox_from_grid_and_strides():
    same(layouts.decode([Tensor(yolox())], card("yolox"), 0.1, WHOLE))


def test_yolox_multiplies_objectness_and_class():
    same(layouts.decode([Tensor(yolox((0.95, 0.7)))], card("yolox"), 0.1, WHOLE))
    assert len(layouts.decode([Tensor(yolox((0.95, 0.7)))], card("yolox"), 0.65, WHOLE)) == 1


def ssd(names):
    corners = np.zeros((1, 10, 4), np.float32)
    corners[0, :2] = BOXES[:, [1, 0, 3, 2]]
    classes, scores = np.zeros((2, 1, 10), np.float32)
    classes[0, :2], scores[0, :2], scores[0, 2] = CLASSES, SCORES, 0.9  # the third is beyond the count
    values = [corners, classes, scores, np.array([2], np.float32)]
    return [Tensor(value, name=name) for value, name in zip(values, names, strict=True)]


@pytest.mark.parametrize(
    "names",
    [
        ["TFLite_Detection_PostProcess" + tail for tail in ("", ":1", ":2", ":3")],
        [f"StatefulPartitionedCall:{n}" for n in (3, 2, 1, 0)],
    ],
)
def test_ssd_in_the_order_of_either_tensorflow(names):
    same(layouts.decode(ssd(names)[::-1], card("ssd"), 0.1, WHOLE))


def edged():
    tensors = []
    for stride, (index, cell) in zip((8, 16, 32), ((0, (3, 1)), (1, (2, 1)), (None, None)), strict=True):
        side = SIZE // stride
        scores, places = np.zeros((1, side, side, 1), np.float32), np.zeros((1, side, side, 4), np.float32)
        if index is not None:
            x, y, width, height = centres()[index] * SIZE / stride
            scores[0, cell[1], cell[0], 0] = SCORES[index]
            places[0, cell[1], cell[0]] = x - cell[0] - 0.5, y - cell[1] - 0.5, np.log(width / 2), np.log(height / 2)
        tensors += [scores, places]
    return tensors


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 0, 3, 2, 1, 4]])
def test_our_own_layout_in_any_order_of_outputs(order):
    outputs = [Tensor(values) for values in edged()]
    found = layouts.decode([outputs[index] for index in order], card("edged", ("person",)), 0.1, WHOLE)
    assert found.boxes == pytest.approx(BOXES, abs=1e-4)
    assert found.scores == pytest.approx(np.array(SCORES))
    assert found.classes.tolist() == [0, 0]


def test_hog_boxes_lose_their_margin_and_better_distances_score_higher():
    boxes = np.array([[0, 0, 32, 64], [32, 0, 32, 64]], np.float32)
    found = layouts.decode(
        [Tensor(boxes), Tensor(np.array([0.1, 1.5], np.float32))], card("hog", ("person",)), 0.1, WHOLE
    )
    assert found.boxes[1] == pytest.approx(np.array([0.1, 0.1, 0.4, 0.9]))
    assert 0.1 < found.scores[1] < 0.5 < found.scores[0] < 1


@pytest.mark.parametrize("layout", ["yolov8", "yolox"])
def test_an_empty_picture_finds_nothing(layout):
    rows = {"yolov8": 6, "yolox": 7}[layout]
    assert len(layouts.decode([Tensor(np.zeros((1, rows, CELLS), np.float32))], card(layout), 0.1, WHOLE)) == 0


def test_the_letterbox_is_taken_off():
    fit = Fit(0, 16, SIZE, 32, (SIZE, SIZE))
    found = layouts.decode([Tensor(yolov8()[None])], card("yolov8"), 0.1, fit)
    expected = BOXES.copy()
    expected[:, [1, 3]] = np.clip((BOXES[:, [1, 3]] * SIZE - 16) / 32, 0, 1)
    assert found.boxes == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("layout", "shapes"),
    [
        ("yolov8", [(1, 85, CELLS)]),
        ("yolov8", [(1, 6, CELLS), (1, 6, CELLS)]),
        ("yolox", [(1, 20, 7)]),
        ("ssd", [(1, 6, CELLS)]),
        ("edged", [(1, 6, CELLS)]),
    ],
)
def test_outputs_of_another_layout_are_refused_in_one_line(layout, shapes):
    with pytest.raises(ModelError, match=rf"^model net: outputs \[1, .* are not of the layout {layout}; .*$"):
        layouts.decode([Tensor(np.zeros(shape, np.float32)) for shape in shapes], card(layout), 0.1, WHOLE)
