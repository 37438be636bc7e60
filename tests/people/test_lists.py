"""Pages of people while people come, go, and are seen."""

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest

from edged.bus.records import Entry
from edged.enquiries import Changes, People, PeopleAnswer
from edged.identities import Identity
from edged.messages import IdentityChanged
from edged.people import catalogue, lists
from edged.people.schema import SCHEMA
from tests.rigs.gallery import identified

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORDERS = list(product(("last_seen", "first_seen", "name"), ("asc", "desc")))


@pytest.fixture
def db() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(SCHEMA)
    return made


def write(db: sqlite3.Connection, number: int, revision: int, **changed: object) -> None:
    made = Identity(id=f"p{number:04}", name=f"Name {number % 50}", status="known", created=NOON, changed=NOON)
    record = msgspec.json.encode(msgspec.structs.replace(made, **changed))
    catalogue.take_records(db, [Entry(made.id, record, revision)], 0.0)


def see(db: sqlite3.Connection, number: int, at: datetime, camera: str = "front") -> None:
    catalogue.take_sighting(
        db, identified(f"p{number:04}", track=round(at.timestamp()), at=at, camera=camera, session=f"s{number}"), 0.0
    )


def crowd(db: sqlite3.Connection, count: int) -> None:
    for number in range(count):
        write(db, number, number + 1)
        if number % 3:
            see(db, number, NOON + timedelta(minutes=number % 40))


def page(db: sqlite3.Connection, cursor: str | None = "", **asked: object) -> PeopleAnswer:
    return lists.people(db, People(cursor=cursor or "", **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize(("sort", "order"), ORDERS)
def test_no_row_comes_twice_and_none_is_left_out_while_all_of_them_change(
    db: sqlite3.Connection, sort: str, order: str
) -> None:
    crowd(db, 120)
    chance, revision, found = random.Random(sort + order), 1000, list[str]()
    asked = {"sort": sort, "order": order, "limit": 7}
    answer = page(db, **asked)
    while True:
        found += [known.id for known in answer.people]
        for _ in range(15):  # seen again, renamed, come anew: between any two pages
            revision += 1
            number = chance.randrange(120)
            write(db, number, revision, name=f"Renamed {chance.random()}")
            see(db, chance.randrange(120), NOON + timedelta(days=1, seconds=revision))
            write(db, 500 + revision, revision)
        if answer.next is None:
            break
        answer = page(db, answer.next, **asked)
    assert sorted(found) == [f"p{number:04}" for number in range(120)]


@pytest.mark.parametrize(("sort", "order"), ORDERS)
def test_the_way_back_is_the_way_there(db: sqlite3.Connection, sort: str, order: str) -> None:
    crowd(db, 50)
    asked = {"sort": sort, "order": order, "limit": 8}
    there, answer = [], page(db, **asked)
    while True:
        there.append([known.id for known in answer.people])
        if answer.next is None:
            break
        answer = page(db, answer.next, **asked)
    back = [there[-1]]
    while answer.previous is not None:
        answer = page(db, answer.previous, **asked)
        back.append([known.id for known in answer.people])
    assert back == there[::-1]
    keys = {
        "last_seen": lambda one: one.last_seen or datetime.min.replace(tzinfo=UTC),
        "name": lambda one: one.name.casefold(),
    }
    if sort in keys:
        values = [keys[sort](known) for known in page(db, sort=sort, order=order, limit=100).people]
        assert values == sorted(values, reverse=order == "desc")


def test_who_is_erased_meanwhile_is_gone_from_the_pages_to_come(db: sqlite3.Connection) -> None:
    crowd(db, 20)
    asked = {"sort": "name", "order": "asc", "limit": 10}
    first = page(db, **asked)
    rest = {known.id for known in page(db, first.next, **asked).people}
    gone = sorted(rest)[0]
    catalogue.forget(db, gone)
    assert {known.id for known in page(db, first.next, **asked).people} == rest - {gone}


def test_a_cursor_too_old_goes_on_in_what_there_is_now(db: sqlite3.Connection) -> None:
    crowd(db, 20)
    asked = {"sort": "name", "order": "asc", "limit": 5}
    first = page(db, **asked)
    write(db, 19, 900, name="zzz")
    catalogue.prune(db, catalogue.KEPT + 1, 0)
    rest, answer = [], page(db, first.next, **asked)
    while True:
        rest += [known.name for known in answer.people]
        if answer.next is None:
            break
        answer = page(db, answer.next, **asked)
    assert "zzz" in rest


def test_filters_hold_together(db: sqlite3.Connection) -> None:
    crowd(db, 30)
    write(db, 1, 800, name="Grüße", status="unregistered")
    see(db, 1, NOON + timedelta(hours=3), camera="back")
    assert [one.id for one in page(db, q="GRÜSSE").people] == ["p0001"]
    assert [one.id for one in page(db, cameras=("back",)).people] == ["p0001"]
    assert page(db, cameras=("back",), since=NOON + timedelta(hours=4)).people == []
    assert page(db, cameras=("back",), statuses=("known",)).people == []
    assert page(db, statuses=("unregistered", "unregistered")).total_estimate == 1
    early = page(db, until=NOON + timedelta(minutes=5), limit=100)
    assert {one.id for one in early.people} == {"p0001", "p0002", "p0004"}
    assert page(db).counts == {"known": 29, "unregistered": 1}
    assert page(db, limit=5).total_estimate == 30
    assert page(db, q="name", limit=5).total_estimate == 29


def test_a_track_that_turns_out_to_be_somebody_else_is_theirs(db: sqlite3.Connection) -> None:
    crowd(db, 3)
    fact = identified("p0000", track=9, at=NOON, pts=10, session="other")
    catalogue.take_sighting(db, fact, 0.0)
    catalogue.take_sighting(db, msgspec.structs.replace(fact, identity="p0001", previous="p0000", pts=20), 0.0)
    catalogue.take_sighting(db, fact, 0.0)  # heard again after a restart
    assert catalogue.tracks_of(db, "p0000") == []
    assert [track.track for track in catalogue.tracks_of(db, "p0001") if track.session == "other"] == [9]
    catalogue.take_sighting(db, msgspec.structs.replace(fact, identity="", pts=30), 0.0)
    assert [track for track in catalogue.tracks_of(db, "p0001") if track.session == "other"] == []


def test_many_sightings_are_filtered_like_few(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(db, 60)
    asked = {"cameras": ("front",), "since": NOON + timedelta(minutes=10), "limit": 100}
    few = page(db, **asked)
    monkeypatch.setattr(lists, "FEW", 3)
    assert page(db, **asked).people == few.people
    assert few.people


@pytest.mark.parametrize(
    "cursor", ["x", "%", "W10", "WzEsIjIiLCJhIixmYWxzZSwieCJd", "WzksOTk5OTk5OTk5OTk5OTk5OTk5OTk5LCJhIixmYWxzZSwieCJd"]
)
def test_a_cursor_that_is_none_of_ours_is_refused(db: sqlite3.Connection, cursor: str) -> None:
    with pytest.raises(lists.CursorError):
        page(db, cursor)


def test_changes_are_paged_newest_first(db: sqlite3.Connection) -> None:
    for number in range(5):
        fact = IdentityChanged(
            site="home", node="edge", camera="_", time=NOON + timedelta(seconds=number // 2), id=f"c{number}", identity="p",
            change="renamed", by="me", detail="",
        )  # fmt: skip
        catalogue.take_change(db, fact)
        catalogue.take_change(db, fact)
    first = lists.changes(db, Changes(limit=3))
    rest = lists.changes(db, Changes(limit=3, after=first.next or ""))
    assert [one.id for one in (*first.changes, *rest.changes)] == ["c4", "c3", "c2", "c1", "c0"]
    assert rest.next is None
    with pytest.raises(lists.CursorError):
        lists.changes(db, Changes(after="yesterday-x"))
