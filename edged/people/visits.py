"""When a visitor has arrived, left, or stayed too long. Pure: takes visits, facts and times, and says what changes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from edged.enquiries import AlterVisit
from edged.identities import Visit, VisitState

GRACE = timedelta(minutes=5)  # somebody on the way out when their pass ends is no alarm

Cause = Literal["arrived", "expired", "overstayed"]
OPEN = ("expected", "arrived")
ALTERABLE = ("name", "host", "purpose", "company", "identity", "since", "until", "state")


class Told(NamedTuple):
    """What a visit has become, and the alert that says so, if one does."""

    visit: Visit
    cause: Cause | None


def seen(visits: Iterable[Visit], identity: str, camera: str, at: datetime) -> list[Told]:
    """The identity was seen by a camera."""
    return [told for visit in visits if visit.identity == identity and (told := _seen(visit, camera, at))]


def passed(visits: Iterable[Visit], now: datetime) -> list[Told]:
    """Time has passed."""
    return [told for visit in visits if (told := _passed(visit, now))]


def altered(visit: Visit, asked: AlterVisit, now: datetime) -> Visit:
    """Raises ValueError for a window that ends before it begins."""
    fields = {name: getattr(asked, name) for name in ALTERABLE if getattr(asked, name) is not None}
    changed = msgspec.structs.replace(visit, **fields, changed=now)
    if changed.until <= changed.since:
        raise ValueError("until is not after since: a pass is for some time")
    if asked.state == "arrived" and visit.arrived is None:
        changed = msgspec.structs.replace(changed, arrived=now)
    if asked.state == "left":
        changed = msgspec.structs.replace(changed, left=now)
    if asked.state is None and visit.state == "expired" and changed.until > now:
        again: VisitState = "arrived" if visit.arrived else "expected"
        changed = msgspec.structs.replace(changed, state=again)
    if changed.until != visit.until:  # what is told of its end is told of this one, too
        changed = msgspec.structs.replace(changed, told=tuple(cause for cause in changed.told if cause == "arrived"))
    return changed


def next_due(visits: Iterable[Visit]) -> datetime | None:
    """When `passed` has something to say next."""
    return min((visit.until for visit in visits if visit.state in OPEN), default=None)


def _seen(visit: Visit, camera: str, at: datetime) -> Told | None:
    if visit.last_seen and at <= visit.last_seen:
        return None
    noticed = msgspec.structs.replace(visit, last_seen=at, camera=camera)
    match visit.state:
        case "expected" if visit.since <= at < visit.until:
            return Told(_told(msgspec.structs.replace(noticed, state="arrived", arrived=at), "arrived"), "arrived")
        case "arrived" if at < visit.until:
            return Told(noticed, None)
        case "expected" | "arrived" | "expired" if at >= visit.until + GRACE and "overstayed" not in visit.told:
            state = "expired"
            return Told(_told(msgspec.structs.replace(noticed, state=state), "overstayed"), "overstayed")
        case _:
            return None


def _passed(visit: Visit, now: datetime) -> Told | None:
    if visit.state not in OPEN or now < visit.until:
        return None
    expired = msgspec.structs.replace(visit, state="expired")
    if visit.state == "arrived":  # who never came need not be looked for
        return Told(_told(expired, "expired"), "expired")
    return Told(expired, None)


def _told(visit: Visit, cause: Cause) -> Visit:
    return msgspec.structs.replace(visit, told=(*visit.told, cause))
