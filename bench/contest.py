"""One contestant on one task, watched for a while."""

import asyncio
import contextlib
import socket
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import IO, TypeVar

from bench.figures import jain, median, percentile
from bench.footage import Footage
from bench.processes import Usage, usage

T = TypeVar("T")

PATIENCE = 30.0  # seconds until a contestant must have looked at every camera


class ContestError(Exception):
    """A contestant did not do its task; the text says what was seen of it."""


@dataclass(frozen=True)
class Contest:
    """`cameras` that all show `footage`, looked at `fps` times a second each; measured for `seconds` after `warm` seconds."""

    footage: Footage
    cameras: int
    fps: float
    seconds: float
    warm: float

    @property
    def asked(self) -> float:
        """Looks a second, all cameras together."""
        return self.cameras * min(self.fps, self.footage.fps)


@dataclass(frozen=True)
class Seen:
    """One look as a subscriber heard of it. `age` from the frame's arrival until then and `infer` (input and inference) in milliseconds."""

    camera: str
    age: float
    infer: float


@dataclass(frozen=True)
class Pulse:
    """How the daemon says it does."""

    busy: float
    loop_lag_ms: float


@dataclass
class Running:
    """A contestant at work. `began` is the monotonic time at which it was started."""

    child: asyncio.subprocess.Process
    began: float
    heard: list[Seen] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    log: Callable[[], str] = str

    def hear(self, seen: Seen) -> None:
        self.heard.append(seen)
        self.news.set()


Contestant = Callable[[Contest], contextlib.AbstractAsyncContextManager[Running]]


@dataclass(frozen=True)
class Outcome:
    """`cpu` in cores; `first` is seconds from start to the first look heard of."""

    seen: list[Seen]
    seconds: float
    cameras: int
    cpu: float
    memory: Usage
    first: float
    pulses: list[Pulse]

    @property
    def rate(self) -> float:
        """Looks a second."""
        return len(self.seen) / self.seconds

    @property
    def fairness(self) -> float:
        counts = Counter(seen.camera for seen in self.seen)
        return jain([*counts.values(), *[0] * (self.cameras - len(counts))])

    @property
    def busy(self) -> float:
        return median([pulse.busy for pulse in self.pulses])

    @property
    def loop_lag_ms(self) -> float:
        return max((pulse.loop_lag_ms for pulse in self.pulses), default=float("nan"))

    def age(self, share: float) -> float:
        return percentile([seen.age for seen in self.seen], share)

    @property
    def infer(self) -> float:
        return median([seen.infer for seen in self.seen])


async def held(contestant: Contestant, contest: Contest) -> Outcome:
    """What came of it; ContestError when it ends early or leaves a camera out."""
    async with contestant(contest) as running:
        try:
            first = await _first(running, contest)
            await asyncio.sleep(contest.warm)
            before, began = usage(running.child.pid), time.monotonic()
            running.heard.clear()
            running.pulses.clear()
            await asyncio.sleep(contest.seconds)
            after, seconds = usage(running.child.pid), time.monotonic() - began
        except (ProcessLookupError, TimeoutError) as error:
            raise ContestError(f"{error or 'it did not look at every camera in time'}\n{running.log()}") from None
        cpu = (after.cpu - before.cpu) / seconds
        return Outcome(list(running.heard), seconds, contest.cameras, cpu, after, first, list(running.pulses))


async def _first(running: Running, contest: Contest) -> float:
    """Seconds from the start to the first look; returns when every camera had one."""
    first = None
    async with asyncio.timeout(PATIENCE):
        ended = asyncio.create_task(running.child.wait())
        ended.add_done_callback(lambda _: running.news.set())
        while len({seen.camera for seen in running.heard}) < contest.cameras:
            running.news.clear()
            await running.news.wait()
            if ended.done():
                raise ProcessLookupError(f"it ended with {ended.result()}")
            first = first or time.monotonic() - running.began
    return first or 0.0


@contextlib.asynccontextmanager
async def logged(
    *command: str, stdout: int | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Callable[[], str]]]:
    """A child and the end of what it said on stderr (and stdout, unless that goes elsewhere).

    It has ended when the block has: asked first, made to after five seconds.
    """
    with tempfile.TemporaryFile() as log:
        child = await asyncio.create_subprocess_exec(*command, stdout=stdout or log, stderr=log)
        try:
            yield child, lambda: _tail(log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            try:
                await asyncio.wait_for(child.wait(), 5)
            except TimeoutError:
                child.kill()
                await child.wait()


async def eventually(
    attempt: Callable[[], Awaitable[T]], *expected: type[Exception], child: asyncio.subprocess.Process
) -> T:
    """The result of the first attempt that works; tried fifty times a second, while `child` lives."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return await attempt()
        except expected as error:
            if child.returncode is not None:
                raise ContestError(f"it ended with {child.returncode}") from None
            if time.monotonic() > end:
                raise ContestError(f"can't connect to it: {error!r}") from None
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: IO[bytes], lines: int = 15) -> str:
    """The end of what a contestant said while it ran."""
    log.seek(0)
    return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
