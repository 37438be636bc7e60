"""`python -m bench`: runs the scenarios, prints what came of them next to what was promised, and keeps it as JSON."""

import argparse
import asyncio
import resource
import sys

from bench.contest import ContestError
from bench.network import model
from bench.results import Section, save, summary, table
from bench.scenarios import FULL, QUICK, SCENARIOS, Plan
from demo.clips import ClipError


async def scenario(name: str, plan: Plan) -> Section:
    try:
        return Section(name, await SCENARIOS[name](plan))
    except (ContestError, ClipError) as error:
        return Section(name, [], str(error))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes instead of ten; figures are rougher")
    parser.add_argument("--only", metavar="NAME", action="append", choices=SCENARIOS, help=", ".join(SCENARIOS))
    wanted = parser.parse_args()
    plan = QUICK if wanted.quick else FULL

    # A thousand clients and a thousand sockets to serve them; children inherit the limit.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    chosen = model()
    print(f"model {chosen.name} ({chosen.file.name})", flush=True)
    sections = []
    for name in wanted.only or SCENARIOS:
        print(f"\n{name}: {SCENARIOS[name].__doc__}", flush=True)
        sections.append(asyncio.run(scenario(name, plan)))
        print(table(sections[-1]), flush=True)
    print(summary(sections))
    print(f"kept in {save(sections, chosen.name, wanted.quick)}")
    return 1 if any(section.failure for section in sections) else 0


if __name__ == "__main__":
    sys.exit(main())
