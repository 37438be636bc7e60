from pathlib import Path

import cv2
import numpy as np
import pytest

from edged import config
from edged.recognition.finding import ByNetwork, Cascade
from edged.vision import loading, models
from tests.rigs import faces

PORTRAITS = ["obama/obama.jpg", "obama/obama2.jpg", "biden/biden2.jpg", "alex_lacamoire/img1.jpg"]


def network(name: str, folder: Path) -> ByNetwork:
    model = models.library(folder).named(name)
    return ByNetwork(model.card, loading.load(model.card, model.file, config.Detector(threads=1, device="cpu")))


def test_the_cascade_that_needs_no_file_finds_who_looks_ahead() -> None:
    [face] = Cascade().find(faces.placed(1, 220, 80, 200))
    x1, y1, x2, y2 = face.box
    assert (x1 + x2) / 2 == pytest.approx(320, abs=12)
    assert (y1 + y2) / 2 == pytest.approx(190, abs=20)
    assert face.guessed
    eyes = face.points[:2].mean(axis=0)
    assert eyes == pytest.approx([320, 176], abs=14)
    assert "edged models pull yunet" in Cascade.notice


def test_the_cascade_finds_nobody_on_an_empty_wall() -> None:
    assert Cascade().find(np.full((360, 640, 3), 170, np.uint8)) == []


@pytest.mark.parametrize("picture", PORTRAITS)
def test_yunet_finds_what_opencvs_own_code_finds_with_it(picture: str) -> None:
    data = faces.data()
    bgr = cv2.imread(str(data / "faces" / picture))
    found = network("yunet", data / "models").find(bgr)
    height, width = bgr.shape[:2]
    scale = 640 / max(height, width)
    small = cv2.resize(bgr, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    theirs = cv2.FaceDetectorYN.create(
        str(data / "models" / "face_detection_yunet_2026may.onnx"), "", small.shape[1::-1], 0.7, 0.3
    )
    expected = theirs.detect(small)[1][0] / scale
    assert not found[0].guessed
    assert found[0].points.ravel() == pytest.approx(expected[4:14], abs=0.02 * float(max(expected[2:4])))


def test_ultraface_and_yunet_agree_on_where_faces_are() -> None:
    data = faces.data()
    bgr = cv2.imread(str(data / "images" / "face.jpg"))
    exact, rough = (network(name, data / "models").find(bgr) for name in ("yunet", "ultraface"))
    assert len(exact) == len(rough) == 4
    for one in exact:
        nearest = min(rough, key=lambda other: abs(other.box[0] - one.box[0]) + abs(other.box[1] - one.box[1]))
        assert nearest.points == pytest.approx(one.points, abs=0.25 * one.height)


def test_a_face_lying_partly_outside_stays_within_the_picture() -> None:
    data = faces.data()
    bgr = cv2.imread(str(data / "images" / "face.jpg"))
    for face in network("yunet", data / "models").find(bgr[:, 60:]):
        assert min(face.box) >= 0
        assert face.box[2] <= bgr.shape[1] - 60
