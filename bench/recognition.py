"""`python -m bench.recognition`: what recognition costs the daemon: time of its loop, and of frames that are looked at.

The same daemon with the same cameras, people always in sight, with recognition off and on, in turns. Recognisers run in the daemon itself,
as they do by default. Loop time is the CPU time of the daemon's main thread, as the kernel counts it.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.figures import median, percentile
from edged import messages as m
from edged.bus.link import connect

CAMERAS = 4
TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """Per camera and second: milliseconds of loop time, detections; `age` is from arrival to publishing, in milliseconds; `facts` of recognition in all."""

    loop: float
    detections: float
    age_p50: float
    age_p99: float
    facts: int


def main_thread_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measured(home: Path, models: Path, clip: Path, recognise: bool, seconds: float) -> Run:
    from tests.rigs.daemon import Daemon, camera

    home.mkdir()
    cameras = "".join(
        camera(f"c{number}", clip, fps=5.0, doze=False, snapshots=False)
        + f"recognition = {{ enabled = {str(recognise).lower()} }}\n"
        for number in range(CAMERAS)
    )
    text = f'[detector]\nmodel = "edged-person"\nmodels_dir = "{models}"\npull = false\nthreads = 1\n'
    text += "[recognition]\nunknown = false\n"  # so that nobody becomes known, and everybody is looked at every second
    daemon = Daemon(home, text + '[handlers]\nrun = ["faces", "people"]\n' + cameras)
    await daemon.start()
    try:
        for number in range(CAMERAS):
            await daemon.until_status(f"c{number}", "running")
        assert daemon.process
        ages: list[float] = []
        facts = 0
        async with (
            connect(await daemon.bus_url(), "bench") as link,
            link.subscribe("edged.v1.*.*.*.detections", 100_000) as heard,
            link.subscribe("edged.v1.*.*.*.face", 100_000) as said,
        ):
            await asyncio.sleep(8)  # models are loaded, tracks believed
            while len(heard):
                await heard.get()
            before, began = main_thread_seconds(daemon.process.pid), time.monotonic()
            await asyncio.sleep(seconds)
            spent, took = main_thread_seconds(daemon.process.pid) - before, time.monotonic() - began
            while len(heard):
                ages.append(msgspec.json.decode((await heard.get()).data, type=m.Detections).timing.age)
            facts = len(said)
        per = took * CAMERAS
        return Run(1000 * spent / per, len(ages) / per, percentile(ages, 0.5), percentile(ages, 0.99), facts)
    finally:
        await daemon.stop(signal.SIGKILL)


async def compared(rounds: int, seconds: float) -> None:
    from tests.rigs import faces

    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        faces.add_drawn_models(home / "models")
        clip = faces.strolling(home / "clip.mp4", [faces.figure(3)], seconds=12)
        runs: dict[bool, list[Run]] = {False: [], True: []}
        print(
            f"{CAMERAS} cameras 720p10, one person in each, looked at 5 times a second; {rounds} rounds of {seconds:g} s each"
        )
        print(f"{'':12} {'loop ms/s':>10} {'detections/s':>13} {'age p50 ms':>11} {'age p99 ms':>11} {'facts':>6}")
        for number in range(rounds):
            for recognise in (False, True):
                run = await measured(home / f"{number}{recognise}", home / "models", clip, recognise, seconds)
                runs[recognise].append(run)
                cells = f"{run.loop:10.1f} {run.detections:13.2f} {run.age_p50:11.1f} {run.age_p99:11.1f} {run.facts:6}"
                print(f"{'recognition' if recognise else 'without':12} {cells}", flush=True)
        added = median([run.loop for run in runs[True]]) - median([run.loop for run in runs[False]])
        print(f"recognition adds {added:.1f} ms of loop time per second and camera")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.recognition", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    asyncio.run(compared(args.rounds, args.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
