"""What a process and its children use, read from /proc."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """`cpu` in seconds since the start, `own_rss` of the first process, `rss` with its children, in bytes."""

    cpu: float
    own_rss: int
    rss: int


def usage(pid: int) -> Usage:
    """ProcessLookupError when it is gone."""
    found = [(process, stat) for process in family(pid) if (stat := _stat(process)) is not None]
    if not found:
        raise ProcessLookupError(f"process {pid} has ended")
    # Fields 14 to 17 of proc(5): user and system time, of the process and of children it waited for.
    cpu = sum(sum(int(ticks) for ticks in stat[11:15]) * _TICK for _, stat in found)
    return Usage(cpu, _rss(pid), sum(_rss(process) for process, _ in found))


def busy(pid: int) -> float:
    """Seconds of CPU this one process has used, to the nanosecond. OSError when it is gone."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3), which Python does not have


def family(pid: int) -> list[int]:
    """`pid` and everything that descends from it."""
    parents = {int(path.name): int(stat[1]) for path in _PROC.glob("[0-9]*") if (stat := _stat(int(path.name)))}
    members = [pid]
    for member in members:
        members += [process for process, parent in parents.items() if parent == member]
    return members


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on; the second may itself hold spaces and brackets."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _rss(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)
