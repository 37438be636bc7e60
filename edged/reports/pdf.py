"""Reports as PDF, for people: a title, a table, sums. https://py-pdf.github.io/fpdf2/"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from edged.questions import RowsAnswer
from edged.reports.definition import Cell, Heading, ReportError, Row, cells, missing

MOST = 20_000  # rows; some 400 pages, and fpdf2 keeps them all in memory
START, NUMBER = 38.0, 21.0  # mm; what is left is the names'
HEIGHT, BASELINE = 4.5, 3.2
PAGE, MARGIN, GAP = 297.0, 8.0, 2.0


class Pdf:
    """`add` its pages, then `close` it. All of it blocks."""

    most = MOST

    def __init__(self, path: Path, heading: Heading) -> None:
        try:
            from fpdf import FPDF
        except ImportError:
            raise missing("fpdf2", "PDF") from None
        self._path = path
        self._report = report = heading.report
        self._columns = report.columns
        self._right = (False,) * (1 + len(report.keys)) + (True,) * len(report.numbers)
        names = (PAGE - 2 * MARGIN - START - NUMBER * len(report.numbers)) / len(report.keys)
        self._widths = (START, *(names,) * len(report.keys), *(NUMBER,) * len(report.numbers))
        self._pages = FPDF(orientation="L")
        self._pages.set_margins(MARGIN, 10, MARGIN)
        self._pages.set_auto_page_break(True, 15)
        self._pages.set_title(report.title)
        self._rows = 0
        self._sums: dict[str, list[int]] = {} if report.apart else {"": [0] * len(report.summed)}
        self._pages.add_page()
        self._pages.set_font("Helvetica", "B", 16)
        self._pages.cell(0, 10, report.title, new_x="LMARGIN", new_y="NEXT")
        self._pages.set_font("Helvetica", "", 9)
        self._pages.cell(0, 8, heading.period, new_x="LMARGIN", new_y="NEXT")
        self._fitting = lru_cache(10_000)(self._fitted)
        self._wide = lru_cache(10_000)(lambda text, style: self._pages.get_string_width(text))
        self._line(self._columns, "B")

    def close(self) -> None:
        """Writes the file."""
        for group, sums in sorted(self._sums.items()):
            of = dict(zip(self._report.summed, sums, strict=True)) | {self._report.apart: group}
            self._line(("sum", *(of.get(name) for name in self._columns[1:])), "B")
        self._pages.output(str(self._path))

    def add(self, page: RowsAnswer) -> None:
        self._rows += len(page.rows)
        if self._rows > MOST:
            raise ReportError(f"a PDF of more than {MOST:,} rows is nothing to read: ask for by=day, or format=csv")
        for row in cells(page):
            self._add_up(row)
            self._line(row, "")

    def _add_up(self, row: Row) -> None:
        of = dict(zip(self._columns, row, strict=True))
        sums = self._sums.setdefault(str(of.get(self._report.apart, "")), [0] * len(self._report.summed))
        for at, name in enumerate(self._report.summed):
            value = of[name]
            assert isinstance(value, int)
            sums[at] += value

    def _line(self, row: Sequence[Cell], style: str) -> None:
        """A name that is too long goes on in a second line; no digit is ever left out."""
        self._pages.set_font("Helvetica", style, 8)
        texts = ["" if cell is None else str(cell) for cell in row]
        parts = [self._fitting(text, width, style) for text, width in zip(texts, self._widths, strict=True)]
        lines = max(map(len, parts))
        if self._pages.will_page_break(HEIGHT * lines):
            self._pages.add_page()
            if row is not self._columns:
                self._line(self._columns, "B")
                self._pages.set_font("Helvetica", style, 8)
        for at in range(lines):
            left, baseline = MARGIN, self._pages.y + BASELINE
            for part, width, right in zip(parts, self._widths, self._right, strict=True):
                if at < len(part) and part[at]:
                    shift = width - self._wide(part[at], style) if right else 0.0
                    self._pages.text(left + shift, baseline, part[at])  # cell() takes three times as long
                left += width
            self._pages.ln(HEIGHT)

    def _fitted(self, text: str, width: float, style: str) -> list[str]:
        """`text` in pieces of that width, in the letters of the fonts that every reader of PDF has: Latin 1. `style` is that of the font in use."""
        text = text.encode("latin-1", "replace").decode("latin-1")
        pieces, begin = [], 0
        for end in range(1, len(text) + 1):
            if end - begin > 1 and self._pages.get_string_width(text[begin:end]) > width - GAP:
                pieces.append(text[begin : end - 1])
                begin = end - 1
        return [*pieces, text[begin:]]
