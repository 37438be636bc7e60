"""A real nats-server for tests, on loopback, that can be killed and started again."""

import asyncio
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class NatsServer:
    store: Path
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    options: tuple[str, ...] = ("-js",)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        binary = shutil.which("nats-server")
        assert binary, "tests need nats-server: apt-get install nats-server"
        self.process = await asyncio.create_subprocess_exec(
            binary, "-a", "127.0.0.1", "-p", str(self.port), *self.options, "-sd", str(self.store),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError:
                assert self.process.returncode is None, "nats-server ended at its start"
                await asyncio.sleep(0.02)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()

    def tear(self, stream: str = "edged_facts", size: int = 3000) -> bool:
        """The end of a stream never reached the disk; only for a server that was killed. Whether there was anything to tear."""
        blocks = list((self.store / f"jetstream/$G/streams/{stream}/msgs").glob("*.blk"))
        if not blocks:
            return False
        with max(blocks, key=lambda path: int(path.stem)).open("r+b") as file:
            file.truncate(max(0, file.seek(0, 2) - size))
        return True


@asynccontextmanager
async def running_nats(store: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(store)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
