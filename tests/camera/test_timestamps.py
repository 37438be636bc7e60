"""A stream's timestamps do what they want; the picture goes on, in its order, and every packet is there."""

import asyncio
from itertools import count, pairwise

import pytest

from edged.camera.units import AccessUnit
from tests.camera.test_never_stuck import behind_a_bad_network
from tests.camera.watching import Watched, watched
from tests.rigs import clips as making
from tests.rigs.clips import read_number
from tests.rigs.rtp import timed

FPS = 25
FRAME = 90_000 // FPS
HOUR = 3600 * 90_000


async def units(watch: Watched, number: int) -> list[AccessUnit]:
    """The next ones, the same that a viewer or a clip gets."""
    reader = watch.camera.outlet.ring.reader(late=60)
    seen: list[AccessUnit] = []
    async with asyncio.timeout(20):
        while len(seen) < number:
            seen += await reader.units()
    return seen


def steps(seen: list[AccessUnit]) -> list[int]:
    assert len({unit.session for unit in seen}) == 1
    assert {b.seq - a.seq for a, b in pairwise(seen)} == {1}
    return [b.pts - a.pts for a, b in pairwise(seen)]


async def test_rtp_time_that_wraps_goes_on_without_a_seam(rtsp_server):
    async with behind_a_bad_network(rtsp_server, fps=FPS) as (network, watch):
        await watch.frames(2)
        origin: list[int] = []

        def almost(was: int) -> int:
            origin.append(was)
            return (1 << 32) - 20 * FRAME + was - origin[0]

        network.change = timed(almost)
        network.reset()  # the next session begins a second before the wrap
        await watch.state("retrying")
        await watch.state("running")
        seen = await units(watch, 35)
        assert set(steps(seen)) == {FRAME}
        assert [state for state, _, _ in watch.states].count("running") == 2


async def test_a_leap_of_the_cameras_clock_is_no_leap_of_the_pictures_nor_is_its_stopping_their_end(rtsp_server):
    async with behind_a_bad_network(rtsp_server, fps=FPS) as (network, watch):
        await watch.frames(5)
        for leap in (-HOUR, HOUR, HOUR - 2 * FRAME):
            reading = asyncio.create_task(units(watch, 15))
            await watch.frames(2)
            network.change = timed(lambda was, leap=leap: was + leap)
            found = steps(await reading)
            assert all(step > 0 for step in found)
            assert found.count(FRAME) >= len(found) - 3
            assert sum(found) <= (len(found) + 3) * FRAME
        network.change = timed(lambda was: 4711)
        assert all(step > 0 for step in steps(await units(watch, 20)))
        numbers = [read_number(frame.luma, 320) for frame in await watch.frames(5)]
        assert all(0 < (b - a) % 40 < 20 for a, b in pairwise(numbers))
        assert len(watch.states) == 2


async def test_b_frames_are_shown_in_their_order(rtsp_server, tmp_path):
    shown: list[int] = []
    options = {"aud": "1", "bf": "2", "b-adapt": "0", "g": "20", "preset": "veryfast"}
    clip = making.write(tmp_path / "b.h264", "libx264", "yuv420p", options=options, shown=shown)
    ms = 40
    server = rtsp_server(clip, times=[*(number * ms for number in shown), len(shown) * ms])
    async with watched(server.url, transport="tcp") as watch:
        await watch.frames(3)
        frames = await watch.frames(25)
        sent = await units(watch, 12)
    assert any(b.pts < a.pts for a, b in pairwise(sent))
    assert all(unit.reordered for unit in sent)
    for a, b in pairwise(frames):
        apart = (read_number(b.luma, 320) - read_number(a.luma, 320)) % 40
        assert 1 <= apart <= 3
        assert b.pts - a.pts == pytest.approx(apart * ms * 90, abs=2)


async def test_a_rate_that_varies_is_kept(rtsp_server, clips):
    gaps = [20, 150, 33, 90, 40] * 8
    beginnings = [sum(gaps[:index]) for index in range(len(gaps) + 1)]
    async with watched(rtsp_server(clips.annexb, times=beginnings).url, transport="tcp") as watch:
        await watch.frames(2)
        seen = await units(watch, 20)
    found = [round(step / 90) for step in steps(seen)]
    start = next(at for at in count() if [gaps[(at + index) % 5] for index in range(19)] == found)
    assert 0 <= start < 5
