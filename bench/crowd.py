"""Many WebSocket clients that do nothing but count: `python -m bench.crowd PORT PATH CLIENTS [EXTENSIONS]` prints, twice a second, how many
messages all have got and how many clients are gone. `EXTENSIONS` is what they offer the server; what comes of it they need not understand.

Not one of the client libraries: a thousand of their clients would take the CPU that the servers under test are to have.
"""

import asyncio
import base64
import os
import sys
from typing import cast

import uvloop

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Listener(asyncio.Protocol):
    """One client. `messages` counts whole text and binary frames; `gone` is set when the server closed."""

    def __init__(self, path: str, extensions: str) -> None:
        self.messages = 0
        self.gone = False
        self._path = path
        self._offer = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
        self._open = False
        self._bytes = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self._offer}\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        self.gone = True

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        if not self._open:
            head, end, rest = self._bytes.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self._transport.abort()
                return
            self._open, self._bytes = True, rest
        self._count()

    def _count(self) -> None:
        at, have = 0, self._bytes
        while len(have) >= at + 2:
            length, head = have[at + 1] & 0x7F, 2
            if length >= 126:
                head = 4 if length == 126 else 10
                length = int.from_bytes(have[at + 2 : at + head], "big")
            if len(have) < at + head + length:
                break
            kind = have[at] & 0x0F
            self.messages += kind in (TEXT, BINARY)
            if kind == PING:
                self._transport.write(_masked(PONG, bytes(have[at + head : at + head + length])))
            elif kind == CLOSE:
                self._transport.close()
            at += head + length
        del self._bytes[:at]


def _masked(kind: int, payload: bytes) -> bytes:
    """A frame of at most 125 bytes. RFC 6455 has clients mask what they send; a mask of zeros does."""
    return bytes([0x80 | kind, 0x80 | len(payload)]) + bytes(4) + payload


async def main(port: int, path: str, clients: int, extensions: str = "") -> None:
    loop = asyncio.get_running_loop()
    listeners = []
    for _ in range(clients):
        _, listener = await loop.create_connection(lambda: Listener(path, extensions), "127.0.0.1", port)
        listeners.append(listener)
    while True:
        print(sum(each.messages for each in listeners), sum(each.gone for each in listeners), flush=True)
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
