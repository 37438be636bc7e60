"""`edged check FILE`: says what is wrong with a configuration, or what it amounts to."""

import argparse
import sys
from pathlib import Path

from edged import settings


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("check", help="check a configuration file")
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        loaded = settings.load(args.file)
    except settings.SettingsError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    bus = "nats.url" if loaded.nats.url else "its own nats-server"
    viewer = f"gateway on {loaded.gateway.host}:{loaded.gateway.port}" if loaded.gateway.enabled else "no gateway"
    print(f"{args.file}: good: {len(loaded.cameras)} cameras, {len(loaded.alerts)} alert rules, {bus}, {viewer}")
    return 0
