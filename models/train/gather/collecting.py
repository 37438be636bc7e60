"""One source -> its pictures, labelled. What became of each file of it is written down at once, so that an ended run goes on where it was."""

import fnmatch
import hashlib
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from msgspec import Struct

from models.train.gather import labels, merging
from models.train.gather.known import ALIKE, Known
from models.train.gather.labels import Reader, Said
from models.train.gather.merging import Corners, Labelled, Scored
from models.train.gather.sources import Source
from models.train.gather.teacher import Teacher
from models.train.gather.thumbnails import Thumbnails, thumbnail
from models.train.gather.trees import Tree
from models.train.pictures import PERSON, Pixels

LONGEST = 480  # pixels of a stored picture's longer side
_LOOKED_AT = 1280  # of the longer side of what the teacher sees
_SMALLEST = 120
_FLAT = 12.0  # standard deviation of grey values; less shows nothing
_SOMEBODY = 0.3  # from which score on a picture that should show nobody shows somebody
_QUALITY = 92
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_LFS = b"version https://git-lfs"
_SAID_EVERY = 30.0


class Outcome(Struct, omit_defaults=True):
    """What became of a file. `dropped` says why it was not taken; `twin` is the file it equals. `agreed` of its own boxes the teacher sees, too."""

    path: str
    dropped: str = ""
    twin: str = ""
    image: str = ""
    width: int = 0
    height: int = 0
    boxes: list[Labelled] = []
    agreed: int = 0
    sha256: str = ""
    thumbnail: bytes = b""


class Dropped(Exception):
    """A picture that can't be learned from; says why."""

    def __init__(self, why: str, twin: str = "") -> None:
        super().__init__(why)
        self.twin = twin


def wanted(source: Source, paths: Sequence[str]) -> list[str]:
    """The files to be looked at: those of the patterns, evenly drawn. Of Roboflow's altered copies of a picture one."""
    patterns = [re.compile(fnmatch.translate(pattern), re.IGNORECASE) for pattern in source.images]
    fitting = sorted(p for p in paths if p.lower().endswith(_SUFFIXES) and any(one.match(p) for one in patterns))
    once = list({re.sub(r"\.rf\.[0-9a-f]+", "", path): path for path in reversed(fitting)}.values())[::-1]
    count = min(source.limit, len(once))
    return [once[index * len(once) // count] for index in range(count)]


def collect(source: Source, tree: Tree, place: Path, teacher: Teacher, known: Known) -> list[Outcome]:
    """Every wanted file's outcome, `place` holding the pictures. SourceError when the source's files can't be had."""
    book = _book(place, source)
    done = {outcome.path: outcome for outcome in _written(book)}
    chosen = wanted(source, tree.paths())
    left = [path for path in chosen if path not in done or (done[path].twin and done[path].twin not in chosen)]
    if left:
        reader = labels.reader(source, tree)
        tree.want([*left, *(file for path in left for file in reader.files(path))])
        near = Thumbnails(ALIKE)
        for path in chosen:
            if path in done and done[path].image:
                near.add(path, done[path].thumbnail)
        with book.open("ab") as pages:
            for outcome in _outcomes(source, left, _Looks(tree, reader, teacher, known, near), place):
                pages.write(msgspec.json.encode(outcome) + b"\n")
                pages.flush()
                done[outcome.path] = outcome
    return [done[path] for path in chosen]


def _outcomes(source: Source, left: list[str], looks: "_Looks", place: Path) -> Iterator[Outcome]:
    said = time.monotonic()
    for number, path in enumerate(left):
        if time.monotonic() - said > _SAID_EVERY:
            said = time.monotonic()
            print(f"{source.name}: {number} of {len(left)}", file=sys.stderr, flush=True)
        try:
            yield looks.look(source, path, place)
        except Dropped as why:
            yield Outcome(path, dropped=str(why), twin=why.twin)


class _Looks:
    def __init__(self, tree: Tree, reader: Reader, teacher: Teacher, known: Known, near: Thumbnails) -> None:
        self._tree = tree
        self._reader = reader
        self._teacher = teacher
        self._known = known
        self._near = near

    def look(self, source: Source, path: str, place: Path) -> Outcome:
        content = self._tree.read(path)
        pixels = _pixels(content, source.aspect)
        small = thumbnail(pixels)
        self._alone(small)
        own = self._said(path)
        seen = self._teacher.people(pixels)
        boxes = _judged(source, own, seen, pixels)
        stored = _within(pixels, LONGEST)
        height, width = stored.shape[:2]
        image = f"{source.name}_{hashlib.sha256(path.encode()).hexdigest()[:12]}.jpg"
        if not cv2.imwrite(str(place / image), stored, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
            raise OSError(f"can't write {place / image}")
        self._near.add(path, small)
        scaled = list(_scaled(boxes, width / pixels.shape[1], height / pixels.shape[0]))
        sha256 = hashlib.sha256(content or b"").hexdigest()
        agreed = _agreed(boxes, seen)
        return Outcome(
            path, image=image, width=width, height=height, boxes=scaled, agreed=agreed, sha256=sha256, thumbnail=small
        )

    def _alone(self, small: bytes) -> None:
        if refused := self._known.refused(small):
            raise Dropped(refused)
        if twin := self._near.twin(small):
            raise Dropped("same as another", twin)

    def _said(self, path: str) -> Said | None:
        try:
            return self._reader.read(path)
        except ValueError:
            raise Dropped("labels unreadable") from None


def _pixels(content: bytes | None, aspect: str) -> Pixels:
    """The picture upright, as large as the teacher sees it."""
    if content is None or content.startswith(_LFS):
        raise Dropped("not in the repository")
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise Dropped("unreadable")
    pixels = _within(np.asarray(decoded, np.uint8), _LOOKED_AT)
    if aspect:
        across, down = map(int, aspect.split(":"))
        side = max(pixels.shape[:2])
        size = (side, round(side * down / across)) if across >= down else (round(side * across / down), side)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if min(pixels.shape[:2]) < _SMALLEST:
        raise Dropped("too small")
    if pixels.std() < _FLAT:
        raise Dropped("shows nothing")
    return pixels


def _within(pixels: Pixels, longest: int) -> Pixels:
    scale = longest / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _judged(source: Source, said: Said | None, seen: Scored, pixels: Pixels) -> list[Labelled]:
    """Where people are. Dropped when that contradicts what the source shows."""
    height, width = pixels.shape[:2]
    if source.shows == "nobody":
        if (seen[:, 4] >= _SOMEBODY).any() or (said and len(said.people) + len(said.crowds)):
            raise Dropped("somebody is there")
        return []
    if said and not source.aspect and not said.fits(width, height):
        raise Dropped("labels of another shape")
    own = None if said is None else _clean(said.people, width, height)
    crowds = np.zeros((0, 4)) if said is None else _clean(said.crowds, width, height)
    boxes = merging.completed(own, crowds, seen)
    if own is None and not boxes and source.shows == "people":
        raise Dropped("nobody found")
    return boxes


def _clean(fractions: Corners, width: int, height: int) -> Corners:
    """Own boxes in pixels, inside the picture, each once."""
    boxes = np.clip(fractions, 0, 1) * (width, height, width, height)
    boxes = boxes[(boxes[:, 2] - boxes[:, 0] >= 2) & (boxes[:, 3] - boxes[:, 1] >= 4)]
    same = np.triu(merging.overlaps(boxes, boxes)[0] > 0.9, 1).any(axis=0)
    return boxes[~same]


def _agreed(boxes: list[Labelled], seen: Scored) -> int:
    own = np.array([box[:4] for box in boxes if box.by == "own" and box.flag == PERSON]).reshape(-1, 4)
    return int((merging.overlaps(own, seen)[0].max(axis=1, initial=0) >= 0.5).sum())


def _scaled(boxes: list[Labelled], across: float, down: float) -> Iterator[Labelled]:
    for box in boxes:
        x1, x2, y1, y2 = (round(v, 1) for v in (box.x1 * across, box.x2 * across, box.y1 * down, box.y2 * down))
        if x2 - x1 >= 2 and y2 - y1 >= 4:
            yield Labelled(x1, y1, x2, y2, box.flag, box.by)


def _book(place: Path, source: Source) -> Path:
    """Where outcomes are written down; begun anew when the source is read in another way than before."""
    place.mkdir(parents=True, exist_ok=True)
    how, book = place / "how.json", place / "outcomes.jsonl"
    reading = (
        source.repo,
        source.commit,
        source.labels,
        source.labels_file,
        source.persons,
        source.classes_file,
        source.shows,
        source.aspect,
    )
    now = msgspec.json.encode(reading)
    if not how.exists() or how.read_bytes() != now:
        book.unlink(missing_ok=True)
        how.write_bytes(now)
    return book


def _written(book: Path) -> Iterator[Outcome]:
    if not book.exists():
        return
    whole, line, _ = book.read_bytes().rpartition(b"\n")
    book.write_bytes(whole + line)  # what was being written when the run ended is no line
    for row in whole.splitlines():
        yield msgspec.json.decode(row, type=Outcome)
