"""What is wrong with a rule as somebody wrote it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from edged import hours, timezone
from edged.config import Camera, Counter, Line, Zone
from edged.labels import Aliases, expanded
from edged.rules import (
    AfterHours,
    AlertRule,
    Capacity,
    Count,
    Crossing,
    Hours,
    Identified,
    Lasts,
    Missing,
    Occupancy,
    Offline,
    Visit,
    WrongWay,
)
from edged.subjects import Address

_NAMED = 8  # how many choices a sentence lists

Cameras = Mapping[Address, Camera]


def fault(rule: AlertRule) -> str:
    """What is wrong with `rule` wherever it is used, as a sentence that says where and what next; empty: nothing is."""
    return next(_faults(rule), "")


def misfit(rule: AlertRule, cameras: Cameras, counters: Sequence[Counter], aliases: Aliases) -> str:
    """Why `rule` can never come true with these cameras and counters, in the same way; empty: it can."""
    return next(_misfits(rule, cameras, counters, aliases), "")


def _faults(rule: AlertRule) -> Iterator[str]:
    yield from _of_hours("schedule", rule.schedule)
    if rule.time_zone:
        try:
            timezone.named(rule.time_zone)
        except timezone.ZoneError as error:
            yield f"time_zone: {error}"
    when = rule.when
    kind = when.__struct_config__.tag
    if isinstance(when, AfterHours):
        yield from _of_hours("when.open", when.open)
        if hours.next_outside(when.open, datetime(2024, 1, 1, tzinfo=UTC), UTC) is None:
            yield "when.open: it is open all week, so nothing is after hours: leave out when it is closed"
    takes_time = isinstance(when, Lasts) and not (isinstance(when, Visit) and when.event != "stay")
    if rule.min_time is not None and not takes_time:
        yield f"min_time: what {kind!r} tells of happens in a moment: leave min_time out"
    if rule.min_time is None and (isinstance(when, Offline) or (isinstance(when, Visit) and takes_time)):
        yield "min_time: is missing: say how many seconds it must last"
    if isinstance(when, Capacity) and when.of == "counter" and rule.cameras:
        yield "cameras: a counter belongs to no camera: leave them out"


def _of_hours(place: str, some: Sequence[Hours]) -> Iterator[str]:
    for index, one in enumerate(some):
        if one.begin == "24:00":
            yield f"{place}[{index}].from: a day ends at 24:00: begin at 00:00 of the next"
        if one.begin == one.end:
            yield f"{place}[{index}]: from and to are both {one.begin}: leave both out for the whole day"


def _misfits(rule: AlertRule, cameras: Cameras, counters: Sequence[Counter], aliases: Aliases) -> Iterator[str]:
    for index, name in enumerate(rule.cameras):
        if not any(address.is_called(name) for address in cameras):
            yield f"cameras[{index}]: there is no camera {name!r}: {_known(sorted(map(str, cameras)))}"
    mine = {
        address: camera
        for address, camera in cameras.items()
        if not rule.cameras or any(address.is_called(name) for name in rule.cameras)
    }
    when = rule.when
    match when:
        case Capacity(of="counter"):
            yield from _of_counter(when, counters)
        case Capacity(of="zone") | Visit() | Occupancy():
            yield from _of_zones(rule, mine, aliases)
        case Crossing() | Count() | WrongWay():
            yield from _of_lines(rule, when.line, mine, aliases)
        case Missing():
            yield from _of_items(when, mine)
        case Identified():
            if mine and not any(camera.recognition.enabled for camera in mine.values()):
                yield "when: none of its cameras recognises anybody: set recognition.enabled of the camera"
        case _:
            pass
    if not isinstance(when, Offline | Capacity | Occupancy):
        yield from _of_labels(rule, mine, aliases)


def _of_counter(when: Capacity, counters: Sequence[Counter]) -> Iterator[str]:
    found = next((counter for counter in counters if counter.id == when.name), None)
    if found is None:
        yield f"when.name: there is no counter {when.name!r}: {_known([counter.id for counter in counters])}"
    elif not _limit(found, when):
        yield f"when.state: counter {when.name} has no {_limit_name(when)}: set it in [[counters]]"


def _of_zones(rule: AlertRule, cameras: Cameras, aliases: Aliases) -> Iterator[str]:
    when = rule.when
    assert isinstance(when, Capacity | Visit | Occupancy), "only these are about zones"
    place, name = ("when.name", when.name) if isinstance(when, Capacity) else ("when.zone", when.zone)
    drawn = {address: zone for address, camera in cameras.items() for zone in camera.zones if zone.id == name}
    yield from _undrawn(place, "zone", name, rule, cameras, drawn, [z.id for c in cameras.values() for z in c.zones])
    if isinstance(when, Capacity):
        if drawn and not any(_limit(zone, when) for zone in drawn.values()):
            yield f"when.state: zone {name} has no {_limit_name(when)}: set it where the zone is drawn"
    elif isinstance(when, Visit):
        yield from _unheeded(rule, f"zone {name}", drawn.values(), aliases)


def _of_lines(rule: AlertRule, name: str, cameras: Cameras, aliases: Aliases) -> Iterator[str]:
    drawn = {address: line for address, camera in cameras.items() for line in camera.lines if name in ("", line.id)}
    if not name:
        if cameras and not drawn:
            yield "when.line: no line is drawn in any of its cameras: draw one"
        return
    yield from _undrawn(
        "when.line", "line", name, rule, cameras, drawn, [z.id for c in cameras.values() for z in c.lines]
    )
    yield from _unheeded(rule, f"line {name}", drawn.values(), aliases)


def _undrawn(
    place: str, kind: str, name: str, rule: AlertRule, cameras: Cameras, drawn: Mapping[Address, object], known: Iterable[str]
) -> Iterator[str]:  # fmt: skip
    """Whoever names cameras means each of them."""
    if not drawn:
        yield f"{place}: there is no {kind} {name!r} in its cameras: {_known(sorted(set(known)))}"
    elif rule.cameras and (without := [address.camera for address in cameras if address not in drawn]):
        yield f"{place}: {kind} {name} is not drawn in {', '.join(without)}: draw it there, or leave that camera out"


def _unheeded(rule: AlertRule, what: str, drawn: Iterable[Line | Zone], aliases: Aliases) -> Iterator[str]:
    wanted = set(expanded(rule.labels, aliases))
    heeded = [set(expanded(one.labels, aliases)) for one in drawn]
    if heeded and not any(not some or some & wanted for some in heeded):
        yield f"labels: {what} heeds only {', '.join(sorted(set().union(*heeded)))}: name one of these"


def _of_items(when: Missing, cameras: Cameras) -> Iterator[str]:
    required = {item.lower() for camera in cameras.values() for item in camera.ppe.required}
    if cameras and not required:
        yield "when: none of its cameras requires anything: set `ppe` of the camera"
    for index, item in enumerate(when.items):
        if required and item.lower() not in required:
            yield f"when.items[{index}]: none of its cameras requires {item!r}: {_known(sorted(required))}"


def _of_labels(rule: AlertRule, cameras: Cameras, aliases: Aliases) -> Iterator[str]:
    kept = [set(expanded(camera.labels, aliases)) for camera in cameras.values()]
    if not kept or not all(kept):  # a camera without labels keeps all
        return
    for index, label in enumerate(rule.labels):
        if not any(some & set(expanded((label,), aliases)) for some in kept):
            all_kept = _known(sorted(set().union(*kept)))
            yield f"labels[{index}]: none of its cameras looks for {label!r}: {all_kept}; or add it to a camera's labels"


def _limit(of: Zone | Counter, when: Capacity) -> int:
    return of.max_capacity or (of.warn_threshold if when.state == "warn" else 0)


def _limit_name(when: Capacity) -> str:
    return "max_capacity" if when.state == "full" else "warn_threshold or max_capacity"


def _known(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"known are {', '.join(names[:_NAMED])}{more}" if names else "there is none yet"
