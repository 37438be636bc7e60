"""A camera as the loop sees it: its newest frame, its state, and trying again when it fails."""

import asyncio
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

from edged import config
from edged.camera import background, faults, opening, reach
from edged.camera.backoff import Backoff
from edged.camera.capture import Capture, Looks
from edged.camera.door import EVERY, Door
from edged.camera.faults import CameraFault
from edged.camera.meter import Meter
from edged.camera.outlet import Outlet
from edged.messages import CameraStatus, Cause

FIRST_PICTURE = 12.0  # seconds; the longest distance of key frames that cameras are set to (H.264+ and the like)
LINGERING = 3  # threads left behind in a blocked call, after which no more are started
TICK = 0.1  # seconds within which the first picture is noticed

_DIGITS = string.digits + string.ascii_lowercase

OnState = Callable[[CameraStatus, Cause | None, str, float | None], None]


@dataclass(frozen=True)
class Facts:
    """A camera's side of `CameraHealth`, with the same units. `lingering` counts threads left behind in a blocked library call."""

    status: CameraStatus
    cause: Cause | None
    detail: str
    retry_in: float | None
    session: str
    codec: str
    decoder: str
    width: int
    height: int
    fps: float
    bitrate: float
    packets: int
    bytes: int
    frames: int
    corrupt: int
    reconnects: int
    lingering: int


class LiveCamera:
    """Keeps one camera open for as long as `run` runs.

    `outlet` has its frames. `on_state(status, cause, detail, retry_in)` is called on the loop whenever status, cause or
    detail change. While it tries again the status stays `retrying` (or `stalled`) with its cause, so that whoever looks sees why.
    `url` is the whole URL, with its password.
    """

    def __init__(
        self,
        settings: config.Camera,
        url: str,
        limits: config.Limits,
        on_state: OnState = lambda status, cause, detail, retry_in: None,
    ) -> None:
        self.outlet = Outlet(asyncio.get_running_loop(), settings.preroll, settings.preroll_max_bytes)
        self.status: CameraStatus = "stopped"
        self._cause: Cause | None = None
        self._detail = ""
        self._retry_at: float | None = None
        self._settings = settings
        self._url = url
        self._threads = limits.decoder_threads
        self._on_state = on_state
        self._backoff = Backoff(settings.retry_min, settings.retry_max)
        self._door = Door(url)
        self._meter = Meter()
        self._capture: Capture | None = None
        self._sessions = 0
        self._running_since: float | None = None
        self._lingering = 0

    async def run(self) -> None:
        """Until cancelled, or until a file that is not looped is at its end."""
        self._become("connecting")
        try:
            while True:
                try:
                    await self.run_once()
                except CameraFault as fault:
                    if fault.cause == "ended" and self._capture and self._capture.finite:
                        return self._become("stopped", fault)
                    await self._wait_after(fault)
        finally:
            self._retry_at = None
            if self.status != "stopped":
                self._become("stopped")

    async def run_once(self) -> None:
        """One session; it ends by CameraFault, or by cancellation."""
        settings = self._settings
        self._running_since = None
        if self._lingering >= LINGERING:
            raise faults.stuck(self._url)
        await reach.check(self._url, settings.open_timeout)
        capture = Capture(
            opening.Opening(
                url=self._url,
                transport=settings.transport,
                decoder=settings.decoder,
                threads=self._threads,
                open_timeout=settings.open_timeout,
                read_timeout=settings.stall_timeout,
            ),
            new_session(),
            self.outlet,
            self._meter,
            loop=settings.loop,
            doze=settings.doze,
            frozen_timeout=settings.frozen_timeout,
        )
        self._capture = capture
        over = background.start(f"camera {settings.id}", capture.run)
        try:
            await self._watch(capture, over)
        finally:
            capture.close()
            self.outlet.clear()
            self._leave(over)

    @property
    def session(self) -> str:
        return self._capture.session if self._capture else ""

    @property
    def looks(self) -> Looks:
        return self._capture.looks if self._capture else Looks()

    def facts(self) -> Facts:
        looks = self.looks
        fps, bitrate = self._meter.rates()
        return Facts(
            status=self.status,
            cause=self._cause,
            detail=self._detail,
            retry_in=None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic()),
            session=self.session,
            codec=looks.codec,
            decoder=looks.decoder,
            width=looks.width,
            height=looks.height,
            fps=fps,
            bitrate=bitrate,
            packets=self._meter.packets,
            bytes=self._meter.bytes,
            frames=self._meter.frames,
            corrupt=self._meter.corrupt,
            reconnects=max(0, self._sessions - 1),
            lingering=self._lingering,
        )

    def _leave(self, over: asyncio.Future[None]) -> None:
        """The thread may be blocked in libav; it is counted until it ends."""

        def ended(_: asyncio.Future[None]) -> None:
            self._lingering -= 1
            over.exception()  # seen, so that asyncio does not report it

        self._lingering += 1
        over.add_done_callback(ended)

    async def _watch(self, capture: Capture, over: asyncio.Future[None]) -> None:
        began = time.monotonic()
        while True:
            deadline, fault = self._deadline(capture, began)
            wait = deadline - time.monotonic()
            if wait <= 0:
                raise fault
            if self._running_since is None:
                wait = min(wait, TICK)
            done, _ = await asyncio.wait({over}, timeout=wait)
            if self._running_since is None and capture.last_frame:
                self._runs(capture)
            if done:
                return over.result()

    def _runs(self, capture: Capture) -> None:
        self._running_since = capture.last_frame
        self._sessions += 1
        self._become("running")

    def _deadline(self, capture: Capture, began: float) -> tuple[float, CameraFault]:
        """Until when a sign of life is due, and what it means if there is none."""
        stall = self._settings.stall_timeout
        if capture.stage == "opening" and not capture.last_frame:
            # libav has the timeout once to connect and once to look at the streams
            return began + 2 * self._settings.open_timeout + 1.0, faults.silent(self._url)
        if not capture.last_frame:
            due = max(capture.opened_at, capture.quiet_until) + max(FIRST_PICTURE, stall)
            return due, faults.undecodable(self._url, "a stream")
        due = capture.last_frame + stall
        if capture.paced:
            # a disk that wakes up, or a share, takes as long to read from as to open
            due = max(due, capture.last_frame + self._settings.open_timeout, capture.quiet_until + stall)
        if capture.last_packet > capture.last_frame + stall / 2:
            return due, faults.garbled(self._url, capture.looks.codec)
        return due, faults.stalled(self._url)

    async def _wait_after(self, fault: CameraFault) -> None:
        ran = 0.0
        if self._running_since is not None:
            ran = time.monotonic() - self._running_since
            self._backoff.relent()
            self._door = Door(self._url)
        self._running_since = None
        delay = self._backoff.after(fault.cause, ran)
        self._retry_at = time.monotonic() + delay
        self._become("stalled" if fault.cause in ("stalled", "frozen") else "retrying", fault)
        if fault.cause == "auth" or delay <= EVERY:
            await asyncio.sleep(delay)
        else:
            await self._listen(delay)
        self._retry_at = None

    async def _listen(self, delay: float) -> None:
        """Returns after `delay` seconds, or sooner if the camera is back."""
        try:
            async with asyncio.timeout(delay):
                await self._door.changes()
            self._backoff.relent()
        except TimeoutError:
            pass

    def _become(self, status: CameraStatus, fault: CameraFault | None = None) -> None:
        cause, detail = (fault.cause, fault.detail) if fault else (None, "")
        if (status, cause, detail) == (self.status, self._cause, self._detail):
            return
        self.status, self._cause, self._detail = status, cause, detail
        self._on_state(status, cause, detail, self.facts().retry_in)


def new_session() -> str:
    """A token for one opening: the time in milliseconds, base 36, and two characters of chance."""
    number, digits = time.time_ns() // 1_000_000, ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits + secrets.choice(_DIGITS) + secrets.choice(_DIGITS)
