"""`edged gateway`: the gateway alone, on any machine that reaches the NATS of the boxes."""

import argparse
import sys
from pathlib import Path

import msgspec

from edged import settings
from edged.config import Config


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("gateway", help="run only the gateway, on another machine's NATS")
    parser.add_argument("--nats", metavar="URL", help="the nats-server to listen to; default: nats.url of the file")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        loaded = settings.load(args.config) if args.config else Config()
    except settings.SettingsError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    if args.nats:
        loaded = msgspec.structs.replace(loaded, nats=msgspec.structs.replace(loaded.nats, url=args.nats))
    if not loaded.nats.url:
        print("edged: which NATS? Give --nats nats://host:4222, or nats.url in a file with --config", file=sys.stderr)
        return 2
    from edged import daemon, logs

    try:
        logs.begin(loaded.log)
    except logs.LogError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    return daemon.main(daemon.gateway_alone(loaded))
