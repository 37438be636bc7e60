"""The processes of a soak: boxes that make facts, the broker, the box that keeps the history. Each can be killed and started again."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from tests.rigs.nats import NatsServer

ROOT = Path(__file__).parents[2]
HANDLERS = Path(__file__).with_name("handlers")
FILE = """state_dir = "{state}"
node = "{node}"
time_zone = "Europe/Berlin"
[nats]
url = "{nats}"
[gateway]
enabled = false
[handlers]
run = {run}
{more}
"""


class Mortal(Protocol):
    """What can be killed, and started again; `kind` is what it is called in the report."""

    @property
    def kind(self) -> str: ...

    async def start(self) -> None: ...

    async def kill(self) -> None: ...


@dataclass
class Box:
    """An `edged run` of its own, without cameras."""

    kind: str
    node: str
    home: Path
    nats: str
    handlers: tuple[str, ...] = ()
    own: bool = False
    process: asyncio.subprocess.Process | None = None

    @property
    def state(self) -> Path:
        return self.home / self.node

    async def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        file = self.home / f"{self.node}.toml"
        more = f'dir = "{HANDLERS}"' if self.own else ""
        run = "[" + ", ".join(f'"{name}"' for name in self.handlers) + "]"
        file.write_text(FILE.format(state=self.state, node=self.node, nats=self.nats, run=run, more=more))
        with (self.home / f"{self.node}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "edged", "run", "--config", str(file), stdout=asyncio.subprocess.DEVNULL,
                stderr=log, cwd=ROOT, env={**os.environ, "EDGED_LOG_LEVEL": "info"},
            )  # fmt: skip

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()

    async def alive(self) -> None:
        """Starts it again whenever it ends by itself: with the broker away at its start a box gives up, and leaves the rest to systemd."""
        while True:
            process = self.process
            if process is not None and await process.wait() == 1 and process is self.process:
                await self.start()
            await asyncio.sleep(0.2)


@dataclass
class Maker(Box):
    """A box that makes `facts` facts, `rate` of them a second, and keeps account of them."""

    facts: int = 0
    rate: float = 1000.0
    promised: int = 0
    _read: int = 0

    async def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        (self.state / "plan.json").write_bytes(msgspec.json.encode({"facts": self.facts, "rate": self.rate}))
        await super().start()

    def look(self) -> int:
        """How many facts it was promised so far."""
        log = self.state / "promises.log"
        if log.exists():
            with log.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read += len(whole)
            self.promised += sum(end - first for what, first, end in spans(whole) if what == "promised")
        return self.promised

    def account(self) -> tuple[set[str], set[str]]:
        """The ids of what was begun, and of what was promised."""
        sets: dict[str, set[str]] = {"begun": set(), "promised": set()}
        for what, first, end in spans((self.state / "promises.log").read_bytes()):
            sets[what].update(f"{self.node}-{number}" for number in range(first, end))
        return sets["begun"], sets["promised"]


def spans(text: bytes) -> list[tuple[str, int, int]]:
    words = [line.split() for line in text.decode().splitlines()]
    return [(what, int(first), int(end)) for what, first, end in words]


@dataclass
class Broker:
    """A nats-server. Every `torn`-th death takes the end of what it had not synced with it, as a power cut does."""

    server: NatsServer
    chance: random.Random
    torn: int
    tears: int = 0
    kind: str = field(default="broker", init=False)

    async def start(self) -> None:
        await self.server.start()

    async def kill(self) -> None:
        await self.server.stop(signal.SIGKILL)
        if not self.chance.randrange(self.torn):
            self.tears += self.server.tear()
