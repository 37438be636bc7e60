"""Rules of alerts as edged.toml, the API and the KV bucket all write them; docs/alerts.md defines when each comes true."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from edged.messages import Direction, Item, Severity, Token

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[
    str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", description="On the wall, 00:00 to 24:00.")
]
Label = Annotated[str, Meta(min_length=1, max_length=64)]
CameraRef = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,2}$", description="`id`, `node.id` or `site.node.id`."
    ),
]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Quiet = Annotated[float, Meta(ge=0, le=7 * 86_400)]
AnyLine = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$", description="Its id; empty: each line.")]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a rule."""


class Hours(_Part, frozen=True, kw_only=True, rename={"begin": "from", "end": "to"}):
    """From `from` to before `to` on the days named; with `to` not after `from` it goes on into the next day."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7)] = WEEK
    begin: Clock = "00:00"
    end: Clock = "24:00"


Schedule = Annotated[tuple[Hours, ...], Meta(max_length=32)]
Whom = Annotated[
    Literal["camera", "track"],
    Meta(description="What `suppress` holds for: the camera as a whole, or each track on its own."),
]


class Presence(_Part, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Somebody was in sight for `min_time` seconds."""

    per: Whom = "camera"


class AfterHours(_Part, frozen=True, kw_only=True, tag_field="type", tag="after_hours"):
    """Somebody was in sight for `min_time` seconds, and it is not `open`."""

    open: Annotated[tuple[Hours, ...], Meta(min_length=1, max_length=32)]
    per: Whom = "camera"


class Visit(_Part, frozen=True, kw_only=True, tag_field="type", tag="zone"):
    """Somebody entered or left a zone, or stayed in it for `min_time` seconds."""

    zone: Token
    event: Literal["enter", "leave", "stay"] = "enter"


class Occupancy(_Part, frozen=True, kw_only=True, tag_field="type", tag="occupancy"):
    """As many as `count` came to be in a zone, of the labels that the zone heeds."""

    zone: Token
    count: Annotated[int, Meta(ge=1, le=10_000)]


class Capacity(_Part, frozen=True, kw_only=True, tag_field="type", tag="capacity"):
    """A zone or a counter came as near to its own limits as `state` says, or nearer."""

    of: Literal["zone", "counter"]
    name: Token
    state: Literal["warn", "full"] = "full"


class Crossing(_Part, frozen=True, kw_only=True, tag_field="type", tag="line"):
    """Somebody crossed a line."""

    line: AnyLine = ""
    direction: Direction | None = None


class WrongWay(_Part, frozen=True, kw_only=True, tag_field="type", tag="wrong_way"):
    """Somebody crossed a line against the direction in which that is allowed."""

    line: Token
    allowed: Direction


class Count(_Part, frozen=True, kw_only=True, tag_field="type", tag="count"):
    """A line was crossed `count` times within `window` seconds."""

    line: AnyLine = ""
    direction: Direction | None = None
    count: Annotated[int, Meta(ge=2, le=10_000)]
    window: Annotated[float, Meta(gt=0, le=86_400)] = 60.0


class Missing(_Part, frozen=True, kw_only=True, tag_field="type", tag="ppe"):
    """Somebody was judged to be without one of `items`; empty: without any that the camera requires."""

    items: Annotated[tuple[Item, ...], Meta(max_length=8)] = ()


class Identified(_Part, frozen=True, kw_only=True, tag_field="type", tag="identity"):
    """Somebody was recognised: one of `identities`; with none named, whoever is on the watch list, known, unknown, or anybody."""

    who: Literal["watched", "known", "unknown", "anybody"] = "watched"
    identities: Annotated[tuple[Token, ...], Meta(max_length=256, description="Ids of the gallery.")] = ()


class Offline(_Part, frozen=True, kw_only=True, tag_field="type", tag="offline"):
    """A camera that is switched on has not been running for `min_time` seconds."""


class Crowd(_Part, frozen=True, kw_only=True, tag_field="type", tag="crowd"):
    """Suddenly `count` or more are in sight, and `factor` times as many as usual: the median of the last `minutes`."""

    count: Annotated[int, Meta(ge=2, le=1000)] = 5
    factor: Annotated[float, Meta(gt=1, le=100)] = 2.0
    minutes: Annotated[int, Meta(ge=1, le=180)] = 30


Trigger = (
    Presence
    | AfterHours
    | Visit
    | Occupancy
    | Capacity
    | Crossing
    | WrongWay
    | Count
    | Missing
    | Identified
    | Offline
    | Crowd
)
Lasts = Presence | AfterHours | Visit | Offline  # what may take time to come true


class AlertRule(_Part, frozen=True, kw_only=True):
    """When an alert is raised, and when not again."""

    name: Token
    when: Trigger = Presence()
    labels: Annotated[
        tuple[Label, ...], Meta(min_length=1, max_length=64, description="Labels or aliases of those it is about.")
    ] = ("person",)
    cameras: Annotated[tuple[CameraRef, ...], Meta(max_length=256, description="Empty: all of them.")] = ()
    min_time: Annotated[
        Seconds | None, Meta(description="Seconds that it must last; presence and after_hours: 1 unless said.")
    ] = None
    severity: Severity = "info"
    schedule: Annotated[Schedule, Meta(description="When the rule holds; empty: always.")] = ()
    time_zone: Annotated[str, Meta(max_length=64, description="IANA name; empty: the box's.")] = ""
    suppress: Annotated[Quiet, Meta(description="Seconds without another alert about the same subject.")] = 60.0
    suppress_camera: Annotated[Quiet, Meta(description="Seconds without another alert in the same camera.")] = 0.0
    snapshot: bool = True
    clip: bool = True
    enabled: bool = True

    @property
    def lasts(self) -> float:
        """Seconds that what it tells of must last."""
        if self.min_time is None:
            return 1.0 if isinstance(self.when, Presence | AfterHours) else 0.0
        return self.min_time
