"""`edged history rebuild`: history.db made anew from the stream."""

import argparse
import asyncio
import sys
from pathlib import Path

from edged import settings, timezone
from edged.config import Config


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("history", help="the history of this box")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    rebuild = verbs.add_parser("rebuild", help="make history.db anew from the stream; edged must not run")
    rebuild.add_argument("--config", type=Path, metavar="FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from edged.bus.link import BusError
    from edged.nats_server import BrokerError

    try:
        loaded = settings.load(args.config) if args.config else Config()
        asyncio.run(_rebuild(loaded))
    except (settings.SettingsError, BusError, BrokerError, OSError) as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1
    return 0


async def _rebuild(config: Config) -> None:
    from edged.commands.reaching import reach
    from edged.history.archive import locked
    from edged.history.rebuilding import rebuild

    state = settings.state_dir(config)
    path = state / "history.db"
    zone = timezone.TimeZone(timezone.named(config.time_zone))
    with locked(path):
        async with reach(config, state) as facts:
            made = await rebuild(facts, path, zone)
    print(f"{path}: {made.read} facts from the stream, {made.kept} older ones kept")
    if made.old:
        print(f"the old file is {made.old}: delete it when all is well")
