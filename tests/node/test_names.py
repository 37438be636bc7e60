"""Who a track is, as the fact says, and what they are called, as the gallery says."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edged.node.names import NOBODY, Names
from edged.subjects import Address
from tests.rigs.gallery import PeopleBox, identified, people_box, picture, until
from tests.rigs.nats import NatsServer

FRONT = Address("home", "edge", "front")


@pytest.fixture
async def box(nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[PeopleBox]:
    async with people_box(nats_server.url, tmp_path / "box") as made:
        yield made


@pytest.fixture
async def names(box: PeopleBox) -> AsyncIterator[Names]:
    names = Names(box.node.link, "home", "edge")
    task = asyncio.create_task(names.run())
    await names.heeding.wait()
    yield names
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def named(name: str, **changed: object) -> "object":
    return lambda known: msgspec.structs.replace(known, name=name, **changed)


async def test_a_track_has_the_name_of_who_it_is_and_a_new_name_shows_at_once(box: PeopleBox, names: Names) -> None:
    ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    assert names.of(FRONT, "s1", 7) == NOBODY
    await box.node.facts.publish(identified(ada.id, track=7))
    await until(lambda: names.of(FRONT, "s1", 7) == (ada.id, "Ada"))
    assert names.of(FRONT, "s1", 8) == NOBODY
    assert names.of(FRONT, "s2", 7) == NOBODY
    assert names.of(Address("home", "edge", "back"), "s1", 7) == NOBODY
    await box.gallery.change(ada.id, named("Ada Lovelace"), by="test")
    await until(lambda: names.of(FRONT, "s1", 7).name == "Ada Lovelace")


async def test_what_is_taken_back_is_gone_and_an_old_fact_changes_nothing(box: PeopleBox, names: Names) -> None:
    ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    await box.node.facts.publish(identified(ada.id, pts=90))
    await until(lambda: names.of(FRONT, "s1", 1).name == "Ada")
    await box.node.facts.publish(identified("", pts=200))
    await until(lambda: names.of(FRONT, "s1", 1) == NOBODY)
    await box.node.facts.publish(identified(ada.id, pts=150))
    await box.node.facts.publish(identified(ada.id, track=2))
    await until(lambda: names.of(FRONT, "s1", 2).name == "Ada")
    assert names.of(FRONT, "s1", 1) == NOBODY


async def test_who_was_merged_has_the_name_of_whom_into_and_who_was_deleted_none(box: PeopleBox, names: Names) -> None:
    ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    twin = await box.gallery.create(status="unregistered", by="test", samples=[picture(2)])
    await box.node.facts.publish(identified(twin.id))
    await until(lambda: names.of(FRONT, "s1", 1) == (twin.id, ""))
    await box.gallery.change(twin.id, named("", status="deleted", merged_into=ada.id), by="test")
    await until(lambda: names.of(FRONT, "s1", 1) == (ada.id, "Ada"))
    await box.gallery.change(ada.id, named("Ada", status="deleted"), by="test")
    await until(lambda: names.of(FRONT, "s1", 1) == NOBODY)


async def test_who_was_erased_has_no_name(box: PeopleBox, names: Names) -> None:
    ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    await box.node.facts.publish(identified(ada.id))
    await until(lambda: names.of(FRONT, "s1", 1).name == "Ada")
    await box.gallery.records.erase(ada.id)
    await until(lambda: names.of(FRONT, "s1", 1) == NOBODY)


async def test_a_record_that_is_none_costs_only_itself(box: PeopleBox, names: Names) -> None:
    await box.gallery.records.put("broken", b"{}", 0)
    ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
    await box.node.facts.publish(identified(ada.id))
    await until(lambda: names.of(FRONT, "s1", 1).name == "Ada")
