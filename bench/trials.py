"""What came of the faults: a table by kind, and the bounds that must hold."""

from collections import defaultdict
from dataclasses import dataclass

from bench.figures import median, percentile
from bench.results import Row, Section


@dataclass(frozen=True)
class Trial:
    """One fault. `noticed` and `back` in seconds; `noticed` is None where the session outlived the fault."""

    trouble: str
    noticed: float | None
    cause: str
    back: float


@dataclass(frozen=True)
class Used:
    """What the daemon has after a trial, its broker left out; `rss` in bytes."""

    threads: int
    handles: int
    rss: int


def by_trouble(trials: list[Trial]) -> str:
    """A Markdown table, worst last."""
    kinds: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        kinds[trial.trouble].append(trial)
    lines = ["| fault | times | cause | noticed: median, p95, max | back: median, p95, max |", "|---|---|---|---|---|"]
    for name, its in [*kinds.items(), ("all", trials)]:
        causes = ", ".join(sorted({trial.cause for trial in its} - {""})) if name != "all" else ""
        noticed = _spread([trial.noticed for trial in its if trial.noticed is not None])
        lines.append(f"| {name} | {len(its)} | {causes} | {noticed} | {_spread([trial.back for trial in its])} |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return (
        ", ".join(f"{share:.2f}" for share in (median(values), percentile(values, 0.95), max(values)))
        if values
        else "–"
    )


def section(trials: list[Trial], used: list[Used], units: int, lost: int) -> Section:
    stalls = [trial.noticed for trial in trials if trial.noticed is not None and trial.cause == "stalled"]
    first, middle, last = (used[len(used) * begin // 5 : len(used) * (begin + 1) // 5] or used for begin in (0, 2, 4))

    return Section(
        "faults",
        [
            Row("faults", len(trials)),
            Row("stall noticed, p95", percentile(stalls, 0.95), "s", 2, "≤"),
            Row("picture back, median", median([trial.back for trial in trials]), "s"),
            Row("picture back, p95", percentile([trial.back for trial in trials], 0.95), "s", 3, "≤"),
            Row("picture back, at most", max(trial.back for trial in trials), "s"),
            Row("frames of the other camera", units),
            Row("frames of the other camera lost", lost, "", 0, "≤"),
            Row(
                "threads more, last fifth against first",
                _grown(first, last, "threads"),
                "",
                2,
                "≤",
                "pools fill up as they are used",
            ),
            Row("open files more", _grown(first, last, "handles"), "", 0, "≤"),
            Row(
                "memory more, last fifth against third",
                _grown(middle, last, "rss") / 1e6,
                "MB",
                1,
                "≤",
                f"of {used[-1].rss / 1e6:.0f}; until then caches fill up",
            ),
        ],
    )


def _grown(early: list[Used], late: list[Used], what: str) -> float:
    before, after = ([float(getattr(each, what)) for each in some] for some in (early, late))
    return median(after) - median(before)
