"""What ships is found in a wheel as in a checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.daemon import ROOT, camera, running_daemon

NAMES = ("models", "handlers", "proto", "web-static", "edged.toml")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of this checkout is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True, timeout=100)
    wheel = next(folder.glob("*.whl"))
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", folder / "site", wheel], check=True, timeout=100
    )
    return folder / "site"


def found(environ: dict[str, str], cwd: Path) -> list[str]:
    code = f"from edged import shipped\nfor name in {NAMES!r}: print(shipped.path(name))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environ,
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return run.stdout.split()


def test_a_checkout_and_an_editable_install_find_the_folders_people_edit(tmp_path: Path) -> None:
    expected = [str(ROOT / name) for name in NAMES]
    assert found({}, ROOT) == expected
    assert found({"PYTHONPATH": str(ROOT)}, tmp_path) == expected


def test_a_wheel_finds_them_in_itself(installed: Path, tmp_path: Path) -> None:
    expected = [str(installed / "edged" / "_shipped" / name) for name in NAMES]
    assert found({"PYTHONPATH": str(installed)}, tmp_path) == expected


def test_every_card_is_in_it_with_its_files_and_nothing_of_the_training(installed: Path) -> None:
    here, there = ROOT / "models", installed / "edged" / "_shipped" / "models"
    assert {path.name for path in there.iterdir()} == {path.name for path in here.iterdir() if path.is_file()}
    assert (there / "edged-person.tflite").read_bytes() == (here / "edged-person.tflite").read_bytes()


async def test_a_wheel_installed_elsewhere_runs_the_same(installed: Path, tmp_path: Path, pedestrians: Path) -> None:
    environ = {"PYTHONPATH": str(installed)}
    async with running_daemon(tmp_path, camera("walk", pedestrians), environ=environ, cwd=tmp_path) as daemon:
        await daemon.until_status("walk", "running")
        page = await daemon.text("/")
        assert "<title>" in page
        while not (await daemon.get("/api/realtime/latest"))["detections"]:
            pass
