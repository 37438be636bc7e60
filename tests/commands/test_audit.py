"""`edged audit` and `edged history rebuild` on a real daemon's state."""

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from tests.rigs.daemon import ROOT, Daemon, camera, running_daemon


async def edged(*words: str) -> tuple[int, str]:
    """Exit status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edged",
        *words,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def walked(daemon: Daemon) -> None:
    """Waits until somebody's track is in the history."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(_tracks, daemon.home / "state" / "history.db"):
            await asyncio.sleep(0.1)


def _tracks(path: Path) -> int:
    try:
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return int(db.execute("SELECT count(*) FROM facts WHERE type = 'track_started'").fetchone()[0])
        finally:
            db.close()
    except sqlite3.OperationalError:
        return 0


async def test_a_daemon_at_work_and_one_that_was_killed_are_clean(tmp_path: Path, pedestrians: Path) -> None:
    config = ("--config", str(tmp_path / "edged.toml"))
    async with running_daemon(tmp_path, camera("walk", pedestrians)) as daemon:
        await walked(daemon)
        status, said = await edged("audit", *config)
        assert (status, said.splitlines()[-1]) == (0, "clean"), said
        status, said = await edged("history", "rebuild", *config)
        assert status == 1
        assert "in use by an edged that runs" in said
    status, said = await edged("audit", *config)
    assert (status, said.splitlines()[-1]) == (0, "clean"), said
    database = sqlite3.connect(tmp_path / "state" / "history.db")
    [(lost,)] = database.execute("SELECT id FROM facts WHERE type = 'track_started' LIMIT 1").fetchall()
    database.execute("DELETE FROM facts WHERE id = ?", (lost,))
    database.commit()
    database.close()
    status, said = await edged("audit", *config)
    assert status == 1
    assert "missing in the history: 1" in said
    assert lost in said
    status, said = await edged("history", "rebuild", *config)
    assert (status, "facts from the stream" in said) == (0, True), said
    status, said = await edged("audit", *config)
    assert (status, said.splitlines()[-1]) == (0, "clean"), said


async def test_without_a_history_there_is_nothing_to_audit(tmp_path: Path) -> None:
    (tmp_path / "edged.toml").write_text(f'state_dir = "{tmp_path / "state"}"')
    status, said = await edged("audit", "--config", str(tmp_path / "edged.toml"))
    assert status == 2
    assert "history.db could not be read" in said


async def test_what_a_drawn_line_counts_is_still_the_log_after_kill_9(tmp_path: Path, pedestrians: Path) -> None:
    config = ("--config", str(tmp_path / "edged.toml"))
    line = {"id": "path", "points": [[0.0, 0.55], [1.0, 0.55]]}
    async with asyncio.timeout(110), running_daemon(tmp_path, camera("walk", pedestrians, fps=10)) as daemon:
        status, _ = await daemon.send("PATCH", "/api/cameras/walk", {"lines": [line]})
        assert status == 200
        while (counted := gross(await daemon.get("/api/stats?range=year"))) < 2:
            await asyncio.sleep(0.1)
        await daemon.stop(signal.SIGKILL)
        await daemon.start()
        while gross(await daemon.get("/api/stats?range=year")) <= counted:
            await asyncio.sleep(0.1)
        await daemon.send("POST", "/api/cameras/walk/stop")
        status, said = await edged("audit", *config)
        assert (status, said.splitlines()[-1]) == (0, "clean"), said
        stats, inside = await daemon.get("/api/stats?range=year"), await daemon.get("/api/occupancy")
    database = sqlite3.connect(tmp_path / "state" / "history.db")
    (net,) = database.execute("SELECT sum(direction) FROM crossings").fetchone()
    database.close()
    assert stats["total"]["in"] - stats["total"]["out"] == inside["occupancy"] == net


def gross(stats: Any) -> int:
    return int(stats["total"]["in"] + stats["total"]["out"])
