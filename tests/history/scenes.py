"""Visits of zones and verdicts on people, as their streams give them."""

from datetime import datetime

from edged import messages as m
from tests.history.crossings import ORIGIN

SEEN = {"session": "s", "track": 1, "pts": 0, "label": "person"}


def entered(id: str, time: datetime, inside: int, zone: str = "till", **where: str) -> m.ZoneEntered:
    return m.ZoneEntered(
        **{**ORIGIN, **where}, **SEEN, time=time, id=id, score=0.9, zone=zone, point=(0.5, 0.5), inside=inside
    )


def left(id: str, time: datetime, inside: int, dwell: float, zone: str = "till", **where: str) -> m.ZoneLeft:
    return m.ZoneLeft(
        **{**ORIGIN, **where}, **SEEN, time=time, id=id, score=0.9, zone=zone, entered=time, dwell=dwell, inside=inside
    )


def state(id: str, time: datetime, status: m.CameraStatus, **where: str) -> m.CameraStateChanged:
    return m.CameraStateChanged(
        **{**ORIGIN, **where}, time=time, id=id, status=status, previous=None, cause=None, detail=""
    )


def checked(id: str, time: datetime, camera: str = "gate", **verdicts: m.Saw) -> m.PpeChecked:
    """`gate` wants these; each verdict by three looks."""
    said = tuple(
        m.PpeVerdict(item=item, verdict=verdict, **{**dict.fromkeys(("ok", "missing", "not_visible"), 0), verdict: 3})
        for item, verdict in verdicts.items()
    )
    return m.PpeChecked(
        **{**ORIGIN, "camera": camera}, **SEEN, time=time, id=id, round=0, since=time, verdicts=said,
        snapshot=f"home/edge/{camera}/{id}.jpg",
    )  # fmt: skip
