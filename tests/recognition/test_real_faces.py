"""Faces of real people: one picture of each enrolled, all others and strangers judged at the thresholds that ship."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import faces as bench
from edged import config
from edged.identity.decide import decide
from edged.identity.index import Match
from edged.recognition import chosen
from edged.recognition.chosen import Kit
from tests.rigs import faces

SHOTS = config.Recognition().votes


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("models")
    faces.add_real_models(folder)
    return chosen.kit(config.Config(), folder)


@pytest.fixture(scope="module")
def people(kit: Kit) -> list[bench.Face]:
    """Portraits, and the same as a camera shows them, from 40 to 140 pixels high."""
    found, refused = bench.gathered(kit, faces.data())
    print(refused)
    assert {one.who for one in found} >= {"obama", "biden", "alex_lacamoire", "grace_hopper"}
    return found


def portraits(people: list[bench.Face], who: str) -> list[bench.Face]:
    return [one for one in people if one.who == who and one.shown.endswith("portrait")]


def judged(enrolled: list[bench.Face], face: bench.Face) -> str:
    matches = [Match(one.who, one.shown, float(one.vector @ face.vector)) for one in enrolled]
    scales = config.Recognition(threshold=0.40)
    card = chosen.thresholds(scales, Path("nowhere"), "sface")
    return decide(matches, len({one.who for one in enrolled}), card).identity


def test_every_person_is_found_in_their_other_pictures_whichever_was_enrolled(people: list[bench.Face]) -> None:
    first = [portraits(people, who)[0] for who in ("alex_lacamoire", "grace_hopper")]
    for obama, biden in product(portraits(people, "obama"), portraits(people, "biden")):
        enrolled = [obama, biden, *first]
        for other in portraits(people, "obama") + portraits(people, "biden"):
            assert judged(enrolled, other) == other.who


def test_no_stranger_is_taken_for_anybody_not_even_at_a_distance(people: list[bench.Face]) -> None:
    for obama, biden in product(portraits(people, "obama"), portraits(people, "biden")):
        strangers = [one for one in people if one.who not in ("obama", "biden")]
        assert len(strangers) > 12
        assert {judged([obama, biden], one) for one in strangers} == {""}


def test_nobody_is_taken_for_somebody_else_at_any_distance(people: list[bench.Face]) -> None:
    for obama, biden in product(portraits(people, "obama"), portraits(people, "biden")):
        for one in people:
            if one.who in ("obama", "biden"):
                assert judged([obama, biden], one) in ("", one.who)


def test_most_looks_at_a_distance_find_who_it_is(people: list[bench.Face]) -> None:
    """From 60 pixels on; a track has several looks."""
    right = asked = 0
    for obama, biden in product(portraits(people, "obama"), portraits(people, "biden")):
        for one in people:
            if one.who in ("obama", "biden") and " px" in one.shown:
                asked += 1
                right += judged([obama, biden], one) == one.who
    print(right, asked)
    assert right >= 0.95 * asked


def test_what_is_too_small_or_blurred_is_not_judged_by(kit: Kit) -> None:
    picture = cv2.imread(str(faces.data() / "faces" / "obama" / "obama.jpg"))
    height = kit.finder.find(picture)[0].height
    small = bench.as_a_camera(picture, height, 40)
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), 25), np.uint8)
    reasons = [reason for shown in (small, blurred) for _, reason in bench.seen(kit, "obama", "", shown)]
    assert reasons[0] == "too small"
    assert reasons[1] in ("too blurred", "not found")
