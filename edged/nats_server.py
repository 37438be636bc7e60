"""One nats-server process: found, started until it answers, stopped, and its last words when it ends by itself."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections import deque
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 30.0  # a large store on a slow card takes a while to read
ANSWER_SECONDS = 3.0
STOP_SECONDS = 0.8

# Runs in the child before it becomes nats-server: the kernel ends it with its parent, even on the parent's kill -9.
# SIGKILL, because one that hangs does not hear SIGTERM; what it has acknowledged is with the kernel by then.
# Python itself does this, rather than setpriv, because it is always there; no preexec_fn, because the daemon has threads.
LEASH = """
import ctypes, os, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
prctl and prctl(1, 9)
os.getppid() == int(sys.argv[1]) or sys.exit("the daemon is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class BrokerError(Exception):
    """The server cannot run; the message says why, and what to do."""


class PortTaken(BrokerError):
    """Somebody else listens there."""


class Server:
    """One nats-server process at a time, and the last lines it wrote."""

    def __init__(self, binary: str, config_file: Path, lock: int) -> None:
        self.config_file = config_file
        self._binary = binary
        self._lock = lock
        self._process: asyncio.subprocess.Process | None = None
        self._lines: deque[str] = deque(maxlen=20)
        self._reader: asyncio.Task[None] | None = None

    async def start(self, port: int, name: str) -> None:
        """Returns when the server called `name` answers on `port`."""
        await self.stop()
        self._lines.clear()
        command = [sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()), self._binary, "-c", str(self.config_file)]
        # The server inherits the lock on the store, so it is free exactly when no server is left.
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(self._lock,),
            start_new_session=True,  # Ctrl-C in a terminal is for the daemon, which ends the server last
        )
        self._reader = asyncio.create_task(self._read(self._process))
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._ready(port, name)
        except TimeoutError:
            raise BrokerError(
                f"nats-server does not answer after {START_SECONDS:.0f} s: {self._last_words()}"
            ) from None

    async def stop(self) -> None:
        if self._process is None or self._reader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def kill(self) -> None:
        """At once: for a server that listens to nothing any more."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ended(self) -> str:
        """Waits for the end of the process, and says how it came."""
        if self._process is None or self._reader is None:
            return "not started"
        code = await self._process.wait()
        await self._reader
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}: {self._last_words()}"

    async def _ready(self, port: int, name: str) -> None:
        assert self._process is not None
        while await name_at(port) != name:
            if self._process.returncode is not None:
                reason = await self.ended()
                if "address already in use" in reason:
                    raise PortTaken(f"port {port} is taken")
                raise BrokerError(f"nats-server ended at once, {reason}")
            await asyncio.sleep(0.01)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self._lines.append(line.decode(errors="replace").strip())

    def _last_words(self) -> str:
        bad = [line for line in self._lines if "[ERR]" in line or "[FTL]" in line] or list(self._lines)
        return " / ".join(bad[-3:]) or "it wrote nothing"


def find(binary: str) -> str:
    """Where the program is; BrokerError names the package to install."""
    path = shutil.which(binary)
    if path is None:
        raise BrokerError(
            f"no program {binary!r} here: install it with `apt-get install nats-server`, "
            "or set `nats.binary` to its path, or `nats.url` to a server of yours"
        )
    return path


async def version_of(binary: str) -> tuple[int, int]:
    process = await asyncio.create_subprocess_exec(
        binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode(errors="replace")
    found = re.search(r"nats-server: v?(\d+)\.(\d+)", said)
    if process.returncode or not found:
        raise BrokerError(f"`{binary} --version` says {said.strip()[:100]!r}: is `nats.binary` a nats-server?")
    return int(found[1]), int(found[2])


async def jetstream_at(port: int) -> bool:
    """Whether JetStream on `port` answers, within ANSWER_SECONDS."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await reader.readline()
            writer.write(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB $JS.API.INFO answer 0\r\n\r\n')
            while not (line := await reader.readline()).startswith(b"MSG "):
                if not line:
                    return False
            return "error" not in json.loads(await reader.readexactly(int(line.split()[-1])))
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()


async def name_at(port: int) -> str | None:
    """What the server on `port` calls itself; None when there is none yet, or it is no nats-server."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return None
    try:
        async with asyncio.timeout(1.0):
            greeting = await reader.readline()
        return str(json.loads(greeting.removeprefix(b"INFO ")).get("server_name"))
    except (OSError, ValueError, AttributeError, TimeoutError):
        return None
    finally:
        writer.close()
