"""Reports as PDF, for people: a title, a table, the sum. https://py-pdf.github.io/fpdf2/"""

from collections.abc import Sequence
from pathlib import Path

from edged.reports.definition import COLUMNS, Heading, ReportError, Row, missing

MOST = 20_000  # rows; some 400 pages, and fpdf2 keeps them all in memory
WIDTHS = (44, 22, 22, 30, 30, 24, 12, 12)  # mm
HEIGHT = 5.0


class Pdf:
    """`add` its rows, then `close` it. All of it blocks."""

    def __init__(self, path: Path, heading: Heading) -> None:
        try:
            from fpdf import FPDF
        except ImportError:
            raise missing("fpdf2", "PDF") from None
        self._path = path
        self._pages = FPDF()
        self._pages.set_margins(7, 10, 7)
        self._pages.set_auto_page_break(True, 15)
        self._pages.set_title(heading.title)
        self._rows = 0
        self._ins = 0
        self._outs = 0
        self._pages.add_page()
        self._pages.set_font("Helvetica", "B", 16)
        self._pages.cell(0, 10, heading.title, new_x="LMARGIN", new_y="NEXT")
        self._pages.set_font("Helvetica", "", 9)
        self._pages.cell(0, 8, heading.period, new_x="LMARGIN", new_y="NEXT")
        self._line(COLUMNS, "B")

    def close(self) -> None:
        """Writes the file."""
        self._line(("sum", "", "", "", "", "", self._ins, self._outs), "B")
        self._pages.output(str(self._path))

    def add(self, rows: Sequence[Row]) -> None:
        self._rows += len(rows)
        if self._rows > MOST:
            raise ReportError(f"a PDF of more than {MOST:,} rows is nothing to read: ask for by=day, or format=csv")
        for row in rows:
            self._ins += row[-2]
            self._outs += row[-1]
            if self._pages.will_page_break(HEIGHT):
                self._pages.add_page()
                self._line(COLUMNS, "B")
            self._line(row, "")

    def _line(self, cells: Sequence[str | int], style: str) -> None:
        self._pages.set_font("Helvetica", style, 8)
        for cell, width in zip(cells, WIDTHS, strict=True):
            align = "R" if isinstance(cell, int) or cell in ("in", "out") else "L"
            self._pages.cell(width, HEIGHT, _printable(str(cell)), align=align)
        self._pages.ln(HEIGHT)


def _printable(text: str) -> str:
    """The fonts every PDF reader has know Latin 1; longer names are cut."""
    return text[:24].encode("latin-1", "replace").decode("latin-1")
