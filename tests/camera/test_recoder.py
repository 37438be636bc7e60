from itertools import pairwise
from pathlib import Path

import av
import pytest

from edged.camera.frames import Frame
from edged.camera.recoder import Recoder
from edged.camera.units import AccessUnit
from tests.camera.watching import watched
from tests.rigs import clips as making
from tests.rigs.clips import read_number


async def sent(clip: Path, count: int) -> list[AccessUnit]:
    """The first access units that a camera sends, from a key frame on."""
    async with watched(str(clip), loop=False) as watch:
        reader = watch.camera.outlet.ring.reader(0)
        units: list[AccessUnit] = []
        while len(units) < count:
            units += await reader.units()
    return units[:count]


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"bf": "0", "g": "10"}),
        ("libx264", {"bf": "2", "g": "10"}),
        ("libx265", {"x265-params": "log-level=none:keyint=10:bframes=0"}),
    ],
)
async def test_each_picture_comes_out_once_in_its_order_and_at_its_time(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    units = await sent(making.write(tmp_path / "c.mp4", codec, "yuv420p", options=options), 30)
    seen: list[int] = []

    def change(frame: Frame) -> Frame:
        seen.append(frame.pts)
        return frame

    recoder = Recoder(change)
    made = [unit for start in range(0, 30, 7) for unit in recoder.of(units[start : start + 7])] + recoder.rest()
    assert [unit.pts for unit in made] == sorted(unit.pts for unit in units)
    assert seen == [unit.pts for unit in made]
    assert made[0].key
    assert all(later.dts > earlier.dts for earlier, later in pairwise(made))
    assert {(unit.codec, unit.reordered) for unit in made} == {("h264", False)}
    decoder = av.CodecContext.create("h264", "r")
    pictures = [one for unit in made for one in decoder.decode(av.Packet(unit.data))] + decoder.decode(None)
    assert [read_number(picture.to_ndarray(format="gray"), 320) for picture in pictures] == list(range(30))


async def test_a_unit_that_cannot_be_decoded_is_left_out(tmp_path: Path) -> None:
    units = await sent(making.write(tmp_path / "c.mp4", "libx264", "yuv420p", options={"bf": "0", "g": "10"}), 20)
    broken = [*units[:5], *(unit for unit in units[10:20])]  # a gap, then a key frame
    recoder = Recoder(lambda frame: frame)
    made = recoder.of(broken) + recoder.rest()
    assert [unit.pts for unit in made] == [unit.pts for unit in broken]
