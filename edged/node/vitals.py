"""How this process does: CPU, memory, and how long the loop was held up."""

import asyncio
import os
import time
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_BEAT = 0.05


class Vitals:
    """Figures since the last reading; `run()` must run for `loop_lag_ms` to be known."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._worst_lag = 0.0
        self._cpu = time.process_time()
        self._read = self.started

    async def run(self) -> None:
        """Measures by how much a short sleep is late."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(_BEAT)
            self._worst_lag = max(self._worst_lag, time.monotonic() - before - _BEAT)

    @property
    def uptime(self) -> float:
        return time.monotonic() - self.started

    def cpu(self) -> float:
        """Cores used since the last call, on average."""
        now, used = time.monotonic(), time.process_time()
        share = (used - self._cpu) / max(now - self._read, 1e-3)
        self._read, self._cpu = now, used
        return share

    def loop_lag_ms(self) -> float:
        """The longest the loop was late since the last call, in milliseconds."""
        worst, self._worst_lag = self._worst_lag, 0.0
        return worst * 1000

    @staticmethod
    def rss() -> int:
        """Resident memory in bytes."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
