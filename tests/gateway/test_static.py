from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from edged.gateway import static
from edged.gateway.errors import as_json

PAGE = "<!doctype html>" + "<p>calm</p>" * 200


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[ClientSession]:
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "js" / "main.js").write_text("export default 1;\n" * 100)
    (tmp_path / "dot.png").write_bytes(bytes(range(256)))
    (tmp_path / ".secret").write_text("no")
    app = web.Application(middlewares=[as_json])
    app[static.FILES] = static.load(tmp_path)
    app.router.add_get("/{path:.*}", static.file)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}", auto_decompress=False) as session:
            yield session
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html; charset=utf-8"), ("/js/main.js", "text/javascript; charset=utf-8"), ("/dot.png", "image/png")],
)
async def test_files_have_their_type(http: ClientSession, path: str, kind: str) -> None:
    async with http.get(path) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, kind)
        assert response.headers["Cache-Control"] == "no-cache"


async def test_text_comes_compressed_to_who_takes_it(http: ClientSession) -> None:
    async with http.get("/", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(await response.read()) < len(PAGE) / 5
    async with http.get("/", headers={"Accept-Encoding": "identity"}) as response:
        assert (await response.text()) == PAGE
    async with http.get("/dot.png", headers={"Accept-Encoding": "gzip"}) as response:
        assert "Content-Encoding" not in response.headers


async def test_a_known_file_is_not_sent_again(http: ClientSession) -> None:
    async with http.get("/") as response:
        etag = response.headers["ETag"]
    async with http.get("/", headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("path", ["/nothing.js", "/.secret", "/js/", "/js/..%2F..%2Fetc%2Fpasswd"])
async def test_what_is_not_there_is_404_as_json(http: ClientSession, path: str) -> None:
    async with http.get(path) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"
