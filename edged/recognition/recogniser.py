"""Looks at people: who has a face that somebody can be recognised by, and its vector."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np

from edged import config
from edged.camera import stills
from edged.identities import Embedded, Face, Looked
from edged.messages import Box, PersonTaken
from edged.niceness import be_nice
from edged.recognition import alignment, quality, uploads
from edged.recognition.alignment import Picture
from edged.recognition.chosen import Kit, kit
from edged.recognition.finding import Found

_SHOWN = 256  # pixels of a side, of a face that is kept as a picture
_ROOM = 0.4  # of a face's box around it there
_QUALITY = 88
_JUDGED = 112  # pixels; the size at which faces are judged when there is no embedder
_LOW = 0.65  # of a person's box, beyond which a face is somebody else's
_ASIDE = 0.15  # the same at the left and right edge


class Recogniser:
    """`model` is empty without a network for faces; `notices` say what is missing. Make one by `open_recogniser`."""

    def __init__(self, settings: config.Config, kits: list[Kit], threads: ThreadPoolExecutor) -> None:
        first = kits[0]
        self.model = first.face.name if first.face else ""
        self.body_model = first.body.name if first.body else ""
        self.notices = first.notices + tuple(filter(None, (first.finder.notice,)))
        self.missing = first.missing
        self._settings = settings.recognition
        self._limits = settings.gallery
        self._threads = threads
        self._free: SimpleQueue[Kit] = SimpleQueue()
        for each in kits:
            self._free.put(each)

    async def look(self, taken: PersonTaken, jpeg: bytes) -> Looked:
        """Of the person in the crop; `Looked.faces` holds their face, or nothing. ValueError when `jpeg` is no picture, ModelError when a network fails."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, taken, jpeg)

    async def embed(self, picture: bytes, most: int) -> Embedded:
        """Every face in a picture that somebody sent; raises UploadRefused, ModelError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._embed, picture, most)

    def _look(self, taken: PersonTaken, jpeg: bytes) -> Looked:
        bgr = stills.pixels(jpeg)
        person = _person(taken, bgr)
        tools = self._free.get()
        try:
            own = whose(person, tools.finder.find(bgr))
            faces = (self._face(tools, bgr, own, taken.area),) if own else ()
            body = b""
            if taken.body and tools.body:
                body = tools.body.vector(tools.body.fitted(bgr, person)).astype("<f4").tobytes()
        finally:
            self._free.put(tools)
        return Looked(
            site=taken.site, node=taken.node, camera=taken.camera, time=taken.time, session=taken.session,
            track=taken.track, pts=taken.pts, label=taken.label, model=self.model, faces=faces,
            body_model=self.body_model if body else "", body=body,
        )  # fmt: skip

    def _embed(self, picture: bytes, most: int) -> Embedded:
        bgr = uploads.decoded(picture, self._limits.max_picture, self._limits.max_pixels)
        tools = self._free.get()
        try:
            found = tools.finder.find(bgr)[:most]
            faces = tuple(self._face(tools, bgr, face, (0.0, 0.0, 1.0, 1.0)) for face in found)
        finally:
            self._free.put(tools)
        return Embedded(model=self.model, width=bgr.shape[1], height=bgr.shape[0], faces=faces)

    def _face(self, tools: Kit, bgr: Picture, face: Found, area: Box) -> Face:
        if tools.face:
            shown, straight = tools.face.face(bgr, face)
        else:
            shown = straight = alignment.aligned(bgr, face.points, _JUDGED, _JUDGED)
        judged = quality.judge(face, straight, self._settings.min_face, self._settings.min_quality)
        vector = b"" if judged.reason or not tools.face else tools.face.vector(shown).astype("<f4").tobytes()
        left, top, across, down = area
        height, width = bgr.shape[:2]
        x1, y1, x2, y2 = face.box
        box = (
            left + across * x1 / width,
            top + down * y1 / height,
            across * (x2 - x1) / width,
            down * (y2 - y1) / height,
        )
        points = [(left + across * float(x) / width, top + down * float(y) / height) for x, y in face.points]
        return Face(
            box=_within(box), points=tuple((round(x, 5), round(y, 5)) for x, y in points), score=round(min(1.0, face.score), 3),
            quality=judged.value, reason=judged.reason, vector=vector, jpeg=_cut(bgr, face),
        )  # fmt: skip


@asynccontextmanager
async def open_recogniser(settings: config.Config, models_dir: Path) -> AsyncIterator[Recogniser]:
    """With as many threads as `recognition.workers` says. There always is one; what it lacks stands in its `notices`."""
    count = max(1, settings.recognition.workers)
    threads = ThreadPoolExecutor(count, thread_name_prefix="recogniser", initializer=be_nice)
    try:
        loop = asyncio.get_running_loop()
        kits = [await loop.run_in_executor(threads, kit, settings, models_dir) for _ in range(count)]
        yield Recogniser(settings, kits, threads)
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def whose(person: tuple[float, float, float, float], faces: list[Found]) -> Found | None:
    """The face of the person in the box: others may stand in the same crop. The largest whose middle is where this person's head may be."""
    x1, y1, x2, y2 = person
    width, height = x2 - x1, y2 - y1
    for face in faces:
        x, y = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
        if x1 + _ASIDE * width <= x <= x2 - _ASIDE * width and y1 - 0.05 * height <= y <= y1 + _LOW * height:
            return face
    return None


def _person(taken: PersonTaken, bgr: Picture) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 in pixels of the crop."""
    (x, y, across, down), (left, top, width, height) = taken.box, taken.area
    wide, high = bgr.shape[1] / width, bgr.shape[0] / height
    return (x - left) * wide, (y - top) * high, (x + across - left) * wide, (y + down - top) * high


def _within(box: tuple[float, float, float, float]) -> Box:
    x1, y1 = (min(1.0, max(0.0, value)) for value in box[:2])
    x2, y2 = min(1.0, max(0.0, box[0] + box[2])), min(1.0, max(0.0, box[1] + box[3]))
    return round(x1, 5), round(y1, 5), round(x2 - x1, 5), round(y2 - y1, 5)


def _cut(bgr: Picture, face: Found) -> bytes:
    x1, y1, x2, y2 = face.box
    room = _ROOM * max(x2 - x1, y2 - y1)
    cut = bgr[max(0, int(y1 - room)) : int(y2 + room) + 1, max(0, int(x1 - room)) : int(x2 + room) + 1]
    ratio = min(1.0, _SHOWN / max(cut.shape[:2]))
    if ratio < 1:
        cut = np.asarray(cv2.resize(cut, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.imencode(".jpg", cut, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()
