"""This box: the cameras that run here, what others may ask of it, and how it does."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import structlog

from edged import __version__, asking, config, subjects
from edged import messages as m
from edged.bus.bus import Bus
from edged.bus.link import Answer, BusError, Delivery, Handler, Refused, Unanswered
from edged.bus.outbox import Outbox
from edged.camera.faults import CameraFault
from edged.camera.from_api import UrlRefused, check_from_api
from edged.camera.probe import probe
from edged.disk import Disk
from edged.niceness import be_nice
from edged.node.cameras import Cameras
from edged.node.clips import Clips
from edged.node.ledger import Ledger
from edged.node.names import Names
from edged.node.pictures import requested
from edged.node.room import Room
from edged.node.running import Parts, Running, stopped
from edged.node.secrets import Secrets
from edged.node.sight import LazySight
from edged.node.vitals import Vitals
from edged.recognition.chosen import lacking
from edged.settings import models_dir
from edged.subjects import Address

log = structlog.get_logger()

T = TypeVar("T")

_STUCK = 30.0  # seconds
_AGAIN = 5.0  # seconds before a camera whose task failed by a fault of ours is started again


class Node:
    """`run()` for ever; `ready` is set once the cameras are started and requests are answered."""

    def __init__(
        self, settings: config.Config, bus: Bus, outbox: Outbox, ledger: Ledger, sight: LazySight, disk: Disk
    ) -> None:
        self.ready = asyncio.Event()
        self._settings = settings
        self._bus = bus
        self._outbox = outbox
        self._ledger = ledger
        self._disk = disk
        self._sight = sight
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pictures", initializer=be_nice)
        self._names = Names(bus.link, settings.site, settings.node)
        self._parts = Parts(
            settings, bus.link, ledger, sight, Room(disk, settings.clips.min_free), self._threads, self._names
        )
        self._all: dict[str, config.Camera] = {}
        self._running: dict[str, tuple[Running, asyncio.Task[None]]] = {}
        self._cameras = Cameras(settings, bus.cameras, Secrets(disk.path / "secrets.json"), self._apply)
        self._clips = Clips(settings.clips, disk.path / "clips", ledger)
        self._service = f"edged-{settings.site}-{settings.node}"
        self._vitals = Vitals()
        self._lacks: tuple[str, ...] | None = None  # of recognition, once a camera asks for it
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        try:
            await self._alone()
            async with self._group as group:
                group.create_task(self._vitals.run())
                group.create_task(self._clips.run())
                group.create_task(self._names.run())
                await self._names.heeding.wait()
                await self._cameras.begin()
                if any(camera.enabled and camera.detection for camera in self._all.values()):
                    await self._sight.open()  # a model that is missing ends the daemon now, not a camera later
                async with self._bus.link.answer(self._service, self._endpoints()):
                    self.ready.set()
                    await self._tell_health()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _alone(self) -> None:
        """Two boxes of one name would both do what either is asked. Raises BusError."""
        with suppress(Unanswered):
            await self._bus.link.ask(f"$SRV.PING.{self._service}", timeout=1.0)
            site, node = self._settings.site, self._settings.node
            raise BusError(f"another edged on this NATS is called {site}.{node}: give this one another `node`")

    def stuck(self) -> str:
        """What of this box makes no progress although it should; empty: all does."""
        sight = self._sight.opened
        if sight and sight.detector.inside > _STUCK:
            return f"the detector has been inside one inference for {sight.detector.inside:.0f} s"
        return ""

    async def _apply(self, camera: str, settings: config.Camera | None) -> None:
        """Makes what runs fit what is wanted."""
        if settings is None:
            self._all.pop(camera, None)
        else:
            self._all[camera] = settings
        if settings and self._lacks is None and (settings.recognition.enabled or settings.recognition.blur):
            self._lacks = await asyncio.to_thread(lacking, self._settings.recognition, models_dir(self._settings))
        wanted = settings if settings and settings.enabled else None
        if camera in self._running:
            running, task = self._running[camera]
            if wanted and not running.needs_reopening(wanted):
                running.use(wanted)
                return
            task.cancel()
            del self._running[camera]
            await asyncio.wait({task})
        if wanted:
            running = Running(self._address(camera), wanted, self._parts)
            self._running[camera] = running, self._group.create_task(self._keep(running), name=f"camera {camera}")

    async def _keep(self, running: Running) -> None:
        """One camera's own fault must not stop the others."""
        while True:
            try:
                await running.run()
            except* Exception as group:
                log.error("camera task failed", camera=running.settings.id, exc_info=group)
            await asyncio.sleep(_AGAIN)
            running = Running(self._address(running.settings.id), running.settings, self._parts)
            self._running[running.settings.id] = running, self._running[running.settings.id][1]

    def _address(self, camera: str) -> Address:
        return Address(self._settings.site, self._settings.node, camera)

    def _endpoints(self) -> dict[str, tuple[str, Handler]]:
        site, node = self._settings.site, self._settings.node
        every = {
            "set": self._set,
            "remove": self._remove,
            "start": self._start,
            "stop": self._stop,
            "picture": self._picture,
            "gop": self._gop,
            "watch": self._watch,
            "record": self._record,
            "piece": self._piece,
            "forget": self._forget,
        }
        endpoints: dict[str, tuple[str, Handler]] = {
            verb: (subjects.every(verb, site, node), handler) for verb, handler in every.items()
        }
        return endpoints | {"probe": (subjects.on(self._address(subjects.NODE_ITSELF), "probe"), self._probe)}

    async def _set(self, request: Delivery) -> Answer:
        return _json(await self._cameras.set(_camera(request), request.data))

    async def _start(self, request: Delivery) -> Answer:
        return _json(await self._cameras.enable(_camera(request), True))

    async def _stop(self, request: Delivery) -> Answer:
        return _json(await self._cameras.enable(_camera(request), False))

    async def _remove(self, request: Delivery) -> Answer:
        await self._cameras.remove(_camera(request))
        return b"{}", {}

    async def _picture(self, request: Delivery) -> Answer:
        meta, jpeg = await self._switched_on(request).pictures.get(requested(request.data))
        return jpeg, {"Edged-Meta": msgspec.json.encode(meta).decode(), "Content-Type": "image/jpeg"}

    async def _gop(self, request: Delivery) -> Answer:
        return self._switched_on(request).video.gop(), {"Content-Type": "application/octet-stream"}

    async def _watch(self, request: Delivery) -> Answer:
        running = self._switched_on(request)
        running.video.watch(_asked(request, asking.WatchRequest).seconds)
        return b"{}", {}

    async def _record(self, request: Delivery) -> Answer:
        running = self._switched_on(request)
        wanted = _asked(request, asking.ClipRequest)
        await self._clips.record(self._address(running.settings.id), running.live, wanted, running.veil)
        return b"{}", {}

    async def _piece(self, request: Delivery) -> Answer:
        data, whole = await self._clips.read(_camera(request), _asked(request, asking.ClipRead))
        return data, {"Edged-Meta": msgspec.json.encode(asking.ClipMeta(bytes=whole)).decode()}

    async def _forget(self, request: Delivery) -> Answer:
        await self._clips.forget(_camera(request), _asked(request, asking.ClipsForgotten).ids)
        return b"{}", {}

    def _switched_on(self, request: Delivery) -> Running:
        """The camera a request is about. Raises Refused."""
        camera = _camera(request)
        if camera not in self._all:
            raise Refused("not_found", f"this box has no camera {camera!r}: GET /api/cameras lists them")
        if camera not in self._running:
            raise Refused("unavailable", f"camera {camera} is stopped: start it to see it")
        return self._running[camera][0]

    async def _probe(self, request: Delivery) -> Answer:
        try:
            wanted = msgspec.json.decode(request.data, type=asking.ProbeRequest)
            await check_from_api(wanted.url, self._settings.from_api)
            return _json(await probe(wanted.url, wanted.transport, wanted.seconds))
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"not a probe request: {error}") from None
        except UrlRefused as refusal:
            raise Refused("forbidden", str(refusal)) from None
        except CameraFault as fault:
            raise Refused("invalid", fault.detail) from None

    async def _tell_health(self) -> None:
        while True:
            await self._bus.link.publish(self._health())
            for camera, settings in list(self._all.items()):
                running = self._running.get(camera)
                await self._bus.link.publish(
                    running[0].health() if running else stopped(self._address(camera), settings)
                )
            await asyncio.sleep(1.0)

    def _health(self) -> m.NodeHealth:
        sight = self._sight.opened
        return m.NodeHealth(
            site=self._settings.site, node=self._settings.node, camera=subjects.NODE_ITSELF, time=datetime.now(UTC),
            version=__version__, uptime=round(self._vitals.uptime, 1), cameras=len(self._all),
            model=sight.detector.name if sight else "", runtime=sight.detector.runtime if sight else "",
            device=sight.detector.device if sight else "",
            detector_busy=round(sight.detector.busy, 3) if sight else 0.0, cpu=round(self._vitals.cpu(), 3),
            rss=self._vitals.rss(), loop_lag_ms=round(self._vitals.loop_lag_ms(), 1),
            outbox_pending=self._outbox.pending,
            notices=(sight.detector.notices if sight else ()) + (self._lacks or ()),
            troubles=tuple(filter(None, (self._disk.trouble, self._ledger.trouble))),
        )  # fmt: skip


def _camera(request: Delivery) -> str:
    address, _ = subjects.parse(request.subject)
    return subjects.token(address.camera)


def _asked(request: Delivery, kind: type[T]) -> T:
    """Raises Refused for what is none."""
    try:
        return msgspec.json.decode(request.data or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise Refused("invalid", f"not a {kind.__name__}: {error}") from None


def _json(value: msgspec.Struct) -> Answer:
    return msgspec.json.encode(value), {"Content-Type": "application/json"}
