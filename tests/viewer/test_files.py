"""What a first load weighs."""

import gzip
import re

from edged import shipped

BUDGET = 60_000


LATER = "video"  # the folder of what is loaded when the first video is shown


def test_the_first_load_is_within_60_kb_compressed() -> None:
    files = [path for path in shipped.path("web-static").rglob("*") if path.is_file() and path.parent.name != LATER]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= BUDGET


def test_every_module_is_asked_for_at_once() -> None:
    root = shipped.path("web-static")
    named = set(re.findall(r'(?:href|src)="([^"]+\.js)"', (root / "index.html").read_text()))
    assert named == {path.relative_to(root).as_posix() for path in root.rglob("*.js") if path.parent.name != LATER}


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in shipped.path("web-static").rglob("*.*"):
        fetched = re.findall(r'(?:src|href|import|from|url\()\s*=?\s*["\'(]?(https?://[^"\')\s]+)', path.read_text())
        assert fetched == [], path.name
