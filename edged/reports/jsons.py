"""Reports as JSON: `{"columns": […], "rows": [[…], …]}`, row by row as the other formats have them."""

import msgspec

from edged.messages import Time
from edged.questions import Grain, RowsAnswer
from edged.reports.definition import Cell, Heading, cells

TAIL = b"]}"
_encode = msgspec.json.Encoder().encode


class ReportFile(msgspec.Struct, frozen=True):
    """`since` to before `until` is the time that it covers. A row has a value for each of `columns`."""

    title: str
    since: Time
    until: Time
    time_zone: str
    by: Grain
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


def head(heading: Heading, page: RowsAnswer) -> bytes:
    """All but the rows, up to their beginning."""
    report = heading.report
    known = ReportFile(report.title, page.since, page.until, page.time_zone, page.by, report.columns, [])
    return _encode(known).removesuffix(TAIL)


def lines(page: RowsAnswer, first: bool) -> bytes:
    text = _encode(list(cells(page)))[1:-1]
    return text if first or not text else b"," + text
