"""A search of everything on the disk finds no trace of who was erased, and all of everybody else."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edged import config, subjects
from edged import enquiries as e
from edged import questions as q
from edged.asking import ClipsForgotten
from edged.bus.link import Answer, BusError, Delivery, Refused
from edged.identities import Visit
from edged.node.clips import Clips
from edged.node.ledger import Ledger
from edged.people.erasing import Eraser
from edged.people.keeping import Keeping
from edged.people.visitors import Visitors
from tests.rigs.facts import Box, alert, box, snapshot
from tests.rigs.gallery import files_with, identified, jpeg, people_box, picture, vector
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer, running_nats

NAME = "Zoë Quartermaine"
SHOTS = {"Zoë": (500, 501), "Ben": (600, 601)}  # seeds of the pictures that cameras took of them


@dataclass
class House:
    """A box, all of whose files are below `home`, with its broker's."""

    home: Path
    node: Box

    async def ask(self, enquiry: Any, kind: Any, verb: str = "people") -> Any:
        async with asyncio.timeout(20):
            while True:
                try:
                    subject = f"edged.v1.home.edge._.{verb}"
                    return msgspec.json.decode(
                        (await self.node.link.ask(subject, msgspec.json.encode(enquiry), timeout=20)).data, type=kind
                    )
                except Refused:
                    raise
                except BusError:
                    await asyncio.sleep(0.02)

    async def enrol(self, id: str, name: str, seed: int) -> None:
        shot = e.Shot(
            kind="face", model="sface", quality=0.9, vector=vector(seed).tobytes(), jpeg=jpeg(seed), origin="upload"
        )
        await self.ask(e.Enrol(id=id, name=name, shot=shot, by="me", note=f"{name} likes tea"), e.Known)

    async def seen(self, id: str, track: int, seeds: tuple[int, int]) -> None:
        """Pictures, an alert, a clip and a name of a track."""
        for number, seed in enumerate(seeds):
            shown = msgspec.structs.replace(
                snapshot(f"snap-{track}-{number}", 1.0 + number, f"home/edge/front/s1-{track}.jpg"),
                session="s1",
                track=track,
            )
            await self.node.facts.publish(shown, jpeg(seed))
        raised = msgspec.structs.replace(
            alert(f"alert-{track}"), session="s1", track=track, snapshot=f"home/edge/front/s1-{track}.jpg"
        )
        await self.node.facts.publish(raised)
        clip = self.home / "clips" / "front" / f"alert-{track}.mp4"
        clip.parent.mkdir(parents=True, exist_ok=True)
        clip.write_bytes(jpeg(seeds[0] + 50) * 3)
        await self.node.facts.publish(identified(id, track=track))
        await self.node.delivered()
        async with asyncio.timeout(20):
            while (await self.ask(e.Person(id=id), e.Known)).last_seen is None:
                await asyncio.sleep(0.02)
            while (await self.ask(q.Alerts(id=f"alert-{track}"), q.AlertsAnswer, "history")).total == 0:
                await asyncio.sleep(0.02)

    def traces(self, *needles: bytes) -> list[str]:
        return files_with(self.home, *needles)


@asynccontextmanager
async def a_house(home: Path, nats: NatsServer) -> AsyncIterator[House]:
    home.mkdir(exist_ok=True)
    said = config.Config(
        state_dir=str(home), handlers=config.Handlers(run=("people", "history", "snapshots", "webhook")),
        webhooks=(config.Webhook(name="desk", url="http://127.0.0.1:9/"),),
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(box(nats.url, home / "outbox.db"))
        clips = Clips(config.Clips(), home / "clips", Ledger(node.facts))

        async def forget(request: Delivery) -> Answer:
            address, _ = subjects.parse(request.subject)
            await clips.forget(address.camera, msgspec.json.decode(request.data, type=ClipsForgotten).ids)
            return b"{}", {}

        endpoint = {"forget": (subjects.every("forget", "home", "edge"), forget)}
        await stack.enter_async_context(node.link.answer("edged-home-edge", endpoint))
        await stack.enter_async_context(handling(node, said))
        yield House(home, node)


def needles(name: str, seed: int, shots: tuple[int, int]) -> list[bytes]:
    """What of a person must not be found: names as they are written and sorted by, vectors raw and as JSON has them, pictures."""
    raw = vector(seed).tobytes()
    pictures = [jpeg(seed), *(jpeg(shot) for shot in shots), jpeg(shots[0] + 50)]
    return [
        name.encode(), name.casefold().encode(), raw[64:128], base64.b64encode(raw)[60:120],
        *(one[len(one) // 2 :][:64] for one in pictures),
    ]  # fmt: skip


async def test_a_search_of_all_files_finds_no_trace_of_who_was_erased(tmp_path: Path) -> None:
    zoe, ben = needles(NAME, 5, SHOTS["Zoë"]), needles("Ben Arkwright", 6, SHOTS["Ben"])
    home = tmp_path / "state"
    async with running_nats(home / "nats") as nats:
        async with a_house(home, nats) as house:
            await house.enrol("pzoe", "Zo Quarter", 7)
            await house.ask(e.AddSample(id="pzoe", sample="s2", by="me", shot=e.Shot(
                kind="face", model="sface", quality=0.9, vector=vector(5).tobytes(), jpeg=jpeg(5), origin="upload",
            )), e.Known)  # fmt: skip
            await house.ask(e.Alter(id="pzoe", by="me", name=NAME), e.Known)
            await house.enrol("pben", "Ben Arkwright", 6)
            await house.seen("pzoe", 7, SHOTS["Zoë"])
            await house.seen("pben", 8, SHOTS["Ben"])
            soon = datetime.now(UTC) + timedelta(hours=1)
            visit = Visit(
                id="v1", name=NAME, host="Maria", since=datetime.now(UTC), until=soon, identity="pzoe",
                created=soon, changed=soon,
            )  # fmt: skip
            await house.ask(e.Register(visit=visit, by="me"), Visit)
            everywhere = {needle: house.traces(needle) for needle in zoe}
            assert all(everywhere.values()), [needle for needle, found in everywhere.items() if not found]
            said = await house.ask(e.Erase(id="pzoe", by="me"), e.Erased)
            assert (said.samples, said.tracks, said.waiting) == (2, 1, ())
            assert house.traces(*zoe, *needles("Zo Quarter", 7, SHOTS["Zoë"])) == []
            assert not (home / "clips" / "front" / "alert-7.mp4").exists()
            assert (await house.ask(q.Alerts(), q.AlertsAnswer, "history")).total == 1
            with pytest.raises(Refused, match="no identity"):
                await house.ask(e.Person(id="pzoe"), e.Known)
            found = await house.ask(e.Nearest(model="sface", vector=vector(5).tobytes()), e.NearestAnswer)
            assert [near.identity.id for near in found.matches] == ["pben"]
        assert house.traces(*zoe) == []
        async with a_house(home, nats) as house:  # a start brings nothing back
            assert (await house.ask(e.People(), e.PeopleAnswer)).counts == {"known": 1}
            assert house.traces(*zoe) == []
            assert all(house.traces(needle) for needle in ben)


async def test_an_erasure_that_was_interrupted_is_finished_at_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "state"
    async with running_nats(home / "nats") as nats:
        async with a_house(home, nats) as house:
            await house.enrol("pzoe", NAME, 5)
            await house.seen("pzoe", 7, SHOTS["Zoë"])
        async with people_box(nats.url, home) as half:  # as if killed once the record was gone
            plan = {
                "id": "pzoe", "by": "me", "identities": ["pzoe"], "tracks": ["home.edge.front/s1/7"],
                "alerts": ["home.edge.front/alert-7"],
            }  # fmt: skip
            note = ("erase pzoe", msgspec.json.encode(plan))
            await half.gallery.db.do(lambda db: db.execute("INSERT INTO notes VALUES (?, ?)", note))
            await half.gallery.forget("pzoe")
        async with a_house(home, nats) as house:
            async with asyncio.timeout(20):
                while house.traces(*needles(NAME, 5, SHOTS["Zoë"])):
                    await asyncio.sleep(0.05)


async def test_a_box_that_was_off_forgets_when_it_comes_back(nats_server: NatsServer, tmp_path: Path) -> None:
    secret = [NAME.encode(), vector(5).tobytes()[64:128]]
    async with people_box(nats_server.url, tmp_path / "b", "b") as b:
        made = await b.gallery.create(name=NAME, by="me", samples=[picture(5)])
    assert files_with(tmp_path / "b", *secret)
    async with people_box(nats_server.url, tmp_path / "a") as a:
        visitors = Visitors(a.bus, a.gallery)
        following = asyncio.create_task(visitors.run())
        await visitors.read.wait()
        await a.node.facts.publish(identified(made.id, track=2, node="b"))
        await a.node.delivered()
        said = await Eraser(a.bus, a.bus.pictures, a.gallery, visitors).erase(made.id, "me")
        assert said.samples == 1
        following.cancel()
    async with people_box(nats_server.url, tmp_path / "b", "b") as b:
        assert made.id not in b.gallery.identities
        await b.gallery.db.scrub(whole=False)
        assert files_with(tmp_path / "b", *secret) == []


async def test_unknown_people_are_forgotten_after_a_while_and_known_ones_never(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    kept = config.Gallery(unregistered_days=1e-9)
    async with people_box(nats_server.url, tmp_path / "a", gallery=kept) as a:
        known = await a.gallery.create(name="Anna", by="me", samples=[picture(1)])
        unknown = await a.gallery.create(status="unregistered", by="edged", samples=[picture(2)])
        visitors = Visitors(a.bus, a.gallery)
        following = asyncio.create_task(visitors.run())
        eraser = Eraser(a.bus, a.bus.pictures, a.gallery, visitors)
        await Keeping(a.bus, a.gallery, eraser).once(thorough=True)
        assert set(a.gallery.identities) == {known.id}
        assert await a.gallery.pictures.get(f"{unknown.id}/{unknown.samples[0].id}.jpg") is None
        assert await a.gallery.pictures.get(f"{known.id}/{known.samples[0].id}.jpg")
        following.cancel()


async def test_what_a_killed_enrolment_left_is_removed(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        await a.gallery._store("pghost", picture(1))  # and killed before the record
        anna = await a.gallery.create(name="Anna", by="me", samples=[picture(2)])
        assert await a.gallery.search("face", "sface", vector(1), 5) != []
        assert {match.identity for match in await a.gallery.search("face", "sface", vector(1), 5)} == {anna.id}
        visitors = Visitors(a.bus, a.gallery)
        keeping = Keeping(a.bus, a.gallery, Eraser(a.bus, a.bus.pictures, a.gallery, visitors))
        await keeping.once(thorough=True)
        assert len(await a.gallery.pictures.names()) == 2  # it may still be on its way
        await keeping.once(thorough=False)
        assert await a.gallery.pictures.names() == [f"{anna.id}/{anna.samples[0].id}.jpg"]
        assert a.gallery.indexes.count() == 1
