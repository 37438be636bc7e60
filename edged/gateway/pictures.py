"""Live pictures of many cameras over one WebSocket, and the newest picture of one over HTTP."""

from contextlib import ExitStack
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta, Struct

from edged import config
from edged.asking import PictureRequest
from edged.gateway.cameras import named
from edged.gateway.directory import Directory, address_of
from edged.gateway.errors import ErrorDetail, Problem
from edged.gateway.feeds import Feeds, Head, Picture, Size, Viewer, packed, pull
from edged.gateway.parts import DIRECTORY, FEEDS, LINK, SETTINGS, SOCKETS
from edged.gateway.sockets import Socket
from edged.gateway.wire import query, understood
from edged.subjects import Address

ON_THEIR_WAY = 2  # pictures of one camera sent and not yet shown
_CAMERAS = 64  # one connection can watch

Width = Annotated[int, Meta(ge=0, le=8192, description="Pixels; 0: as wide as allowed.")]
Quality = Annotated[int, Meta(ge=0, le=100, description="Of the JPEG; 0: the default.")]
Fps = Annotated[float, Meta(ge=0, le=60, description="Pictures per second; 0: as many as allowed.")]


class Ask(Struct, frozen=True):
    """What a client wants of one camera. The gateway's mjpeg_width, mjpeg_quality and mjpeg_fps are defaults and limits."""

    width: Width = 0
    fps: Fps = 0
    quality: Quality = 0

    def size(self, limits: config.Gateway) -> Size:
        width = min(self.width or limits.mjpeg_width, limits.mjpeg_width)
        return Size(width, min(self.quality or limits.mjpeg_quality, limits.mjpeg_quality))

    def rate(self, limits: config.Gateway) -> float:
        return min(self.fps or limits.mjpeg_fps, limits.mjpeg_fps)


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client says: the cameras it wants from now on, or that it showed a picture of one."""

    watch: dict[str, Ask] | None = None
    shown: str | None = None


class StillQuery(Struct, frozen=True):
    width: Annotated[int, Meta(ge=0, le=8192, description="Pixels; 0: the camera's own.")] = 0
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


_said = msgspec.json.Decoder(Said)


async def still(request: web.Request) -> web.Response:
    asked = query(request, StillQuery)
    address = address_of(await named(request))
    wanted = PictureRequest(width=asked.width, quality=asked.quality)
    picture = await pull(request.app[LINK], address, wanted)
    return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=exactly(picture))


def exactly(picture: Picture) -> dict[str, str]:
    """The headers that say which frame a JPEG is."""
    return {"X-Session": picture.meta.session, "X-Pts": str(picture.meta.pts), "X-Time": picture.time}


async def watch(request: web.Request) -> web.StreamResponse:
    """Binary frames as long as the client stays; what it says that cannot be understood closes it with 1008."""
    app = request.app
    await app[DIRECTORY].ready()

    async def speak(ws: web.WebSocketResponse, socket: Socket) -> None:
        board = Board(app[DIRECTORY], app[FEEDS], app[SETTINGS].gateway, socket)
        try:
            async for message in ws:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    board.hear(understood(message.data, _said))
        except msgspec.MsgspecError as error:
            socket.close(WSCloseCode.POLICY_VIOLATION, f"not understood: {error}")
        finally:
            board.clear()

    return await app[SOCKETS].serve(request, speak)


class Board:
    """What one client watches: a viewer for each camera."""

    def __init__(self, directory: Directory, feeds: Feeds, limits: config.Gateway, socket: Socket) -> None:
        self._directory = directory
        self._feeds = feeds
        self._limits = limits
        self._socket = socket
        self._watched: dict[Address, tuple[Ask, Viewer, ExitStack]] = {}

    def hear(self, said: Said) -> None:
        if said.watch is not None:
            self._watch(said.watch)
        if said.shown is not None:
            self._shown(said.shown)

    def clear(self) -> None:
        for address in list(self._watched):
            self._stop(address)

    def _watch(self, asked: dict[str, Ask]) -> None:
        wanted: dict[Address, Ask] = {}
        for name, ask in list(asked.items())[:_CAMERAS]:
            try:
                wanted[address_of(self._directory.find(name))] = ask
            except Problem as problem:
                self._failed(name, ErrorDetail(problem.code, str(problem)))
        for name in list(asked)[_CAMERAS:]:
            self._failed(name, ErrorDetail("limit", f"one connection shows {_CAMERAS} cameras at most: open another"))
        for address in self._watched.keys() - wanted.keys():
            self._stop(address)
        for address, ask in wanted.items():
            self._start(address, ask)

    def _start(self, address: Address, ask: Ask) -> None:
        credit = ON_THEIR_WAY
        if address in self._watched:
            before, viewer, _ = self._watched[address]
            if before == ask:
                return
            credit = viewer.credit  # what is on its way stays on its way
            self._stop(address)
        viewer = Viewer(
            show=self._show,
            fail=lambda failure: self._failed(str(address), failure),
            fps=ask.rate(self._limits),
            credit=credit,
        )
        stack = ExitStack()
        stack.enter_context(self._feeds.watching(address, ask.size(self._limits), viewer))
        self._watched[address] = ask, viewer, stack

    def _stop(self, address: Address) -> None:
        _, _, stack = self._watched.pop(address)
        stack.close()

    def _shown(self, name: str) -> None:
        for address, (_, viewer, _) in self._watched.items():
            if name in (str(address), address.camera):
                viewer.was_shown(ON_THEIR_WAY)

    def _show(self, picture: Picture) -> None:
        self._socket.send(picture.frame)

    def _failed(self, name: str, failure: ErrorDetail) -> None:
        self._socket.send(packed(Head(camera=name, error=failure)))
