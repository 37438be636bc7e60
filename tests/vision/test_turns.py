import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import pytest

from edged.mailbox import Latest
from edged.vision.turns import Turns

ALWAYS = 1e6  # looks per second: every frame is due


@dataclass(frozen=True)
class Frame:
    seq: int
    arrived: float


def slot():
    return Latest[Frame](asyncio.get_running_loop())


def put(latest, seq=0):
    latest.put(Frame(seq, time.monotonic()))


async def send(latest, fps):
    """A camera; frames come on a grid of time."""
    begun, seq = time.monotonic(), 0
    while True:
        put(latest, seq)
        seq += 1
        await asyncio.sleep(begun + seq / fps - time.monotonic())


async def look(turns, latest, fps, cost=0.0, looks=None):
    """A camera's task: every look takes `cost` seconds."""
    with turns.camera(fps) as seat:
        async for frame in seat.frames(latest):
            if looks is not None:
                looks.append(frame)
            await asyncio.sleep(cost)


class Looks(list[Frame]):
    """Says when there are `enough`."""

    def __init__(self, enough):
        self._enough, self.reached = enough, asyncio.Event()

    def append(self, frame):
        super().append(frame)
        if len(self) >= self._enough:
            self.reached.set()


async def ended(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def next_of(seat, latest):
    return await anext(seat.frames(latest))


async def settled():
    """Lets every task run until it waits for something else than its turn to run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_newest_frame_at_the_moment_of_the_turn_is_the_one_looked_at():
    turns, first, second = Turns(1), slot(), slot()
    with turns.camera(ALWAYS) as holder, turns.camera(ALWAYS) as waiter:
        put(first)
        await next_of(holder, first)
        put(second, seq=1)
        waiting = asyncio.create_task(next_of(waiter, second))
        await settled()
        put(second, seq=2)
        assert not waiting.done()
        again = asyncio.create_task(next_of(holder, first))  # ends the turn
        assert (await waiting).seq == 2
        assert second.replaced == 1
        await ended(again)


async def test_as_many_turns_at_once_as_there_are_workers():
    turns, busy, most = Turns(2), 0, 0

    async def camera(latest):
        nonlocal busy, most
        with turns.camera(1000.0) as seat:
            put(latest)
            async for frame in seat.frames(latest):
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(0.001)
                busy -= 1
                if frame.seq == 20:
                    return
                put(latest, frame.seq + 1)

    await asyncio.gather(*(camera(slot()) for _ in range(5)))
    assert most == 2


async def test_the_asked_rate_is_held():
    turns, latest, looks = Turns(1), slot(), Looks(61)
    tasks = [asyncio.create_task(send(latest, 100.0)), asyncio.create_task(look(turns, latest, 30.0, looks=looks))]
    await looks.reached.wait()
    await ended(*tasks)
    gaps = looks[60].seq - looks[0].seq
    assert gaps == pytest.approx(60 * 100 / 30, rel=0.03)


async def test_saturated_cameras_share_evenly():
    turns = Turns(1)
    cameras = [(slot(), Looks(40)) for _ in range(6)]
    tasks = [asyncio.create_task(send(latest, 50.0)) for latest, _ in cameras]
    tasks += [asyncio.create_task(look(turns, latest, 50.0, 0.004, looks)) for latest, looks in cameras]
    await cameras[0][1].reached.wait()
    await ended(*tasks)
    counts = [len(looks) for _, looks in cameras]
    assert sum(counts) ** 2 / (6 * sum(count**2 for count in counts)) >= 0.99


async def test_a_camera_cancelled_while_it_looks_gives_its_turn_back():
    turns, one, other, looks = Turns(1), slot(), slot(), []
    put(one)
    put(other)
    holder = asyncio.create_task(look(turns, one, 5.0, cost=60.0))
    await settled()
    waiter = asyncio.create_task(look(turns, other, 5.0, looks=looks))
    await settled()
    assert not looks
    await ended(holder)
    await settled()
    assert len(looks) == 1
    await ended(waiter)


async def test_a_camera_cancelled_while_it_waits_leaves_no_claim_behind():
    turns, one, other, third = Turns(1), slot(), slot(), slot()
    with turns.camera(ALWAYS) as holder, turns.camera(ALWAYS) as leaver, turns.camera(ALWAYS) as last:
        for latest in (one, other, third):
            put(latest)
        await next_of(holder, one)
        leaving = asyncio.create_task(next_of(leaver, other))
        await settled()
        lasting = asyncio.create_task(next_of(last, third))
        await settled()
        await ended(leaving)
        again = asyncio.create_task(next_of(holder, one))
        await asyncio.wait_for(lasting, 5.0)
        await ended(again)


async def test_a_camera_cancelled_at_the_very_moment_of_its_turn_passes_it_on():
    turns, one, other = Turns(1), slot(), slot()
    with turns.camera(ALWAYS) as holder, turns.camera(ALWAYS) as leaver:
        put(one)
        put(other)
        await next_of(holder, one)
        leaving = asyncio.create_task(next_of(leaver, other))
        await settled()
        put(one, seq=1)
        again = asyncio.create_task(next_of(holder, one))
        await asyncio.sleep(0)  # the turn has passed to the leaver, who has not run yet
        await ended(leaving)
        assert (await asyncio.wait_for(again, 5.0)).seq == 1


async def test_an_error_while_looking_gives_the_turn_back():
    turns, one, other = Turns(1), slot(), slot()
    put(one)
    put(other)
    with suppress(ZeroDivisionError), turns.camera(5.0) as seat:
        async for _ in seat.frames(one):
            raise ZeroDivisionError
    with turns.camera(5.0) as seat:
        await asyncio.wait_for(next_of(seat, other), 5.0)


async def test_a_frame_that_grew_old_while_it_waited_is_passed_over_for_the_next():
    turns, one, other = Turns(1), slot(), slot()
    with turns.camera(ALWAYS) as holder, turns.camera(ALWAYS) as waiter:
        for seq in range(2):  # so that it is known how often frames come
            put(other, seq)
            await next_of(waiter, other)
        put(one)
        again = asyncio.create_task(next_of(waiter, other))  # ends the turn
        await next_of(holder, one)
        put(other, 2)
        await settled()
        await asyncio.sleep(0.05)
        more = asyncio.create_task(next_of(holder, one))
        await settled()
        put(other, 3)
        assert (await again).seq == 3
        assert (waiter.taken, waiter.stale) == (3, 1)
        await ended(more)


async def test_a_faster_rate_wakes_a_camera_that_sleeps_until_its_next_look():
    turns, latest = Turns(1), slot()
    with turns.camera(0.001) as seat:
        put(latest)
        await next_of(seat, latest)
        waiting = asyncio.create_task(next_of(seat, latest))
        await settled()
        seat.fps = 1000.0
        while not waiting.done():
            put(latest, 1)
            await asyncio.sleep(0.002)
        assert seat.fps == pytest.approx(1000.0)


async def test_a_spent_budget_delays_the_next_turn_and_no_more():
    turns, latest, looks = Turns(1, cpu=0.2), slot(), Looks(30)
    tasks = [
        asyncio.create_task(send(latest, 100.0)),
        asyncio.create_task(look(turns, latest, 100.0, cost=0.02, looks=looks)),
    ]
    await looks.reached.wait()
    await ended(*tasks)
    lasted = looks[29].arrived - looks[14].arrived
    assert lasted > 15 * 0.02 / 0.2 * 0.9
