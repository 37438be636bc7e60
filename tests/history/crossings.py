"""Crossings as a stream gives them, and an archive to put them into."""

from datetime import UTC, datetime

from edged import messages as m
from edged.bus.deliveries import Stored

ORIGIN = {"site": "home", "node": "edge", "camera": "front"}


def crossed(
    id: str, time: datetime, direction: m.Direction = "in", label: str = "person", line: str = "door"
) -> m.LineCrossed:
    return m.LineCrossed(
        **ORIGIN, time=time, id=id, session="s", track=1, pts=0, label=label, score=0.9, line=line, direction=direction,
        point=(0.5, 0.5),
    )  # fmt: skip


def corrected(id: str, time: datetime, ins: int, outs: int, name: str = "door", of: str = "line") -> m.CountCorrected:
    where = ORIGIN if of == "line" else {**ORIGIN, "camera": "_"}
    return m.CountCorrected(
        **where, time=time, id=id, of=of, name=name, delta_in=ins, delta_out=outs, by="anna", reason="seen"
    )


def stored(*facts: m.AnyFact, first: int = 1) -> list[Stored]:
    """As they lie in the stream from a place on."""
    return [Stored(fact, b"", place, datetime.now(UTC)) for place, fact in enumerate(facts, first)]
