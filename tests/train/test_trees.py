from pathlib import Path

import pytest

from models.train.gather import trees
from models.train.gather.trees import SourceError
from tests.train.repositories import git, repository, source

FILES = {"a b/ä.txt": b"first", "c.bin": b"\0\n" * 9, "empty": b""}


@pytest.mark.parametrize("layout", ["someone+rooms/repo", "someone/rooms.git"])
def test_a_mirror_is_read_without_a_work_tree(tmp_path: Path, layout: str):
    (tmp_path / "mirrors" / layout).parent.mkdir(parents=True)
    commit = repository(tmp_path / "mirrors" / layout, FILES)
    with trees.repository(source(commit=commit), tmp_path / "mirrors", tmp_path / "clones") as tree:
        assert {path: tree.read(path) for path in tree.paths()} == FILES
    assert not (tmp_path / "clones").exists()


def test_without_a_mirror_only_what_is_wanted_is_cloned(tmp_path: Path):
    (tmp_path / "far/someone").mkdir(parents=True)
    commit = repository(tmp_path / "far/someone/rooms.git", FILES)
    for key in ("allowFilter", "allowAnySHA1InWant"):
        git("-C", str(tmp_path / "far/someone/rooms.git"), "config", f"uploadpack.{key}", "true")
    for _ in range(2):
        with trees.repository(source(commit=commit), None, tmp_path / "clones", (tmp_path / "far").as_uri()) as tree:
            tree.want(["c.bin"])
            assert tree.read("c.bin") == FILES["c.bin"]
    clone = str(tmp_path / "clones/someone+rooms.git")
    there = git("-C", clone, "cat-file", "--batch-all-objects", "--batch-check")
    assert there.count(" blob ") == 1


def test_a_file_whose_content_a_mirror_lacks_is_none(tmp_path: Path):
    place = tmp_path / "someone+rooms/repo"
    place.parent.mkdir()
    commit = repository(place, FILES)
    blob = git("-C", str(place), "rev-parse", "HEAD:c.bin").strip()
    (place / "objects" / blob[:2] / blob[2:]).unlink()
    with trees.repository(source(commit=commit), tmp_path, tmp_path / "clones") as tree:
        assert tree.read("c.bin") is None
        assert tree.read("a b/ä.txt") == b"first"


def test_a_mirror_without_the_commit_is_said(tmp_path: Path):
    (tmp_path / "someone+rooms").mkdir()
    repository(tmp_path / "someone+rooms/repo", FILES)
    with (
        pytest.raises(SourceError, match="no commit 0000000000"),
        trees.repository(source(), tmp_path, tmp_path / "clones"),
    ):
        pass


def test_a_repository_that_is_nowhere_is_said_in_a_line(tmp_path: Path):
    with (
        pytest.raises(SourceError, match=r"^git: .*\S$"),
        trees.repository(source(), None, tmp_path / "clones", (tmp_path / "far").as_uri()),
    ):
        pass
