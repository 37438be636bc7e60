"""From crops and pictures to faces and vectors."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edged import config
from edged import messages as m
from edged.recognition.finding import Found
from edged.recognition.recogniser import open_recogniser, whose
from edged.recognition.uploads import UploadRefused
from tests.rigs import faces


def taken(box: m.Box, area: m.Box, body: bool = False) -> m.PersonTaken:
    return m.PersonTaken(
        site="home", node="edge", camera="front", time=datetime.now(UTC), id="p1", session="s", track=1, pts=900,
        label="person", score=0.9, box=box, area=area, width=0, height=0, body=body,
    )  # fmt: skip


def vector(face: object) -> "np.typing.NDArray[np.float32]":
    return np.frombuffer(face.vector, "<f4")


async def test_a_persons_face_comes_with_its_place_in_the_cameras_picture_and_its_vector(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    crop = faces.placed(0, 40, 30, 200, size=(280, 500))
    job = taken((0.52, 0.12, 0.16, 0.76), (0.5, 0.1, 0.2, 0.8))
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        looked = await recogniser.look(job, faces.jpeg(crop))
        again = await recogniser.look(job, faces.jpeg(faces.placed(0, 50, 60, 180, size=(280, 500))))
        other = await recogniser.look(job, faces.jpeg(faces.placed(3, 40, 30, 200, size=(280, 500))))
    [face] = looked.faces
    assert (looked.model, looked.track, looked.pts) == ("drawn-face", 1, 900)
    x, y, width, height = face.box
    assert (x + width / 2, y + height / 2) == pytest.approx((0.5 + 0.2 * 0.5, 0.1 + 0.8 * 0.28), abs=0.04)
    assert face.reason == ""
    assert np.linalg.norm(vector(face)) == pytest.approx(1, abs=1e-5)
    assert vector(face) @ vector(again.faces[0]) > 0.7
    assert vector(face) @ vector(other.faces[0]) < 0.5
    assert cv2.imdecode(np.frombuffer(face.jpeg, np.uint8), cv2.IMREAD_COLOR).shape[0] <= 256


async def test_a_face_that_is_not_good_enough_has_a_reason_and_no_vector(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    async with open_recogniser(config.Config(recognition=config.Recognition(min_face=150)), tmp_path) as recogniser:
        embedded = await recogniser.embed(faces.jpeg(faces.placed(0, 40, 30, 200)), 5)
    assert embedded.faces[0].reason.startswith("too small")
    assert embedded.faces[0].vector == b""


async def test_a_picture_of_two_has_both_the_larger_first(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    picture = faces.placed(0, 30, 60, 140)
    picture[20:260, 340:580] = faces.drawn(3, 240)
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        embedded = await recogniser.embed(faces.jpeg(picture), 5)
        only = await recogniser.embed(faces.jpeg(picture), 1)
    assert (embedded.width, embedded.height) == (640, 360)
    assert [face.box[0] > 0.5 for face in embedded.faces] == [True, False]
    assert only.faces == embedded.faces[:1]


async def test_what_is_no_picture_is_refused_and_the_next_one_is_looked_at(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        with pytest.raises(UploadRefused):
            await recogniser.embed(b"nothing", 5)
        with pytest.raises(ValueError, match="no picture"):
            await recogniser.look(taken((0, 0, 1, 1), (0, 0, 1, 1)), b"nothing")
        assert len((await recogniser.embed(faces.jpeg(faces.placed(0, 30, 60)), 5)).faces) == 1


async def test_without_a_network_for_faces_they_are_found_all_the_same(tmp_path: Path) -> None:
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        looked = await recogniser.look(taken((0, 0, 1, 1), (0, 0, 1, 1)), faces.jpeg(faces.placed(0, 220, 40)))
    [face] = looked.faces
    assert (looked.model, face.reason, face.vector) == ("", "", b"")


def test_the_face_of_somebody_else_in_the_crop_is_not_this_persons() -> None:
    def face(x: float, y: float, size: float) -> Found:
        return Found((x, y, x + size, y + size), np.zeros((5, 2), np.float32), 0.9, False)

    person = (100.0, 50.0, 200.0, 400.0)
    own, beside, at_the_knees = face(130, 60, 40), face(200, 60, 60), face(130, 330, 50)
    assert whose(person, [beside, at_the_knees, own]) is own
    assert whose(person, [beside, at_the_knees]) is None


async def test_real_networks_tell_figures_apart(tmp_path: Path) -> None:
    """The same worker twice, and another."""
    faces.add_real_models(tmp_path)
    folder = faces.data() / "ppe" / "ppe-3-frames"
    picture = cv2.imread(str(sorted((folder / "images").glob("*.jpg"))[0]))
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        whole = [
            await recogniser.look(taken(box, (0, 0, 1, 1), body=True), faces.jpeg(picture))
            for box in ((0.30, 0.2, 0.15, 0.7), (0.31, 0.2, 0.15, 0.7), (0.60, 0.2, 0.15, 0.7))
        ]
    first, shifted, other = (np.frombuffer(looked.body, "<f4") for looked in whole)
    assert whole[0].body_model == "osnet"
    assert first @ shifted > first @ other


async def test_pictures_at_once_are_looked_at_one_after_the_other_by_one_worker(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    picture = faces.jpeg(faces.placed(0, 220, 40))
    async with open_recogniser(config.Config(), tmp_path) as recogniser:
        results = await asyncio.gather(*(recogniser.embed(picture, 3) for _ in range(8)))
    assert len({msgspec.json.encode(result) for result in results}) == 1
