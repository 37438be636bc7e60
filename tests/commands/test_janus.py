"""`edged janus check` against a real Janus."""

import asyncio
import sys
from pathlib import Path

from tests.rigs.daemon import ROOT
from tests.rigs.janus import ADMIN_KEY, SECRET, free_udp_port, running_janus


async def check(file: Path, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edged", "janus", "check", "--config", str(file), *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def test_missing_mountpoints_are_named_then_made(tmp_path: Path) -> None:
    async with running_janus(tmp_path / "janus", "front") as janus:
        port = free_udp_port()
        file = tmp_path / "edged.toml"
        file.write_text(
            f'[janus]\nurl = "{janus.settings.url}"\nsecret = "{SECRET}"\nadmin_key = "{ADMIN_KEY}"\n'
            '[[cameras]]\nid = "front"\nurl = "a.mp4"\n[[cameras]]\nid = "back"\nurl = "a.mp4"\n[[cameras]]\nid = "side"\nurl = "a.mp4"\n'
            f'[[publish]]\ncamera = "back"\nurl = "rtp://127.0.0.1:{port}"\n'
        )
        status, said, _ = await check(file)
        assert status == 1
        assert "home.edge.front: mountpoint 1" in said
        assert "home.edge.back: not in Janus: no mountpoint" in said
        _, said, _ = await check(file, "--create")
        assert "home.edge.back: mountpoint" in said
        assert 'camera = "home.edge.side"\nurl = "rtp://127.0.0.1:' in said
        _, said, _ = await check(file)
        assert "not in Janus" not in said


async def test_a_janus_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "edged.toml"
    file.write_text('[janus]\nurl = "http://127.0.0.1:1/janus"\n')
    status, _, complained = await check(file)
    assert status == 1
    assert complained.startswith("edged: no Janus at http://127.0.0.1:1/janus")
    assert complained.count("\n") == 1
