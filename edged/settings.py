"""Reads edged.toml: `${ENV}` for secrets, unknown keys refused with their path and the nearest valid one."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from edged import drawings, ruling, subjects, timezone
from edged.config import Camera, Config

_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HAS_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


class SettingsError(Exception):
    """The configuration is wrong; the text says what, where and what next."""


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path`. Relative paths in it are meant from its folder. Raises SettingsError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot read it ({error.strerror}): name an edged.toml that exists") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    try:
        return _placed(decode(raw, environ), path.parent.resolve())
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def decode(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    """The same from a parsed document."""
    raw = _expanded(raw, "", environ)
    for place, key, known in _unknown_keys(raw, inspect.type_info(Config), ""):
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
        raise SettingsError(f"unknown key {_joined(place, key)!r}: {hint}")
    try:
        settings = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise SettingsError(_readable(error)) from None
    _check_names(settings)
    _check_rules(settings)
    _check_deliveries(settings)
    try:
        timezone.named(settings.time_zone)
    except timezone.ZoneError as error:
        raise SettingsError(f"time_zone: {error}") from None
    return settings


def from_sources(urls: list[str]) -> Config:
    """The configuration that `edged run --source URL …` stands for: cameras cam1, cam2, …"""
    cameras = tuple(Camera(id=f"cam{number}", url=url) for number, url in enumerate(urls, 1))
    return _placed(Config(cameras=cameras), Path.cwd())


def state_dir(settings: Config, environ: Mapping[str, str] = os.environ) -> Path:
    """Where this box keeps what must survive: `state_dir`, or systemd's, or the user's."""
    if settings.state_dir:
        return Path(settings.state_dir)
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/var/lib")) / ".local" / "state")
    return Path(home) / "edged"


def models_dir(settings: Config, environ: Mapping[str, str] = os.environ) -> Path:
    """Where model files lie."""
    return Path(settings.detector.models_dir or state_dir(settings, environ) / "models")


def _expanded(value: Any, place: str, environ: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _expanded(item, _joined(place, key), environ) for key, item in value.items()}
        case list():
            return [_expanded(item, f"{place}[{index}]", environ) for index, item in enumerate(value)]
        case str():
            return _ENV.sub(lambda match: _variable(match[1], place, environ), value)
        case _:
            return value


def _variable(name: str, place: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise SettingsError(f"{place}: the environment has no {name}: set it, or write the value here")
    return environ[name]


def _unknown_keys(value: Any, kind: inspect.Type, place: str) -> Iterator[tuple[str, str, list[str]]]:
    """(path, key, keys known there) for each key no Struct has."""
    match kind:
        case inspect.StructType() if isinstance(value, dict):
            fields = {field.encode_name: field.type for field in kind.fields}
            for key, item in value.items():
                if key in fields:
                    yield from _unknown_keys(item, fields[key], _joined(place, key))
                else:
                    yield place, key, list(fields)
        case inspect.VarTupleType() if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _unknown_keys(item, kind.item_type, f"{place}[{index}]")
        case inspect.DictType() if isinstance(value, dict):
            for key, item in value.items():
                yield from _unknown_keys(item, kind.value_type, _joined(place, key))
        case inspect.Metadata():
            yield from _unknown_keys(value, kind.type, place)


def _joined(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _readable(error: msgspec.ValidationError) -> str:
    what, _, where = str(error).partition(" - at `$")
    place = where.rstrip("`").lstrip(".")
    what = what.replace("`", "").replace("Expected", "expected").replace("Object missing", "missing")
    return f"{place}: {what}" if place else what


def _check_names(settings: Config) -> None:
    for where, names in (
        ("cameras", [camera.id for camera in settings.cameras]),
        ("counters", [counter.id for counter in settings.counters]),
        ("alerts", [rule.name for rule in settings.alerts]),
        ("webhooks", [webhook.name for webhook in settings.webhooks]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                raise SettingsError(f"{where}[{index}]: {name!r} is used twice: give each its own")
    for index, camera in enumerate(settings.cameras):
        if fault := drawings.fault(camera):
            raise SettingsError(f"cameras[{index}].{fault}")
    if subjects.NODE_ITSELF in (camera.id for camera in settings.cameras):
        raise SettingsError(f"cameras: {subjects.NODE_ITSELF!r} stands for the box itself: choose another id")


def _check_rules(settings: Config) -> None:
    for index, rule in enumerate(settings.alerts):
        if fault := ruling.fault(rule):
            raise SettingsError(f"alerts[{index}].{fault}")


def _check_deliveries(settings: Config) -> None:
    email = settings.email
    for key in ("sender", "to"):
        if email.host and not getattr(email, key):
            raise SettingsError(f"email.{key}: is missing: with email.host set, mails need it")
    for key in ("access_key", "secret_key"):
        if settings.s3.bucket and not getattr(settings.s3, key):
            raise SettingsError(f"s3.{key}: is missing: with s3.bucket set, pictures need it")
    words = dict.fromkeys(("severity", "message", "camera", "node", "site", "rule", "label", "id", "time"), "")
    for key in ("subject", "text"):
        try:
            getattr(email, key).format_map(words)
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            known = ", ".join(f"{{{word}}}" for word in words)
            raise SettingsError(f"email.{key}: {error} cannot be filled in: known are {known}") from None


def _placed(settings: Config, folder: Path) -> Config:
    def place(path: str) -> str:
        return str(folder / Path(path).expanduser()) if path else ""

    return msgspec.structs.replace(
        settings,
        state_dir=place(settings.state_dir),
        log=msgspec.structs.replace(settings.log, file=place(settings.log.file)),
        detector=msgspec.structs.replace(settings.detector, models_dir=place(settings.detector.models_dir)),
        handlers=msgspec.structs.replace(settings.handlers, dir=place(settings.handlers.dir)),
        from_api=msgspec.structs.replace(
            settings.from_api, file_dirs=tuple(place(path) for path in settings.from_api.file_dirs)
        ),
        cameras=tuple(
            camera if _HAS_SCHEME.match(camera.url) else msgspec.structs.replace(camera, url=place(camera.url))
            for camera in settings.cameras
        ),
    )
