import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from bench import people as enrolling
from edged.bus.link import BusError, Refused
from tests.rigs.daemon import ROOT
from tests.rigs.faults import BadNetwork
from tests.rigs.gallery import MODEL, people_box, picture, until, vector
from tests.rigs.nats import NatsServer


async def test_who_is_enrolled_on_one_box_is_found_on_the_other(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a, people_box(nats_server.url, tmp_path / "b", "b") as b:
        anna = await a.gallery.create(name="Anna", by="me", samples=[picture(1)])
        await a.gallery.create(name="Ben", by="me", samples=[picture(2)])
        await until(lambda: b.gallery.size("face", MODEL) == 2 and len(b.gallery.identities) == 2)
        [found] = await b.gallery.search("face", MODEL, vector(3, near=vector(1)), 1)
        assert (found.identity, found.sample) == (anna.id, anna.samples[0].id)
        assert found.score > 0.99
        assert b.gallery.identities[anna.id].name == "Anna"


async def test_a_start_knows_everyone_again(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        ids = [(await a.gallery.create(name=f"n{i}", by="me", samples=[picture(i)])).id for i in range(5)]
    assert (tmp_path / "a" / "people" / "gallery.json").exists()
    async with people_box(nats_server.url, tmp_path / "a") as a:
        assert set(a.gallery.identities) == set(ids)
        found = [await a.gallery.search("face", MODEL, vector(i), 1) for i in range(5)]
        assert [one[0].identity for one in found] == ids


async def test_two_boxes_change_the_same_person_at_once(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a, people_box(nats_server.url, tmp_path / "b", "b") as b:
        made = await a.gallery.create(name="", by="me")
        for turn in range(10):
            box = (a, b)[turn % 2]
            await box.gallery.change(
                made.id, lambda known: msgspec.structs.replace(known, note=known.note + "x"), by="me"
            )
        assert (await a.gallery.current(made.id)).note == "x" * 10
        await until(lambda: a.gallery.identities[made.id].note == b.gallery.identities[made.id].note == "x" * 10)


async def test_an_identity_has_only_so_many_samples(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        made = await a.gallery.create(name="Anna", by="me", samples=[picture(i) for i in range(12)])
        with pytest.raises(Refused, match=r"gallery\.samples"):
            await a.gallery.add_sample(made.id, *picture(20), by="me")
        await a.gallery.add_sample(made.id, *picture(20, kind="body"), by="me")
        with pytest.raises(Refused, match="no identity"):
            await a.gallery.add_sample("ghost", *picture(21), by="me")


async def test_a_broken_file_is_read_again_from_the_broker(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        made = await a.gallery.create(name="Anna", by="me", samples=[picture(1)])
    [rows] = (tmp_path / "a" / "people").glob("*.rows")
    broken = bytearray(rows.read_bytes())
    broken[7] ^= 1
    rows.write_bytes(broken)
    async with people_box(nats_server.url, tmp_path / "a") as a:
        [found] = await a.gallery.search("face", MODEL, vector(1), 1)
        assert found.identity == made.id
        assert found.score == pytest.approx(1)


async def test_what_happened_while_a_box_was_off_is_there_when_it_starts(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        async with people_box(nats_server.url, tmp_path / "b", "b") as b:
            gone = await b.gallery.create(name="Gone", by="me", samples=[picture(1)])
            await until(lambda: gone.id in a.gallery.identities)
        new = await a.gallery.create(name="New", by="me", samples=[picture(2)])
        await a.gallery.remove_sample(gone.id, gone.samples[0].id)
        await a.gallery.records.erase(gone.id)
        async with people_box(nats_server.url, tmp_path / "b", "b") as b:
            assert set(b.gallery.identities) == {new.id}
            assert b.gallery.size("face", MODEL) == 1


async def test_everything_is_read_anew_on_demand(nats_server: NatsServer, tmp_path: Path) -> None:
    async with people_box(nats_server.url, tmp_path / "a") as a:
        made = await a.gallery.create(name="Anna", by="me", samples=[picture(1)])
        await a.gallery.reindex()
        [found] = await a.gallery.search("face", MODEL, vector(1), 1)
        assert found.identity == made.id


async def test_a_box_that_was_cut_off_agrees_with_the_others_when_it_is_back(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with (
        BadNetwork(nats_server.port) as network,
        people_box(nats_server.url, tmp_path / "a") as a,
        people_box(f"nats://127.0.0.1:{network.port}", tmp_path / "b", "b") as b,
    ):
        before = await b.gallery.create(name="Before", by="me", samples=[picture(1)])
        await until(lambda: before.id in a.gallery.identities)
        network.refusing = True
        network.reset()
        await until(lambda: not b.bus.link.connected)
        with pytest.raises(BusError, match="nats-server"):
            await b.gallery.create(name="Lost", by="me", samples=[picture(9)])
        [found] = await b.gallery.search("face", MODEL, vector(1), 1)
        assert found.identity == before.id  # what it knew it still knows
        meanwhile = await a.gallery.create(name="Meanwhile", by="me", samples=[picture(2)])
        await a.gallery.change(before.id, lambda known: msgspec.structs.replace(known, name="Renamed"), by="me")
        network.heal()
        await until(lambda: meanwhile.id in b.gallery.identities and b.gallery.size("face", MODEL) == 2)
        after = await b.gallery.create(name="After", by="me", samples=[picture(3)])
        await until(lambda: after.id in a.gallery.identities and a.gallery.size("face", MODEL) == 3)
        for seed, id in ((1, before.id), (2, meanwhile.id), (3, after.id)):
            both = [await box.gallery.search("face", MODEL, vector(seed), 1) for box in (a, b)]
            assert [one[0].identity for one in both] == [id, id]
        assert {id: each.name for id, each in a.gallery.identities.items()} == {
            id: each.name for id, each in b.gallery.identities.items()
        }
        assert a.gallery.identities[before.id].name == "Renamed"


async def test_whoever_was_said_to_be_enrolled_survives_kill_9(nats_server: NatsServer, tmp_path: Path) -> None:
    safe: dict[int, str] = {}
    for stop_at in (20, 45, 70, 81):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.people", "enrol", nats_server.url, str(tmp_path / "a"), "edge", cwd=ROOT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(" ".join(str(number) for number in range(80) if number not in safe).encode())
        process.stdin.close()
        async for line in process.stdout:
            number, _, id = line.decode().strip().partition(" ")
            if id and line.endswith(b"\n") and number.isdecimal():
                safe[int(number)] = id
            if len(safe) >= stop_at and process.returncode is None:
                process.kill()
        await process.wait()
    async with people_box(nats_server.url, tmp_path / "a") as a:
        for number, id in safe.items():
            [found] = await a.gallery.search("face", enrolling.MODEL, enrolling.directions(1, number)[0], 1)
            assert found.score > 0.999
            assert a.gallery.identities[id].name == f"Person {number}"
            assert await a.gallery.pictures.get(f"{id}/{a.gallery.identities[id].samples[0].id}.jpg")
    assert len(safe) == 80
