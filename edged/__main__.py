"""The command line: each command is a module in `commands/`, imported only when it is the one asked for."""

import argparse
import sys
from importlib import import_module

from edged import __version__

COMMANDS = ("run", "gateway", "check", "schema", "probe", "models", "doctor", "history", "audit", "janus")


def main(argv: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 it failed (one line on stderr says why), 2 the command line is wrong."""
    parser = argparse.ArgumentParser(prog="edged", description="Turns cameras into facts on NATS.")
    parser.add_argument("--version", action="version", version=f"edged {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    words = sys.argv[1:] if argv is None else argv
    for name in [word for word in words[:1] if word in COMMANDS] or COMMANDS:
        import_module(f"edged.commands.{name}").configure(commands)
    args = parser.parse_args(words)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
