from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import av
import cv2
import numpy as np
import pytest

from edged.camera import jpeg
from edged.camera.frames import Frame
from edged.camera.planes import Planes

BARS = [(255, 255, 255), (200, 30, 30), (30, 200, 30), (40, 40, 230), (200, 200, 20), (0, 0, 0)]


def frame(pix_fmt, colorspace=None, width=640, height=360):
    """Six bars of colour."""
    rgb = np.repeat(np.array(BARS, np.uint8), width // 6 + 1, axis=0)[None, :width].repeat(height, axis=0)
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    made = made.reformat(format=pix_fmt, dst_colorspace=colorspace)
    owner, luma, chroma, full_range = Planes().of(made)
    return Frame(owner, luma, chroma, full_range, width, height, "s", 0, 0, datetime.now(UTC), 0.0)


def bars(data, width):
    rgb = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return [tuple(map(int, rgb[rgb.shape[0] // 2, int((bar + 0.5) * width / 6)])) for bar in range(6)]


@pytest.mark.parametrize(
    ("pix_fmt", "colorspace"),
    [("yuv420p", "itu601"), ("yuvj420p", "itu601"), ("nv12", "itu601"), ("yuvj422p", "itu601"), ("yuv420p", "itu709")],
)
def test_colours_are_right_in_every_range_and_matrix(pix_fmt, colorspace):
    data = jpeg.encode(frame(pix_fmt, colorspace), 0, 95)
    assert np.abs(np.array(bars(data, 640)) - np.array(BARS)).max() <= 6


def test_untagged_video_in_high_definition_is_bt709():
    tagged = frame("yuv420p", "itu709", 1280, 720)
    tagged.picture.colorspace = 2
    assert np.abs(np.array(bars(jpeg.encode(tagged, 0, 95), 1280)) - np.array(BARS)).max() <= 6


@pytest.mark.parametrize(
    ("width", "shape"), [(320, (180, 320)), (333, (187, 333)), (0, (360, 640)), (2000, (360, 640))]
)
def test_the_width_is_kept_to_and_never_more_than_the_camera_has(width, shape):
    data = jpeg.encode(frame("yuv420p"), width, 75)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2] == shape


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "nv12", "yuvj422p"])
def test_a_cut_shows_its_area_at_full_size_in_the_right_colours(pix_fmt):
    data, (x, y, across, down), size = jpeg.cut(frame(pix_fmt, "itu601"), (0.2, 0.25, 0.1, 0.5), 800, 95)
    assert (x, y, across, down) == pytest.approx((0.2, 0.25, 0.1, 0.5), abs=0.01)
    assert size == (round(across * 640), round(down * 360))
    cut = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert cut.shape[:2] == size[::-1]
    assert np.abs(cut[size[1] // 2, size[0] // 2, ::-1].astype(int) - BARS[1]).max() <= 6


def test_a_cut_is_never_larger_than_asked_for_and_never_empty():
    whole = jpeg.cut(frame("yuv420p"), (0.0, 0.0, 1.0, 1.0), 100, 75)
    assert whole[1:] == ((0.0, 0.0, 1.0, 1.0), (100, 56))
    for area in ((1.0, 1.0, 0.0, 0.0), (0.5, 0.5, 0.0, 0.0), (0.999, 0.0, 0.001, 1.0)):
        assert min(jpeg.cut(frame("yuv420p"), area, 800, 75)[2]) >= 2


def test_lower_quality_is_smaller():
    source = frame("yuv420p")
    assert len(jpeg.encode(source, 0, 20)) < len(jpeg.encode(source, 0, 95))


def test_several_threads_may_encode_one_frame():
    source = frame("nv12")
    alone = jpeg.encode(source, 320, 75)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: jpeg.encode(source, 320, 75), range(16))) == {alone}
