"""What is measured. Each scenario is a function that lets contestants do the same thing in turn and says what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.contest import Contest, Contestant, Outcome, held
from bench.contestants import bare_loop, usual_way
from bench.crowds import BROWSERS, audience
from bench.daemon import daemon
from bench.daemon import edged as running_edged
from bench.figures import median
from bench.footage import high_definition, night, walkway
from bench.processes import usage
from bench.results import Row
from edged import config

MEGABYTE = 1e6
SETTLING = 15.0  # seconds in which a daemon opens its cameras, and sees that nothing happens


@dataclass(frozen=True)
class Plan:
    """How thorough a run is: seconds measured each time and let pass before, how often contestants take turns, numbers of cameras."""

    seconds: float
    warm: float
    rounds: int
    cameras: tuple[int, ...]
    clips: tuple[int, ...]
    starts: int
    clients: int = 1000


FULL = Plan(seconds=8, warm=3, rounds=2, cameras=(1, 4, 12), clips=(1, 4, 12), starts=3)
QUICK = Plan(seconds=3, warm=1.5, rounds=1, cameras=(1, 4), clips=(4,), starts=1)


async def start(plan: Plan) -> list[Row]:
    """From nothing to the first detections at a subscriber."""
    contest = Contest(high_definition(), cameras=1, fps=5, seconds=0.1, warm=0)
    firsts = [(await held(daemon, contest)).first for _ in range(plan.starts)]
    return [Row("start to first detection", median(firsts), "s", 2, "≤")]


async def latency(plan: Plan) -> list[Row]:
    """One camera, every frame: how long after a frame's arrival a subscriber has its message."""
    contest = Contest(high_definition(), cameras=1, fps=25, seconds=2 * plan.seconds, warm=plan.warm)
    (bare,), (edged,), (usual,) = await _in_turn(contest, 1, bare_loop, daemon, usual_way)
    return [
        Row("inference with its input, bare loop", bare.infer, "ms"),
        Row("inference with its input, edged", edged.infer, "ms"),
        Row("arrival to subscriber, median", edged.age(0.5), "ms", edged.infer + 3, "≤", "target: inference + 3 ms"),
        Row("arrival to subscriber, p99", edged.age(0.99), "ms", edged.infer + 15, "≤", "target: inference + 15 ms"),
        Row("arrival to subscriber, median, usual way", usual.age(0.5), "ms"),
        Row("arrival to subscriber, p99, usual way", usual.age(0.99), "ms"),
        *_loop(edged),
    ]


async def saturated(plan: Plan) -> list[Row]:
    """Twelve cameras want every frame looked at, which is more than the box can do."""
    contest = Contest(high_definition(), cameras=12, fps=25, seconds=plan.seconds, warm=plan.warm)
    bare, edged, usual = await _in_turn(contest, plan.rounds, bare_loop, daemon, usual_way)
    useful = median([ours.rate / theirs.rate for ours, theirs in zip(edged, bare, strict=True)])
    one_interval = contest.footage.interval_ms + median([outcome.infer for outcome in edged])
    overload = contest.asked / median([outcome.rate for outcome in edged])
    return [
        Row("bare loop", median([outcome.rate for outcome in bare]), "1/s"),
        Row("edged", median([outcome.rate for outcome in edged]), "1/s", note=f"asked for {contest.asked:.0f}"),
        Row("usual way", median([outcome.rate for outcome in usual]), "1/s"),
        Row("edged / bare loop", useful, "", 0.95),
        Row("detector busy", median([outcome.busy for outcome in edged]), "", 0.9),
        Row("Jain fairness over 12 cameras", min(outcome.fairness for outcome in edged), "", 0.99),
        Row(
            f"frame age at {overload:.1f}x overload, median",
            median([outcome.age(0.5) for outcome in edged]),
            "ms",
            one_interval,
            "≤",
            "target: one interval + one inference",
        ),
        Row("frame age, p99", median([outcome.age(0.99) for outcome in edged]), "ms"),
        *_loop(*edged),
    ]


async def five_fps(plan: Plan) -> list[Row]:
    """1080p25 cameras looked at five times a second, as boxes are set up: what a camera costs."""
    rows: list[Row] = []
    memory: dict[int, float] = {}
    for cameras in plan.cameras:
        contest = Contest(high_definition(), cameras, fps=5, seconds=plan.seconds, warm=plan.warm)
        bare, edged, usual = await _in_turn(contest, plan.rounds, bare_loop, daemon, usual_way)
        ours, theirs = (median([outcome.cpu for outcome in outcomes]) for outcomes in (edged, usual))
        memory[cameras] = max(outcome.memory.rss for outcome in edged) / MEGABYTE
        judged = cameras == 4  # with 12 the usual way needs more than two cores have
        over = median([(b.cpu - a.cpu) / cameras * 100 for a, b in zip(bare, edged, strict=True)])
        rows += [
            *_cpu(cameras, bare, edged, usual),
            Row(f"{cameras} cameras: cameras per core, edged", cameras / ours),
            Row(f"{cameras} cameras: cameras per core, usual way", cameras / theirs),
            Row(f"{cameras} cameras: edged / usual way", theirs / ours, "", 2 if judged else None),
            Row(
                f"{cameras} cameras: beyond decode and inference",
                over,
                "%",
                2 if judged else None,
                "≤",
                "of a core, each",
            ),
            Row(
                f"{cameras} cameras: memory, broker included", memory[cameras], "MB", 200 if cameras == 1 else None, "≤"
            ),
            *_loop(*edged),
        ]
    least, most = min(memory), max(memory)
    if most > least:
        rows.append(
            Row("memory of each further camera", (memory[most] - memory[least]) / (most - least), "MB", 20, "≤")
        )
    return rows


async def idle(plan: Plan) -> list[Row]:
    """1080p25 cameras of a place where nothing moves, which nobody watches, with the settings that cameras have by default."""
    footage, count = night(), 4
    cameras = tuple(config.Camera(id=f"cam{n}", url=str(footage.clip)) for n in range(count))
    none, some = [await _quiet(which, 2 * plan.seconds) for which in ((), cameras)]
    return [
        Row("daemon without a camera, broker included", none, "cores"),
        Row(f"daemon with {count} idle cameras, broker included", some, "cores"),
        Row("each idle camera", (some - none) / count, "cores", 0.05, "≤"),
    ]


async def clips(plan: Plan) -> list[Row]:
    """The pedestrian clip as it is, every frame of it."""
    rows: list[Row] = []
    for cameras in plan.clips:
        contest = Contest(walkway(), cameras, fps=10, seconds=plan.seconds, warm=plan.warm)
        bare, edged, usual = await _in_turn(contest, 1, bare_loop, daemon, usual_way)
        rows += [
            *_cpu(cameras, bare, edged, usual),
            Row(f"{cameras} cameras: looks, edged", edged[0].rate, "1/s", note=f"asked for {contest.asked:.0f}"),
            Row(f"{cameras} cameras: arrival to subscriber, median", edged[0].age(0.5), "ms"),
            Row(f"{cameras} cameras: arrival to subscriber, p99", edged[0].age(0.99), "ms"),
        ]
    return rows


async def crowd(plan: Plan) -> list[Row]:
    """A thousand WebSocket clients, ten messages a second to each."""
    rows = []
    for offer, (edged, usual) in (await audience(plan.clients, plan.seconds)).items():
        # Browsers offer compression, and the usual server takes it up; that is how both run, so that is what counts.
        judged, who = offer == BROWSERS, "browsers" if offer == BROWSERS else "without compression"
        rows += [
            Row(f"{who}: gateway", edged.cpu, "cores", 1 if judged else None, "≤", "broker included"),
            Row(f"{who}: usual way", usual.cpu, "cores"),
            Row(f"{who}: delivered, gateway", edged.delivered, "", 0.99 if judged else None, note="share"),
            Row(f"{who}: delivered, usual way", usual.delivered, note="share"),
            Row(f"{who}: CPU per message, gateway", edged.per_message * 1e6, "µs"),
            Row(
                f"{who}: CPU per message, usual / gateway",
                usual.per_message / edged.per_message,
                "",
                4 if judged else None,
            ),
        ]
    return rows


SCENARIOS: dict[str, Callable[[Plan], Awaitable[list[Row]]]] = {
    each.__name__: each for each in (start, latency, saturated, five_fps, idle, clips, crowd)
}


async def _quiet(cameras: tuple[config.Camera, ...], seconds: float) -> float:
    """Cores that the daemon takes once it has come to rest."""
    async with running_edged(cameras) as (running, _, _):
        await asyncio.sleep(SETTLING)
        before, began = usage(running.child.pid).cpu, time.monotonic()
        await asyncio.sleep(seconds)
        return (usage(running.child.pid).cpu - before) / (time.monotonic() - began)


async def _in_turn(contest: Contest, rounds: int, *contestants: Contestant) -> list[list[Outcome]]:
    """Outcomes by contestant. They take turns within a round, so that a slow minute of the machine hits all."""
    outcomes: list[list[Outcome]] = [[] for _ in contestants]
    for _ in range(rounds):
        for contestant, its in zip(contestants, outcomes, strict=True):
            its.append(await held(contestant, contest))
    return outcomes


def _cpu(cameras: int, *outcomes: list[Outcome]) -> list[Row]:
    return [
        Row(f"{cameras} cameras: {name}", median([outcome.cpu for outcome in its]), "cores")
        for name, its in zip(("bare loop", "edged", "usual way"), outcomes, strict=True)
    ]


def _loop(*outcomes: Outcome) -> list[Row]:
    return [Row("event loop blocked, at most", max(outcome.loop_lag_ms for outcome in outcomes), "ms", 20, "≤")]
