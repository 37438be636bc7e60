"""A bad network in front of a camera: a TCP proxy whose behaviour can change while it runs."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from tests.rigs.rtp import Change, Interleaved, is_video


class BadNetwork:
    """Passes bytes on to the port `behind` of loopback, from a port of its own. What the camera sends is

    late by `delay` seconds; held back after `hold()`, with the connection left open; its RTP changed by `change`.
    `refusing` closes connections at once, `answer` is all that is ever answered. `reset()` ends the connections there are as a crash would,
    `shut()` as a camera that restarts.
    """

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.port = 0
        self.connections = 0
        self.delay = 0.0
        self.refusing = False
        self.answer: bytes | None = None
        self.change: Change | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._hole = ExitStack()
        self._pipes: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hole.close()
        self._server.close()
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        self._open.clear()

    def reset(self) -> None:
        for writer in list(self._pipes):
            writer.transport.abort()

    def shut(self) -> None:
        for writer in list(self._pipes):
            writer.close()

    def refuse(self) -> None:
        self.refusing = True
        self.reset()

    def say(self, answer: bytes) -> None:
        """From now on that, with the number of the request in place of %CSEQ%, is the answer to everything; b"" is none at all."""
        self.answer = answer
        self.reset()

    def heal(self) -> None:
        """A good network from now on; a camera that gave wrong answers has restarted."""
        if self.answer is not None:
            self.reset()
        self.delay, self.refusing, self.answer, self.change = 0.0, False, None, None
        self._open.set()

    async def vanish(self) -> None:
        """As when its plug is pulled: connections hang, and new ones are not answered, not even refused."""
        self.hold()
        self._server.close()
        self._hole.enter_context(black_hole(self.port))

    async def come_back(self) -> None:
        """After `vanish`: started anew, it knows nothing of the connections it had."""
        self._hole.close()
        self.reset()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.heal()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            writer.transport.abort()
            return
        self._pipes.add(writer)
        try:
            if self.answer is not None:
                await self._answer(reader, writer, self.answer)
            else:
                await self._pass_on(reader, writer)
        finally:
            self._pipes.discard(writer)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind, there = await asyncio.open_connection("127.0.0.1", self.behind)
        except OSError:
            return
        self._pipes.add(there)
        back = asyncio.ensure_future(self._camera_says(behind, writer))
        try:
            await self._pipe(reader, there)
        finally:
            back.cancel()
            there.close()
            self._pipes.discard(there)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                number = next((line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq")), b"CSeq: 1")
                writer.write(answer.replace(b"%CSEQ%", number))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked went

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # that is what it is for

    async def _camera_says(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces = Interleaved()
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                whole = pieces.feed(data)
                writer.write(b"".join(self.change(one) if self.change and is_video(one) else one for one in whole))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@contextmanager
def black_hole(port: int = 0) -> Iterator[int]:
    """A port where connecting never ends: its queue of connections is full, and the system ignores what comes then.

    To whoever connects it looks like a host that is off behind a router, or a firewall that drops.
    """
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(0)
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            waiting.append(client)
        try:
            yield server.getsockname()[1]
        finally:
            for client in waiting:
                client.close()
