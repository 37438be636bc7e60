import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from edged import config
from edged import messages as m
from edged.camera.frames import Frame
from edged.camera.outlet import Outlet
from edged.scene.looks import Taken
from edged.scene.shots import Shot
from edged.subjects import Address
from edged.vision.detector import Detector, open_detector
from edged.vision.eyes import Eyes
from edged.vision.tracker import Tracked
from edged.vision.turns import Turns
from edged.watch import watch
from tests.frames import of_rgb, with_person

FPS = 25
CAMERA = config.Camera(id="front", url="", fps=FPS)


@dataclass
class Heard:
    """What a camera said."""

    detections: list[m.Detections] = field(default_factory=list)
    facts: list[m.TrackStarted | m.TrackEnded] = field(default_factory=list)
    shots: list[tuple[Shot, str]] = field(default_factory=list)
    crops: list[tuple[Taken, tuple[str, ...]]] = field(default_factory=list)
    people: list[Tracked] = field(default_factory=list)
    known: dict[int, tuple[str, str]] = field(default_factory=dict)

    async def publish(self, detections: m.Detections) -> None:
        self.detections.append(detections)

    async def state(self, fact: m.TrackStarted | m.TrackEnded) -> None:
        self.facts.append(fact)

    def crop(self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...]) -> None:
        self.crops.append((taken, items))

    def person(self, frame: Frame, tracked: Tracked, label: str) -> None:
        self.people.append(tracked)

    def who(self, session: str, track: int) -> tuple[str, str]:
        return self.known.get(track, ("", ""))

    def picture(self, frame: Frame, shot: Shot, label: str) -> None:
        self.shots.append((shot, label))


class Scene:
    """One watched camera, to which frames are shown one by one."""

    def __init__(self, detector: Detector, camera: config.Camera = CAMERA) -> None:
        self.heard = Heard()
        self.eyes = Eyes(camera, detector, {})
        self.outlet = Outlet(asyncio.get_running_loop(), 5.0, 1_000_000)
        self._turns = Turns(1)
        self._seq = 0

    async def run(self) -> None:
        with self._turns.camera(1000) as seat:
            await watch(Address("s", "n", "front"), self.eyes, seat, self.outlet, self.heard)

    async def show(self, frame: Frame, session: str = "one") -> None:
        """Returns when it was looked at."""
        self._seq += 1
        before = len(self.heard.detections)
        self.outlet.put(
            replace(frame, session=session, seq=self._seq, pts=self._seq * 90_000 // FPS, arrived=monotonic())
        )
        while len(self.heard.detections) == before:
            await asyncio.sleep(0.001)


@pytest.fixture
async def detector(tmp_path: Path) -> AsyncIterator[Detector]:
    async with open_detector(config.Detector(model="edged-person", threads=1, pull=False), tmp_path) as detector:
        yield detector


@pytest.fixture
async def watched(detector: Detector) -> AsyncIterator[Callable[[], Scene]]:
    tasks: list[asyncio.Task[None]] = []

    def begin(camera: config.Camera = CAMERA) -> Scene:
        scene = Scene(detector, camera)
        tasks.append(asyncio.create_task(scene.run()))
        return scene

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def moved(frame: Frame, by: int) -> Frame:
    """The same picture, a little to the right."""
    pixels = frame.picture.to_ndarray(format="rgb24")
    return of_rgb(np.roll(pixels, by, axis=1))


async def test_a_person_becomes_a_track_a_fact_and_a_picture(watched: Callable[..., Scene]) -> None:
    scene = watched()
    person, where = with_person()
    for step in range(4):
        await scene.show(moved(person, 2 * step))
    last = scene.heard.detections[-1]
    assert [track.label for track in last.tracks] == ["person"]
    x, y, width, height = last.tracks[0].box
    assert x + width / 2 == pytest.approx((where[0] + where[2]) / 2, abs=0.05)
    assert y + height / 2 == pytest.approx((where[1] + where[3]) / 2, abs=0.1)
    assert [type(fact) for fact in scene.heard.facts] == [m.TrackStarted]
    assert scene.heard.facts[0].id == "n.front.one.1.started"
    assert [(shot.tracked.id, label) for shot, label in scene.heard.shots] == [(1, "person")]


async def test_a_detection_carries_the_clock_of_the_very_frame(watched: Callable[..., Scene]) -> None:
    scene = watched()
    person, _ = with_person()
    for step in range(3):
        await scene.show(moved(person, step))
    said = [(d.session, d.seq, d.pts) for d in scene.heard.detections]
    assert said == [("one", n, n * 3600) for n in (1, 2, 3)]


async def test_a_picture_that_does_not_change_is_not_inferred_again_and_keeps_its_boxes(
    watched: Callable[..., Scene],
) -> None:
    scene = watched()
    person, _ = with_person()
    for _ in range(12):
        await scene.show(person)
    assert scene.eyes.inferred == 2, "once to see the person, once to believe it"
    assert scene.eyes.duplicate == 10
    assert scene.heard.detections[-1].held
    assert scene.heard.detections[-1].tracks[0].box == scene.heard.detections[1].tracks[0].box


async def test_a_new_session_ends_the_tracks_of_the_old_one(watched: Callable[..., Scene]) -> None:
    scene = watched()
    person, _ = with_person()
    for session in ("one", "two"):
        for step in range(3):
            await scene.show(moved(person, 2 * step), session)
    kinds = [(type(fact), fact.session) for fact in scene.heard.facts]
    assert kinds == [(m.TrackStarted, "one"), (m.TrackEnded, "one"), (m.TrackStarted, "two")]


async def test_when_watching_ends_so_do_the_tracks_and_no_id_comes_again(detector: Detector) -> None:
    scene = Scene(detector)
    person, _ = with_person()
    for _ in range(2):
        task = asyncio.create_task(scene.run())
        for step in range(3):
            await scene.show(moved(person, 2 * step))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    ids = [fact.id for fact in scene.heard.facts]
    assert ids == [f"n.front.one.{track}.{what}" for track in (1, 2) for what in ("started", "ended")]


async def test_what_is_masked_or_not_wanted_is_not_seen(watched: Callable[..., Scene]) -> None:
    person, _ = with_person()
    everywhere = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
    for camera in (
        config.Camera(id="front", url="", masks=everywhere),
        config.Camera(id="front", url="", labels=("dog",)),
        config.Camera(id="front", url="", filters={"person": config.LabelFilter(max_height=0.01)}),
    ):
        scene = watched(camera)
        for step in range(3):
            await scene.show(moved(person, 2 * step))
        assert not any(d.tracks for d in scene.heard.detections)


async def test_without_snapshots_no_picture_is_taken(watched: Callable[..., Scene]) -> None:
    scene = watched(config.Camera(id="front", url="", snapshots=False))
    person, _ = with_person()
    for step in range(4):
        await scene.show(moved(person, 2 * step))
    assert scene.heard.facts
    assert scene.heard.shots == []


async def test_people_are_looked_at_closely_where_equipment_is_required(watched: Callable[..., Scene]) -> None:
    scene = watched(config.Camera(id="front", url="", fps=FPS, ppe=config.Required(required=("helmet",))))
    person, _ = with_person()
    for step in range(30):
        await scene.show(moved(person, 2 * step))
    assert {(taken.tracked.id, taken.round, items) for taken, items in scene.heard.crops} == {(1, 0, ("helmet",))}
    assert len(scene.heard.crops) == 2, "one at once, the next 0.8 s later"


async def test_nobody_is_looked_at_closely_elsewhere(watched: Callable[..., Scene]) -> None:
    scene = watched()
    person, _ = with_person()
    for step in range(4):
        await scene.show(moved(person, 2 * step))
    assert scene.heard.crops == []


async def test_people_are_cut_out_to_be_recognised_and_named_once_they_are(
    watched: Callable[[config.Camera], Scene],
) -> None:
    scene = watched(config.Camera(id="front", url="", fps=FPS, recognition=config.Recognised(enabled=True)))
    for number in range(40):
        await scene.show(moving_person(number))
    assert 1 <= len(scene.heard.people) <= 3, "a look a second"
    track = scene.heard.people[0].id
    scene.heard.known[track] = ("p1", "Ada")
    await scene.show(moving_person(40))
    assert (track, "p1", "Ada") in [(one.id, one.identity, one.name) for one in scene.heard.detections[-1].tracks]
    assert all(not one.identity for one in scene.heard.detections[5].tracks)


async def test_without_recognition_nobody_is_cut_out_or_named(watched: Callable[[], Scene]) -> None:
    scene = watched()
    scene.heard.known = {track: ("p1", "Ada") for track in range(10)}
    for number in range(10):
        await scene.show(moving_person(number))
    assert any(said.tracks for said in scene.heard.detections)
    assert scene.heard.people == []
    assert all(not one.name for said in scene.heard.detections for one in said.tracks)


def moving_person(number: int) -> Frame:
    """A frame unlike the one before, so that it is looked at."""
    frame, _ = with_person()
    frame.luma[:40, 8 * (number % 40) : 8 * (number % 40) + 40] = 235
    return frame
