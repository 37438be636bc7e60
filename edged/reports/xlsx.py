"""Reports as XLSX, row by row onto the disk. https://xlsxwriter.readthedocs.io/working_with_memory.html"""

from collections.abc import Sequence
from pathlib import Path

from edged.reports.definition import COLUMNS, Heading, ReportError, Row, missing

ROWS_PER_SHEET = 1_000_000  # a sheet holds 1,048,576
MOST = 5_000_000
WIDTHS = (26, 10, 10, 14, 14, 12, 9, 9)


class Xlsx:
    """`add` its rows, then `close` it. All of it blocks."""

    def __init__(self, path: Path, heading: Heading) -> None:
        try:
            from xlsxwriter import Workbook
        except ImportError:
            raise missing("XlsxWriter", "XLSX") from None
        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._book.set_properties({"title": heading.title, "comments": heading.period})
        self._bold = self._book.add_format({"bold": True})
        self._title = heading.title
        self._written = 0
        self._begin_sheet()

    def close(self) -> None:
        """Writes the file."""
        self._book.close()

    def add(self, rows: Sequence[Row]) -> None:
        if self._written + len(rows) > MOST:
            raise ReportError(
                f"an XLSX of more than {MOST:,} rows opens nowhere: ask for by=hour or by=day, or format=csv"
            )
        for row in rows:
            if self._written and not self._written % ROWS_PER_SHEET:
                self._begin_sheet()
            at = self._written % ROWS_PER_SHEET + 1
            for column, value in enumerate(row):
                if isinstance(value, int):
                    self._sheet.write_number(at, column, value)
                else:
                    self._sheet.write_string(at, column, value)
            self._written += 1

    def _begin_sheet(self) -> None:
        number = self._written // ROWS_PER_SHEET
        self._sheet = self._book.add_worksheet(self._title if not number else f"{self._title} {number + 1}")
        for column, width in enumerate(WIDTHS):
            self._sheet.set_column(column, column, width)
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, COLUMNS, self._bold)
