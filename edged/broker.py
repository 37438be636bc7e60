"""The embedded broker: a nats-server of our own, restarted when it dies, with its store under the state directory."""

import asyncio
import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import IO, Self

import structlog

from edged import config
from edged.nats_server import HOST, BrokerError, PortTaken, Server, find, jetstream_at, version_of

log = structlog.get_logger()

MAX_PAYLOAD = 8 * 1024 * 1024
LOCK_SECONDS = 10.0
BACK_OFF = (0.1, 5.0)
PROBE_SECONDS = 2.0
SILENT = 3  # times that JetStream must not answer in a row
SYNCS_ALWAYS_SINCE = (2, 10)  # older servers refuse `sync_interval` and sync every two minutes
SLACK_BYTES = 1_000_000_000  # for key-value buckets, and what the server writes before it deletes


class Broker:
    """`async with Broker(…) as broker` has a server ready at `broker.url`; `run()` keeps it alive.

    Entering raises BrokerError when there is no server to start, its port is taken, or another one still uses the store.
    """

    def __init__(self, settings: config.Nats, state_dir: Path) -> None:
        self._settings = settings
        self._home = state_dir / "nats"
        self._name = f"edged-{token_hex(4)}"
        self._port = settings.port
        self._lock: IO[str] | None = None
        self._server: Server | None = None
        self.version = (0, 0)

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self._port}"

    @property
    def syncs_always(self) -> bool:
        """Whether what the server has acknowledged is on the disk."""
        return self.version >= SYNCS_ALWAYS_SINCE

    async def __aenter__(self) -> Self:
        binary = await asyncio.to_thread(find, self._settings.binary)
        self.version = await version_of(binary)
        await asyncio.to_thread(self._home.mkdir, parents=True, exist_ok=True, mode=0o700)
        self._lock = await _locked(self._home / "lock")
        self._server = Server(binary, self._home / "nats-server.conf", self._lock.fileno())
        try:
            await self._start_somewhere(self._server)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        log.info("broker started", url=self.url, version=".".join(map(str, self.version)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            await self._server.stop()
        if self._lock:
            self._lock.close()

    async def run(self) -> None:
        """Starts the server again, on the same port, whenever it ends."""
        assert self._server is not None, "run() works within `async with`"
        shortest, longest = BACK_OFF
        wait = shortest
        while True:
            began = time.monotonic()
            reason = await self._failed(self._server)
            if time.monotonic() - began > longest:
                wait = shortest
            log.warning("broker down", error=reason, retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)
            with suppress(BrokerError):  # the server has ended again, for a reason that is said above
                await self._server.start(self._port, self._name)
                log.info("broker restarted", url=self.url)

    async def _failed(self, server: Server) -> str:
        """How the server ended. One whose JetStream hangs, as that of 2.9 does for good when the disk is full, is ended."""
        ended = asyncio.create_task(server.ended())
        try:
            silent = 0
            while not (await asyncio.wait({ended}, timeout=PROBE_SECONDS))[0]:
                silent = 0 if await jetstream_at(self._port) else silent + 1
                if silent == SILENT:
                    await server.kill()
                    return f"JetStream did not answer ({await ended})"
            return ended.result()
        finally:
            ended.cancel()

    async def _start_somewhere(self, server: Server) -> None:
        chosen = self._settings.port
        for attempts_left in reversed(range(5)):
            self._port = chosen or _free_port()
            await asyncio.to_thread(self._configure, server.config_file)
            try:
                await server.start(self._port, self._name)
                return
            except PortTaken as taken:
                if chosen:
                    raise BrokerError(
                        f"port {chosen} is taken by another program: choose another `nats.port` (0 takes a free one)"
                    ) from taken
                if not attempts_left:
                    raise

    def _configure(self, file: Path) -> None:
        limits = self._settings
        sync = "sync_interval: always" if self.syncs_always else ""
        # Pictures count twice, once in their stream and once in the object store. Without the line the server
        # allows itself a share of the disk that is free, and refuses our streams on a small one.
        store = (
            limits.facts_max_bytes
            + 2 * limits.pictures_max_bytes
            + limits.ppe_max_bytes
            + limits.faces_max_bytes
            + limits.work_max_bytes
            + SLACK_BYTES
        )
        file.write_text(
            f"server_name: {self._name}\n"
            f'listen: "{HOST}:{self._port}"\n'
            f"max_payload: {MAX_PAYLOAD}\n"
            f"jetstream {{\n"
            f"  store_dir: {json.dumps(str(self._home))}\n"
            f"  max_file_store: {store}\n"
            f"  {sync}\n"
            f"}}\n"
        )


async def _locked(path: Path) -> IO[str]:
    """The lock on the store. After a daemon's sudden end its server may need a moment to go, so this waits a little."""
    give_up = time.monotonic() + LOCK_SECONDS
    while (file := await asyncio.to_thread(_lock, path)) is None:
        if time.monotonic() > give_up:
            owner = (await asyncio.to_thread(path.read_text)).strip() or "unknown"
            raise BrokerError(
                f"{path.parent} is used by another edged (process {owner}) or its nats-server: "
                "end it, or give this one another `state_dir`"
            )
        await asyncio.sleep(0.05)
    return file


def _lock(path: Path) -> IO[str] | None:
    """The locked file, with our process id in it; None while another holds it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
