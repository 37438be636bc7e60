"""A node as the gateway meets it: it answers on its subjects and speaks real messages, with pictures that tests show it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from edged import config, subjects
from edged import messages as m
from edged.asking import CameraRecord, PictureMeta, PictureRequest, ProbeReport, ProbeRequest
from edged.bus.bus import Bus, open_bus
from edged.bus.courier import Courier
from edged.bus.facts import Facts
from edged.bus.link import Answer, Delivery, Refused
from edged.bus.outbox import open_outbox
from edged.bus.pictures import META
from edged.bus.streams import ensure_streams
from edged.camera.urls import split_secret
from edged.handlers import Handlers
from edged.subjects import NODE_ITSELF, Address
from tests.rigs.handlers import ended

JPEG = b"\xff\xd8\xff\xe0 not really a picture \xff\xd9"


@dataclass
class Node:
    bus: Bus
    site: str
    name: str
    records: dict[str, CameraRecord] = field(default_factory=dict)
    frames: dict[str, PictureMeta] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    pictures: list[PictureRequest] = field(default_factory=list)
    shown: asyncio.Event = field(default_factory=asyncio.Event)

    def address(self, camera: str = NODE_ITSELF) -> Address:
        return Address(self.site, self.name, camera)

    async def add(self, camera: str, url: str = "rtsp://127.0.0.1/1", **fields: Any) -> CameraRecord:
        """A camera that was there before anybody asked."""
        return await self._store(config.Camera(id=camera, url=url, **fields))

    def show(self, camera: str, pts: int, session: str = "s1") -> None:
        """From now on the newest frame of the camera."""
        self.frames[camera] = PictureMeta(
            session=session, seq=pts // 3600, pts=pts, time=datetime.now(UTC), width=640, height=360
        )
        self.shown.set()
        self.shown = asyncio.Event()

    async def healthy(self, camera: str = "", **changed: Any) -> None:
        """One second's message of a camera, or without one, of the node."""
        health = camera_health(self.address(camera)) if camera else node_health(self.address())
        await self.bus.link.publish(msgspec.structs.replace(health, **changed))

    async def alert(self, id: str, camera: str = "front", **changed: Any) -> m.AlertRaised:
        raised = msgspec.structs.replace(alert(self.address(camera), id), **changed)
        await self.tell(raised)
        return raised

    async def tell(self, fact: m.AnyFact) -> None:
        """A fact of this node, straight into the stream."""
        await self.bus.link.jetstream().publish(
            subjects.of(fact), msgspec.json.encode(fact), headers={"Nats-Msg-Id": fact.id}
        )

    async def set(self, request: Delivery) -> Answer:
        address, _ = subjects.parse(request.subject)
        self.asked["set"] += 1
        known = self.records.get(address.camera)
        old = msgspec.to_builtins(known.camera) if known else {}
        try:
            camera = msgspec.convert(old | msgspec.json.decode(request.data) | {"id": address.camera}, config.Camera)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"camera {address.camera}: {error}") from None
        if camera.url.startswith("gopher:"):
            raise Refused("forbidden", f"{camera.url} has a scheme this box does not open")
        if camera.url.startswith("full:"):
            raise Refused("limit", "this box has all the cameras it may have")
        return msgspec.json.encode(await self._store(camera)), {}

    async def remove(self, request: Delivery) -> Answer:
        camera = self._named(request)
        await self.bus.cameras.delete(str(self.address(camera)))
        del self.records[camera]
        return b"{}", {}

    async def start(self, request: Delivery) -> Answer:
        return await self._enable(request, True)

    async def stop(self, request: Delivery) -> Answer:
        return await self._enable(request, False)

    async def picture(self, request: Delivery) -> Answer:
        camera = self._named(request)
        wanted = msgspec.json.decode(request.data, type=PictureRequest)
        self.pictures.append(wanted)
        try:
            async with asyncio.timeout(min(wanted.wait, 0.5)):
                while not (meta := self.frames.get(camera)) or (meta.session, meta.pts) <= (
                    wanted.session,
                    wanted.after,
                ):
                    await self.shown.wait()
        except TimeoutError:
            raise Refused("unavailable", f"camera {camera} has shown no new picture") from None
        return JPEG + str(meta.pts).encode(), {META: msgspec.json.encode(meta).decode()}

    async def probe(self, request: Delivery) -> Answer:
        wanted = msgspec.json.decode(request.data, type=ProbeRequest)
        report = ProbeReport(
            url=wanted.url, codec="h264", profile="High", width=1920, height=1080, fps=25, bitrate=4e6,
            keyframe_interval=2, latency=0.3, audio="", decoder="software",
        )  # fmt: skip
        return msgspec.json.encode(report), {}

    async def forget(self, request: Delivery) -> Answer:
        self.asked["forget"] += 1
        return b"{}", {}

    def _named(self, request: Delivery) -> str:
        address, _ = subjects.parse(request.subject)
        if address.camera not in self.records:
            raise Refused("not_found", f"this box has no camera {address.camera!r}")
        return address.camera

    async def _enable(self, request: Delivery, enabled: bool) -> Answer:
        known = self.records[self._named(request)]
        return msgspec.json.encode(await self._store(msgspec.structs.replace(known.camera, enabled=enabled))), {}

    async def _store(self, camera: config.Camera) -> CameraRecord:
        url, secret = split_secret(camera.url)
        public = msgspec.structs.replace(camera, url=url)
        record = CameraRecord(site=self.site, node=self.name, camera=public, secret=secret is not None)
        await self.bus.cameras.put(str(self.address(camera.id)), record)
        self.records[camera.id] = record
        return record


@asynccontextmanager
async def keeping_history(
    node: Node,
    home: Path,
    settings: config.Config | None = None,
    handlers: tuple[str, ...] = ("history", "email", "webhook"),
) -> AsyncIterator[Facts]:
    """The handlers of history and deliveries at work for the node, until the end of the block, or others. Gives what they publish with."""
    settings = msgspec.structs.replace(
        settings or config.Config(time_zone="Europe/Berlin"), site=node.site, node=node.name, state_dir=str(home),
        handlers=config.Handlers(run=handlers),
    )  # fmt: skip
    async with open_outbox(home / "outbox.db", 100_000_000) as outbox:
        link = node.bus.link
        bus = replace(node.bus, facts=Facts(link, outbox))
        courier = Courier(link, outbox, lambda: ensure_streams(link, config.Nats()), 60.0)
        tasks = [asyncio.create_task(work) for work in (courier.run(), Handlers(settings, bus).run())]
        await courier.reconciled.wait()
        try:
            yield bus.facts
        finally:
            await ended(*tasks)


@asynccontextmanager
async def running_node(url: str, site: str = "home", name: str = "edge") -> AsyncIterator[Node]:
    """Answers on all its subjects while the block lasts."""
    async with open_bus(config.Nats(), url, f"node {name}") as bus:
        await ensure_streams(bus.link, config.Nats())
        await bus.cameras.all()
        node = Node(bus, site, name)
        handlers = {
            "set": node.set, "remove": node.remove, "start": node.start, "stop": node.stop, "picture": node.picture,
            "probe": node.probe, "forget": node.forget,
        }  # fmt: skip
        endpoints = {kind: (subjects.every(kind, site, name), handler) for kind, handler in handlers.items()}
        async with bus.link.answer("edged-node", endpoints):
            yield node


def detections(address: Address, seq: int = 1, **changed: Any) -> m.Detections:
    found = m.Detections(
        site=address.site, node=address.node, camera=address.camera, time=datetime.now(UTC), session="s1", seq=seq,
        pts=3600 * seq, width=1920, height=1080, model="yolo11n", held=False,
        timing=m.Timing(wait=1, infer=20, track=0.1, age=25),
        tracks=(m.Track(id=1, label="person", score=0.9, box=(0.1, 0.2, 0.3, 0.4), age=2),),
    )  # fmt: skip
    return msgspec.structs.replace(found, **changed)


def camera_health(address: Address) -> m.CameraHealth:
    return m.CameraHealth(
        site=address.site, node=address.node, camera=address.camera, time=datetime.now(UTC), status="running",
        cause=None, detail="", retry_in=None, session="s1", codec="h264", decoder="software", width=1920, height=1080,
        fps=25, detect_fps=5, bitrate=4_000_000, frames=2500, inferred=500,
        drops=m.Drops(replaced=3, duplicate=2, still=1, stale=0), reconnects=1, age_ms=24, detection=True,
    )  # fmt: skip


def node_health(address: Address) -> m.NodeHealth:
    return m.NodeHealth(
        site=address.site, node=address.node, camera=NODE_ITSELF, time=datetime.now(UTC), version="0.1.0", uptime=60,
        cameras=1, model="yolo11n", runtime="tflite", device="cpu", detector_busy=0.4, cpu=0.8, rss=120_000_000,
        loop_lag_ms=2, outbox_pending=0, notices=(),
    )  # fmt: skip


def alert(address: Address, id: str) -> m.AlertRaised:
    now = datetime.now(UTC)
    return m.AlertRaised(
        site=address.site, node=address.node, camera=address.camera, time=now, id=id, rule="loiter",
        severity="warning", label="person", session="s1", track=7, since=now, message="a person stays at the door",
        snapshot=f"home/edge/front/{id}.jpg",
    )  # fmt: skip
