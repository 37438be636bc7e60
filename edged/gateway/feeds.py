"""Live pictures, pulled from the nodes: one pull for all who watch the same camera at the same size, none when nobody does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import msgspec

from edged import subjects
from edged.asking import PictureMeta, PictureRequest
from edged.bus.link import BusError, Link
from edged.bus.pictures import META
from edged.gateway.errors import ErrorDetail, problem_of
from edged.gateway.redaction import redacted
from edged.gateway.sockets import BINARY, frame
from edged.subjects import Address

WAIT = 5.0  # seconds a node may wait for a newer frame; cameras with fewer frames than that seem broken
_RETRY_MIN, _RETRY_MAX = 0.5, 4.0
_RECENT = 2.0  # seconds during which a picture is shown to who comes later

_meta = msgspec.json.Decoder(PictureMeta)


class Size(NamedTuple):
    """`width` in pixels, 0 for the camera's own; `quality` of the JPEG, 1 to 100."""

    width: int
    quality: int


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands before a JPEG on the wire; with an `error` there is no JPEG."""

    camera: str
    session: str = ""
    seq: int = -1
    pts: int = -1
    time: str = ""
    width: int = 0
    height: int = 0
    error: ErrorDetail | None = None


@dataclass(frozen=True)
class Picture:
    address: Address
    meta: PictureMeta
    jpeg: bytes

    @property
    def time(self) -> str:
        return self.meta.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @cached_property
    def frame(self) -> bytes:
        """The WebSocket frame, built once for all who see this picture."""
        meta = self.meta
        head = Head(
            camera=str(self.address), session=meta.session, seq=meta.seq, pts=meta.pts, time=self.time,
            width=meta.width, height=meta.height,
        )  # fmt: skip
        return packed(head, self.jpeg)


def packed(head: Head, jpeg: bytes = b"") -> bytes:
    """Length of the head, head, JPEG, as one binary frame."""
    text = msgspec.json.encode(head)
    return frame(BINARY, len(text).to_bytes(4, "big") + text + jpeg)


@dataclass(eq=False)
class Viewer:
    """One camera in front of one client. `credit` is how many pictures may still be sent before one of them is shown."""

    show: Callable[[Picture], None]
    fail: Callable[[ErrorDetail], None]
    fps: float
    credit: int
    due: float = 0.0
    wake: Callable[[], None] = field(default=lambda: None)

    def was_shown(self, limit: int) -> None:
        self.credit = min(self.credit + 1, limit)
        self.wake()


class Feed:
    """The pictures of one camera at one size, at the pace of its fastest viewer that is ready for one."""

    def __init__(self, link: Link, address: Address, size: Size) -> None:
        self._link = link
        self._address = address
        self._size = size
        self._viewers: set[Viewer] = set()
        self._changed = asyncio.Event()
        self._newest: Picture | None = None
        self._received = 0.0
        self._failure: ErrorDetail | None = None
        self.pulled = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def join(self, viewer: Viewer) -> None:
        viewer.wake = self._changed.set
        self._viewers.add(viewer)
        if self._failure is not None:
            viewer.fail(self._failure)
        elif self._newest is not None and _now() - self._received < _RECENT:
            self._show(viewer, self._newest)
        self._changed.set()

    def leave(self, viewer: Viewer) -> None:
        viewer.wake = lambda: None
        self._viewers.discard(viewer)

    async def run(self) -> None:
        """Pulls while somebody is ready for a picture, for ever."""
        retry_in = _RETRY_MIN
        while True:
            await self._somebody_ready()
            try:
                picture = await self._pull()
            except (BusError, msgspec.MsgspecError, KeyError) as error:
                self._fail(error)
                await asyncio.sleep(retry_in)
                retry_in = min(retry_in * 2, _RETRY_MAX)
                continue
            retry_in = _RETRY_MIN
            self._failure = None
            self._deal(picture)

    async def _somebody_ready(self) -> None:
        while True:
            self._changed.clear()
            due = min((viewer.due for viewer in self._viewers if viewer.credit > 0), default=None)
            if due is not None and due <= _now():
                return
            try:
                async with asyncio.timeout(None if due is None else due - _now()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _pull(self) -> Picture:
        newest = self._newest.meta if self._newest else None
        request = PictureRequest(
            session=newest.session if newest else "",
            after=newest.pts if newest else -1,
            wait=WAIT,
            width=self._size.width,
            quality=self._size.quality,
        )
        return await pull(self._link, self._address, request)

    def _deal(self, picture: Picture) -> None:
        """To everybody whose turn it is, or nearly is: so viewers of one pace end up in step and share each picture."""
        self.pulled += 1
        self._newest, self._received = picture, _now()
        for viewer in list(self._viewers):
            if viewer.credit > 0 and viewer.due <= self._received + 0.5 / viewer.fps:
                self._show(viewer, picture)

    def _show(self, viewer: Viewer, picture: Picture) -> None:
        now = _now()
        viewer.credit -= 1
        viewer.due = max(viewer.due + 1 / viewer.fps, now + 0.5 / viewer.fps)
        viewer.show(picture)

    def _fail(self, error: Exception) -> None:
        code, text = (problem_of(error).code, str(error)) if isinstance(error, BusError) else ("unavailable", "")
        failure = ErrorDetail(code, redacted(text) or f"{self._address} sent a picture this version cannot read")
        if failure == self._failure:
            return
        self._failure = failure
        for viewer in list(self._viewers):
            viewer.fail(failure)


class Feeds:
    """All feeds that somebody watches. `pulled` counts pictures asked of the nodes."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._feeds: dict[tuple[Address, Size], tuple[Feed, asyncio.Task[None]]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._pulled = 0

    def __len__(self) -> int:
        return len(self._feeds)

    @property
    def pulled(self) -> int:
        return self._pulled + sum(feed.pulled for feed, _ in self._feeds.values())

    async def run(self) -> None:
        """Owns the pulling tasks, for ever."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    @contextmanager
    def watching(self, address: Address, size: Size, viewer: Viewer) -> Iterator[None]:
        """While the block lasts `viewer` is shown the camera, or told why not."""
        assert self._group is not None, "feeds are watched while they run"
        if (address, size) not in self._feeds:
            feed = Feed(self._link, address, size)
            self._feeds[address, size] = feed, self._group.create_task(feed.run())
        feed, task = self._feeds[address, size]
        feed.join(viewer)
        try:
            yield
        finally:
            feed.leave(viewer)
            if not feed:
                del self._feeds[address, size]
                self._pulled += feed.pulled
                task.cancel()


async def pull(link: Link, address: Address, request: PictureRequest) -> Picture:
    """One picture of the camera. Raises BusError, and KeyError or MsgspecError for an answer that is no picture."""
    subject = subjects.on(address, "picture")
    delivery = await link.ask(subject, msgspec.json.encode(request), timeout=request.wait + 3)
    return Picture(address, _meta.decode(delivery.headers[META]), delivery.data)


def _now() -> float:
    return asyncio.get_running_loop().time()
