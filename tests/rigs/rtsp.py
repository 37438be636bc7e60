"""Runs `rtsp_server.py` for a test, and treats it as badly as the world treats cameras."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
NEEDS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)


class RtspServer:
    """`clip` in a loop at `url`, live; with `user` and `password` asked for if they are given.

    Its name's ending says what it is: h264, h265 or jpeg. `times` are its units' own, in milliseconds, and at the end its length.
    """

    def __init__(
        self, clip: Path, *, fps: int = 10, times: Sequence[int] = (), user: str = "", password: str = ""
    ) -> None:
        self.clip, self.fps, self.times = clip, fps, times
        self.user, self.password = user, password
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Without the password."""
        return f"rtsp://127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Returns once it listens; on the same port again after `kill`."""
        options = [f"--fps={self.fps}", f"--port={self.port}", f"--user={self.user}", f"--password={self.password}"]
        options.append(f"--codec={self.clip.suffix[1:]}")
        if self.times:
            options += ["--times=" + ",".join(map(str, self.times[:-1])), f"--length={self.times[-1]}"]
        script = Path(__file__).with_name("rtsp_server.py")
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, script, self.clip, *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def freeze(self) -> None:
        """It keeps its connections and does nothing any more."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def skip_without_gstreamer() -> None:
    """Skips the test where the system's python3 has no GStreamer RTSP server."""
    try:
        found = subprocess.run([SYSTEM_PYTHON, "-c", NEEDS], capture_output=True).returncode == 0
    except FileNotFoundError:
        found = False
    if not found:
        pytest.skip(f"no GStreamer RTSP server: apt-get install {PACKAGES}")
