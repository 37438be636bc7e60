"""The WebSocket clients: how many there may be, and a way out to each that never waits.

Frames (RFC 6455, section 5.2) are built once and written to every transport as they are; aiohttp keeps the handshake,
the heartbeat and what clients say.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import WSCloseCode, web

from edged import config

log = structlog.get_logger()

TEXT, BINARY, _CLOSE = 0x1, 0x2, 0x8
_SLACK = 64 * 1024  # bytes a transport may hold without its client counting as behind
_LINGER = 1.0  # seconds a dropped client has to read why
_MAX_SAID = 64 * 1024


def frame(opcode: int, payload: bytes) -> bytes:
    """One final frame from a server, so without a mask."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


class Socket:
    """One client. `send` says False when it is more than `patience` messages behind."""

    __slots__ = ("_behind", "_patience", "_transport", "closed")

    def __init__(self, transport: asyncio.Transport, patience: int) -> None:
        self._transport = transport
        self._patience = patience
        self._behind = 0
        self.closed = False

    def send(self, frame: bytes) -> bool:
        transport = self._transport
        if self.closed or transport.is_closing():
            return True
        if transport.get_write_buffer_size() <= _SLACK:
            self._behind = 0
        else:
            self._behind += 1
            if self._behind > self._patience:
                return False
        transport.write(frame)
        return True

    def close(self, code: int, reason: str) -> None:
        """Says why, after what is already on its way. A client that does not answer in time is cut off."""
        if self.closed or self._transport.is_closing():
            return
        self.closed = True
        self._transport.write(frame(_CLOSE, struct.pack("!H", code) + reason.encode()[:123]))
        asyncio.get_running_loop().call_later(_LINGER, self._transport.abort)

    def hang_up(self) -> None:
        """After `close`: the client has answered or left, and aiohttp need not say goodbye once more."""
        if self.closed:
            self._transport.close()


Speak = Callable[[web.WebSocketResponse, Socket], Awaitable[None]]


class Sockets:
    """Every open WebSocket. `refused` counts those over the limit, `slow` those dropped for lagging."""

    def __init__(self, settings: config.Gateway) -> None:
        self._settings = settings
        self._open: set[Socket] = set()
        self.refused = 0
        self.slow = 0

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, request: web.Request, speak: Speak, protocols: tuple[str, ...] = ()) -> web.WebSocketResponse:
        """Upgrades the request and lets `speak` have the client. Over the limit it is closed with 1013.

        That is said after the handshake because a browser tells its page nothing about a refused one.
        """
        ws = web.WebSocketResponse(
            protocols=protocols,
            heartbeat=self._settings.heartbeat,
            compress=False,
            max_msg_size=_MAX_SAID,
            timeout=_LINGER,
            autoclose=False,
        )
        await ws.prepare(request)
        transport = request.transport
        if len(self._open) >= self._settings.websocket_clients or transport is None:
            self.refused += 1
            reason = f"{self._settings.websocket_clients} clients are connected, the most allowed: try again later"
            await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=reason.encode())
            return ws
        socket = Socket(transport, self._settings.websocket_queue)
        self._open.add(socket)
        try:
            await speak(ws, socket)
        except Exception:  # the handshake is over, so this client can only be told in a close frame
            log.exception("websocket failed", path=request.path)
            socket.close(WSCloseCode.INTERNAL_ERROR, "the gateway failed; its log says why")
        finally:
            self._open.discard(socket)
            socket.hang_up()
        return ws

    def drop(self, socket: Socket) -> None:
        """For a client that cannot keep up."""
        self.slow += 1
        socket.close(WSCloseCode.TRY_AGAIN_LATER, f"more than {self._settings.websocket_queue} messages behind")

    def close(self) -> None:
        """For the end of the gateway."""
        for socket in self._open:
            socket.close(WSCloseCode.GOING_AWAY, "the gateway is shutting down")
