import av
import numpy as np
import pytest

from edged.camera.planes import Planes

COLOUR = (200, 120, 40)  # of all pixels


def picture(pix_fmt, width=322, height=242):
    """One colour, sizes that no line size fits."""
    rgb = np.full((height, width, 3), COLOUR, np.uint8)
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt)


EXPECTED = (132, 81, 169)  # ITU-R BT.601, limited range


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuyv422", "bgra", "rgb24", "yuv420p10le"]
)
def test_every_format_shows_the_same_colour(pix_fmt):
    owner, luma, (u, v), full_range = Planes().of(picture(pix_fmt))
    assert luma.shape == (242, 322)
    assert u.shape == v.shape == (121, 161)
    assert not full_range
    for plane, value in zip((luma, u, v), EXPECTED, strict=True):
        assert np.abs(plane.astype(int) - value).max() <= 4  # what two conversions by swscale lose
    assert owner.width == 322


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "yuvj422p"])
def test_jpeg_formats_are_full_range(pix_fmt):
    _, luma, _, full_range = Planes().of(picture(pix_fmt))
    assert full_range
    assert abs(int(luma[0, 0]) - 135) <= 2


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj422p", "nv12"])
def test_native_formats_are_not_copied(pix_fmt):
    original = picture(pix_fmt)
    owner, luma, (u, _), _ = Planes().of(original)
    assert owner is original
    assert not luma.flags.owndata
    assert not u.flags.owndata


def test_grey_pictures_have_no_colour():
    _, luma, (u, v), _ = Planes().of(picture("gray"))
    assert luma.shape == (242, 322)
    assert u.shape == (121, 161)
    assert set(np.unique([u, v])) == {128}


def test_odd_sizes_round_chroma_up():
    _, luma, (u, _), _ = Planes().of(picture("yuv420p", 321, 241))
    assert luma.shape == (241, 321)
    assert u.shape == (121, 161)


def test_the_views_keep_the_memory_alive():
    _, luma, _, _ = Planes().of(picture("yuv420p"))
    assert int(luma.mean()) == EXPECTED[0]
