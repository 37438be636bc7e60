"""Reports as XLSX, row by row onto the disk. https://xlsxwriter.readthedocs.io/working_with_memory.html"""

from pathlib import Path

from edged.questions import RowsAnswer
from edged.reports.definition import Heading, ReportError, cells, missing

ROWS_PER_SHEET = 1_000_000  # a sheet holds 1,048,576
MOST = 5_000_000
WIDTH = {"start": 26, "site": 12, "node": 12, "camera": 16, "line": 16, "zone": 16, "label": 14, "item": 16}
WIDTH_OF_A_NUMBER = 13


class Xlsx:
    """`add` its pages, then `close` it. All of it blocks."""

    most = MOST

    def __init__(self, path: Path, heading: Heading) -> None:
        try:
            from xlsxwriter import Workbook
        except ImportError:
            raise missing("XlsxWriter", "XLSX") from None
        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._book.set_properties({"title": heading.report.title, "comments": heading.period})
        self._bold = self._book.add_format({"bold": True})
        self._report = heading.report
        self._written = 0
        self._begin_sheet()

    def close(self) -> None:
        """Writes the file."""
        self._book.close()

    def add(self, page: RowsAnswer) -> None:
        if self._written + len(page.rows) > MOST:
            raise ReportError(
                f"an XLSX of more than {MOST:,} rows opens nowhere: ask for by=hour or by=day, or format=csv"
            )
        for row in cells(page):
            if self._written and not self._written % ROWS_PER_SHEET:
                self._begin_sheet()
            at = self._written % ROWS_PER_SHEET + 1
            for column, value in enumerate(row):
                if isinstance(value, str):
                    self._sheet.write_string(at, column, value)
                elif value is not None:
                    self._sheet.write_number(at, column, value)
            self._written += 1

    def _begin_sheet(self) -> None:
        number = self._written // ROWS_PER_SHEET
        title, columns = self._report.title, self._report.columns
        self._sheet = self._book.add_worksheet(title if not number else f"{title} {number + 1}")
        for at, name in enumerate(columns):
            self._sheet.set_column(at, at, WIDTH.get(name, WIDTH_OF_A_NUMBER))
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, columns, self._bold)
