"""From crops in the queue to who is on a track, and pictures for enrolment: the handlers as they ship."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edged import config
from edged import messages as m
from edged.bus.jobs import Jobs
from edged.bus.link import Refused, Unanswered
from edged.identities import Embedded, Sample
from edged.people.gallery import Picture, open_gallery
from edged.subjects import Address
from tests.rigs import faces
from tests.rigs.facts import Box, box
from tests.rigs.gallery import handler_bus
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer


def settings(home: Path, *run: str, node: str = "edge", **recognition: object) -> config.Config:
    return config.Config(
        node=node, state_dir=str(home), handlers=config.Handlers(run=run), recognition=config.Recognition(**recognition)
    )


@asynccontextmanager
async def at_work(url: str, home: Path, *run: str, **how: object) -> AsyncIterator[Box]:
    home.mkdir(exist_ok=True)
    async with box(url, home / "outbox.db") as node, handling(node, settings(home, *run, **how)):
        yield node


async def embed(node: Box, picture: bytes, name: str = "edge") -> Embedded:
    """As soon as somebody answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                answer = await node.link.ask(f"edged.v1.home.{name}._.embed", picture)
                return msgspec.json.decode(answer.data, type=Embedded)
            except Unanswered:
                await asyncio.sleep(0.02)


async def enrol(node: Box, home: Path, who: int) -> str:
    """The id of a drawn person, of whom the gallery gets one picture."""
    [face] = (await embed(node, faces.jpeg(faces.placed(who, 100, 30, 260)))).faces
    async with open_gallery(handler_bus(node, settings(home)), home) as gallery:
        sample = Sample(
            id="s1", kind="face", model="drawn-face", quality=face.quality, time=datetime.now(UTC), origin="upload"
        )
        made = await gallery.create(
            name=f"person {who}", by="test", samples=[Picture(sample, np.frombuffer(face.vector, "<f4"), face.jpeg)]
        )
        return made.id


def job(track: int, seq: int) -> m.PersonTaken:
    return m.PersonTaken(
        site="home", node="edge", camera="front", time=datetime.now(UTC), id=f"edge.front.s.{track}.person.{seq}", session="s",
        track=track, pts=seq * 3600, label="person", score=0.9, box=(0.3, 0.1, 0.2, 0.8), area=(0.3, 0.1, 0.2, 0.8), width=300,
        height=600, body=False,
    )  # fmt: skip


def crop(who: int, seq: int) -> bytes:
    return faces.jpeg(faces.placed(who, 40 + 3 * seq, 40 + 2 * seq, 190 + 4 * seq, size=(300, 600)))


async def facts(node: Box, count: int) -> list[m.FaceIdentified]:
    found = []
    async with asyncio.timeout(30), aclosing(node.facts.replay("face")) as replayed:
        async for stored in replayed:
            if isinstance(stored.fact, m.FaceIdentified):
                found.append(stored.fact)
            if len(found) == count:
                break
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    faces.add_drawn_models(tmp_path / "edge" / "models")
    return tmp_path / "edge"


async def test_somebody_enrolled_is_recognised_and_a_stranger_becomes_one_identity(
    nats_server: NatsServer, home: Path, tmp_path: Path
) -> None:
    async with at_work(nats_server.url, home, "faces") as node:
        ada = await enrol(node, tmp_path / "gallery", 0)
    async with at_work(nats_server.url, home, "faces", "people") as node:
        for seq in range(4):
            await Jobs(node.link).put(job(1, seq), crop(0, seq))
            await Jobs(node.link).put(job(2, seq), crop(3, seq))
            await Jobs(node.link).put(job(3, seq + 10), crop(3, seq))
        said = {one.track: one for one in await facts(node, 3)}
        assert said[1].identity == ada
        assert said[1].status == "known"
        assert said[2].identity == said[3].identity != ada
        assert said[2].status == "unregistered"


async def test_a_crop_waits_until_the_cameras_box_has_heard_what_is_in_it(nats_server: NatsServer, home: Path) -> None:
    async with at_work(nats_server.url, home, "faces") as node:
        await Jobs(node.link).put(job(1, 1), crop(0, 1))
        await embed(node, crop(0, 1))
        assert await Jobs(node.link).waiting(m.PersonTaken, Address("home", "edge", "front")) == 1
        async with handling(node, settings(home, "people")), asyncio.timeout(20):
            while await Jobs(node.link).waiting(m.PersonTaken, Address("home", "edge", "front")):
                await asyncio.sleep(0.02)


async def test_a_box_of_its_own_looks_for_the_box_with_the_camera(
    nats_server: NatsServer, home: Path, tmp_path: Path
) -> None:
    """The bigger box has the models; the one with the camera has their cards alone, to judge their scores by."""
    here = tmp_path / "small"
    (here / "models").mkdir(parents=True)
    (here / "models" / "drawn-face.toml").write_bytes((home / "models" / "drawn-face.toml").read_bytes())
    async with (
        at_work(nats_server.url, home, "faces", node="bigger"),
        at_work(nats_server.url, here, "faces", "people", workers=0) as node,
    ):
        for seq in range(4):
            await Jobs(node.link).put(job(1, seq), crop(2, seq))
        [said] = await facts(node, 1)
    assert said.status == "unregistered"


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "no picture edged reads"),
        (b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\1\0\0\0\1\0\0" + bytes(20), "65536 x 65536 pixels"),
        (faces.jpeg(faces.placed(0, 20, 20))[:400], "cut off|damaged"),
    ],
)
async def test_a_picture_that_cannot_be_used_is_refused_with_the_reason(
    nats_server: NatsServer, home: Path, picture: bytes, reason: str
) -> None:
    async with at_work(nats_server.url, home, "faces") as node:
        with pytest.raises(Refused, match=reason) as refused:
            await embed(node, picture)
        assert refused.value.code == "invalid"
        assert len((await embed(node, faces.jpeg(faces.placed(0, 100, 30)))).faces) == 1


async def test_without_a_model_pictures_are_refused_with_how_to_get_one(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with at_work(nats_server.url, tmp_path / "bare", "faces") as node:
        with pytest.raises(Refused, match="`edged models pull sface`") as refused:
            await embed(node, faces.jpeg(faces.placed(0, 100, 30)))
    assert refused.value.code == "unavailable"


async def test_without_a_model_a_face_is_still_a_fact(nats_server: NatsServer, tmp_path: Path) -> None:
    async with at_work(nats_server.url, tmp_path / "bare", "faces", "people") as node:
        await Jobs(node.link).put(job(1, 1), crop(0, 1))
        async with asyncio.timeout(20), aclosing(node.facts.replay("face")) as replayed:
            fact = (await anext(replayed)).fact
    assert isinstance(fact, m.FaceSeen)
    x, y, width, height = fact.face
    assert (x + width / 2, y + height / 2) == pytest.approx((0.3 + 0.2 * 0.46, 0.1 + 0.8 * 0.26), abs=0.04)


async def test_a_crop_that_is_no_picture_is_set_aside(nats_server: NatsServer, home: Path) -> None:
    async with at_work(nats_server.url, home, "faces", "people") as node:
        await Jobs(node.link).put(job(1, 1), b"no picture")
        for seq in range(3):
            await Jobs(node.link).put(job(2, seq + 2), crop(0, seq))
        [said] = await facts(node, 1)
    assert said.track == 2
