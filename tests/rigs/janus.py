"""A real Janus for tests, from Debian's package, on loopback and free ports."""

import asyncio
import ctypes
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import pytest
from aiohttp import ClientError, ClientSession

from edged import config
from tests.rigs.nats import free_port

BINARY = which("janus")
SECRET, ADMIN_KEY = "api-secret-of-janus", "key-of-the-plugin"


@dataclass
class Janus:
    """`mountpoints`: description -> RTP port. It keeps its ports over `kill` and `start`."""

    home: Path
    mountpoints: dict[str, int]
    http: int = field(default_factory=free_port)
    ws: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> config.Janus:
        return config.Janus(
            url=f"http://127.0.0.1:{self.http}/janus",
            ws_url=f"ws://127.0.0.1:{self.ws}",
            secret=SECRET,
            admin_key=ADMIN_KEY,
        )

    async def start(self) -> None:
        assert BINARY
        self._configure()
        log = (self.home / "janus.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            BINARY, "-C", str(self.home / "janus.jcfg"), "-F", str(self.home), stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),
        )  # fmt: skip
        log.close()
        async with asyncio.timeout(10), ClientSession() as http:
            while True:
                assert self._process.returncode is None, (self.home / "janus.log").read_text()
                try:
                    async with http.get(f"http://127.0.0.1:{self.http}/janus/info", params={"apisecret": SECRET}):
                        return
                except ClientError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _configure(self) -> None:
        where = next(folder for folder in Path("/usr/lib").glob("*/janus"))
        plugins = [path.name for path in (where / "plugins").glob("*.so") if "streaming" not in path.name]
        transports = [
            path.name
            for path in (where / "transports").glob("*.so")
            if path.stem not in ("libjanus_http", "libjanus_websockets")
        ]
        files = {
            "janus.jcfg": f"""general: {{
                configs_folder = "{self.home}"
                plugins_folder = "{where}/plugins"
                transports_folder = "{where}/transports"
                events_folder = "{self.home}/none"
                loggers_folder = "{self.home}/none"
                interface = "127.0.0.1"
                api_secret = "{SECRET}"
                debug_level = 3
            }}
            nat: {{ ice_enforce_list = "lo" }}
            plugins: {{ disable = "{",".join(plugins)}" }}
            transports: {{ disable = "{",".join(transports)}" }}""",
            "janus.transport.http.jcfg": f"""general: {{ base_path = "/janus", http = true, port = {self.http}, ip = "127.0.0.1", https = false }}
            admin: {{ admin_http = false }}""",
            "janus.transport.websockets.jcfg": f"""general: {{ ws = true, ws_port = {self.ws}, ws_ip = "127.0.0.1", wss = false }}
            admin: {{ admin_ws = false }}""",
        }
        streams = [
            f'{name}: {{ type = "rtp", id = {number}, description = "{name}", media = ( {{ type = "video", mid = "v", port = {port},'
            f' pt = 96, codec = "h264", fmtp = "profile-level-id=42e01f;packetization-mode=1" }} ) }}'
            for number, (name, port) in enumerate(self.mountpoints.items(), 1)
        ]
        files["janus.plugin.streaming.jcfg"] = "\n".join(
            [f'general: {{ admin_key = "{ADMIN_KEY}", rtp_port_range = "{free_udp_port()}-65535" }}', *streams]
        )
        for name, text in files.items():
            (self.home / name).write_text(text)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running_janus(home: Path, *cameras: str) -> AsyncIterator[Janus]:
    """With a mountpoint for each of these. Skips the test where there is no Janus."""
    if BINARY is None:
        pytest.skip("no janus here: install the package janus")
    home.mkdir()
    janus = Janus(home, {camera: free_udp_port() for camera in cameras})
    await janus.start()
    try:
        yield janus
    finally:
        await janus.kill()
