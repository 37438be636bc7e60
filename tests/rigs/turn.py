"""A real TURN server for tests: coturn, on loopback."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edged import config
from tests.rigs.nats import free_port

USER, PASSWORD = "viewer", "only-for-relays"


@dataclass(frozen=True)
class Turn:
    port: int
    log: Path

    @property
    def settings(self) -> config.WebRtc:
        return config.WebRtc(turn=f"turn:127.0.0.1:{self.port}", turn_user=USER, turn_password=PASSWORD)

    @property
    def relayed(self) -> bool:
        """Whether somebody was given an address to be reached at."""
        return "ALLOCATE processed, success" in self.log.read_text()


@asynccontextmanager
async def running_turn(home: Path) -> AsyncIterator[Turn]:
    """Skips the test where there is no coturn."""
    binary = shutil.which("turnserver")
    if binary is None:
        pytest.skip("no TURN server here: apt-get install coturn")
    turn = Turn(free_port(), home / "turn.log")
    words = [
        "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={turn.port}", "--lt-cred-mech",
        f"--user={USER}:{PASSWORD}", "--realm=edged", "--allow-loopback-peers", "--cli-password=unused", "--no-cli", "--no-tls",
        "--no-dtls", "--verbose", f"--log-file={turn.log}", "--simple-log", f"--pidfile={home / 'turn.pid'}",
        f"--userdb={home / 'turn.db'}",
    ]  # fmt: skip
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(binary, *words, stdout=nowhere, stderr=nowhere, cwd=home)
    try:
        async with asyncio.timeout(10):
            while not await _listens(turn.port):
                assert process.returncode is None, turn.log.read_text()
                await asyncio.sleep(0.05)
        yield turn
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
