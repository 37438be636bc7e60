"""Seen from outside: a daemon with cameras, one picture enrolled, and who its `detections` name."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import msgspec
import numpy as np

from edged import messages as m
from edged.bus.link import Link, Unanswered, connect
from edged.identities import Embedded
from edged.people.gallery import Picture, sample_of
from tests.rigs import faces
from tests.rigs.daemon import Daemon, camera
from tests.rigs.gallery import PeopleBox, people_box
from tests.rigs.nats import NatsServer

RECOGNISE = "recognition = { enabled = true, face_interval = 0.4 }\ntracking = { keep_lost = 0.5 }\n"


@asynccontextmanager
async def daemon(nats: NatsServer, home: Path, models: Path, detector: str, cameras: str) -> AsyncIterator[Daemon]:
    settings = (
        f'[nats]\nurl = "{nats.url}"\n[detector]\nmodel = "{detector}"\nmodels_dir = "{models}"\npull = false\n'
        f'threads = 1\n[handlers]\nrun = ["faces", "people"]\n'
    )
    home.mkdir()
    running = Daemon(home, settings + cameras)
    await running.start()
    try:
        yield running
    finally:
        await running.stop(signal.SIGKILL)


async def enrol(box: PeopleBox, name: str, picture: bytes) -> str:
    """The id of who is in the picture, once a recogniser answers."""
    async with asyncio.timeout(30):
        while True:
            try:
                answer = await box.node.link.ask("edged.v1.home.edge._.embed", picture, timeout=10)
                break
            except Unanswered:
                await asyncio.sleep(0.05)
    embedded = msgspec.json.decode(answer.data, type=Embedded)
    [face] = embedded.faces
    assert face.reason == ""
    sample = sample_of("face", embedded.model, face.quality, "upload")
    picked = Picture(sample, np.frombuffer(face.vector, "<f4"), face.jpeg)
    return (await box.gallery.create(name=name, by="test", samples=[picked])).id


async def named(link: Link, camera: str, name: str) -> m.Track:
    """The first track of a camera that is called so."""
    async with link.subscribe(f"edged.v1.home.edge.{camera}.detections") as heard, asyncio.timeout(30):
        while True:
            said = msgspec.json.decode((await heard.get()).data, type=m.Detections)
            for track in said.tracks:
                if track.name == name:
                    return track


async def nameless(link: Link, camera: str, identity: str) -> None:
    """A track of the camera is that identity, and nobody there has a name."""
    async with link.subscribe(f"edged.v1.home.edge.{camera}.detections") as heard, asyncio.timeout(30):
        while True:
            said = msgspec.json.decode((await heard.get()).data, type=m.Detections)
            assert all(not track.name for track in said.tracks)
            if any(track.identity == identity for track in said.tracks):
                return


async def one_stranger(box: PeopleBox, tracks: int) -> str:
    """The one unregistered identity, after so many tracks of strangers were identified."""
    seen: set[tuple[str, int]] = set()
    identities: set[str] = set()
    async with asyncio.timeout(60):
        async for stored in box.node.facts.replay("face"):
            fact = stored.fact
            if isinstance(fact, m.FaceIdentified) and fact.camera == "hall":
                seen.add((fact.session, fact.track))
                identities.add(fact.identity)
                assert fact.status == "unregistered"
            if len(seen) >= tracks:
                break
    strangers = [id for id, one in box.gallery.identities.items() if one.status == "unregistered"]
    assert {strangers[0]} == set(strangers) == identities
    return strangers[0]


async def test_with_what_ships_somebody_enrolled_is_named_and_a_stranger_becomes_one_identity(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    """The detector and the finder are those that come along, the people are drawn, the network is written by hand."""
    faces.add_drawn_models(tmp_path / "models")
    door = faces.strolling(tmp_path / "door.mp4", [faces.figure(0)])
    hall = faces.strolling(tmp_path / "hall.mp4", [faces.figure(3)] * 2 + [faces.wall(720)], seconds=6)
    cameras = camera("door", door) + RECOGNISE + camera("hall", hall) + RECOGNISE
    async with (
        daemon(nats_server, tmp_path / "edge", tmp_path / "models", "edged-person", cameras),
        people_box(nats_server.url, tmp_path / "desk", node="desk") as box,
        connect(nats_server.url, "viewer") as link,
    ):
        ada = await enrol(box, "Ada", faces.jpeg(faces.placed(0, 100, 30, 260)))
        track = await named(link, "door", "Ada")
        assert track.identity == ada
        await box.gallery.change(ada, lambda one: msgspec.structs.replace(one, name="Ada L."), by="test")
        await named(link, "door", "Ada L.")
        await nameless(link, "hall", await one_stranger(box, tracks=2))


async def test_with_real_networks_a_person_is_named_in_other_pictures_than_the_one_enrolled(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    faces.add_real_models(models)
    data = faces.data()
    (models / "yolox_nano.onnx").symlink_to(data / "models" / "yolox_nano.onnx")
    door = faces.strolling(
        tmp_path / "door.mp4", [on_wall(data, "obama/obama2.jpg"), on_wall(data, "obama/obama3.jpg")]
    )
    hall = faces.strolling(tmp_path / "hall.mp4", [on_wall(data, "alex_lacamoire/img1.jpg")] * 2 + [faces.wall(720)])
    cameras = camera("door", door) + RECOGNISE + camera("hall", hall) + RECOGNISE
    async with (
        daemon(nats_server, tmp_path / "edge", models, "yolox-nano", cameras),
        people_box(nats_server.url, tmp_path / "desk", node="desk") as box,
        connect(nats_server.url, "viewer") as link,
    ):
        obama = await enrol(box, "Barack", (data / "faces" / "obama" / "obama.jpg").read_bytes())
        await enrol(box, "Joe", (data / "faces" / "biden" / "biden.jpg").read_bytes())
        track = await named(link, "door", "Barack")
        assert track.identity == obama
        await nameless(link, "hall", await one_stranger(box, tracks=2))


def on_wall(data: Path, name: str) -> faces.Picture:
    """A portrait on a grey wall, in 1280 x 720."""
    portrait = cv2.imread(str(data / "faces" / name))
    height = 600
    portrait = cv2.resize(
        portrait, (portrait.shape[1] * height // portrait.shape[0] // 2 * 2, height), interpolation=cv2.INTER_AREA
    )
    wall = faces.wall(720)
    wall[100:700, 200 : 200 + portrait.shape[1]] = portrait
    return wall
