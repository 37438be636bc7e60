"""The handler as it ships, in processes of its own that share a broker."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from edged import config
from edged import messages as m
from edged.bus import jobs
from edged.bus.jobs import Jobs
from edged.subjects import Address
from tests.rigs import people
from tests.rigs.daemon import ROOT, Daemon
from tests.rigs.facts import Box, box
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer
from tests.rigs.people import job

BOTH = people.jpeg(people.person(people.YELLOW, people.LIME))
NEITHER = people.jpeg(people.person(None, None))
VOTES_HERE = config.Config(handlers=config.Handlers(run=("ppe",)), ppe=config.Ppe(workers=0))
JUDGES_HERE = config.Config(handlers=config.Handlers(run=("ppe",)))
DIES_AT_WORK = """
import asyncio, sys
from edged import messages as m
from edged.bus import jobs
from edged.bus.link import connect
jobs.ACK_WAIT = 1.0
async def main():
    async with connect(sys.argv[1], "worker") as link:
        async for job in jobs.Jobs(link).take(m.CropTaken):
            print(job.crop.id, flush=True)
            await asyncio.Event().wait()
asyncio.run(main())
"""


@asynccontextmanager
async def worker(url: str, home: Path) -> AsyncIterator[Daemon]:
    """A box without cameras that judges what others saw."""
    home.mkdir(exist_ok=True)
    text = f'node = "{home.name}"\n[nats]\nurl = "{url}"\n[handlers]\nrun = ["ppe"]\n'
    file = home / "edged.toml"
    file.write_text(f'state_dir = "{home / "state"}"\n{text}[gateway]\nport = 0\n')
    daemon = Daemon(home, "")
    await daemon.start(("run", "--config", str(file)))
    try:
        yield daemon
    finally:
        await daemon.stop(signal.SIGKILL)


async def facts(node: Box, count: int, kind: type[m.PpeLooked | m.PpeChecked]) -> list[m.PpeLooked | m.PpeChecked]:
    """The first of this type in the log."""
    found: list[m.PpeLooked | m.PpeChecked] = []
    async with asyncio.timeout(60), aclosing(node.facts.replay("ppe")) as replayed:
        async for stored in replayed:
            if isinstance(stored.fact, kind):
                found.append(stored.fact)
            if len(found) == count:
                break
    return found


def said(checked: m.PpeChecked) -> dict[str, str]:
    return {one.item: one.verdict for one in checked.verdicts}


async def impatient(node: Box) -> None:
    """Makes the queue's consumer with the ACK_WAIT of the test, before a worker makes it with its own."""
    await node.courier.reconciled.wait()
    await Jobs(node.link).put(job(0, track=999, node="other"), BOTH)
    async with asyncio.timeout(10), aclosing(Jobs(node.link).take(m.CropTaken)) as taken:
        await (await anext(taken)).done()


async def test_crops_become_a_verdict_for_each_item_and_track(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, JUDGES_HERE):
        for seq in range(3):
            await Jobs(node.link).put(job(seq, track=1), BOTH)
            await Jobs(node.link).put(job(seq, track=2, items=("vest", "goggles")), NEITHER)
        checked = {one.track: one for one in await facts(node, 2, m.PpeChecked)}
    assert said(checked[1]) == {"helmet": "ok", "vest": "ok"}
    assert checked[1].verdicts[0].ok == 3
    assert said(checked[2]) == {"vest": "missing", "goggles": "not_visible"}


async def test_who_was_seen_once_is_judged_by_that(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, JUDGES_HERE):
        await Jobs(node.link).put(job(1), NEITHER)
        [checked] = await facts(node, 1, m.PpeChecked)
    assert said(checked) == {"helmet": "missing", "vest": "missing"}


async def test_what_is_no_picture_is_set_aside(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, JUDGES_HERE):
        await Jobs(node.link).put(job(1, track=1), b"no picture")
        await Jobs(node.link).put(job(2, track=2), b"")
        await Jobs(node.link).put(job(3, track=3), NEITHER)
        [look] = await facts(node, 1, m.PpeLooked)
    assert look.track == 3


async def test_votes_survive_a_restart_of_who_counts_them(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, JUDGES_HERE):
            for seq in range(2):
                await Jobs(node.link).put(job(seq), BOTH)
            await facts(node, 2, m.PpeLooked)
        async with handling(node, JUDGES_HERE):
            await Jobs(node.link).put(job(2), BOTH)
            [checked] = await facts(node, 1, m.PpeChecked)
    assert checked.verdicts[0].ok == 3


async def test_two_workers_share_the_crops_of_a_box_that_only_votes(nats_server: NatsServer, tmp_path: Path) -> None:
    async with (
        box(nats_server.url, tmp_path / "outbox.db") as node,
        handling(node, VOTES_HERE),
        worker(nats_server.url, tmp_path / "one"),
        worker(nats_server.url, tmp_path / "two"),
    ):
        for track in range(1, 21):
            for seq in range(3):
                await Jobs(node.link).put(job(seq, track=track), BOTH if track % 2 else NEITHER)
        checked = await facts(node, 20, m.PpeChecked)
    assert sorted(one.track for one in checked) == list(range(1, 21))
    for one in checked:
        assert set(said(one).values()) == {"ok" if one.track % 2 else "missing"}


async def test_the_crop_of_a_worker_killed_in_the_middle_is_judged_by_another(
    nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ACK_WAIT", 1.0)
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, VOTES_HERE):
        dying = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DIES_AT_WORK, nats_server.url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        await Jobs(node.link).put(job(1), BOTH)
        assert dying.stdout
        async with asyncio.timeout(20):
            assert (await dying.stdout.readline()).decode().strip() == job(1).id
        dying.kill()
        await dying.wait()
        async with worker(nats_server.url, tmp_path / "other"):
            [look] = await facts(node, 1, m.PpeLooked)
    assert look.id == f"{job(1).id}.look"
    assert look.saw == {"helmet": "ok", "vest": "ok"}


async def test_one_of_two_workers_killed_at_work_loses_and_doubles_nothing(
    nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ACK_WAIT", 1.0)
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await impatient(node)
        await Jobs(node.link).put(job(0, track=1), BOTH)
        async with worker(nats_server.url, tmp_path / "one") as one, worker(nats_server.url, tmp_path / "two"):
            for seq in range(1, 150):
                await Jobs(node.link).put(job(seq, track=1), BOTH)
                if seq == 40:
                    await one.stop(signal.SIGKILL)
            await facts(node, 149, m.PpeLooked)
            async with asyncio.timeout(30):
                while await Jobs(node.link).waiting(m.CropTaken, Address("home", "edge", "front")):
                    await asyncio.sleep(0.05)
            async with worker(nats_server.url, tmp_path / "one"):  # what it had said on its disk is sent now
                looks = await facts(node, 150, m.PpeLooked)
                assert {look.id for look in looks} == {f"{job(seq).id}.look" for seq in range(150)}
                assert await node.places("edged_ppe") == 150


async def test_a_broker_killed_at_work_loses_no_verdict(
    nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ACK_WAIT", 1.0)
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await impatient(node)
        async with worker(nats_server.url, tmp_path / "one"), handling(node, VOTES_HERE):
            for track in range(1, 11):
                for seq in range(3):
                    await Jobs(node.link).put(job(seq, track=track), BOTH)
            connection = node.link.connections
            await nats_server.stop(signal.SIGKILL)
            await nats_server.start()
            await node.link.connection_after(connection)
            async with asyncio.timeout(60):
                while await node.places("edged_ppe") < 30 + 10:
                    await asyncio.sleep(0.05)
            checked = await facts(node, 10, m.PpeChecked)
    assert sorted(one.track for one in checked) == list(range(1, 11))
    assert all(one.verdicts[0].ok == 3 for one in checked)
