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
from numpy.typing import NDArray

from models.train.gather import labels, merging, outcomes
from models.train.gather.known import ALIKE, Known
from models.train.gather.labels import Reader, Said
from models.train.gather.merging import Corners
from models.train.gather.outcomes import Outcome
from models.train.gather.sources import Source
from models.train.gather.teacher import Teacher
from models.train.gather.thumbnails import Thumbnails, thumbnail
from models.train.gather.trees import Tree
from models.train.pictures import Pixels

LONGEST = 480  # pixels of a stored picture's longer side
_LOOKED_AT = 1280  # of the longer side of what the teacher sees
_SMALLEST = 120
_FLAT = 12.0  # standard deviation of grey values; less shows nothing
_NARROWEST, _LOWEST = 2, 4  # pixels of a stored box
_QUALITY = 92
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_LFS = b"version https://git-lfs"
_SAID_EVERY = 30.0


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
    book = outcomes.book(place, source)
    done = {outcome.path: outcome for outcome in outcomes.written(book)}
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
        said = self._said(path)
        height, width = pixels.shape[:2]
        if said and not source.aspect and not said.fits(width, height):
            raise Dropped("labels of another shape")
        seen = self._teacher.people(pixels)
        stored = _within(pixels, LONGEST)
        image = f"{source.name}_{hashlib.sha256(path.encode()).hexdigest()[:12]}.jpg"
        if not cv2.imwrite(str(place / image), stored, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
            raise OSError(f"can't write {place / image}")
        self._near.add(path, small)
        high, wide = stored.shape[:2]
        seen[:, :4] *= (wide / width, high / height, wide / width, high / height)
        return Outcome(
            path, image=image, width=wide, height=high,
            own=None if said is None else _clean(said.people, wide, high).tolist(),
            crowds=[] if said is None else _clean(said.crowds, wide, high).tolist(),
            seen=np.round(seen[_visible(seen)], 2).tolist(), sha256=hashlib.sha256(content or b"").hexdigest(), thumbnail=small,
        )  # fmt: skip

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


def _clean(fractions: Corners, width: int, height: int) -> Corners:
    """Own boxes in pixels, inside the picture, each once."""
    boxes = np.clip(fractions, 0, 1) * (width, height, width, height)
    boxes = boxes[_visible(boxes)]
    same = np.triu(merging.overlaps(boxes, boxes)[0] > 0.9, 1).any(axis=0)
    return np.round(boxes[~same], 1)


def _visible(boxes: Corners) -> NDArray[np.bool_]:
    return (boxes[:, 2] - boxes[:, 0] >= _NARROWEST) & (boxes[:, 3] - boxes[:, 1] >= _LOWEST)
