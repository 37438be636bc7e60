import asyncio
import threading

import numpy as np
import pytest

from edged import config
from edged.vision import cards
from edged.vision import suppression as bx
from edged.vision.detector import open_detector
from edged.vision.tensors import ModelError
from tests import frames
from tests.vision import onnx_files

SMALL = config.Detector(model="edged-person", threads=1)
HOG = config.Detector(model="opencv-hog", threads=1)


def overlap(one, other):
    return bx.overlaps(np.array([one, other], np.float32))[0, 1]


@pytest.mark.parametrize("settings", [SMALL, HOG], ids=lambda settings: settings.model)
async def test_a_drawn_person_is_found_where_it_stands(settings, tmp_path):
    frame, box = frames.with_person()
    async with open_detector(settings, tmp_path) as detector:
        found, timing = await detector.detect(frame, 0.5)
        assert [detector.labels[kind] for kind in found.classes] == ["person"]
        assert overlap(found.boxes[0], box) > 0.6
        assert min(timing) > 0
        assert (detector.name, detector.workers) == (settings.model, 2)


async def test_an_onnx_network_is_read_by_its_card(tmp_path):
    """A network of one class that finds one thing, at the middle of the cell in column 2, row 1 of stride 8, 16 pixels wide."""
    output = np.zeros((1, 21, 6), np.float32)
    output[0, 1 * 4 + 2] = 0.5, 0.5, np.log(2), np.log(1), 0.9, 1.0
    onnx_files.constant(tmp_path / "net.onnx", (1, 3, 32, 32), output)
    card = cards.Card(
        name="net",
        title="",
        licence="",
        runtime="onnx",
        file="net.onnx",
        labels=("person",),
        input=cards.Input(width=32, height=32, layout="nchw", colour="bgr", letterbox="top-left"),
        output=cards.Output(layout="yolox"),
    )
    cards.write(card, tmp_path / "net.toml")
    async with open_detector(config.Detector(model="net"), tmp_path) as detector:
        found, _ = await detector.detect(frames.of_rgb(np.zeros((64, 128, 3), np.uint8)), 0.5)
    assert found.boxes == pytest.approx(np.array([[12 / 32, 8 / 16, 28 / 32, 1.0]]))
    assert found.scores == pytest.approx(np.array([0.9]))


@pytest.mark.parametrize(("threads", "workers"), [(1, 2), (2, 3), (5, 3)])
async def test_many_at_once_get_each_their_own(threads, workers, tmp_path):
    person, _ = frames.with_person()
    empty = frames.of_rgb(np.full((432, 768, 3), 128, np.uint8))
    async with open_detector(config.Detector(model=SMALL.model, threads=threads), tmp_path) as detector:
        assert detector.workers == workers
        results = await asyncio.gather(*(detector.detect(frame, 0.5) for frame in [person, empty] * 10))
    assert [len(found) for found, _ in results] == [1, 0] * 10


async def test_pictures_of_changing_size_are_found_alike(tmp_path):
    async with open_detector(SMALL, tmp_path) as detector:
        for size in [(768, 432), (1280, 720), (640, 480), (768, 432)]:
            frame, box = frames.with_person(*size)
            found, _ = await detector.detect(frame, 0.5)
            assert overlap(found.boxes[0], box) > 0.6


async def test_after_a_cancelled_call_the_next_one_is_served(tmp_path):
    frame, _ = frames.with_person()
    async with open_detector(SMALL, tmp_path) as detector:
        calls = [asyncio.create_task(detector.detect(frame, 0.5)) for _ in range(6)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*calls, return_exceptions=True))
        found, _ = await detector.detect(frame, 0.5)
        assert len(found) == 1


async def test_busy_is_the_share_since_last_asked(tmp_path):
    frame, _ = frames.with_person()
    async with open_detector(SMALL, tmp_path) as detector:
        assert detector.busy == 0
        await asyncio.gather(*(detector.detect(frame, 0.5) for _ in range(20)))
        assert 0.2 < detector.busy <= 1
        assert detector.busy < 0.2


async def test_no_thread_stays_behind(tmp_path):
    before = {thread.name for thread in threading.enumerate()}
    async with open_detector(SMALL, tmp_path) as detector:
        await detector.detect(frames.with_person()[0], 0.5)
        assert any(thread.name.startswith("detector") for thread in threading.enumerate())
    left = {thread.name for thread in threading.enumerate()} - before
    assert not any(name.startswith("detector") for name in left)


async def test_a_file_that_is_not_what_its_card_says_is_refused_at_the_start(tmp_path):
    onnx_files.constant(tmp_path / "net.onnx", (1, 3, 32, 32), np.zeros((1, 21, 9), np.float32))
    card = cards.Card(
        name="net",
        title="",
        licence="",
        runtime="onnx",
        file="net.onnx",
        labels=("person",),
        input=cards.Input(width=32, height=32, layout="nchw", colour="bgr"),
        output=cards.Output(layout="yolox"),
    )
    cards.write(card, tmp_path / "net.toml")
    with pytest.raises(ModelError, match=r"model net: outputs \[1, 21, 9\] are not of the layout yolox"):
        async with open_detector(config.Detector(model="net"), tmp_path):
            pass
