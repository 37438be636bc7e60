"""What `pdftotext` makes of a report."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from edged.questions import RowsAnswer
from edged.reports.definition import Heading, ReportError
from edged.reports.pdf import MOST, Pdf

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Rows = list[tuple[int | float | None, ...]]


def a_page(rows: Rows, *names: str) -> RowsAnswer:
    return RowsAnswer(
        since=NOON,
        until=NOON,
        time_zone="UTC",
        by="day",
        starts={0: "2026-05-01"},
        keys={0: names},
        rows=rows,
        after=None,
    )


def written(folder: Path, report: str, page: RowsAnswer) -> list[str]:
    """The words on each page."""
    pdf = Pdf(folder / "report.pdf", Heading.of(report, page))
    pdf.add(page)
    pdf.close()
    return [each.extract_text() for each in pypdf.PdfReader(io.BytesIO((folder / "report.pdf").read_bytes())).pages]


def test_the_longest_names_are_there_to_the_last_letter(tmp_path: Path) -> None:
    names = [f"{letter * 63}{n}" for n, letter in enumerate("WmEQ")]
    [text] = written(tmp_path, "counts", a_page([(0, 0, 12_345_678_901, 2)], *names, "Fußgänger"))
    assert "12345678901" in text
    assert "Fußgänger" in text
    for letter in "WmEQ":
        assert text.count(letter) >= 63
    assert all(f"{letter}{n}" in text for n, letter in enumerate("WmEQ"))


def test_every_page_says_what_its_columns_are_and_the_last_one_the_sum(tmp_path: Path) -> None:
    pages = written(
        tmp_path, "person", a_page([(0, 0, n, 1) for n in range(100)], "home", "edge", "front", "door", "person")
    )
    assert len(pages) == 3
    assert all("camera" in page for page in pages)
    assert "sum" not in pages[0]
    assert pages[-1].split()[-3:] == ["sum", str(sum(range(100))), "100"]


def test_sums_are_apart_where_rows_are_of_different_things(tmp_path: Path) -> None:
    page = a_page([(0, 0, 3, 2, 1, 0), (0, 1, 3, 3, 0, 0), (0, 0, 1, 0, 0, 1)], "home", "edge", "gate", "helmet")
    page.keys[1] = ("home", "edge", "gate", "vest")
    [text] = written(tmp_path, "ppe", page)
    assert text.split()[-12:] == ["sum", "helmet", "4", "2", "1", "1", "sum", "vest", "3", "3", "0", "0"]


def test_a_number_that_there_is_none_of_leaves_its_place_empty(tmp_path: Path) -> None:
    names = ("home", "edge", "front", "till")
    [text] = written(tmp_path, "zones", a_page([(0, 0, 1, 0, None, None, None, 1)], *names))
    assert "start site node camera zone visits left dwell_min dwell_median dwell_max most" in text
    assert "2026-05-01 home edge front till 1 0 1\nsum 1 0" in text


def test_nothing_sums_up_to_nothing(tmp_path: Path) -> None:
    [text] = written(tmp_path, "counts", a_page([], "home", "edge", "front", "door", "person"))
    assert text.split()[-3:] == ["sum", "0", "0"]


def test_more_than_anybody_reads_is_refused(tmp_path: Path) -> None:
    page = a_page([(0, 0, 1, 1)] * (MOST + 1), "home", "edge", "front", "door", "person")
    with pytest.raises(ReportError, match="by=day"):
        Pdf(tmp_path / "report.pdf", Heading.of("counts", page)).add(page)
