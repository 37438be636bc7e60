"""What a report is: one definition, from which CSV, JSON, XLSX and PDF are made."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from edged.questions import Report, RowsAnswer

Cell = str | int | float | None
Row = tuple[Cell, ...]


class ReportError(Exception):
    """The report cannot be made; the text says what, where and what next."""


class Definition(NamedTuple):
    """A row is the beginning of its unit of time, what names it (`keys`), and `numbers`.

    `takes` is which parameters of rows it has, `label` what it is of, if of one alone. `summed` are the numbers whose sum means something,
    apart for each value of the key `apart`.
    """

    title: str
    rows: Report
    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    takes: tuple[str, ...]
    summed: tuple[str, ...]
    apart: str = ""
    label: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return ("start", *self.keys, *self.numbers)


_COUNTS = Definition(
    title="Crossings",
    rows="counts",
    keys=("site", "node", "camera", "line", "label"),
    numbers=("in", "out"),
    takes=("line", "label"),
    summed=("in", "out"),
)
REPORTS = {
    "counts": _COUNTS,
    "person": _COUNTS._replace(title="People", takes=("line",), label="person"),
    "vehicle": _COUNTS._replace(title="Vehicles", takes=("line",), label="vehicle"),
    "zones": Definition(
        title="Zones",
        rows="zones",
        keys=("site", "node", "camera", "zone"),
        numbers=("visits", "left", "dwell_min", "dwell_median", "dwell_max", "most"),
        takes=("zone",),
        summed=("visits", "left"),
    ),
    "ppe": Definition(
        title="Protective equipment",
        rows="ppe",
        keys=("site", "node", "camera", "item"),
        numbers=("checked", "ok", "missing", "not_visible"),
        takes=("item",),
        summed=("checked", "ok", "missing", "not_visible"),
        apart="item",
    ),
}


class Heading(NamedTuple):
    """What stands above the rows."""

    report: Definition
    period: str

    @classmethod
    def of(cls, name: str, page: RowsAnswer) -> "Heading":
        begin, end = (moment.isoformat(sep=" ", timespec="minutes") for moment in (page.since, page.until))
        return cls(REPORTS[name], f"{begin} to {end}, {page.time_zone}, by {page.by}")


def cells(page: RowsAnswer) -> Iterator[Row]:
    """The rows of a page in full."""
    starts: dict[Any, str] = page.starts
    keys: dict[Any, tuple[str, ...]] = page.keys
    for start, key, *numbers in page.rows:
        yield starts[start], *keys[key], *numbers


def missing(library: str, kind: str) -> ReportError:
    return ReportError(
        f"this install makes no {kind}, it lacks {library}: pip install 'edged[reports]', or ask for format=csv"
    )
