"""A real HTTP camera on loopback: MJPEG as cameras send it, and the ways in which they fail."""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiohttp import web

BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
HTML = "<html><body><h1>Camera login</h1></body></html>" * 20


class HttpCamera:
    """Serves `pictures` (JPEGs) in turn at `fps`:

    `/video` for ever, `/login/video` with `user` and `password`, `/ends` three of them, `/freezes` three and then
    silence, `/damaged` with every second one destroyed, `/page` HTML, `/moved` 404, `/broken` 500;
    and what lies in `folder` below `/files`.
    """

    user, password = "viewer", "s3cret-word"

    def __init__(self, pictures: Sequence[bytes], fps: float = 10.0, folder: Path | None = None) -> None:
        self.viewers = 0
        self.port = 0
        self._login = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        self._pictures, self._fps = pictures, fps
        app = web.Application()
        for path in ("/video", "/ends", "/freezes", "/damaged"):
            app.router.add_get(path, self._stream)
        app.router.add_get("/login/video", self._behind_login)
        app.router.add_get("/page", self._page)
        app.router.add_get("/broken", self._broken)
        if folder:
            app.router.add_static("/files", folder)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        """Of the camera; add the path."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "multipart/x-mixed-replace; boundary=frame"})
        await response.prepare(request)
        self.viewers += 1
        try:
            for number in range(3 if request.path in ("/ends", "/freezes") else 1 << 60):
                picture = self._pictures[number % len(self._pictures)]
                if request.path == "/damaged" and number % 2:
                    picture = picture[:20] + bytes(len(picture) - 20)
                await response.write(BOUNDARY % (len(picture), picture))
                await asyncio.sleep(1 / self._fps)
            if request.path == "/freezes":
                await asyncio.Event().wait()
        except ConnectionResetError:
            pass  # the viewer went
        finally:
            self.viewers -= 1
        return response

    async def _behind_login(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != self._login:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="camera"'})
        return await self._stream(request)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=HTML, content_type="text/html")

    async def _broken(self, _: web.Request) -> web.Response:
        raise web.HTTPInternalServerError


class SilentServer:
    """Takes connections and never says anything."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
