"""No output of a camera shows a face when it is not to."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edged import config, framing
from edged import messages as m
from edged.asking import ClipRequest, PictureRequest
from edged.bus.jobs import Jobs
from edged.bus.link import connect
from edged.camera import jpeg
from edged.disk import Disk
from edged.node.crops import Crops
from edged.node.names import Names
from edged.node.pictures import Pictures
from edged.node.room import Room
from edged.node.veil import Veil, head
from edged.node.voice import Voice
from edged.recognition.alignment import Picture
from edged.recognition.chosen import finder
from edged.recognition.finding import Cascade, Found
from edged.scene.shots import Shot
from edged.subjects import Address
from edged.vision.tensors import ModelError
from edged.vision.tracker import Tracked
from tests import frames
from tests.camera.watching import watched
from tests.node.test_clips import frames as until_frames
from tests.node.test_clips import keeping
from tests.rigs import faces
from tests.rigs.nats import NatsServer
from tests.rigs.node import detections
from tests.rigs.video import ADDRESS, broadcast

FRONT = Address("home", "edge", "front")


class Blind:
    """Finds nobody."""

    name = notice = ""

    def find(self, bgr: Picture, longest: int = 0) -> list[Found]:
        return []


class Broken(Blind):
    def find(self, bgr: Picture, longest: int = 0) -> list[Found]:
        raise ModelError("the network is broken")


def veiled() -> Veil:
    return Veil(True, Cascade)


def pictures(units: list[framing.Unit]) -> list[Picture]:
    decoder = av.CodecContext.create("h264", "r")
    decoded = [one for _, data in units for one in decoder.decode(av.Packet(data))] + decoder.decode(None)
    return [one.to_ndarray(format="bgr24") for one in decoded]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faces.walking(tmp_path_factory.mktemp("faces") / "clip.mp4", 1)


def test_the_clip_shows_a_face_where_nothing_is_hidden(clip: Path) -> None:
    with av.open(str(clip)) as container:
        seen = [faces.shown(frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
    assert sum(seen) >= 38


async def test_live_pictures_are_without_faces(clip: Path) -> None:
    async with watched(str(clip)) as watch:
        await until_frames(watch, 1)
        with ThreadPoolExecutor(1) as threads:
            service = Pictures("front", watch.camera.outlet, threads, veiled())
            meta, data = await service.get(PictureRequest())
            plain = Pictures("front", watch.camera.outlet, threads, Veil(False, Cascade))
            _, open_picture = await plain.get(PictureRequest())
    assert (meta.width, meta.height) == (640, 360)
    assert faces.shown(data) == 0
    assert faces.shown(open_picture) == 1


async def test_snapshots_are_without_faces(nats_server: NatsServer, tmp_path: Path) -> None:
    kept: asyncio.Queue[bytes] = asyncio.Queue()

    class Keeping:
        async def add(self, fact: m.AnyFact, payload: bytes = b"") -> None:
            kept.put_nowait(payload)

    frame = frames.of_rgb(faces.placed(1, 220, 80)[:, :, ::-1])
    async with connect(nats_server.url, "test") as link:
        with ThreadPoolExecutor(1) as threads:
            room = Room(Disk(tmp_path), 0)
            crops, names = Crops(FRONT, Jobs(link), threads), Names(link, "home", "edge")
            voice = Voice(FRONT, link, Keeping(), threads, room, crops, names, veiled(), bodies=False)  # type: ignore[arg-type]
            working = asyncio.create_task(voice.run())
            voice.picture(frame, Shot(Tracked(1, 0, 0.9, (0.3, 0.2, 0.7, 0.9), 0.0, 0.0), 1.0), "person")
            async with asyncio.timeout(10):
                data = await kept.get()
            working.cancel()
    assert faces.shown(data) == 0


async def test_video_is_transcoded_without_faces_and_the_cameras_own_packets_stay_here(
    nats_server: NatsServer, clip: Path
) -> None:
    async with broadcast(nats_server, str(clip), veil=veiled()) as cast:
        await until_frames(cast.watch, 12)
        assert cast.heard.dropped == len(cast.heard) == 0, "passthrough would have been published by now"
        assert cast.video.gop() == b""
        assert cast.video.way == "transcoded while watched: faces are hidden"
        cast.video.watch(30)
        units = await cast.units(25)
        beginning = list(framing.unpack(cast.video.gop()))
    shown = pictures(units)
    assert len(shown) >= 24
    assert [faces.shown(picture) for picture in shown] == [0] * len(shown)
    assert [faces.shown(picture) for picture in pictures(beginning)] == [0] * len(beginning)


async def test_a_clip_is_encoded_anew_without_faces_from_before_its_event_on(tmp_path: Path, clip: Path) -> None:
    async with keeping(tmp_path / "kept") as (clips, told), watched(str(clip)) as watch:
        await until_frames(watch, 25)
        now = datetime.now(UTC)
        wanted = ClipRequest(
            id="a.1", session=watch.camera.session, since=now - timedelta(seconds=2), until=now + timedelta(seconds=1)
        )
        await clips.record(ADDRESS, watch.camera, wanted, veiled())
        async with asyncio.timeout(30):
            ready = await told.get()
    with av.open(str(tmp_path / "kept" / "front" / "a.1.mp4")) as container:
        seen = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert ready.codec == "h264"
    assert ready.seconds > 2.5
    assert len(seen) >= 28
    assert [faces.shown(picture) for picture in seen] == [0] * len(seen)


def test_heads_of_tracked_people_are_hidden_where_no_face_is_found() -> None:
    veil = Veil(True, Blind)
    frame = replace(frames.of_rgb(faces.placed(1, 220, 80)[:, :, ::-1]), session="s1", pts=9000)
    assert faces.shown(jpeg.encode(veil.over(frame), 0, 90)) == 1, "there is nothing to know it from"
    person = m.Track(id=1, label="person", score=0.9, box=(0.33, 0.2, 0.33, 0.8), age=1)
    veil.heed(detections(FRONT, pts=9000, tracks=(person,)))
    later = replace(frame, pts=9000 + 45_000)
    assert faces.shown(jpeg.encode(veil.over(later), 0, 90)) == 0, "half a second after it was looked at"
    assert faces.shown(jpeg.encode(veil.over(replace(frame, session="s2", pts=9001)), 0, 90)) == 1


def test_other_things_are_not_hidden() -> None:
    veil = Veil(True, Blind)
    frame = replace(frames.of_rgb(faces.placed(1, 220, 80)[:, :, ::-1]), session="s1", pts=9000)
    car = m.Track(id=1, label="car", score=0.9, box=(0.33, 0.2, 0.33, 0.8), age=1)
    veil.heed(detections(FRONT, pts=9000, tracks=(car,)))
    assert np.array_equal(veil.over(frame).luma, frame.luma)


def test_when_faces_cannot_be_looked_for_the_whole_picture_is_hidden() -> None:
    frame = frames.of_rgb(faces.placed(1, 220, 80)[:, :, ::-1])
    assert len(np.unique(Veil(True, Broken).over(frame).luma)) <= 36


def test_equal_frames_are_hidden_once() -> None:
    veil = veiled()
    frame = frames.of_rgb(faces.placed(1, 220, 80)[:, :, ::-1])
    assert veil.over(frame) is veil.over(replace(frame, seq=99))


@pytest.mark.parametrize(
    ("box", "until"),
    [((0.4, 0.2, 0.06, 0.6), 0.35), ((0.3, 0.1, 0.25, 0.9), 0.5), ((0.0, 0.0, 1.0, 0.6), 0.48)],
)
def test_the_head_is_more_of_the_box_the_less_of_the_person_is_in_it(box: m.Box, until: float) -> None:
    track = m.Track(id=1, label="person", score=0.9, box=box, age=1)
    x1, _, x2, y2 = head(track, 16 / 9)
    assert y2 == pytest.approx(until, rel=0.15)
    assert x1 <= box[0]
    assert x2 >= min(1.0, box[0] + box[2])


def test_real_faces_are_hidden_from_a_real_network() -> None:
    """YuNet finds every one of them before, and none of those afterwards."""
    data = faces.data()
    settings = config.Config(recognition=config.Recognition(finder="yunet"))
    yunet = finder(settings, data / "models")
    veil = Veil(True, lambda: finder(settings, data / "models"))
    for number, name in enumerate(
        ("images/face.jpg", "images/bus.jpg", "faces/obama/obama2.jpg", "faces/biden/biden.jpg")
    ):
        picture = cv2.imread(str(data / name))
        picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        before = yunet.find(picture, 960)
        assert before
        frame = frames.of_rgb(picture[:, :, ::-1], seq=number)
        after = yunet.find(jpeg.bgr(veil.over(frame), 4000), 960)
        assert [face for face in after if any(overlap(face, other) for other in before)] == [], name


def overlap(one: Any, other: Any) -> bool:
    x, y = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
    return bool(other.box[0] <= x <= other.box[2] and other.box[1] <= y <= other.box[3])
