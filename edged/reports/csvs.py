"""Reports as CSV: RFC 4180, UTF-8, a line of column names first."""

import csv
import io
from collections.abc import Iterable

from edged.reports.definition import COLUMNS, Row


def head() -> bytes:
    return lines([COLUMNS])


def lines(rows: Iterable[Row | tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
