"""`edged schema`: the JSON Schema of edged.toml, for editors; with `--wire DIR`, the contract on NATS."""

import argparse
import json
from pathlib import Path

import msgspec

from edged.config import Config
from edged.contract.generate import write


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("schema", help="JSON Schema of edged.toml, or the wire contract")
    parser.add_argument(
        "--wire", type=Path, metavar="DIR", help="write the NATS contract (JSON Schema, AsyncAPI, examples) there"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.wire:
        write(args.wire)
    else:
        print(json.dumps(msgspec.json.schema(Config), indent=2))
    return 0
