"""When a visitor has arrived, left, or stayed too long. Pure: takes visits, facts and times, and says what changes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from edged.identities import Visit

GRACE = timedelta(minutes=5)  # somebody on the way out when their pass ends is no alarm

Cause = Literal["arrived", "expired", "overstayed"]
OPEN = ("expected", "arrived")


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
