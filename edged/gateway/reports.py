"""Reports as files: the history gives the rows page by page, so a year needs no more memory than a day."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from aiohttp import web

from edged import questions as q
from edged.gateway.counting import StatsQuery, fields
from edged.gateway.errors import Problem
from edged.gateway.historian import ask
from edged.gateway.wire import query
from edged.questions import ROWS_AT_ONCE
from edged.reports import csvs
from edged.reports.definition import TITLES, Heading, ReportError
from edged.reports.pdf import Pdf
from edged.reports.xlsx import Xlsx

MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
CHUNK = 256 * 1024


class ReportQuery(StatsQuery, frozen=True, kw_only=True):
    format: Literal["csv", "xlsx", "pdf"] = "csv"


async def exported(request: web.Request) -> web.StreamResponse:
    """The report `counts`, `person` or `vehicle` as a file."""
    name = request.match_info["report"]
    asked = query(request, ReportQuery)
    if name not in TITLES:
        raise Problem(404, "not_found", f"no report {name[:40]!r}: there are {', '.join(TITLES)}")
    if name != "counts":
        asked = msgspec.structs.replace(asked, label=name)
    pages = _pages(request, q.Rows(**_question(asked), limit=ROWS_AT_ONCE))
    first = await anext(pages)
    response = web.StreamResponse(headers=_headers(name, first, asked.format))
    if asked.format == "csv":
        await _as_csv(request, response, first, pages)
    else:
        await _as_file(request, response, Heading.of(name, first), asked.format, first, pages)
    await response.write_eof()
    return response


async def _pages(request: web.Request, asked: q.Rows) -> AsyncIterator[q.RowsAnswer]:
    """Each page while the next one is on its way."""
    page = await ask(request, asked, q.RowsAnswer)
    while page.after is not None:
        coming = asyncio.create_task(ask(request, msgspec.structs.replace(asked, after=page.after), q.RowsAnswer))
        try:
            yield page
            page = await coming
        finally:
            coming.cancel()
    yield page


async def _as_csv(
    request: web.Request, response: web.StreamResponse, first: q.RowsAnswer, pages: AsyncIterator[q.RowsAnswer]
) -> None:
    await response.prepare(request)
    await response.write(csvs.head() + csvs.lines(first.rows))
    async for page in pages:
        await response.write(csvs.lines(page.rows))


async def _as_file(
    request: web.Request,
    response: web.StreamResponse,
    heading: Heading,
    kind: str,
    first: q.RowsAnswer,
    pages: AsyncIterator[q.RowsAnswer],
) -> None:
    with tempfile.TemporaryDirectory(prefix="edged-report-") as folder:
        path = Path(folder) / f"report.{kind}"
        try:
            await _written(Xlsx(path, heading) if kind == "xlsx" else Pdf(path, heading), first, pages)
        except ReportError as error:
            raise Problem(400, "invalid", str(error)) from None
        await response.prepare(request)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                await response.write(chunk)


async def _written(report: Xlsx | Pdf, first: q.RowsAnswer, pages: AsyncIterator[q.RowsAnswer]) -> None:
    """Rows go onto the disk in a thread, and so does what ends the file."""
    await asyncio.to_thread(report.add, first.rows)
    async for page in pages:
        await asyncio.to_thread(report.add, page.rows)
    await asyncio.to_thread(report.close)


def _question(asked: ReportQuery) -> dict[str, Any]:
    return {key: value for key, value in fields(asked).items() if key != "format"}


def _headers(name: str, first: q.RowsAnswer, kind: str) -> dict[str, str]:
    file = f"{name}-{first.since:%Y-%m-%d}-{first.by}.{kind}"
    return {
        "Content-Type": MEDIA[kind],
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "no-store",
    }
