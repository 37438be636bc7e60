"""KV with revisions that can be overwritten."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from edged.bus.link import connect
from edged.bus.records import Conflict, Entry, Place, Records, Step
from tests.rigs.gallery import files_with
from tests.rigs.nats import NatsServer


@asynccontextmanager
async def records(nats: NatsServer) -> AsyncIterator[Records]:
    async with connect(nats.url, "test") as link:
        yield Records(link, "test_people")


async def read(kept: Records, known: Place | None = None) -> tuple[dict[str, bytes | None], Step]:
    """What there is to read, until all of it was."""
    found: dict[str, bytes | None] = {}
    async with asyncio.timeout(10), aclosing(kept.follow(known)) as steps:
        async for step in steps:
            found |= {entry.key: entry.value for entry in step.entries}
            if step.whole:
                return found, step
    raise AssertionError("it ended")


async def test_who_writes_names_the_revision_that_is_replaced(nats_server: NatsServer) -> None:
    async with records(nats_server) as kept:
        first = await kept.put("a", b"1", 0)
        second = await kept.put("a", b"2", first)
        for wrong in (0, first):
            with pytest.raises(Conflict):
                await kept.put("a", b"3", wrong)
        assert await kept.get("a") == Entry("a", b"2", second)
        assert await kept.get("b") is None


async def test_no_revision_is_left_on_the_disk(nats_server: NatsServer) -> None:
    async with records(nats_server) as kept:
        revision = 0
        for number in range(5):
            revision = await kept.put("a", b"SECRET-%d" % number * 30, revision)
        await kept.put("b", b"KEPT" * 30, 0)
        assert files_with(nats_server.store, *(b"SECRET-%d" % number for number in range(4))) == []
        assert len(files_with(nats_server.store, b"SECRET-4")) == 1
        await kept.erase("a")
        assert files_with(nats_server.store, b"SECRET-4") == []
        assert len(files_with(nats_server.store, b"KEPT")) == 1
        entry = await kept.get("a")
        assert entry is not None
        assert entry.value is None


async def test_what_a_crash_left_is_swept(nats_server: NatsServer) -> None:
    async with records(nats_server) as kept, connect(nats_server.url, "other") as link:
        await kept.put("a", b"SECRET-OLD" * 20, 0)
        await link.jetstream().publish("$KV.test_people.a", b"SECRET-NEW" * 20)  # and killed before the old one went
        assert await kept.doubled()
        assert await kept.sweep() == 1
        assert not await kept.doubled()
        assert files_with(nats_server.store, b"SECRET-OLD") == []
        assert (await read(kept))[0] == {"a": b"SECRET-NEW" * 20}


async def test_reading_goes_on_where_it_ended(nats_server: NatsServer) -> None:
    async with records(nats_server) as kept:
        for key in "abc":
            await kept.put(key, key.encode(), 0)
        all_of_it, step = await read(kept)
        assert (all_of_it, step.anew) == ({"a": b"a", "b": b"b", "c": b"c"}, True)
        await kept.erase("b")
        await kept.put("d", b"d", 0)
        since, step = await read(kept, step.place)
        assert (since, step.anew) == ({"b": None, "d": b"d"}, False)
        assert (await read(kept, step.place))[0] == {}


async def test_changes_come_as_they_happen_also_after_the_broker_was_away(nats_server: NatsServer) -> None:
    async with records(nats_server) as kept, asyncio.timeout(20), aclosing(kept.follow(None)) as steps:
        assert (await anext(steps)).whole
        await kept.put("a", b"1", 0)
        [entry] = (await anext(steps)).entries
        assert entry.value == b"1"
        await nats_server.stop()
        await nats_server.start()
        coming = asyncio.ensure_future(anext(steps))
        async with records(nats_server) as other:
            await other.put("b", b"2", 0)
        seen = [entry.key for entry in (await coming).entries] or [entry.key for entry in (await anext(steps)).entries]
        assert seen == ["b"]


async def test_a_bucket_that_lost_its_end_is_read_anew(nats_server: NatsServer, tmp_path: Path) -> None:
    async with records(nats_server) as kept:
        await kept.put("a", b"1", 0)
    await nats_server.stop()
    shutil.copytree(nats_server.store, tmp_path / "before")
    await nats_server.start()
    async with records(nats_server) as kept:
        await kept.put("b", b"2", 0)
        _, step = await read(kept)
    await nats_server.stop()
    shutil.rmtree(nats_server.store)
    shutil.copytree(tmp_path / "before", nats_server.store)
    await nats_server.start()
    async with records(nats_server) as kept:
        await kept.put("c", b"3", 0)
        found, again = await read(kept, step.place)
        assert again.anew
        assert found == {"a": b"1", "c": b"3"}
