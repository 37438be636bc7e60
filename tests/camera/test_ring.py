import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edged.camera.ring import Ring
from edged.camera.units import AccessUnit

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def unit(seq: int, *, key: bool = False, size: int = 100, session: str = "s", fps: int = 10) -> AccessUnit:
    return AccessUnit(
        data=bytes(size), codec="h264", session=session, seq=seq, pts=9000 * seq, dts=9000 * seq, key=key, width=320,
        height=240, reordered=False, time=NOON + timedelta(seconds=seq / fps), arrived=seq / fps,
    )  # fmt: skip


def ring(seconds: float = 5, max_bytes: int = 1_000_000) -> Ring:
    return Ring(asyncio.get_running_loop(), seconds, max_bytes)


def fill(made: Ring, begin: int, end: int, every: int = 10, size: int = 100) -> None:
    for seq in range(begin, end):
        made.put(unit(seq, key=seq % every == 0, size=size))


async def test_it_holds_its_seconds_from_a_key_frame_on_and_no_more_than_a_group_besides():
    held = ring(seconds=5)
    fill(held, 0, 1000)
    units, _ = held.take(held.begin("s", NOON), late=60)
    assert units[0].key
    assert 5 <= units[-1].arrived - units[0].arrived < 6.1
    assert held.bytes == 100 * len(units)


async def test_its_bytes_are_bounded_whatever_its_seconds():
    held = ring(seconds=60, max_bytes=2500)
    for seq in range(500):
        held.put(unit(seq, key=seq % 10 == 0))
        assert held.bytes <= 2500


async def test_a_group_larger_than_the_ring_is_given_up_until_the_next_key_frame():
    held = ring(max_bytes=1000)
    fill(held, 0, 15, every=100)
    assert held.gop("s") == []
    assert held.bytes == 0
    held.put(unit(15, key=True))
    assert [each.seq for each in held.gop("s")] == [15]


async def test_a_viewer_starts_at_the_last_key_frame_of_the_session():
    held = ring()
    held.put(unit(0))
    assert held.gop("s") == []
    fill(held, 0, 25)
    assert [each.seq for each in held.gop("s")] == [20, 21, 22, 23, 24]
    assert held.gop("another") == []


async def test_a_clip_begins_at_the_key_frame_before_its_moment():
    held = ring(seconds=20)
    fill(held, 0, 100)
    [first, *_], _ = held.take(held.begin("s", NOON + timedelta(seconds=4.55)), late=60)
    assert first.seq == 40
    [first, *_], _ = held.take(held.begin("s", NOON - timedelta(seconds=1)), late=60)
    assert first.seq == 0


async def test_a_reader_has_every_unit_in_its_order_from_another_thread():
    held = ring(seconds=60)
    reader = held.reader(0, late=1e9)
    feeding = threading.Thread(target=fill, args=(held, 0, 500))
    feeding.start()
    seen: list[int] = []
    async with asyncio.timeout(10):
        while len(seen) < 500:
            seen += [each.seq for each in await reader.units()]
    feeding.join()
    assert seen == list(range(500))
    assert reader.dropped == 0


@pytest.mark.parametrize("behind", [35, 38, 30])
async def test_a_reader_that_is_behind_goes_on_with_the_newest_key_frame(behind: int):
    held = ring(seconds=60)
    reader = held.reader(0)
    fill(held, 0, 3)
    assert [each.seq for each in await reader.units()] == [0, 1, 2]
    fill(held, 3, behind + 1)
    units = await reader.units()
    assert [each.seq for each in units] == list(range(30, behind + 1))
    assert reader.dropped == 27


async def test_a_reader_behind_within_one_group_waits_for_the_next_key_frame():
    held = ring(seconds=60)
    reader = held.reader(0)
    fill(held, 0, 1, every=50)
    await reader.units()
    fill(held, 1, 40, every=50)
    waiting = asyncio.create_task(reader.units())
    await asyncio.sleep(0)
    fill(held, 40, 53, every=50)
    async with asyncio.timeout(5):
        units = await waiting
    assert [each.seq for each in units] == [50, 51, 52]
    assert reader.dropped == 49


async def test_what_a_reader_had_not_read_may_have_been_forgotten():
    held = ring(seconds=5)
    reader = held.reader(0, late=1e9)
    fill(held, 0, 300)
    units = await reader.units()
    assert units[0].key
    assert reader.dropped == units[0].seq


async def test_a_moment_is_found_although_the_wall_clock_was_set_back_an_hour():
    held = ring(seconds=60)
    fill(held, 0, 50)
    back = timedelta(hours=1)
    for seq in range(50, 100):
        late = unit(seq, key=seq % 10 == 0)
        held.put(replace(late, time=late.time - back))
    for moment, expected in ((4.5, 40), (5.5, 40), (6.5 - 3600, 60), (2.0, 20)):
        [first, *_], _ = held.take(held.begin("s", NOON + timedelta(seconds=moment)), late=60)
        assert first.seq == expected
