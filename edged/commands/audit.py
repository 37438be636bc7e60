"""`edged audit`: compares outbox, stream and history, and names every gap and every double."""

import argparse
import asyncio
import sys
from pathlib import Path

from edged import settings
from edged.config import Config


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("audit", help="is every fact in the stream and in the history, once?")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: clean; 1: faults, which are named; 2: it could not be looked at."""
    from edged.bus.link import BusError
    from edged.nats_server import BrokerError

    try:
        loaded = settings.load(args.config) if args.config else Config()
        return asyncio.run(_audit(loaded))
    except (settings.SettingsError, BusError, BrokerError, OSError) as error:
        print(f"edged: {error}", file=sys.stderr)
        return 2


async def _audit(config: Config) -> int:
    from edged.commands.reaching import reach
    from edged.history.auditing import audited

    state = settings.state_dir(config)
    async with reach(config, state) as facts:
        found = await audited(facts, state)
    print(f"stream {found.stream} facts, history {found.history}, outbox {found.outbox} ({found.waiting} waiting)")
    for fault in found.faults:
        print(f"{fault.what}: {fault.many}")
        for name in fault.names:
            print(f"  {name}")
    print("clean" if not found.faults else "not clean")
    return 1 if found.faults else 0
