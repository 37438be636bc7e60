"""`edged run`: the daemon."""

import argparse
import sys
from pathlib import Path

from edged import settings
from edged.config import Config


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("run", help="run the daemon")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="an edged.toml; default: /etc/edged/edged.toml if there is one"
    )
    parser.add_argument(
        "--source", action="append", metavar="URL", help="run without a file, on this camera; may be repeated"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.config and args.source:
        print("edged: give either --config or --source; a file names its cameras under [[cameras]]", file=sys.stderr)
        return 2
    try:
        loaded = _settings(args)
    except settings.SettingsError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    from edged import daemon, logs

    try:
        logs.begin(loaded.log)
    except logs.LogError as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    return daemon.main(daemon.run(loaded))


def _settings(args: argparse.Namespace) -> Config:
    if args.source:
        return settings.from_sources(args.source)
    usual = Path("/etc/edged/edged.toml")
    if args.config or usual.exists():
        return settings.load(args.config or usual)
    return Config()
