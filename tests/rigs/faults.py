"""A bad network in front of a camera: a TCP proxy whose behaviour can change while it runs."""

import asyncio
import random
from collections.abc import Callable
from typing import Self

Change = Callable[[bytes], bytes]


class BadNetwork:
    """Passes bytes on to `port` of loopback, from a port of its own. What the camera sends is

    `delayed` by seconds; `held` back while set, with the connection left open; `changed` by a function.
    `refusing` closes connections at once, `reset()` ends those there are as a crash would, `shut()` as a camera that restarts.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.connections = 0
        self.delay = 0.0
        self.refusing = False
        self.answer: bytes | None = None
        self.change: Change | None = None
        self._behind = port
        self._open = asyncio.Event()
        self._open.set()
        self._pipes: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    def reset(self) -> None:
        for writer in list(self._pipes):
            writer.transport.abort()

    def shut(self) -> None:
        for writer in list(self._pipes):
            writer.close()

    def heal(self) -> None:
        """A good network from now on."""
        self.delay, self.refusing, self.answer, self.change = 0.0, False, None, None
        self.go_on()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            writer.transport.abort()
            return
        if self.answer is not None:
            await self._answer(reader, writer, self.answer)
            return
        try:
            behind, there = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.close()
            return
        self._pipes |= {writer, there}
        back = asyncio.ensure_future(self._camera_says(behind, writer))
        try:
            await self._pipe(reader, there)
        finally:
            back.cancel()
            writer.close()
            there.close()
            self._pipes -= {writer, there}

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        """The same reply, with its number, to whatever is asked."""
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                number = next((line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq")), b"CSeq: 1")
                writer.write(answer.replace(b"%CSEQ%", number))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass  # that is what it is for

    async def _camera_says(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(self.change(data) if self.change else data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def corrupted(seed: int, every: int = 700) -> Change:
    """One byte in `every` is another one, the same ones for the same seed; RTP's framing is left alone."""
    chance = random.Random(seed)

    def change(data: bytes) -> bytes:
        if not data.startswith(b"$"):
            return data
        bad = bytearray(data)
        at = 0
        while at + 4 <= len(bad) and bad[at] == 0x24:
            length = int.from_bytes(bad[at + 2 : at + 4], "big")
            for position in range(at + 4 + 16, min(at + 4 + length, len(bad)), every):
                bad[position] ^= chance.randrange(1, 256)
            at += 4 + length
        return bytes(bad)

    return change
