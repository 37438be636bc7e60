"""What a stranger's first minutes stand on: the Makefile, its scripts, the demo's clips."""

import http.server
import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import msgspec
import pytest

from demo import clips
from demo.cut import View, cut, playable
from edged.config import Config
from tests.bench.pictures import moving_square

ROOT = Path(__file__).parent.parent
NEED = ROOT / "tools" / "need.sh"
VENV = ROOT / "tools" / "venv.sh"


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return moving_square(tmp_path_factory.mktemp("square") / "square.mp4", fps=10, frames=30)


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who is not root and has no passwordless sudo."""
    program(tmp_path / "id", "echo 1000")
    program(tmp_path / "sudo", "exit 1")
    program(tmp_path / "apt-get", "echo apt-get was called; exit 1")
    return {"PATH": f"{tmp_path}:/usr/bin:/bin"}


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    """Serves tmp_path/site."""
    (tmp_path / "site").mkdir()
    handler = partial(Quiet, directory=tmp_path / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def said(*command: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["demo", "test", "bench", "eval-person", "train-person", "check", "format", "clean"])
def test_make_knows_what_to_do_for(target: str):
    code, output = said("make", "--dry-run", target)
    assert code == 0, output


def test_a_password_with_quotes_and_dollars_reaches_edged_as_it_is():
    url = "rtsp://me:it's-$5@10.0.0.9/a"
    _, output = said("make", "--dry-run", "demo", f"SOURCE={url}")
    (line,) = (line for line in output.splitlines() if "--source" in line)
    words = subprocess.run(["bash", "-c", line.replace("exec ", "printf '%s\\n' ", 1)], capture_output=True, text=True)
    assert words.stdout.splitlines()[-1] == url


def test_ci_runs_the_suite():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_nothing_is_said_or_done_when_the_programs_are_there(stranger: dict[str, str]):
    assert said(NEED, "shell=command -v sh", "coreutils=command -v ls", env=stranger) == (0, "")


def test_somebody_without_root_is_given_one_line_that_installs_all_that_is_missing(stranger: dict[str, str]):
    code, output = said(NEED, "one=false", "there=true", "edged-no-such-package", env=stranger)
    assert code != 0
    assert "\n    sudo apt-get install -y one edged-no-such-package\n" in output
    assert "apt-get was called" not in output


def test_a_python_that_is_too_old_is_named(tmp_path: Path, stranger: dict[str, str]):
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        program(tmp_path / name, '[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    code, output = said(VENV, tmp_path / "venv", env=stranger)
    assert code != 0
    assert "Python 3.11 or newer" in output
    assert "Python 3.9.2" in output
    assert not (tmp_path / "venv").exists()


def test_the_demos_cameras_show_the_clips_that_the_demo_fetches():
    config = msgspec.toml.decode((ROOT / "demo" / "edged.toml").read_bytes(), type=Config)
    shown = {Path(camera.url).name for camera in config.cameras}
    assert shown == {clips.WALKWAY, *clips.SHOWN}
    assert clips.CUTS.keys() == clips.SHOWN.keys()
    assert config.gateway.host == "127.0.0.1"
    assert [rule.labels for rule in config.alerts] == [("person",)]


def test_a_cut_shows_its_part_at_its_size_as_a_camera_would_send_it(square: Path, tmp_path: Path):
    cut(square, tmp_path / "cut.mp4", View(x=0, y=60, width=160, height=120, scale_to=(320, 240)), fps=10)
    with av.open(str(tmp_path / "cut.mp4")) as container:
        stream = container.streams.video[0]
        pictures = list(container.decode(stream))
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 320, 240)
        assert stream.average_rate == 10
        assert not stream.codec_context.has_b_frames
    assert len(pictures) == 30


def test_a_cut_that_begins_elsewhere_ends_with_what_came_before(square: Path, tmp_path: Path):
    whole = View(x=0, y=0, width=320, height=240, scale_to=(320, 240), first=20)
    cut(square, tmp_path / "cut.mp4", whole)
    original, turned = places(square), places(tmp_path / "cut.mp4")
    assert turned == pytest.approx(original[20:] + original[:20], abs=2)


def test_a_cut_of_more_frames_than_there_are_goes_round(square: Path, tmp_path: Path):
    cut(square, tmp_path / "cut.mp4", fps=25, frames=75, bitrate=300_000)
    found = places(tmp_path / "cut.mp4")
    assert len(found) == 75
    assert found[30:60] == pytest.approx(found[:30], abs=3)


def test_a_download_that_is_no_clip_leaves_nothing(tmp_path: Path, website: str):
    (tmp_path / "site" / "clip.mp4").write_text("<html>Please log in to this network</html>")
    with pytest.raises(clips.ClipError, match="did not serve a clip"):
        clips.download(f"{website}/clip.mp4", tmp_path / "media" / "clip.mp4")
    assert list((tmp_path / "media").iterdir()) == []


def test_a_download_is_there_under_its_name_only_when_it_is_whole(tmp_path: Path, website: str, square: Path):
    (tmp_path / "site" / "clip.mp4").write_bytes(square.read_bytes())
    clip = clips.download(f"{website}/clip.mp4", tmp_path / "media" / "walkway.mp4")
    assert playable(clip)
    assert [path.name for path in (tmp_path / "media").iterdir()] == ["walkway.mp4"]


def test_a_page_that_is_not_there_says_so(tmp_path: Path, website: str):
    with pytest.raises(clips.ClipError, match="404"):
        clips.download(f"{website}/gone.mp4", tmp_path / "clip.mp4")


def test_a_clip_that_is_at_hand_is_not_fetched(tmp_path: Path, square: Path):
    (tmp_path / "vtest.avi").write_bytes(square.read_bytes())
    assert clips.pedestrians(tmp_path, online=True) == tmp_path / "vtest.avi"


def test_a_host_that_stays_silent_is_given_up_in_time(website: str):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not clips.reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/", within=0.3)
    assert clips.reachable(f"{website}/")


def test_the_licence_is_apache():
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()


def places(clip: Path) -> list[float]:
    """Where the square's left edge is in each frame."""
    with av.open(str(clip)) as container:
        pictures = (frame.to_ndarray(format="gray") for frame in container.decode(video=0))
        return [float((picture[112] > 170).argmax()) for picture in pictures]
