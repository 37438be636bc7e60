"""The figures by which a detector is chosen, on pictures whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from edged import shipped
from edged.vision import cards, models
from models.train import measure, scores, shipping, sweep
from models.train.measure import Looks, Seen
from models.train.pictures import DOUBTFUL, PERSON

HEIGHT = 100


def seen(truth, found):
    """`truth` and `found` as (left, top, right, bottom, kind or score)."""
    boxes = np.array(found, np.float64).reshape(-1, 5)
    return Seen("p", np.array(truth, np.float32).reshape(-1, 5), boxes[:, :4], boxes[:, 4], HEIGHT)


ONE = seen([(0, 0, 20, 60, PERSON)], [(0, 0, 20, 60, 0.9), (50, 50, 55, 60, 0.8)])
NOBODY = seen([], [(10, 10, 20, 15, 0.7)])
IN_DOUBT = seen([(0, 0, 50, 50, DOUBTFUL)], [(5, 5, 45, 45, 0.9)])


def test_what_is_lower_than_the_least_height_is_not_counted():
    assert scores.recall_and_precision([ONE.judged()], 0.5) == (1.0, 0.5)
    assert scores.recall_and_precision([ONE.judged(0.2)], 0.5) == (1.0, 1.0)
    assert (NOBODY.best(), NOBODY.best(0.1)) == (0.7, 0.0)


def test_false_alarms_are_for_each_hundred_pictures_without_people():
    judged = [ONE.judged(), NOBODY.judged(), seen([], []).judged(), IN_DOUBT.judged()]
    assert scores.false_alarms(judged, 0.6) == pytest.approx(100 / 3)
    assert scores.false_alarms(judged, 0.8) == 0


def test_the_share_of_pictures_with_somebody_found():
    assert measure.share([ONE, NOBODY], 0.8) == 0.5
    assert measure.share([], 0.8) is None


def test_precision_is_that_of_all_pictures_together():
    assert measure.precision_of([ONE]) == 1.0
    assert measure.precision_of([seen([(0, 0, 20, 60, PERSON)], [(50, 0, 70, 60, 0.9), (0, 0, 20, 60, 0.5)])]) == 0.5
    assert measure.precision_of([]) is None


def test_street_is_a_column_only_where_it_was_measured():
    row = measure.Row("net", 1.0, 1.2, None, 0.6, 0.8, 0.5, 0.7, 0.9, 4.0, 0.97, None)
    without = measure.table([row])
    assert "no truth here" in without
    assert "street AP |" not in without
    assert "0.812" in measure.table([replace(row, street=0.812)])


def test_a_sweep_says_what_each_score_and_height_would_give():
    table = sweep.table(Looks("net", 0.5, [], [ONE], [ONE, NOBODY], [ONE], [NOBODY])).splitlines()
    assert len(table) == 2 + len(sweep.SCORES) * len(sweep.HEIGHTS)
    assert table[2] == "| 0.00 | 0.30 | 1.00 | 0.33 | 1.00 | 0.50 | 100 | 100.0% | 100.0% |"
    assert table[-1] == "| 0.16 | 0.85 | 1.00 | 1.00 | 1.00 | 1.00 | 0 | 100.0% | 0.0% |"


def test_files_that_lost_too_much_or_are_too_large_do_not_ship(tmp_path):
    for name in (*(f"{name}.tflite" for name in shipping.SIZES), shipping.ONNX):
        (tmp_path / name).write_bytes(b"x" * 10)
    good, bad = shipping.Loss("net", "val", 0.8, 0.795), shipping.Loss("net", "MOT", 0.8, 0.78)
    assert list(shipping.faults([good], tmp_path)) == []
    assert list(shipping.faults([good, bad], tmp_path)) == ["net on MOT: int8 costs 0.020 AP (at most 0.01)"]
    (tmp_path / shipping.ONNX).write_bytes(b"x" * 1_500_001)
    assert "at most 1500000" in next(shipping.faults([good], tmp_path))


def test_installing_replaces_files_and_hashes_and_nothing_else_of_a_card(tmp_path):
    made, into = tmp_path / "made", tmp_path / "models"
    made.mkdir()
    into.mkdir()
    text = (shipped.path("models") / "edged-person.toml").read_text()
    (into / "edged-person.toml").write_text(text)
    (made / "edged-person.tflite").write_bytes(b"another network")
    assert list(shipping.install(made, into)) == [into / "edged-person.tflite"]
    changed = (into / "edged-person.toml").read_text()
    assert cards.read(into / "edged-person.toml").sha256 == models.sha256(made / "edged-person.tflite")
    differing = [a for a, b in zip(text.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert len(differing) == 1
