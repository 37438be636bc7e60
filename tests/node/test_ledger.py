"""Facts on their way to the disk, when the disk does not take everything."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edged import messages as m
from edged.bus.facts import Facts
from edged.bus.link import connect
from edged.bus.outbox import open_outbox
from edged.node.ledger import open_ledger
from edged.subjects import Address
from tests.rigs.nats import NatsServer
from tests.rigs.node import alert

ADDRESS = Address("home", "edge", "front")
ROOM = 400_000  # bytes that the outbox may have


def snapshot(id: str) -> m.Snapshot:
    return m.Snapshot(
        site="home", node="edge", camera="front", time=datetime.now(UTC), id=id, session="s", track=1, pts=0, label="person",
        score=0.9, box=(0.1, 0.1, 0.2, 0.2), width=640, height=360, quality=0.5, key="home/edge/front/s.1.jpg",
    )  # fmt: skip


async def test_a_picture_the_disk_does_not_take_is_given_up_and_holds_no_fact_up(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with connect(nats_server.url, "node") as link, open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        async with open_ledger(Facts(link, outbox)) as ledger, asyncio.timeout(20):
            await ledger.add(alert(ADDRESS, "before"))
            await ledger.add(snapshot("shot"), bytes(2 * ROOM))
            await ledger.add(alert(ADDRESS, "after"))
            await ledger.written()
        waiting = await outbox.waiting(0, 10)
    assert [entry.entry.id for entry in waiting] == ["before", "after"]
    assert msgspec.json.decode(waiting[1].entry.payload)["id"] == "after"


async def test_a_fact_the_disk_does_not_take_is_written_as_soon_as_it_does(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with connect(nats_server.url, "node") as link, open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        facts = Facts(link, outbox)
        await facts.publish(snapshot("large"), bytes(ROOM - 60_000))
        async with open_ledger(facts) as ledger, asyncio.timeout(20):
            long = msgspec.structs.replace(alert(ADDRESS, "late"), message="x" * 100_000)
            await ledger.add(long)
            writing = asyncio.create_task(ledger.written())
            await asyncio.wait({writing}, timeout=0.5)
            assert not writing.done()
            await outbox.discard("large")
            await writing
        waiting = await outbox.waiting(0, 10)
    assert [entry.entry.id for entry in waiting] == ["late"]
