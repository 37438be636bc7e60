import asyncio
from pathlib import Path

import msgspec
import pytest

from edged import config
from tests.rigs.facts import Box, alert, box, snapshot
from tests.rigs.faults import BadNetwork
from tests.rigs.handlers import handling, heard
from tests.rigs.nats import NatsServer
from tests.rigs.s3 import Store, running_store


def settings(store: Store, port: int, secret: str = "") -> config.Config:
    return config.Config(
        handlers=config.Handlers(run=("s3",)),
        s3=config.S3(
            bucket="pictures", endpoint=f"http://127.0.0.1:{port}/", prefix="shop/", access_key=store.access_key,
            secret_key=secret or store.secret_key,
        ),
    )  # fmt: skip


async def taken(node: Box, id: str, key: str, quality: float = 0.5, site: str = "home") -> None:
    picture = msgspec.structs.replace(snapshot(id, quality, key), site=site)
    await node.facts.publish(picture, f"jpeg of {id}".encode())


async def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What was logged, once it holds these words."""
    log = ""
    async with asyncio.timeout(20):
        while not all(word in log for word in words):
            await asyncio.sleep(0.02)
            log += capsys.readouterr().out
    return log


async def caught_up(node: Box) -> bool:
    """Whether the handler has nothing more to do."""
    [consumer] = await node.link.jetstream().consumers_info("edged_pictures")
    return not consumer.num_pending and not consumer.num_ack_pending


async def test_pictures_survive_a_wrong_key_a_bad_network_and_a_missing_bucket(
    nats_server: NatsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        running_store() as store,
        BadNetwork(store.port) as network,
        box(nats_server.url, tmp_path / "outbox.db") as node,
    ):
        network.refusing = True
        wrong = "a-secret-that-is-wrong"
        async with handling(node, settings(store, network.port)):
            # what is said and seen goes on while nothing can be copied
            for n in range(300):
                await taken(node, f"p{n}", f"home/edge/front/{n % 3}=.jpg", quality=(n + 1) / 300)
            await node.facts.publish(alert("a"))
            await node.delivered()
            assert await heard(node, "alert", 1) == ["a"]
            log = await said(capsys, "picture not copied", "cannot be reached", "s3.endpoint")
            network.heal()
            log += await said(capsys, "refuses home/edge/front/0=.jpg: NoSuchBucket", "retry_in")
        async with handling(node, settings(store, network.port, wrong)):
            log += await said(capsys, "SignatureDoesNotMatch")
        await store.make("pictures")
        await taken(node, "other", "attic/edge/front/1.jpg", site="attic")
        await taken(node, "last", "home/edge/front/last.jpg")
        async with handling(node, settings(store, network.port)):
            while not await caught_up(node):
                await asyncio.sleep(0.05)
            found = await store.objects("pictures")
            log += capsys.readouterr().out
    # the best of each track, though what a killed handler had in its hands comes last; another box's are that box's
    assert found == {
        **{f"shop/home/edge/front/{n % 3}=.jpg": ("image/jpeg", f"jpeg of p{n}".encode()) for n in (297, 298, 299)},
        "shop/home/edge/front/last.jpg": ("image/jpeg", b"jpeg of last"),
    }
    assert wrong not in log
    assert store.secret_key not in log
    assert store.access_key not in log


async def test_without_a_bucket_nothing_is_copied(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, config.Config(handlers=config.Handlers(run=("s3",)))):
            await taken(node, "p", "home/edge/front/1.jpg")
            await node.delivered()
        consumers = await node.link.jetstream().consumers_info("edged_pictures")
    assert consumers == []
