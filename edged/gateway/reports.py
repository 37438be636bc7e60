"""Reports as files: the history gives the rows page by page, so a year needs no more memory than a day."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import msgspec
import structlog
from aiohttp import web

from edged import questions as q
from edged.bus.link import BusError
from edged.gateway.counting import StatsQuery, fields
from edged.gateway.errors import Problem
from edged.gateway.historian import ask
from edged.gateway.wire import query
from edged.questions import ROWS_AT_ONCE
from edged.reports import csvs, jsons
from edged.reports.definition import REPORTS, Definition, Heading, ReportError
from edged.reports.pdf import Pdf
from edged.reports.xlsx import Xlsx

log = structlog.get_logger()

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
FILES: dict[str, type[Xlsx] | type[Pdf]] = {"xlsx": Xlsx, "pdf": Pdf}
CHUNK = 256 * 1024
OPTIONAL = ("line", "label", "zone", "item")

Pages = AsyncIterator[q.RowsAnswer]


class ReportQuery(StatsQuery, frozen=True, kw_only=True):
    """`zone` goes with the report `zones`, `item` with `ppe`, `line` with the others, `label` with `counts`."""

    zone: str = ""
    item: str = ""
    format: Literal["csv", "json", "xlsx", "pdf"] = "csv"


async def exported(request: web.Request) -> web.StreamResponse:
    """One of REPORTS as a file."""
    name = request.match_info["report"]
    asked = query(request, ReportQuery)
    if name not in REPORTS:
        raise Problem(404, "not_found", f"no report {name[:40]!r}: there are {', '.join(REPORTS)}")
    async with aclosing(_pages(request, _question(name, REPORTS[name], asked))) as pages:
        first = await anext(pages)
        heading = Heading.of(name, first)
        response = web.StreamResponse(headers=_headers(name, first, asked.format))
        if asked.format in FILES:
            await _as_file(request, response, heading, asked.format, first, pages)
        else:
            await response.prepare(request)
            try:
                async for part in _parts(asked.format, heading, first, pages):
                    await response.write(part)
            except (BusError, Problem) as error:
                log.warning("report broken off", report=name, error=str(error))
                _break_off(request)
                return response
    await response.write_eof()
    return response


async def _parts(format: str, heading: Heading, first: q.RowsAnswer, pages: Pages) -> AsyncGenerator[bytes, None]:
    """The file, page by page."""
    if format == "csv":
        yield csvs.head(heading.report) + csvs.lines(first)
        async for page in pages:
            yield csvs.lines(page)
        return
    yield jsons.head(heading, first) + jsons.lines(first, True)
    some = bool(first.rows)
    async for page in pages:
        yield jsons.lines(page, not some)
        some = some or bool(page.rows)
    yield jsons.TAIL


def _break_off(request: web.Request) -> None:
    """The status was sent long ago: only the connection can still say that this is not all."""
    if request.transport:
        request.transport.abort()


def _question(name: str, report: Definition, asked: ReportQuery) -> q.Rows:
    given = {key: value for key, value in fields(asked).items() if key != "format"}
    for key in OPTIONAL:
        if given[key] and key not in report.takes:
            raise Problem(400, "invalid", f"query.{key}: the report {name} has no {key}: it takes {report.takes[0]}")
    most = FILES[asked.format].most if asked.format in FILES else 0
    given["label"] = report.label or asked.label
    return q.Rows(**given, report=report.rows, limit=ROWS_AT_ONCE, most=most)


async def _pages(request: web.Request, asked: q.Rows) -> AsyncGenerator[q.RowsAnswer, None]:
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


async def _as_file(
    request: web.Request, response: web.StreamResponse, heading: Heading, kind: str, first: q.RowsAnswer, pages: Pages
) -> None:
    with tempfile.TemporaryDirectory(prefix="edged-report-") as folder:
        path = Path(folder) / f"report.{kind}"
        try:
            await _written(FILES[kind](path, heading), first, pages)
        except ReportError as error:
            raise Problem(400, "invalid", str(error)) from None
        await response.prepare(request)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                await response.write(chunk)


async def _written(report: Xlsx | Pdf, first: q.RowsAnswer, pages: Pages) -> None:
    """Rows go onto the disk in a thread, and so does what ends the file."""
    await asyncio.to_thread(report.add, first)
    async for page in pages:
        await asyncio.to_thread(report.add, page)
    await asyncio.to_thread(report.close)


def _headers(name: str, first: q.RowsAnswer, kind: str) -> dict[str, str]:
    file = f"{name}-{first.since:%Y-%m-%d}-{first.by}.{kind}"
    return {
        "Content-Type": MEDIA[kind],
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "no-store",
    }
