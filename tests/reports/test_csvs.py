import csv
import io
from datetime import UTC, datetime

from edged.questions import RowsAnswer
from edged.reports import csvs
from edged.reports.definition import REPORTS, cells

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_names_that_csv_has_signs_for_come_back_as_they_were() -> None:
    names = ("home", "edge", "front", "door", 'a "big", red\nbus;')
    page = RowsAnswer(
        since=NOON, until=NOON, time_zone="UTC", by="day", starts={0: "2026-05-01"}, keys={3: names}, rows=[(0, 3, 1, 2)],
        after=None,
    )  # fmt: skip
    text = (csvs.head(REPORTS["counts"]) + csvs.lines(page)).decode()
    assert text.endswith(",1,2\r\n")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["start", "site", "node", "camera", "line", "label", "in", "out"],
        ["2026-05-01", *names, "1", "2"],
    ]


def test_numbers_are_written_to_the_last_digit_and_none_is_empty() -> None:
    page = RowsAnswer(
        since=NOON, until=NOON, time_zone="UTC", by="day", starts={0: "2026-05-01"}, keys={0: ("home", "edge", "front", "till")},
        rows=[(0, 0, 1, 0, None, None, None, 1), (0, 0, 2, 2, 0.001, 86_399.999, 1e6, 2)], after=None,
    )  # fmt: skip
    _, second = csvs.lines(page).decode().splitlines()
    assert csvs.lines(page).decode().splitlines()[0] == "2026-05-01,home,edge,front,till,1,0,,,,1"
    read = [float(cell) for cell in second.split(",")[5:]]
    assert read == list(list(cells(page))[1][5:])


def test_a_page_of_nothing_is_nothing() -> None:
    page = RowsAnswer(since=NOON, until=NOON, time_zone="UTC", by="day", starts={}, keys={}, rows=[], after=None)
    assert csvs.lines(page) == b""
