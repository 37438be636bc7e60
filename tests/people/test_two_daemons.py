"""Two real daemons on one broker: enrolled on one, known on the other, also after the link between them was cut."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.rigs import faces
from tests.rigs.daemon import Daemon, running_daemon
from tests.rigs.faults import BadNetwork
from tests.rigs.nats import NatsServer


def portrait(who: int) -> bytes:
    return faces.jpeg(faces.placed(who, 100, 30, 260))


async def post(daemon: Daemon, path: str, who: int) -> tuple[int, Any]:
    headers = {"Content-Type": "image/jpeg"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(daemon.url + path, data=portrait(who), headers=headers) as response,
    ):
        return response.status, await response.json()


async def recognised(daemon: Daemon, who: int, name: str) -> None:
    """Waits until a daemon says by itself who a picture shows."""
    async with asyncio.timeout(30):
        while True:
            status, said = await post(daemon, "/api/faces/search?top=1", who)
            if status == 200 and said["matches"] and said["matches"][0]["identity"]["name"] == name:
                return
            await asyncio.sleep(0.05)


def config(port: int) -> str:
    return f'[nats]\nurl = "nats://127.0.0.1:{port}"\n[handlers]\nrun = ["people", "faces"]\n'


async def test_both_agree_before_and_after_a_cut(nats_server: NatsServer, tmp_path: Path) -> None:
    for node in ("a", "b"):
        faces.add_drawn_models(tmp_path / node / "state" / "models")
    async with (
        BadNetwork(nats_server.port) as network,
        running_daemon(tmp_path / "a", config(nats_server.port), node="a") as a,
        running_daemon(tmp_path / "b", config(network.port), node="b") as b,
    ):
        assert (await post(a, "/api/identities?name=Anna", 0))[0] == 201
        await recognised(b, 0, "Anna")
        network.refusing = True
        network.reset()
        assert (await post(a, "/api/identities?name=Ben", 1))[0] == 201
        async with asyncio.timeout(20):
            while (await post(b, "/api/identities?name=Nobody", 2))[0] == 201:
                await asyncio.sleep(0.05)
        network.heal()
        await recognised(b, 1, "Ben")
        assert (await post(b, "/api/identities?name=Cem", 3))[0] == 201
        for daemon in (a, b):
            for who, name in ((0, "Anna"), (1, "Ben"), (3, "Cem")):
                await recognised(daemon, who, name)
