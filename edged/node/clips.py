"""Clips of this box: recorded from what the camera has sent and goes on sending, kept for a while, read in pieces."""

import asyncio
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from pathlib import Path

import structlog

from edged import config
from edged import messages as m
from edged.asking import ClipRead, ClipRequest
from edged.bus.link import Refused
from edged.camera.clock import TICKS
from edged.camera.mp4 import CODECS, Mp4, forget_parts
from edged.camera.recoder import AsTheyCame, Recoder
from edged.camera.ring import Reader
from edged.camera.source import FIRST_PICTURE, LiveCamera
from edged.camera.units import AccessUnit
from edged.node import untold
from edged.node.ledger import Ledger
from edged.node.veil import Veil
from edged.shredding import shred
from edged.subjects import Address

log = structlog.get_logger()

AT_ONCE = 16
SWEEP = 600.0  # seconds
PERIOD = 1.0  # seconds between two writes; a ring holds some more
SILENCE = 5.0  # seconds without a packet that end a clip
_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_END = ".mp4"


class Clips:
    """`run()` keeps `folder` within its limits, for ever. Facts of finished clips go to `ledger`."""

    def __init__(self, settings: config.Clips, folder: Path, ledger: Ledger) -> None:
        self._settings = settings
        self._folder = folder
        self._ledger = ledger
        self._recording: dict[str, asyncio.Task[None]] = {}
        self._unwanted: set[str] = set()

    async def run(self) -> None:
        try:
            await asyncio.to_thread(forget_parts, self._folder)
            for path, ready in await asyncio.to_thread(untold.left, self._folder):
                await self._tell(path, ready)
            while True:
                await asyncio.to_thread(self._make_room)
                await asyncio.sleep(SWEEP)
        finally:
            for task in self._recording.values():
                task.cancel()
            await asyncio.gather(*self._recording.values(), return_exceptions=True)

    async def record(self, address: Address, live: LiveCamera, wanted: ClipRequest, veil: Veil) -> None:
        """Begins the clip and returns; the same id again does nothing. Raises Refused when it cannot be made.

        The packets go into it as they came, or with `veil` on, encoded anew of pictures without faces.
        """
        path = self._path(address.camera, wanted.id)
        if path.name in self._recording or await asyncio.to_thread(path.exists):
            return
        if len(self._recording) >= AT_ONCE:
            raise Refused("limit", f"this box is recording {AT_ONCE} clips: ask again in a moment")
        if live.looks.codec not in CODECS:
            sent = live.looks.codec or "nothing yet"
            raise Refused("unavailable", f"camera {address.camera} sends {sent}: a clip needs H.264 or H.265")
        if wanted.session != live.session:
            raise Refused("unavailable", f"camera {address.camera} was opened anew since: that moment is gone")
        ring = live.outlet.ring
        reader = ring.reader(ring.begin(wanted.session, wanted.since), late=float("inf"))
        task = asyncio.create_task(self._record(address, reader, path, wanted, veil), name=f"clip {wanted.id}")
        self._recording[path.name] = task
        task.add_done_callback(lambda _: self._recording.pop(path.name))

    async def read(self, camera: str, wanted: ClipRead) -> tuple[bytes, int]:
        """(a piece of a finished clip, the size of all of it). Raises Refused."""
        path = self._path(camera, wanted.id)
        try:
            return await asyncio.to_thread(_piece, path, wanted.offset, wanted.size)
        except FileNotFoundError:
            days = self._settings.max_age_days
            raise Refused(
                "not_found", f"no clip {wanted.id}: clips are kept for {days:g} days and while there is room"
            ) from None

    async def forget(self, camera: str, ids: Iterable[str]) -> None:
        """Removes these clips; one that is being recorded is given up. Raises Refused for what is no id."""
        for id in ids:
            path = self._path(camera, id)
            if task := self._recording.get(path.name):
                self._unwanted.add(path.name)
                task.cancel()
                await asyncio.wait({task})
            await asyncio.to_thread(shred, path)
            await asyncio.to_thread(untold.forget, path)

    async def _record(self, address: Address, reader: Reader, path: Path, wanted: ClipRequest, veil: Veil) -> None:
        mp4 = Mp4(path)
        try:
            await self._write(mp4, reader, wanted, Recoder(veil.over) if veil.on else AsTheyCame())
            await self._tell(path, await self._finish(address, mp4, path, wanted))
        except asyncio.CancelledError:
            if mp4.first and path.name not in self._unwanted:  # the daemon ends: what there is by now is a clip too
                await self._ledger.add(await self._finish(address, mp4, path, wanted))
            raise
        except (OSError, ValueError, TimeoutError) as error:
            log.error("clip given up", camera=address.camera, clip=wanted.id, error=str(error) or "no key frame came")
        finally:
            self._unwanted.discard(path.name)
            await asyncio.to_thread(mp4.discard)

    async def _finish(self, address: Address, mp4: Mp4, path: Path, wanted: ClipRequest) -> m.ClipReady:
        """The clip has its name; what is to be told of it."""
        await asyncio.to_thread(mp4.end)
        assert mp4.first is not None, "ended without being open"
        ready = _ready(address, wanted, mp4.first, mp4)
        await asyncio.to_thread(untold.note, path, ready)
        await asyncio.to_thread(mp4.publish)
        log.info("clip ready", camera=address.camera, clip=wanted.id, seconds=mp4.seconds, bytes=mp4.bytes)
        return ready

    async def _tell(self, path: Path, ready: m.ClipReady) -> None:
        await self._ledger.add(ready)
        await self._ledger.written()
        await asyncio.to_thread(untold.forget, path)

    async def _write(self, mp4: Mp4, reader: Reader, wanted: ClipRequest, film: Recoder | AsTheyCame) -> None:
        """Returns when everything is written that belongs into the clip."""
        units = await _from_key(reader)
        first = units[0]
        if first.session != wanted.session:
            raise OSError("the stream ended before it could begin")
        end = _pts_of(first, min(wanted.until, wanted.since + timedelta(seconds=self._settings.longest)))
        while True:
            if not await asyncio.to_thread(self._make_room):
                raise OSError(f"less than clips.min_free is left on the disk of {self._folder}: make room there")
            inside = [unit for unit in units if unit.session == first.session and unit.dts <= end]
            over = not units or len(inside) < len(units)
            await asyncio.to_thread(_append, mp4, film, inside, over)
            if over:
                return
            await asyncio.sleep(PERIOD)
            units = await _next(reader)

    def _make_room(self) -> bool:
        """Removes what is too old or too much, the oldest first; False if the disk has too little room even so. Blocks."""
        clips = sorted(_kept(self._folder), key=lambda clip: clip.made)
        total = sum(clip.bytes for clip in clips)
        oldest = time.time() - self._settings.max_age_days * 86_400
        for clip in clips:
            if clip.made >= oldest and total <= self._settings.max_bytes and self._has_room():
                break
            clip.path.unlink(missing_ok=True)
            total -= clip.bytes
        return self._has_room()

    def _has_room(self) -> bool:
        """What is below the reserve is for facts and pictures."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free >= self._settings.min_free

    def _path(self, camera: str, id: str) -> Path:
        if not _ID.fullmatch(id) or len(id) > 200:
            raise Refused("invalid", f"{id[:80]!r} is no id of a clip: an alert's id is")
        return self._folder / camera / f"{id}{_END}"


def _append(mp4: Mp4, film: Recoder | AsTheyCame, units: list[AccessUnit], over: bool) -> None:
    made = [*film.of(units), *(film.rest() if over else ())]
    if made and mp4.first is None:
        mp4.open(made[0])
    if made:
        mp4.add(made)


@dataclass(frozen=True)
class _Clip:
    path: Path
    made: float
    bytes: int


def _kept(folder: Path) -> list[_Clip]:
    found = []
    for path in folder.glob(f"*/*{_END}"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append(_Clip(path, stat.st_mtime, stat.st_size))
    return found


def _piece(path: Path, offset: int, size: int) -> tuple[bytes, int]:
    with path.open("rb") as file:
        whole = file.seek(0, 2)
        file.seek(offset)
        return file.read(size), whole


async def _from_key(reader: Reader) -> list[AccessUnit]:
    """Raises TimeoutError when no key frame comes."""
    async with asyncio.timeout(FIRST_PICTURE):
        while True:
            if units := list(dropwhile(lambda unit: not unit.key, await reader.units())):
                return units


async def _next(reader: Reader) -> list[AccessUnit]:
    """Empty when the camera has fallen silent."""
    try:
        async with asyncio.timeout(SILENCE):
            return await reader.units()
    except TimeoutError:
        return []


def _pts_of(known: AccessUnit, moment: datetime) -> int:
    """By the stream's clock: the wall clock may be set while it is recorded."""
    return known.pts + round((moment - known.time).total_seconds() * TICKS)


def _ready(address: Address, wanted: ClipRequest, first: AccessUnit, mp4: Mp4) -> m.ClipReady:
    return m.ClipReady(
        site=address.site, node=address.node, camera=address.camera, time=datetime.now(UTC), id=f"{wanted.id}.clip",
        alert=wanted.id, session=first.session, pts=first.pts, since=first.time, seconds=mp4.seconds, bytes=mp4.bytes,
        codec=first.codec, key=f"{address.site}/{address.node}/{address.camera}/{wanted.id}{_END}",
    )  # fmt: skip
