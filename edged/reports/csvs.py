"""Reports as CSV: RFC 4180, UTF-8, a line of column names first; a number that there is none of is empty."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from edged.questions import RowsAnswer
from edged.reports.definition import Definition


def head(report: Definition) -> bytes:
    return (_line(report.columns) + "\r\n").encode()


def lines(page: RowsAnswer) -> bytes:
    """The names of a row are written once for the page, so that a row costs next to nothing."""
    names: dict[Any, str] = {key: _line(names) for key, names in page.keys.items()}
    starts: dict[Any, str] = page.starts
    pattern = ",".join(["%s"] * len(page.rows[0])) + "\r\n" if page.rows else ""
    if any(None in row for row in page.rows):
        rows: Iterable[tuple[Any, ...]] = (tuple("" if cell is None else cell for cell in row) for row in page.rows)
    else:
        rows = page.rows
    return "".join([pattern % (starts[start], names[key], *numbers) for start, key, *numbers in rows]).encode()


def _line(words: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(words)
    return text.getvalue()
