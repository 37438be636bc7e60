"""How often one client may ask. Pure: time comes from outside."""

_CLIENTS = 4096


class Rates:
    """A bucket of `burst` for each client that fills up again at `per_minute`."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, client: str, now: float) -> float:
        """0 when the client may ask at `now` (seconds), and has; otherwise how long until it may."""
        left, since = self._buckets.pop(client, (float(self._burst), now))
        left = min(float(self._burst), left + (now - since) * self._rate)
        may = left >= 1
        self._buckets[client] = left - may, now
        if len(self._buckets) > _CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if may else (1 - left) / self._rate
