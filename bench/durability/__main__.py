"""`python -m bench.durability`: facts through kill -9 of whoever makes, carries and records them, at random moments.

What is in the history at the end must be exactly what was promised to those who made the facts, each once.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import uvloop

from bench.durability.soak import Outcome, Plan, Stuck, soaked
from bench.results import Row, Section, save, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.durability", description=__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1500.0, help="facts a second that are made while nobody is dead")
    parser.add_argument("--seed", type=int, default=1, help="who is killed when")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave logs and databases there")
    wanted = parser.parse_args()
    plan = Plan(wanted.facts, wanted.kills, wanted.rate, seed=wanted.seed)
    with ExitStack() as stack:
        home = wanted.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edged-soak-")))
        home.mkdir(parents=True, exist_ok=True)
        try:
            outcome = uvloop.run(soaked(plan, home.resolve()))
        except (Stuck, OSError) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    section = Section("durability", rows(outcome), "" if outcome.account.faultless else str(outcome.account))
    print(table(section))
    print("\n".join(outcome.account.audits))
    print(f"kept in {save([section], 'none', wanted.facts < 1_000_000)}")
    return 0 if outcome.account.faultless else 1


def rows(outcome: Outcome) -> list[Row]:
    account, kills = outcome.account, outcome.kills
    by_kind = ", ".join(f"{count} of {kind}" for kind, count in sorted(kills.items()))
    return [
        Row("facts promised", account.promised, "", note=f"{account.unspoken} more were kept than could be promised"),
        Row("kill -9", kills.total(), "", note=f"{by_kind}; {outcome.tears} took the end of the stream along"),
        Row("lost", account.lost_in_stream + account.lost_in_history, "", 0, "≤"),
        Row("doubled", account.doubled_in_stream + account.doubled_in_history, "", 0, "≤"),
        Row("invented", account.invented, "", 0, "≤"),
        Row("in the history", account.history, "", note=f"in the stream {account.stream}"),
        Row("from the first fact to the last in the history", outcome.seconds, "s"),
        Row("of which after the last was promised", outcome.settling, "s"),
        Row("facts a second, deaths included", account.promised / outcome.seconds, "/s"),
    ]


if __name__ == "__main__":
    sys.exit(main())
