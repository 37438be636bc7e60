"""Motion JPEG: live pictures for whatever can show an image, one stream per request."""

import asyncio
import socket
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from edged.gateway.directory import address_of
from edged.gateway.errors import ErrorDetail, Problem
from edged.gateway.feeds import Picture, Viewer
from edged.gateway.parts import DIRECTORY, FEEDS, SETTINGS, STREAMS
from edged.gateway.pictures import Ask, exactly
from edged.gateway.wire import query

_BOUNDARY = "picture"
_STATUS = {"invalid": 400, "forbidden": 403, "not_found": 404, "timeout": 504}
# what the kernel holds for a slow line is old when it arrives
_KERNEL_BUFFER = 128 * 1024


class CleanQuery(Ask, frozen=True, kw_only=True):
    """For a camera that the path names."""


class StreamQuery(CleanQuery, frozen=True, kw_only=True):
    camera: Annotated[str, Meta(description="Its id.")]


class Slot:
    """The newest picture or failure for one stream."""

    def __init__(self) -> None:
        self._item: Picture | ErrorDetail | None = None
        self._filled = asyncio.Event()

    def put(self, item: Picture | ErrorDetail) -> None:
        self._item = item
        self._filled.set()

    async def get(self) -> Picture | ErrorDetail:
        await self._filled.wait()
        self._filled.clear()
        assert self._item is not None, "filled"
        return self._item


async def stream(request: web.Request) -> web.StreamResponse:
    """The camera that the query names."""
    asked = query(request, StreamQuery)
    return await _stream(request, asked.camera, asked)


async def clean(request: web.Request) -> web.StreamResponse:
    """The camera that the path names. Nothing is ever drawn on pictures here; `clean` is what other systems call that."""
    return await _stream(request, request.match_info["camera"], query(request, CleanQuery))


async def _stream(request: web.Request, camera: str, asked: Ask) -> web.StreamResponse:
    """Parts until the client leaves. A camera that shows nothing to begin with is an HTTP error, not an empty stream."""
    limits = request.app[SETTINGS].gateway
    record = (await request.app[DIRECTORY].ready()).find(camera)
    slot = Slot()
    viewer = Viewer(show=slot.put, fail=slot.put, fps=asked.rate(limits), credit=1)
    with (
        request.app[STREAMS].admitted(),
        request.app[FEEDS].watching(address_of(record), asked.size(limits), viewer),
    ):
        first = await slot.get()
        if isinstance(first, ErrorDetail):
            raise Problem(_STATUS.get(first.code, 503), first.code, first.message)
        return await _written(request, first, slot, viewer)


async def _written(request: web.Request, first: Picture, slot: Slot, viewer: Viewer) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": f"multipart/x-mixed-replace; boundary={_BOUNDARY}"})
    await response.prepare(request)
    if request.transport is not None and (sock := request.transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
    await response.write(f"--{_BOUNDARY}\r\n".encode())
    item: Picture | ErrorDetail = first
    while True:
        if isinstance(item, Picture):
            await response.write(_part(item))
            viewer.was_shown(1)
        item = await slot.get()


def _part(picture: Picture) -> bytes:
    """One part and the boundary after it: a browser shows a part when it sees its end."""
    headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(picture.jpeg)), **exactly(picture)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"".join((head.encode(), b"\r\n", picture.jpeg, f"\r\n--{_BOUNDARY}\r\n".encode()))
