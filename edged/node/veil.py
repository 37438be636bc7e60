"""Hides the faces in a camera's frames, before anything is made of them that somebody could see or keep."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

import structlog

from edged import messages as m
from edged.camera.clock import TICKS
from edged.camera.frames import Frame
from edged.camera.hiding import Corners, hidden
from edged.camera.jpeg import bgr
from edged.recognition.finding import Finder
from edged.vision.tensors import ModelError

log = structlog.get_logger()

LONGEST = 960  # pixels at which faces are looked for
_KEPT = 90.0  # seconds that places of heads are known: longer than the longest pre-roll
_NEAR = 0.7  # seconds before and after a frame in which a head may be where it was seen
_FAR = 3.0  # seconds, where nobody looked in between
_ROOM = 0.35  # of a face's box around it
_FRAMES = 4
_PEOPLE = ("person", "face")
_EVERYTHING: Corners = (0.0, 0.0, 1.0, 1.0)


class Veil:
    """`over` is for any thread, and gives a frame without faces; when `on` is false it gives the frame itself.

    Hidden are the faces found in the frame, those found shortly before, and the heads of all people tracked about that time.
    `open_finder` is called once, in a thread. If faces cannot be looked for, the whole picture is hidden.
    """

    def __init__(self, on: bool, open_finder: Callable[[], Finder]) -> None:
        self.on = on
        self._open_finder = open_finder
        self._finder: Finder | None = None
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], Frame] = OrderedDict()
        self._seen: deque[tuple[str, int, tuple[Corners, ...]]] = deque()
        self._failed = ""

    def heed(self, detections: m.Detections) -> None:
        """Learns where people are."""
        if self.on:
            aspect = detections.width / max(1, detections.height)
            areas = tuple(head(track, aspect) for track in detections.tracks if track.label in _PEOPLE)
            self._remember(detections.session, detections.pts, areas)

    def over(self, frame: Frame) -> Frame:
        if not self.on:
            return frame
        with self._lock:
            key = frame.session, frame.pts
            if key not in self._made:
                self._made[key] = hidden(frame, (*self._faces(frame), *self._near(frame)))
                if len(self._made) > _FRAMES:
                    self._made.popitem(last=False)
            return self._made[key]

    def _faces(self, frame: Frame) -> tuple[Corners, ...]:
        try:
            if self._finder is None:
                self._finder = self._open_finder()
            picture = bgr(frame, LONGEST)
            found = self._finder.find(picture, LONGEST)
        except ModelError as error:
            if str(error) != self._failed:
                self._failed = str(error)
                log.error("faces cannot be found, so pictures are hidden whole", error=self._failed)
            return (_EVERYTHING,)
        height, width = picture.shape[:2]
        x, y = 1 / width, 1 / height
        areas = tuple(_roomy((a * x, b * y, c * x, d * y), _ROOM) for a, b, c, d in (face.box for face in found))
        self._remember(frame.session, frame.pts, areas)
        return areas

    def _remember(self, session: str, pts: int, areas: tuple[Corners, ...]) -> None:
        self._seen.append((session, pts, areas))
        while self._seen[0][0] != session or self._seen[0][1] < pts - _KEPT * TICKS:
            self._seen.popleft()

    def _near(self, frame: Frame) -> list[Corners]:
        ours = [(abs(pts - frame.pts), areas) for session, pts, areas in list(self._seen) if session == frame.session]
        near = [areas for away, areas in ours if away <= _NEAR * TICKS]
        if not near:
            near = [areas for away, areas in ours if away <= _FAR * TICKS]
        return [area for areas in near for area in areas]


def head(track: m.Track, aspect: float) -> Corners:
    """Where the head of somebody tracked is, or of whom only the face is. `aspect` is the picture's width by its height."""
    x, y, width, height = track.box
    if track.label != _PEOPLE[0]:
        return _roomy((x, y, x + width, y + height), _ROOM)
    # the more of a person is hidden below, the more of the box is head
    tall = min(0.8 * height, max(0.25 * height, 0.9 * width * aspect))
    return _roomy((x, y, x + width, y + tall), 0.1)


def _roomy(area: Corners, room: float) -> Corners:
    x1, y1, x2, y2 = area
    across, down = room * (x2 - x1), room * (y2 - y1)
    return max(0.0, x1 - across), max(0.0, y1 - down), min(1.0, x2 + across), min(1.0, y2 + down)
