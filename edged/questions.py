"""What a history is asked over NATS (`<site>.<node>._.history`), and what it answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from edged.asking import RuleRecord
from edged.messages import AlertRaised, PpeChecked, Saw, Severity, Time
from edged.rules import AlertRule

Range = Literal["today", "7d", "30d", "this_month", "year", "custom"]
Grain = Literal["minute", "hour", "day", "month"]
CameraName = Annotated[str, Meta(description="`id`, `node.id` or `site.node.id`, of a camera that may be gone by now.")]
Moment = Annotated[str, Meta(description="A date, or a time; without an offset in the site's time zone. ISO 8601.")]

Report = Literal["counts", "zones", "ppe"]
WHOLE = "*"  # instead of an item: all that somebody must wear, taken together

ROWS_AT_ONCE = 8000  # less than 800 kB, and a message may have 1 MB


class Where(Struct, frozen=True, kw_only=True, rename={"camera": "cameraId"}):
    """Which counts; empty: all. `label` may be an alias, such as `vehicle`."""

    site: str = ""
    node: str = ""
    camera: CameraName = ""
    line: str = ""
    label: Annotated[str, Meta(description="A label or an alias; corrections have none.")] = ""


class Period(Where, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """From when until when. `custom` goes from `since` to before `until`, rounded outward to whole units of `by`."""

    range: Range = "today"
    since: Moment = ""
    until: Moment = ""
    by: Annotated[Grain | None, Meta(description="The unit of the series; unset: fitting the range.")] = None


class Stats(Period, frozen=True, kw_only=True, tag="stats"):
    pass


class Rows(Period, frozen=True, kw_only=True, tag="rows"):
    """A report as rows, about `limit` of them after the one with the key `after`. `most`: it is refused if there are more in all; 0: however many.

    `zone` is of the report of zones, `item` of that of protective equipment.
    """

    report: Report = "counts"
    zone: str = ""
    item: str = ""
    after: tuple[int, int] = (-1, -1)
    limit: Annotated[int, Meta(ge=1, le=ROWS_AT_ONCE)] = ROWS_AT_ONCE
    most: Annotated[int, Meta(ge=0)] = 0


class Occupancy(Where, frozen=True, kw_only=True, tag="occupancy"):
    at: Moment = ""


class Alerts(Struct, frozen=True, kw_only=True, tag="alerts"):
    camera: CameraName = ""
    rule: str = ""
    severity: Severity | None = None
    since: datetime | None = None
    until: datetime | None = None
    acknowledged: bool | None = None
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    id: str = ""


class PpeLog(Struct, frozen=True, kw_only=True, tag="ppe_log"):
    """Verdicts on people, newest first. `verdict` is that of `item`, or without one that of the person as a whole."""

    camera: CameraName = ""
    item: str = ""
    verdict: Saw | None = None
    since: Moment = ""
    until: Moment = ""
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class Acknowledge(Struct, frozen=True, kw_only=True, tag="acknowledge"):
    alert: str
    by: str
    note: str = ""


class Correct(Struct, frozen=True, kw_only=True, tag="correct"):
    """`of` is a counter of the site, or a line as `camera.line` or `node.camera.line`. The same `id` again is the same correction."""

    of: str
    delta_in: int
    delta_out: int
    by: str
    reason: str
    id: str


class Raise(Struct, frozen=True, kw_only=True, tag="raise"):
    """Writes down an alert that somebody else has raised."""

    alert: AlertRaised


class Forget(Struct, frozen=True, kw_only=True, tag="forget"):
    """Nothing is to be left of these alerts; asked of deliveries, too."""

    alerts: tuple[str, ...]


Question = Stats | Rows | Occupancy | Alerts | PpeLog | Acknowledge | Correct | Raise | Forget


class Tally(Struct, frozen=True, kw_only=True, rename={"ins": "in", "outs": "out"}):
    """`in` and `out` with their corrections; `corrected_in` and `corrected_out` say how much of them these are."""

    ins: int
    outs: int
    corrected_in: int
    corrected_out: int


class LineTally(Tally, frozen=True, kw_only=True):
    """Of a line and one of its labels; corrections have the label "". A counter's own corrections have the camera `_`."""

    site: str
    node: str
    camera: str
    line: str
    label: str


class NamedTally(Tally, frozen=True, kw_only=True):
    name: str


class ZoneTally(Struct, frozen=True, kw_only=True):
    """`visits` have begun, `left` have ended in that time; `dwell`, in seconds, is of those who left, and its mean; `most` were inside at once.

    It knows neither lines nor labels, and reaches as far back as `history.tracks_days`.
    """

    site: str
    node: str
    camera: str
    zone: str
    visits: int
    left: int
    dwell: float | None
    dwell_min: float | None
    dwell_median: float | None
    dwell_max: float | None
    most: int


class PpeTally(Struct, frozen=True, kw_only=True):
    """How many people were `checked` for an item; the item `*` is all of them together: `missing` if one is, `ok` if every one is.

    It knows neither lines nor labels, and reaches as far back as `history.ppe_days`.
    """

    site: str
    node: str
    camera: str
    item: str
    checked: int
    ok: int
    missing: int
    not_visible: int


class Unit(Tally, frozen=True, kw_only=True):
    """One minute, hour, day or month of the series; those without a crossing are left out."""

    start: Time


class StatsAnswer(Struct, frozen=True, kw_only=True):
    """`since` and `until` are what was really looked at, in the site's time zone."""

    since: Time
    until: Time
    time_zone: str
    by: Grain
    total: Tally
    lines: list[LineTally]
    labels: list[NamedTally]
    cameras: list[NamedTally]
    sites: list[NamedTally]
    zones: list[ZoneTally]
    ppe: list[PpeTally]
    series: list[Unit]


class RowsAnswer(Struct, frozen=True, kw_only=True):
    """`rows` begin with the numbers of their start and of their key, whose texts are told once; what follows is as `edged/reports/definition.py` says.

    `after` is the key to ask on with, None at the end.
    """

    since: Time
    until: Time
    time_zone: str
    by: Grain
    starts: dict[int, str]
    keys: dict[int, tuple[str, ...]]
    rows: list[tuple[int | float | None, ...]]
    after: tuple[int, int] | None


class Inside(Struct, frozen=True, kw_only=True):
    """How many were inside: what went in less what went out, with corrections, since counting began."""

    name: str
    occupancy: int


class OccupancyAnswer(Struct, frozen=True, kw_only=True):
    """`exact` is false where minutes are forgotten already: then it is that of the hour's beginning."""

    at: Time
    exact: bool
    occupancy: int
    lines: list[Inside]
    counters: list[Inside]


class Acknowledged(Struct, frozen=True, kw_only=True):
    by: str
    time: Time
    note: str


class KnownAlert(AlertRaised, frozen=True, kw_only=True, tag="alert"):
    """`clip` is the key of its clip, once that is complete."""

    acknowledged: Acknowledged | None = None
    clip: str | None = None


class PpeLogAnswer(Struct, frozen=True, kw_only=True):
    checks: list[PpeChecked] = field(default_factory=list)
    total: int = 0


class AlertsAnswer(Struct, frozen=True, kw_only=True):
    alerts: list[KnownAlert] = field(default_factory=list)
    total: int = 0


class Written(Struct, frozen=True, kw_only=True):
    """The fact with this id is safe."""

    id: str


class Forgotten(Struct, frozen=True, kw_only=True):
    """How many rows there were."""

    rows: int


class Deliveries(Struct, frozen=True, kw_only=True, tag="deliveries"):
    """Asked of `email` and of `webhook`. `waiting` and `dead` are kept until they are delivered, or given up."""

    state: Literal["waiting", "dead", "done", ""] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class Retry(Struct, frozen=True, kw_only=True, tag="retry"):
    id: str


class Test(Struct, frozen=True, kw_only=True, tag="test"):
    """Sends a sample now, without the queue. `name` is that of a webhook."""

    name: str


class Rules(Struct, frozen=True, kw_only=True, tag="rules"):
    """Asked of `rules`: all of them, or the one that is called `of`."""

    of: str = ""


class SetRule(Struct, frozen=True, kw_only=True, tag="set"):
    """Writes a rule down. `of` is what it is called: its name, or `site.node.name` for one of a box alone. `new`: it must not be there yet."""

    of: str
    rule: AlertRule
    new: bool = False


class DropRule(Struct, frozen=True, kw_only=True, tag="drop"):
    of: str


class TryRule(Struct, frozen=True, kw_only=True, tag="try"):
    """Which alerts the rule called `of`, or `rule`, would have raised in the last `hours`."""

    of: str = ""
    rule: AlertRule | None = None
    hours: Annotated[float, Meta(gt=0, le=168)] = 24.0


RuleQuestion = Rules | SetRule | DropRule | TryRule


class KnownRule(RuleRecord, frozen=True, kw_only=True):
    """`key` is what it is called for certain. `fault` says why it cannot come true just now; empty: it can."""

    key: str
    fault: str = ""


class RulesAnswer(Struct, frozen=True, kw_only=True):
    rules: list[KnownRule]


class TryAnswer(Struct, frozen=True, kw_only=True):
    """`total` alerts out of so many `facts`; `alerts` are the newest of them, newest first."""

    since: Time
    until: Time
    facts: int
    total: int
    alerts: list[AlertRaised]


DeliveryQuestion = Deliveries | Retry | Test | Forget


class Parcel(Struct, frozen=True, kw_only=True):
    """One alert on its way to one receiver. `due` is when it is tried next; `error` says why the last try failed."""

    id: str
    target: str
    alert: str
    state: Literal["waiting", "dead", "done"]
    tries: int
    created: Time
    due: Time
    error: str


class DeliveriesAnswer(Struct, frozen=True, kw_only=True):
    deliveries: list[Parcel]
    waiting: int
    dead: int
