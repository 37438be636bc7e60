"""The real daemon as a child process, to be talked to from outside and killed."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
QUIET = '[detector]\nmodel = "edged-person"\npull = false\nthreads = 1\n'


@dataclass
class Daemon:
    """`config` is the text of an edged.toml; it gets a state directory below `home` and a free gateway port."""

    home: Path
    config: str
    command: tuple[str, ...] = (sys.executable, "-m", "edged")
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = ROOT
    node: str = "edge"
    url: str = ""
    process: asyncio.subprocess.Process | None = None
    log: Path = Path()

    async def start(self, words: tuple[str, ...] = ()) -> None:
        """Returns when it serves. `words` replace `run --config …`."""
        file = self.home / "edged.toml"
        if not words:
            file.write_text(
                f'node = "{self.node}"\nstate_dir = "{self.home / "state"}"\n[gateway]\nport = 0\n{self.config}'
            )
        self.log = self.home / "edged.log"
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, *(words or ("run", "--config", str(file))), stdout=asyncio.subprocess.PIPE, stderr=log, cwd=self.cwd,
                env={**os.environ, **self.environ},
            )  # fmt: skip
        assert self.process.stdout
        async with asyncio.timeout(30):
            async for line in self.process.stdout:
                if found := re.search(rb"http://\S+", line):
                    self.url = found[0].decode()
                    return
        raise AssertionError(f"edged ended at its start:\n{self.log.read_text()[-2000:]}")

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit status."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()

    async def get(self, path: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            response.raise_for_status()
            return await response.json()

    async def text(self, path: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            response.raise_for_status()
            return await response.text()

    async def send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path, json=body) as response:
            return response.status, await response.json() if response.content_type == "application/json" else None

    async def bus_url(self) -> str:
        return str((await self.get("/api/health"))["bus"]["url"])

    async def camera(self, name: str) -> Any:
        return await self.get(f"/api/cameras/{name}")

    async def until_status(self, name: str, *statuses: str) -> Any:
        """The camera's view, once its status is one of these."""
        while True:
            view = await self.camera(name)
            if view["health"] and view["health"]["status"] in statuses:
                return view
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running_daemon(home: Path, config: str = "", **how: Any) -> AsyncIterator[Daemon]:
    daemon = Daemon(home, QUIET + config, **how)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop(signal.SIGKILL)


def camera(id: str, url: object, **more: object) -> str:
    """One [[cameras]] of a configuration."""
    words = {"id": id, "url": str(url), **more}
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool | int | float) else repr(value)}"
        for key, value in words.items()
    ]
    return "\n".join(["[[cameras]]", *lines, ""])
