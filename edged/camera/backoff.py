"""How long to wait before trying a camera again."""

import random
from collections.abc import Callable

from edged.messages import Cause

AUTH = 30.0  # cameras lock accounts after a few wrong passwords; this is below every lock-out rate seen
STABLE = 10.0  # seconds of running after which a fault is a new one


class Backoff:
    """Exponential with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), above half of `shortest`."""

    def __init__(
        self, shortest: float, longest: float, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._shortest, self._longest = shortest, max(shortest, longest)
        self._uniform = uniform
        self._tries = 0

    def after(self, cause: Cause, ran: float) -> float:
        """Seconds to wait after a fault that ended `ran` seconds of running."""
        if ran >= STABLE:
            self._tries = 0
        if cause == "auth":
            return self._uniform(AUTH, max(2 * AUTH, self._longest))
        ceiling = min(self._longest, self._shortest * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return self._uniform(self._shortest / 2, ceiling)

    def relent(self) -> None:
        """It gave a sign of life: the next wait is a first one."""
        self._tries = 0
