"""Looks at tracks become facts, and strangers identities: with the gallery on a real broker, and vectors made here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edged import messages as m
from edged import subjects
from edged.bus.link import Refused
from edged.config import Recognition
from edged.identities import Face, Looked
from edged.people.voter import Voter
from edged.vision import cards
from edged.vision.cards import Card, Input, Output, Vectors
from tests.rigs.gallery import MODEL, PeopleBox, Vector, jpeg, people_box, picture, until, vector
from tests.rigs.nats import NatsServer

BODY = "youtureid"


@dataclass
class Rig:
    box: PeopleBox
    heard: "asyncio.Queue[m.AnyFact]"

    async def look(self, track: int, pts: int, vector: Vector | None, session: str = "s1", **more: Any) -> None:
        """A recogniser saw a face with this vector, or none, and tells it."""
        body: Vector | None = more.pop("body", None)
        face = Face(
            box=(0.4, 0.2, 0.05, 0.1), points=(), score=0.9, quality=more.pop("quality", 0.8), jpeg=jpeg(pts),
            reason=more.pop("reason", ""), vector=b"" if vector is None else vector.astype("<f4").tobytes(),
        )  # fmt: skip
        looked = Looked(
            site="home", node="edge", camera=more.pop("camera", "front"), time=datetime.now(UTC), session=session,
            track=track, pts=pts, label="person", model=MODEL, faces=() if vector is None and not face.reason else (face,),
            body_model=BODY if body is not None else "", body=b"" if body is None else body.astype("<f4").tobytes(),
        )  # fmt: skip
        await self.box.node.link.ask(self.box.bus.subject("looked"), msgspec.json.encode(looked))

    async def identified(self) -> m.FaceIdentified:
        """The next one."""
        async with asyncio.timeout(10):
            while True:
                fact = await self.heard.get()
                if isinstance(fact, m.FaceIdentified):
                    return fact

    def strangers(self) -> list[str]:
        return [id for id, one in self.box.gallery.identities.items() if one.status == "unregistered"]

    async def nothing_said(self) -> None:
        """Everything asked so far is answered, so what was to be said would be on its way."""
        await self.box.node.delivered()
        said = [self.heard.get_nowait() for _ in range(self.heard.qsize())]
        assert [one for one in said if isinstance(one, m.FaceIdentified)] == []


@asynccontextmanager
async def rigged(url: str, home: Path, **rules: Any) -> AsyncIterator[Rig]:
    home.mkdir(exist_ok=True)
    (home / "models").mkdir(exist_ok=True)
    shape = Input(width=16, height=16, layout="nhwc", colour="rgb")
    body = Card(
        name=BODY, title="figures", licence="MIT", runtime="onnx", file="none.onnx", task="body", input=shape,
        output=Output(layout="vector"), vectors=Vectors(dimensions=128, threshold=0.7, margin=0.1),
    )  # fmt: skip
    cards.write(body, home / "models" / f"{BODY}.toml")
    async with people_box(url, home, recognition=Recognition(**rules)) as box:
        voting = asyncio.create_task(Voter(box.bus, box.gallery).run())
        heard: asyncio.Queue[m.AnyFact] = asyncio.Queue()

        async def listen() -> None:
            async with aclosing(box.node.facts.replay("face")) as replayed:
                async for stored in replayed:
                    heard.put_nowait(stored.fact)

        listening = asyncio.create_task(listen())
        rig = Rig(box, heard)
        try:
            await answering(rig)
            yield rig
        finally:
            for task in (voting, listening):
                task.cancel()
            await asyncio.gather(voting, listening, return_exceptions=True)


async def answering(rig: Rig) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await rig.box.node.link.ask(rig.box.bus.subject("looked"), b"{}")
            except Refused:
                return
            except Exception:
                await asyncio.sleep(0.01)


@pytest.fixture
async def rig(nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(nats_server.url, tmp_path / "box") as made:
        yield made


async def test_looks_at_somebody_enrolled_say_their_identity_once(rig: Rig) -> None:
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    await rig.box.gallery.create(name="Bob", by="test", samples=[picture(2)])
    for pts in range(4):
        await rig.look(7, pts, vector(100 + pts, near=vector(1), off=1.0))
    said = await rig.identified()
    assert (said.identity, said.status, said.by, said.track, said.previous) == (ada.id, "known", "face", 7, "")
    assert said.score > 0.6
    assert said.margin > 0.3
    assert said.snapshot == "home/edge/front/s1-7.jpg"
    await rig.nothing_said()


async def test_the_first_usable_face_of_a_track_is_a_fact(rig: Rig) -> None:
    await rig.look(7, 1, None, reason="too small")
    await rig.look(7, 2, vector(5))
    await rig.look(7, 3, vector(5))
    async with asyncio.timeout(10):
        fact = await rig.heard.get()
    assert isinstance(fact, m.FaceSeen)
    assert (fact.track, fact.pts, fact.face) == (7, 2, (0.4, 0.2, 0.05, 0.1))
    await rig.box.node.delivered()
    assert rig.heard.empty()


async def test_a_stranger_in_twenty_tracks_becomes_one_identity(rig: Rig) -> None:
    await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    for track in range(20):
        for pts in range(4):
            await rig.look(track, pts, vector(1000 + 10 * track + pts, near=vector(5), off=1.0))
    said = [await rig.identified() for _ in range(20)]
    [stranger] = rig.strangers()
    assert {one.identity for one in said} == {stranger}
    assert {one.status for one in said} == {"unregistered"}
    known = rig.box.gallery.identities[stranger]
    assert all(sample.origin == "seen" and sample.camera == "home.edge.front" for sample in known.samples)
    assert 3 <= len(known.samples) <= 6


async def test_twenty_strangers_become_twenty_identities(rig: Rig) -> None:
    for track in range(20):
        for pts in range(3):
            await rig.look(track, pts, vector(1000 + 10 * track + pts, near=vector(track), off=0.5))
    assert len({(await rig.identified()).identity for _ in range(20)}) == 20
    assert len(rig.strangers()) == 20


async def test_a_stranger_who_is_nearly_somebody_known_waits(rig: Rig) -> None:
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    likeness = vector(42, near=vector(1), off=2.8)
    assert 0.29 < float(likeness @ vector(1)) < 0.363, "just below the threshold"
    for pts in range(6):
        await rig.look(1, pts, likeness)
    await rig.nothing_said()
    assert set(rig.box.gallery.identities) == {ada.id}


async def test_a_stranger_seen_badly_or_too_rarely_becomes_nobody(rig: Rig) -> None:
    for pts in range(6):
        await rig.look(1, pts, vector(5), quality=0.4)
    for pts in range(2):
        await rig.look(2, pts, vector(6))
    await rig.look(2, 1, vector(6))  # told twice by two recognisers
    for pts in range(6):
        await rig.look(3, pts, vector(20 + pts))  # looks that are not even like each other
    await rig.nothing_said()
    assert rig.strangers() == []


async def test_a_stranger_who_is_enrolled_later_is_one_person_and_named(rig: Rig) -> None:
    for pts in range(4):
        await rig.look(1, pts, vector(100 + pts, near=vector(5), off=0.5))
        await rig.look(2, pts, vector(200 + pts, near=vector(6), off=0.5))
    assert {(await rig.identified()).status for _ in range(2)} == {"unregistered"}
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(5)])
    for pts in range(4):
        await rig.look(3, pts, vector(300 + pts, near=vector(5), off=0.5))
    said = await rig.identified()
    assert (said.identity, said.status) == (ada.id, "known")
    [other] = rig.strangers()
    became = {id: one.merged_into for id, one in rig.box.gallery.identities.items() if id not in (other, ada.id)}
    assert set(became.values()) == {ada.id}
    assert len(rig.box.gallery.identities[ada.id].samples) > 1


async def test_a_face_like_two_people_makes_no_one_person_of_them(rig: Rig) -> None:
    for pts in range(4):
        await rig.look(1, pts, vector(100 + pts, near=vector(5), off=0.2))
    [stranger] = {(await rig.identified()).identity}
    bob = await rig.box.gallery.create(name="Bob", by="test", samples=[picture(6)])
    for pts in range(4):
        await rig.look(2, pts, vector(500 + pts, near=vector(5) + vector(6), off=0.1))
    kept = rig.box.gallery.identities
    assert (kept[stranger].status, kept[stranger].merged_into) == ("unregistered", "")
    assert len(kept[bob.id].samples) == 1


async def test_strangers_are_not_kept_where_the_owner_does_not_want_it(nats_server: NatsServer, tmp_path: Path) -> None:
    async with rigged(nats_server.url, tmp_path / "box", unknown=False) as rig:
        for pts in range(6):
            await rig.look(1, pts, vector(5))
        await rig.nothing_said()
        assert rig.strangers() == []


async def test_who_turned_away_keeps_the_name_by_figure_and_nobody_else_inherits_it(rig: Rig) -> None:
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    clothes = vector(500)
    for pts in range(3):
        await rig.look(1, pts, vector(100 + pts, near=vector(1)), body=vector(600 + pts, near=clothes))
    assert (await rig.identified()).by == "face"
    await end(rig, track=1)
    for pts in range(10, 16):
        await rig.look(2, pts, None, body=vector(600 + pts, near=clothes))  # the same clothes, no face
        await rig.look(3, pts, None, body=vector(600 + pts, near=vector(501)))  # others
    said = await rig.identified()
    assert (said.track, said.identity, said.by) == (2, ada.id, "body")
    await rig.nothing_said()


async def test_who_was_erased_leaves_no_figure_behind(rig: Rig) -> None:
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    for pts in range(3):
        await rig.look(1, pts, vector(1), body=vector(500))
    assert (await rig.identified()).identity == ada.id
    await end(rig, track=1)
    await rig.box.gallery.change(ada.id, lambda one: msgspec.structs.replace(one, status="deleted"), by="test")
    for pts in range(10, 16):
        await rig.look(2, pts, None, body=vector(500))
    await rig.nothing_said()


async def test_a_fact_says_whether_somebody_was_on_the_watch_list_then(rig: Rig) -> None:
    for number, watch in enumerate((True, False), 1):
        await rig.box.gallery.create(by="test", samples=[picture(number)], watch=watch)
        for pts in range(3):
            await rig.look(number, pts, vector(number))
    said = [await rig.identified() for _ in range(2)]
    assert [one.watched for one in said] == [True, False]


async def test_nobody_is_in_a_picture_twice(rig: Rig) -> None:
    """Two in the same uniform, one of whom is known and still there."""
    await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    for pts in range(3):
        await rig.look(1, pts, vector(1), body=vector(500))
    assert (await rig.identified()).track == 1
    for pts in range(10, 20):
        await rig.look(2, pts, None, body=vector(500))
    await rig.nothing_said()


async def test_a_known_face_on_the_track_of_another_changes_who_it_is(rig: Rig) -> None:
    ada = await rig.box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    bob = await rig.box.gallery.create(name="Bob", by="test", samples=[picture(2)])
    for pts in range(2):
        await rig.look(1, pts, vector(1))
    for pts in range(2, 9):
        await rig.look(1, pts, vector(2))
    first, second = await rig.identified(), await rig.identified()
    assert (first.identity, second.identity, second.previous) == (ada.id, bob.id, ada.id)
    assert first.id != second.id


async def test_a_look_by_a_model_without_a_card_here_is_refused_with_what_to_do(rig: Rig) -> None:
    looked = Looked(
        site="home", node="edge", camera="front", time=datetime.now(UTC), session="s", track=1, pts=1, label="person",
        model="theirs", faces=(Face(box=(0, 0, 1, 1), points=(), score=1, quality=1, vector=vector(1).tobytes()),),
    )  # fmt: skip
    with pytest.raises(Refused, match="there is no model theirs.*copy the model's card"):
        await rig.box.node.link.ask(rig.box.bus.subject("looked"), msgspec.json.encode(looked))
    with pytest.raises(Refused, match="not a Looked"):
        await rig.box.node.link.ask(rig.box.bus.subject("looked"), b"nonsense")


async def end(rig: Rig, track: int) -> None:
    now = datetime.now(UTC)
    ended = m.TrackEnded(
        site="home", node="edge", camera="front", time=now, id=f"e{track}", session="s1", track=track, pts=9, label="person",
        score=0.9, first_seen=now, last_seen=now, path=(),
    )  # fmt: skip
    async with rig.box.node.link.subscribe(subjects.of(ended)) as echo:
        await rig.box.node.facts.publish(ended)
        async with asyncio.timeout(10):
            await echo.get()


async def test_an_identity_shown_once_is_found_again_by_another_process(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with (
        rigged(nats_server.url, tmp_path / "one") as first,
        people_box(nats_server.url, tmp_path / "two", node="other") as second,
    ):
        for pts in range(3):
            await first.look(1, pts, vector(5))
        said = await first.identified()
        await until(lambda: second.gallery.size("face", MODEL) == 1)
        [match, *_] = await second.gallery.search("face", MODEL, vector(5))
        assert match.identity == said.identity
