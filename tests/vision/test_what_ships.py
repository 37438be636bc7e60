"""The person detector that comes along, on pictures of people."""

import av
import numpy as np
import pytest

from bench import onebyone
from edged import config
from edged.vision import suppression as bx
from edged.vision.detector import open_detector
from tests import frames

ALL = ["edged-person", "edged-person-640", "edged-person-onnx", "edged-person-640-onnx"]


def some(clip, wanted):
    with av.open(str(clip)) as container:
        return {n: frames.of_picture(frame, n) for n, frame in enumerate(container.decode(video=0)) if wanted(n)}


@pytest.fixture(scope="module")
def street(pedestrians):
    """Sixteen frames of the demo's clip; in each at least three people walk in full view."""
    return list(some(pedestrians, lambda n: n % 50 == 0).values())


@pytest.fixture(scope="module")
def one_by_one(test_data):
    return some(test_data / onebyone.CLIP, lambda n: n in onebyone.FULL_VIEW | onebyone.EMPTY)


async def seen(model, pictures, folder):
    async with open_detector(config.Detector(model=model, threads=1), folder) as detector:
        return [(await detector.detect(frame, detector.score))[0] for frame in pictures]


@pytest.mark.parametrize("model", ALL)
async def test_people_on_a_walkway_are_found_in_every_picture(model, street, tmp_path):
    found = await seen(model, street, tmp_path)
    assert min(len(people) for people in found) >= 2
    assert sum(len(people) for people in found) >= 4 * len(found)


@pytest.mark.parametrize("size", ["edged-person", "edged-person-640"])
async def test_in_both_formats_it_is_the_same_network(size, street, tmp_path):
    """Nearly: each is quantised in its own way, so who is at the threshold in one may be just below it in the other."""
    pairs = zip(await seen(size, street, tmp_path), await seen(f"{size}-onnx", street, tmp_path), strict=True)
    same = total = 0
    for one, other in pairs:
        both = bx.overlaps(np.concatenate([one.boxes, other.boxes]))[: len(one), len(one) :]
        same += int((both.max(axis=1, initial=0.0) > 0.7).sum())
        total += max(len(one), len(other))
    assert same >= 0.85 * total


async def test_empty_grey_noise_and_stripes_are_nobody(tmp_path):
    grey = np.full((432, 768, 3), 128, np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, grey.shape).astype(np.uint8)
    stripes = np.repeat(np.tile(np.array([40, 220], np.uint8).repeat(24), 16)[None, :, None], 432, 0).repeat(3, 2)
    for people in await seen("edged-person", [frames.of_rgb(p) for p in (grey, noise, stripes)], tmp_path):
        assert len(people) == 0


@pytest.mark.parametrize("model", ["edged-person", "edged-person-onnx"])
async def test_a_person_in_full_view_is_found_and_nobody_where_nobody_is(model, one_by_one, tmp_path):
    found = dict(zip(one_by_one, await seen(model, one_by_one.values(), tmp_path), strict=True))
    full = [number for number in onebyone.FULL_VIEW if len(found[number])]
    assert len(full) >= 0.95 * len(onebyone.FULL_VIEW)
    assert not [number for number in onebyone.EMPTY if len(found[number])]
