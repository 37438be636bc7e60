from pathlib import Path

import pytest

from edged import config
from edged.camera import jpeg
from edged.recognition.ppe import ByColour, ByModel, open_judge
from edged.vision.detector import open_detector
from tests.frames import with_person
from tests.rigs import people
from tests.rigs.people import job


async def test_by_colour_each_item_asked_for_is_judged_and_no_other(tmp_path: Path) -> None:
    crop = people.jpeg(people.person(people.WHITE, people.ORANGE))
    async with open_judge(config.Config(), tmp_path) as judge:
        assert isinstance(judge, ByColour)
        assert await judge.look(job(1, items=("Vest",)), crop) == {"Vest": "ok"}
        assert await judge.look(job(1, items=("helmet", "gloves")), crop) == {"helmet": "ok", "gloves": "not_visible"}


async def test_what_is_no_picture_is_said() -> None:
    with pytest.raises(ValueError, match="no picture"):
        await ByColour().look(job(1), b"")


async def test_by_model_the_items_are_its_labels_or_stand_behind_them(tmp_path: Path) -> None:
    settings = config.Config(
        detector=config.Detector(threads=1, pull=False),
        ppe=config.Ppe(model="edged-person"),
        aliases={"helmet": ("Person",)},
    )
    frame, _ = with_person()
    picture = jpeg.encode(frame, 0, 90)
    async with open_judge(settings, tmp_path) as judge:
        assert judge.name == "edged-person"
        asked = job(1, items=("helmet", "person", "goggles"))
        assert await judge.look(asked, picture) == {"helmet": "ok", "person": "ok", "goggles": "not_visible"}


async def test_a_label_that_says_without_is_a_missing_item(tmp_path: Path) -> None:
    settings = config.Detector(model="edged-person", threads=1, pull=False)
    frame, _ = with_person()
    async with open_detector(settings, tmp_path) as detector:
        detector.labels = ("NO-helmet", *detector.labels[1:])
        judge = ByModel(detector, {})
        assert await judge.look(job(1, items=("helmet",)), jpeg.encode(frame, 0, 90)) == {"helmet": "missing"}
        empty = people.jpeg(people.person(None, None)[:40])
        assert await judge.look(job(1, items=("helmet",)), empty) == {"helmet": "not_visible"}
