import shutil
import zipfile
from pathlib import Path

import pytest

from models.train.gather import packages
from models.train.gather.trees import SourceError
from tests.train.repositories import source

ABOUT = "Metadata-Version: 2.1\nName: pictures\nVersion: 1.0\n"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only registry."""
    (tmp_path / "shelf").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


def test_a_wheel_is_unpacked_and_fetched_once(shelf: Path, tmp_path: Path):
    wheel = shelf / "pictures-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("pictures/1.jpg", b"one")
        packed.writestr("pictures-1.0.dist-info/METADATA", ABOUT)
        packed.writestr("pictures-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr("pictures-1.0.dist-info/RECORD", "")
    packages.folder(source(repo="pypi:pictures==1.0", commit=""), tmp_path / "fetched")
    wheel.unlink()
    tree = packages.folder(source(repo="pypi:pictures==1.0", commit=""), tmp_path / "fetched")
    assert "pictures/1.jpg" in tree.paths()
    assert tree.read("pictures/1.jpg") == b"one"


def test_a_package_that_is_nowhere_is_said_in_a_line(shelf: Path, tmp_path: Path):
    with pytest.raises(SourceError, match=r"^pip: .*nothing==1"):
        packages.folder(source(repo="pypi:nothing==1", commit=""), tmp_path / "fetched")
    assert not list((tmp_path / "fetched").iterdir())


@pytest.mark.skipif(not shutil.which("npm"), reason="no npm here")
def test_an_npm_package_is_unpacked(tmp_path: Path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made/package.json").write_text('{"name": "pictures", "version": "1.0.0"}')
    (tmp_path / "made/1.jpg").write_bytes(b"one")
    tree = packages.folder(source(repo=f"npm:{tmp_path}/made", commit=""), tmp_path / "fetched")
    assert tree.read("package/1.jpg") == b"one"
