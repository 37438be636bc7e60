"""`edged doctor`: which device, decoder, runtime, model and broker this box would use, and why."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from edged import settings
from edged.config import Config

Line = tuple[str, str, str]


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("doctor", help="what this box has, what would run, and why")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when something is in the way of running."""
    try:
        loaded = settings.load(args.config) if args.config else Config()
    except settings.SettingsError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    state = settings.state_dir(loaded)
    lines, faults = _broker(loaded)
    lines += [*_seeing(loaded, state), *_recognising(loaded, state), *_decoders(), *_places(loaded, state)]
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    for topic, answer, reason in lines:
        print(f"{topic:<{widths[0]}}  {answer:<{min(widths[1], 40)}}  {reason}".rstrip())
    for fault in faults:
        print(f"edged: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _seeing(loaded: Config, state: Path) -> list[Line]:
    from edged.vision import hardware

    folder = Path(loaded.detector.models_dir or state / "models")
    return [(found.topic, found.answer, found.reason) for found in hardware.findings(loaded.detector, folder)]


def _recognising(loaded: Config, state: Path) -> list[Line]:
    from edged.recognition import chosen

    folder = Path(loaded.detector.models_dir or state / "models")
    topics = {"faces": "face finder", "face": "faces by", "body": "figures by"}
    return [
        (topics[task], model.name if model else "nothing", reason)
        for task, model, reason in chosen.at_hand(loaded.recognition, folder)
    ]


def _decoders() -> list[Line]:
    from edged.camera import decoders

    found = decoders.facts()
    usable = [decoder for decoder in found if decoder.works]
    name = usable[0].name if usable else "software (libavcodec)"
    why = (
        usable[0].reason if usable else "no hardware decoder here: " + "; ".join(f"{d.name}: {d.reason}" for d in found)
    )
    return [("H.264 decoder", name, why)]


def _broker(loaded: Config) -> tuple[list[Line], list[str]]:
    from edged.nats_server import BrokerError, find, version_of

    if loaded.nats.url:
        return [("NATS", loaded.nats.url.rpartition("@")[2], "nats.url names it")], []
    try:
        binary = find(loaded.nats.binary)
        version = ".".join(map(str, asyncio.run(version_of(binary))))
    except BrokerError as error:
        return [("NATS", "no nats-server", "")], [str(error)]
    return [("NATS", f"nats-server {version}", f"{binary}, started and ended by edged: nats.url is empty")], []


def _places(loaded: Config, state: Path) -> list[Line]:
    there = next(folder for folder in (state, *state.parents) if folder.exists())
    writable = "writable" if os.access(there, os.W_OK) else "not writable: set state_dir, or its owner"
    disk = os.statvfs(there)
    free = disk.f_bavail * disk.f_frsize / 1e9
    return [
        ("state", str(state), f"{writable}, {free:.1f} GB free"),
        ("gateway", f"{loaded.gateway.host}:{loaded.gateway.port}", "with login" if loaded.auth.api_key else "no login: loopback only"),
    ]  # fmt: skip
