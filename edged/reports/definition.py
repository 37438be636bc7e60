"""What a report is: one definition, from which CSV, XLSX and PDF are made."""

from typing import NamedTuple

from edged.questions import RowsAnswer

Row = tuple[str, str, str, str, str, str, int, int]
COLUMNS = ("start", "site", "node", "camera", "line", "label", "in", "out")
TITLES = {"counts": "Crossings", "person": "People", "vehicle": "Vehicles"}


class ReportError(Exception):
    """The report cannot be made; the text says what, where and what next."""


class Heading(NamedTuple):
    """What stands above the rows."""

    title: str
    period: str

    @classmethod
    def of(cls, name: str, page: RowsAnswer) -> "Heading":
        begin, end = (moment.isoformat(sep=" ", timespec="minutes") for moment in (page.since, page.until))
        return cls(TITLES[name], f"{begin} to {end}, {page.time_zone}, by {page.by}")


def missing(library: str, kind: str) -> ReportError:
    return ReportError(
        f"this install makes no {kind}, it lacks {library}: pip install 'edged[reports]', or ask for format=csv"
    )
