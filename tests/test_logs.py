import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edged import config, logs

SPEAK = """
import sys, msgspec, structlog
from edged import config, logs
logs.begin(msgspec.json.decode(sys.argv[1], type=config.Log))
log = structlog.get_logger()
for n in range(int(sys.argv[2])):
    log.info("camera lost", n=n, url="rtsp://user:secret@10.0.0.5/1")
log.debug("fine detail")
"""


def spoken(settings: config.Log, lines: int = 1, **environ: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: what is set up lasts as long as it."""
    words = [sys.executable, "-c", SPEAK, msgspec.json.encode(settings).decode(), str(lines)]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, env=os.environ | environ)


def test_the_file_is_json_without_passwords_whatever_the_terminal_shows(tmp_path: Path) -> None:
    run = spoken(config.Log(format="console", file=str(tmp_path / "logs" / "edged.log")))
    [line] = (tmp_path / "logs" / "edged.log").read_text().splitlines()
    said = json.loads(line)
    assert (said["event"], said["n"], said["level"]) == ("camera lost", 0, "info")
    assert said["timestamp"].endswith("Z")
    assert "secret" not in line + run.stderr
    assert "camera lost" in run.stderr


def test_a_full_file_is_put_aside_and_the_oldest_go(tmp_path: Path) -> None:
    spoken(config.Log(file=str(tmp_path / "edged.log"), size=10_000, keep=2), 400)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["edged.log", "edged.log.1", "edged.log.2"]
    assert all(path.stat().st_size <= 10_000 for path in tmp_path.iterdir())
    newest = (tmp_path / "edged.log").read_text().splitlines()[-1]
    assert json.loads(newest)["n"] == 399


@pytest.mark.parametrize(
    ("days", "left"),
    [
        (1, ["edged.log", "edged.log.1"]),
        (16, ["edged.log", "edged.log.1", "edged.log.2"]),
        (31, ["edged.log"]),
    ],
)
def test_no_line_is_kept_for_longer_than_it_may(tmp_path: Path, days: int, left: list[str]) -> None:
    """Two files whose first lines are `days` old, and a day younger: the newer one is put aside at half the time, and each goes at all of it."""
    now = datetime.now(UTC)
    for name, age in (("edged.log", days - 1), ("edged.log.1", days)):
        line = {"event": "old", "timestamp": (now - timedelta(days=age, minutes=5)).isoformat()}
        (tmp_path / name).write_text(json.dumps(line) + "\n")
    (tmp_path / "edged.log.txt").write_text("somebody's own")
    spoken(config.Log(file=str(tmp_path / "edged.log"), max_age_days=30))
    assert sorted(path.name for path in tmp_path.iterdir()) == [*left, "edged.log.txt"]
    assert "camera lost" in (tmp_path / "edged.log").read_text()
    assert ("old" in (tmp_path / "edged.log").read_text()) == (days == 1)


def test_the_environment_has_the_last_word_on_the_level(tmp_path: Path) -> None:
    assert "fine detail" not in spoken(config.Log()).stderr
    assert "fine detail" in spoken(config.Log(), EDGED_LOG_LEVEL="debug").stderr
    assert "camera lost" not in spoken(config.Log(level="debug"), EDGED_LOG_LEVEL="ERROR").stderr


def test_what_cannot_be_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(logs.LogError, match=r"log\.file"):
        logs.begin(config.Log(file=str(tmp_path / "file" / "edged.log")))
    with pytest.raises(logs.LogError, match="EDGED_LOG_LEVEL=loud"):
        logs.begin(config.Log(), {"EDGED_LOG_LEVEL": "loud"})
