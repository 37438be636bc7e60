"""The one scheduler that shares the detector among cameras: `schedule` on the asyncio loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, Protocol, TypeVar

from edged.mailbox import Latest
from edged.vision.schedule import Place, Schedule


class Arrival(Protocol):
    """What a turn must know of a frame: its number in the source, and when it came by `time.monotonic`."""

    @property
    def seq(self) -> int: ...

    @property
    def arrived(self) -> float: ...


F = TypeVar("F", bound=Arrival)


class Turns:
    """At most `capacity` turns at once, all together at most `cpu` seconds of turns per second; 0 is no limit."""

    def __init__(self, capacity: int, cpu: float = 0.0) -> None:
        self._schedule = Schedule(capacity, cpu)
        self._granted: dict[Place, asyncio.Event] = {}
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def camera(self, fps: float) -> Iterator["Seat"]:
        """A seat for one camera. When it is left, the turn it holds or waits for is given back, however that came about."""
        place = Place(1.0 / fps)
        self._granted[place] = asyncio.Event()
        self._schedule.join(place)
        try:
            yield Seat(self, place)
        finally:
            del self._granted[place]
            self._schedule.leave(place, time.monotonic())
            self._grant()

    async def begin(self, place: Place) -> None:
        """Returns when it is the place's turn. Cancelled, it leaves no claim behind."""
        granted = self._granted[place]
        granted.clear()
        self._schedule.want(place, time.monotonic())
        self._grant()
        try:
            await granted.wait()
        except asyncio.CancelledError:
            self._schedule.withdraw(place)
            self.end(place)
            raise

    def end(self, place: Place) -> None:
        """Nothing happens if the place holds no turn."""
        self._schedule.release(place, time.monotonic())
        self._grant()

    def is_stale(self, place: Place, frame: Arrival) -> bool:
        return self._schedule.stale(place, frame.arrived, time.monotonic())

    def _grant(self) -> None:
        now = time.monotonic()
        while (place := self._schedule.choose(now)) is not None:
            self._granted[place].set()
        pause = self._schedule.pause(now)
        if pause > 0.0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause, self._resume)

    def _resume(self) -> None:
        self._timer = None
        self._grant()


class Seat:
    """One camera's place at the detector."""

    def __init__(self, turns: Turns, place: Place) -> None:
        self._turns = turns
        self._place = place
        self._asked = asyncio.Event()

    @property
    def fps(self) -> float:
        """Looks per second asked for; may be set at any time."""
        return 1.0 / self._place.interval

    @fps.setter
    def fps(self, fps: float) -> None:
        self._place.ask(fps)
        self._asked.set()

    @property
    def active(self) -> bool:
        """Whether something is going on in the scene; such a seat gets the larger share of a detector that is short of time."""
        return self._place.active

    @active.setter
    def active(self, active: bool) -> None:
        self._place.active = active

    @property
    def taken(self) -> int:
        """Frames given out so far."""
        return self._place.taken

    @property
    def stale(self) -> int:
        """Frames thrown away so far because they were old when the turn came."""
        return self._place.stale

    @property
    def rate(self) -> float:
        """Frames given out per second of late."""
        return self._place.fps(time.monotonic())

    def frames(self, latest: Latest[F]) -> AsyncIterator[F]:
        """The newest frame whenever one is due and it is this camera's turn. A turn lasts until the next frame is asked for, or the seat is left."""
        return _Frames(self, latest)

    async def next(self, latest: Latest[F]) -> F:
        """Ends the turn held and waits for the next frame that is due, fresh, and has its turn."""
        self._turns.end(self._place)
        while True:
            await self._until_due(latest)
            await self._turns.begin(self._place)
            frame = latest.take()
            if frame is not None and not self._turns.is_stale(self._place, frame):
                self._place.take(frame.seq, frame.arrived)
                return frame
            self._turns.end(self._place)

    async def _until_due(self, latest: Latest[F]) -> None:
        """Returns when a frame that is due waits in `latest`. Frames before it are passed over without a wake-up each."""
        while True:
            await self._sleep()
            await latest.ready()
            frame = latest.peek()
            if frame is None:
                continue
            if frame.arrived >= self._place.due:
                return
            latest.skip(frame)

    async def _sleep(self) -> None:
        while (wait := self._place.due - time.monotonic()) > 0.0:
            self._asked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._asked.wait()


class _Frames(Generic[F]):
    """Not a generator: one that is abandoned would keep its turn until the garbage collector comes by."""

    def __init__(self, seat: Seat, latest: Latest[F]) -> None:
        self._seat = seat
        self._latest = latest

    def __aiter__(self) -> "_Frames[F]":
        return self

    async def __anext__(self) -> F:
        return await self._seat.next(self._latest)
