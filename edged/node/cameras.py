"""The cameras of this box: which there are, who may change them, where that is kept."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from edged import config, drawings, subjects
from edged.asking import CameraRecord
from edged.bus.link import BusError, Refused
from edged.bus.tables import Table
from edged.camera.from_api import UrlRefused, check_from_api
from edged.camera.urls import join_secret, split_secret
from edged.node.secrets import Secrets

log = structlog.get_logger()

Apply = Callable[[str, config.Camera | None], Awaitable[None]]


class Cameras:
    """The only writer of this node's records. A change is stored first and applied then, one at a time.

    `apply(id, settings)` makes it so; it gets the URL with its password, or None when the camera is gone.
    """

    def __init__(self, settings: config.Config, table: Table[CameraRecord], secrets: Secrets, apply: Apply) -> None:
        self._settings = settings
        self._table = table
        self._secrets = secrets
        self._apply = apply
        self._records: dict[str, CameraRecord] = {}
        self._passwords: dict[str, str] = {}
        self._changing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._records)

    async def begin(self) -> None:
        """Takes over what was stored and what edged.toml says: whichever was edited last wins. Starts them all."""
        self._passwords = await asyncio.to_thread(self._secrets.read)
        mine = f"{self._settings.site}.{self._settings.node}."
        stored = {key: record for key, record in (await self._table.all()).items() if key.startswith(mine)}
        self._records = {record.camera.id: record for record in stored.values()}
        declared = {camera.id: camera for camera in self._settings.cameras}
        for record in list(self._records.values()):
            if record.origin == "file" and record.camera.id not in declared:
                await self._forget(record.camera.id)
        for camera in declared.values():
            seed = hashlib.sha256(msgspec.json.encode(camera)).hexdigest()[:16]
            known = self._records.get(camera.id)
            if known is None or known.seed != seed:
                await self._store(camera, origin="file", seed=seed)
        for record in self._records.values():
            await self._apply(record.camera.id, self._whole(record))

    async def set(self, camera: str, patch: bytes) -> CameraRecord:
        """Creates or changes a camera from a JSON object with some of its fields. Raises Refused."""
        async with self._changing:
            known = self._records.get(camera)
            changed = self._patched(camera, known, patch)
            if known is None and len(self._records) >= self._settings.from_api.max_cameras:
                limit = self._settings.from_api.max_cameras
                raise Refused(
                    "limit", f"this box has {limit} cameras, its most: remove one, or raise from_api.max_cameras"
                )
            if known is None or changed.url != known.camera.url:
                changed = await self._checked(changed, known)
            try:
                record = await self._store(changed, origin="api", seed=known.seed if known else "")
            except (BusError, OSError) as error:
                raise Refused("unavailable", f"camera {camera} was not changed: {error}") from None
            await self._apply(camera, self._whole(record))
            return record

    async def enable(self, camera: str, enabled: bool) -> CameraRecord:
        """Starts or stops a camera for good. Raises Refused."""
        if camera not in self._records:
            raise _unknown(camera)
        return await self.set(camera, msgspec.json.encode({"enabled": enabled}))

    async def remove(self, camera: str) -> None:
        """Raises Refused."""
        async with self._changing:
            if camera not in self._records:
                raise _unknown(camera)
            try:
                await self._forget(camera)
            except (BusError, OSError) as error:
                raise Refused("unavailable", f"camera {camera} was not removed: {error}") from None
            await self._apply(camera, None)

    def _patched(self, camera: str, known: CameraRecord | None, patch: bytes) -> config.Camera:
        try:
            fields = msgspec.json.decode(patch, type=dict[str, Any])
            old = msgspec.to_builtins(known.camera) if known else {}
            changed = msgspec.convert(old | fields | {"id": camera}, config.Camera)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"camera {camera}: {_plain(error)}") from None
        if fault := drawings.fault(changed):
            raise Refused("invalid", f"camera {camera}: {fault}")
        if camera == subjects.NODE_ITSELF:
            raise Refused("invalid", f"{camera!r} stands for the box itself: choose another id")
        return changed

    async def _checked(self, changed: config.Camera, known: CameraRecord | None) -> config.Camera:
        """The same camera if its URL may be opened; a password left out of an otherwise same login stays the old one."""
        try:
            await check_from_api(changed.url, self._settings.from_api)
        except UrlRefused as refusal:
            raise Refused("forbidden", f"camera {changed.id}: {refusal}") from None
        if known and changed.id in self._passwords and _same_login(changed.url, known.camera.url):
            return msgspec.structs.replace(changed, url=join_secret(changed.url, self._passwords[changed.id]))
        return changed

    async def _store(self, camera: config.Camera, origin: str, seed: str) -> CameraRecord:
        url, password = split_secret(camera.url)
        known = self._records.get(camera.id)
        if password is None and known and known.secret and known.camera.url == url:
            password = self._passwords.get(camera.id)
        await self._keep_password(camera.id, password)
        record = CameraRecord(
            site=self._settings.site, node=self._settings.node, camera=msgspec.structs.replace(camera, url=url),
            secret=password is not None, origin="file" if origin == "file" else "api", seed=seed,
        )  # fmt: skip
        await self._table.put(self._key(camera.id), record)
        self._records[camera.id] = record
        return record

    async def _forget(self, camera: str) -> None:
        await self._table.delete(self._key(camera))
        await self._keep_password(camera, None)
        del self._records[camera]

    async def _keep_password(self, camera: str, password: str | None) -> None:
        if self._passwords.get(camera) == password:
            return
        passwords = {key: value for key, value in self._passwords.items() if key != camera}
        if password is not None:
            passwords[camera] = password
        await asyncio.to_thread(self._secrets.write, passwords)
        self._passwords = passwords

    def _whole(self, record: CameraRecord) -> config.Camera:
        if not record.secret:
            return record.camera
        password = self._passwords.get(record.camera.id)
        if password is None:
            log.warning("password lost", camera=record.camera.id, next="enter it again in the camera's URL")
            return record.camera
        return msgspec.structs.replace(record.camera, url=join_secret(record.camera.url, password))

    def _key(self, camera: str) -> str:
        return str(subjects.Address(self._settings.site, self._settings.node, camera))


def _same_login(new: str, old: str) -> bool:
    """Same scheme, user, host and port, and no password of its own."""
    url, password = split_secret(new)
    return password is None and url.split("/")[:3] == old.split("/")[:3]


def _unknown(camera: str) -> Refused:
    return Refused("not_found", f"this box has no camera {camera!r}: GET /api/cameras lists them")


def _plain(error: Exception) -> str:
    return str(error).replace("`", "").replace("$.", "").replace("Object contains", "has an")
