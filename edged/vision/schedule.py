"""Whose turn it is at the detector: data and time in, a choice out.

Rate. A place holds its asked rate on a grid of frame arrivals: the next frame is the first that arrives at or after `due`, and `due` moves on by
exactly one interval, not by one interval after the frame taken. So 25 pictures a second give 10 looks a second and not 8.3. A place that
falls behind by more than the spacing of its frames gives the lost looks up; under overload the intervals stretch by themselves.

Fairness. Weighted fair queuing (Demers, Keshav and Shenker 1989) on the time the turns take, with the virtual clock of start-time fair
queuing (Goyal, Vin and Cheng 1996): a place that only finds its picture unchanged pays next to nothing and hardly waits. An active scene
weighs more than a quiet one, and a place that has waited for LONGEST goes before all that have not, longest first.

Freshness. A frame older than one spacing of its source and one turn is stale: the camera has stopped sending, or the loop has
been held up; the next frame is waited for instead.

Budget. `cpu` bounds the seconds of turns per second, summed over those that run at once; 0 does not.
"""

from collections import deque
from dataclasses import dataclass, field

ACTIVE_WEIGHT = 3.0
LONGEST = 5.0  # seconds without a look after which a waiting place goes first
_RATE_OVER = 16  # looks
_SMOOTHING = 0.1
_UP, _DOWN = 0.3, 0.02  # turns that end early, for a picture without motion, must not hide how long an inference takes
_BURST = 0.25  # seconds of budget that may be saved up


@dataclass(slots=True, eq=False)
class Place:
    """What the schedule knows of one camera. Times are seconds of one monotonic clock."""

    interval: float
    active: bool = False
    due: float = float("-inf")
    spacing: float = 0.0  # of the source's frames; 0 until two were seen
    taken: int = 0
    stale: int = 0
    last_seq: int = 0
    last_arrived: float = float("-inf")
    looked: deque[float] = field(default_factory=lambda: deque(maxlen=_RATE_OVER))
    waiting_since: float | None = None
    holding_since: float | None = None
    start: float = 0.0  # virtual time at which its turn begins
    finish: float = 0.0  # virtual time at which its last turn ended
    cost: float = 0.0  # seconds its turns take, smoothed

    @property
    def weight(self) -> float:
        return ACTIVE_WEIGHT if self.active else 1.0

    def ask(self, fps: float) -> None:
        """Changes the asked rate; a slower one than before does not delay the next look."""
        interval = 1.0 / fps
        self.due += min(0.0, interval - self.interval)
        self.interval = interval

    def take(self, seq: int, arrived: float) -> None:
        """A frame is looked at. `seq` counts the frames of the source, `arrived` is when this one came."""
        passed = seq - self.last_seq
        if self.taken and passed > 0:
            spacing = (arrived - self.last_arrived) / passed
            self.spacing += (spacing - self.spacing) * (_SMOOTHING if self.spacing else 1.0)
        self.last_seq, self.last_arrived = seq, arrived
        self.due = max(self.due + self.interval, arrived + self.interval - min(self.spacing, self.interval))
        self.taken += 1
        self.looked.append(arrived)

    def fps(self, now: float) -> float:
        """Looks per second of late."""
        if len(self.looked) < 2:
            return 0.0
        since = max(self.looked[-1], now - self.interval) - self.looked[0]
        return (len(self.looked) - 1) / since if since > 0.0 else 0.0


class Schedule:
    """Chooses among the waiting places; at most `capacity` hold a turn at once."""

    def __init__(self, capacity: int, cpu: float = 0.0) -> None:
        self.turn = 0.0  # seconds a turn with an inference takes, smoothed
        self._capacity = capacity
        self._cpu = cpu
        self._places: dict[Place, None] = {}  # in the order they came, so that a choice is never a matter of luck
        self._virtual = 0.0
        self._budget = _BURST
        self._filled = float("-inf")

    def join(self, place: Place) -> None:
        self._places[place] = None

    def leave(self, place: Place, now: float) -> None:
        """The place gives up whatever it waits for or holds, and is gone."""
        self.release(place, now)
        self.withdraw(place)
        self._places.pop(place, None)

    def want(self, place: Place, now: float) -> None:
        """The place has a frame that is due."""
        place.waiting_since = now
        place.start = max(self._virtual, place.finish)

    def withdraw(self, place: Place) -> None:
        place.waiting_since = None

    def choose(self, now: float) -> Place | None:
        """Grants the next turn, if one is free and somebody waits."""
        waiting = [place for place in self._places if place.waiting_since is not None]
        if not waiting or self._held() >= self._capacity or self.pause(now) > 0.0:
            return None
        place = min(waiting, key=lambda place: _precedence(place, now))
        place.waiting_since, place.holding_since = None, now
        self._virtual = max(self._virtual, place.start)
        place.finish = place.start
        return place

    def release(self, place: Place, now: float) -> None:
        """The place's turn is over; nothing happens if it holds none."""
        if place.holding_since is None:
            return
        took, place.holding_since = now - place.holding_since, None
        self.turn += (took - self.turn) * (_UP if took > self.turn else _DOWN)
        place.cost += (took - place.cost) * _UP
        place.finish = place.start + took / place.weight
        self._budget -= took

    def stale(self, place: Place, arrived: float, now: float) -> bool:
        """Whether a frame that came at `arrived` is too old to look at; counts it if so."""
        old = bool(place.spacing) and now - arrived > place.spacing + self.turn
        place.stale += old
        return old

    def pause(self, now: float) -> float:
        """Seconds until the budget allows another turn."""
        if not self._cpu:
            return 0.0
        self._budget = min(_BURST, self._budget + (now - self._filled) * self._cpu)
        self._filled = now
        return max(0.0, -self._budget / self._cpu)

    def _held(self) -> int:
        return sum(place.holding_since is not None for place in self._places)


def _precedence(place: Place, now: float) -> tuple[bool, float, float]:
    overdue = now - place.last_arrived > LONGEST
    return (
        not overdue,
        place.last_arrived if overdue else place.start + place.cost / place.weight,
        place.waiting_since or 0.0,
    )
