"""Contestant (b), the daemon: `edged run` in a process of its own, heard through NATS."""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from bench.contest import Contest, ContestError, Pulse, Running, Seen, eventually, free_port, logged
from bench.network import COMES_ALONG, model
from edged import config, shipped, subjects
from edged.messages import Detections, NodeHealth

SITE, NODE = "bench", "box"

_detections = msgspec.json.Decoder(Detections)
_health = msgspec.json.Decoder(NodeHealth)


@contextlib.asynccontextmanager
async def daemon(contest: Contest) -> AsyncIterator[Running]:
    cameras = tuple(
        # Neither of the others leaves still pictures out, or takes pictures of who comes by.
        config.Camera(
            id=f"cam{n}",
            url=str(contest.footage.clip),
            fps=contest.fps,
            motion=config.Motion(enabled=False),
            doze=False,
            snapshots=False,
        )
        for n in range(contest.cameras)
    )
    async with edged(cameras=cameras) as (running, client, _):

        async def look(message: Msg) -> None:
            said = _detections.decode(message.data)
            if not said.held:
                running.hear(Seen(said.camera, (time.time() - said.time.timestamp()) * 1000, said.timing.infer))

        async def feel(message: Msg) -> None:
            said = _health.decode(message.data)
            running.pulses.append(Pulse(said.detector_busy, said.loop_lag_ms))

        await client.subscribe(subjects.every("detections"), cb=look)
        await client.subscribe(subjects.every("health", camera=subjects.NODE_ITSELF), cb=feel)
        await client.flush()
        yield running


@contextlib.asynccontextmanager
async def edged(cameras: tuple[config.Camera, ...] = ()) -> AsyncIterator[tuple[Running, Client, int]]:
    """`edged run` with these cameras, a connection to its broker, and the gateway's port."""
    with tempfile.TemporaryDirectory(prefix="edged-bench-") as name:
        folder = Path(name)
        bus, gateway = free_port(), free_port()
        settings = config.Config(
            site=SITE,
            node=NODE,
            state_dir=str(folder / "state"),
            nats=config.Nats(port=bus),
            gateway=config.Gateway(port=gateway),
            detector=_detector(folder / "models"),
            cameras=cameras,
        )
        (folder / "edged.toml").write_text(as_toml(msgspec.to_builtins(settings)))
        command = [sys.executable, "-m", "edged", "run", "--config", str(folder / "edged.toml")]
        began = time.monotonic()
        async with logged(*command) as (child, log):
            try:
                client = await eventually(lambda: _connected(bus), OSError, NatsError, child=child)
            except ContestError as error:
                raise ContestError(f"edged run: {error}\n{log()}") from None
            try:
                yield Running(child, began, log=log), client, gateway
            finally:
                await client.close()


def _detector(folder: Path) -> config.Detector:
    """Settings that make the daemon run the others' network; its card goes into `folder` when it does not ship with edged."""
    chosen = model()
    folder.mkdir(parents=True)
    if chosen.name != COMES_ALONG:
        shutil.copy(shipped.path("models") / "coco80.txt", folder)
        shutil.copy(chosen.file, folder)
        card = {
            "name": chosen.name,
            "title": chosen.name,
            "licence": "AGPL-3.0",
            "runtime": "tflite",
            "labels": "coco80.txt",
        }
        (folder / f"{chosen.name}.toml").write_text(as_toml(card | {"file": chosen.file.name} | chosen.card))
    return config.Detector(model=chosen.name, models_dir=str(folder), pull=False)


def as_toml(table: dict[str, Any]) -> str:
    """A table of plain values as TOML, what lies deeper in line; TOML has no way to say None but to leave the key out."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: Any) -> str:
    """JSON's way to write strings, numbers and truth is TOML's too."""
    match value:
        case dict():
            pairs = (f"{json.dumps(key)} = {_value(each)}" for key, each in value.items() if each is not None)
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


async def _connected(port: int) -> Client:
    """A client; OSError while nobody listens, which nats-py by itself would wait out in steps of two seconds."""
    _, probe = await asyncio.open_connection("127.0.0.1", port)
    probe.close()
    return await nats.connect(f"nats://127.0.0.1:{port}", connect_timeout=5)
