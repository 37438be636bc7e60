"""A session with Janus' streaming plugin over its HTTP API: https://janus.conf.meetecho.com/docs/rest.html"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from edged import config
from edged.gateway.janus.mountpoints import Mountpoint
from edged.gateway.janus.rules import PLUGIN, with_secret

_PATIENCE = ClientTimeout(5)


class JanusFault(Exception):
    """Janus could not be asked, or said no; the text says what next."""


class Streaming:
    """The plugin, to be asked."""

    def __init__(self, http: ClientSession, settings: config.Janus) -> None:
        self._http = http
        self._settings = settings
        self._place = settings.url.rstrip("/")

    async def mountpoints(self) -> tuple[Mountpoint, ...]:
        return msgspec.convert((await self.ask({"request": "list"}))["list"], tuple[Mountpoint, ...])

    async def ask(self, body: dict[str, object]) -> dict[str, Any]:
        """What the plugin answers. Raises JanusFault."""
        answer = await self._say({"janus": "message", "body": body})
        data: dict[str, Any] = answer.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise JanusFault(f"Janus' streaming plugin refuses: {data['error']}")
        return data

    async def _say(self, said: dict[str, Any]) -> dict[str, Any]:
        said = with_secret({**said, "transaction": uuid.uuid4().hex}, self._settings.secret)
        try:
            async with self._http.post(self._place, json=said) as response:
                answer = msgspec.json.decode(await response.read(), type=dict[str, Any])
        except (ClientError, TimeoutError, msgspec.MsgspecError) as error:
            cause = str(error) or type(error).__name__
            raise JanusFault(
                f"no Janus at {self._settings.url} ({cause}): is it running, and janus.url right?"
            ) from None
        if answer.get("janus") == "error":
            code, reason = answer["error"].get("code"), answer["error"].get("reason")
            hint = ": set janus.secret to its api_secret" if code == 403 else ""
            raise JanusFault(f"Janus refuses: {reason}{hint}")
        return answer

    async def _enter(self, said: dict[str, Any]) -> None:
        self._place = f"{self._place}/{(await self._say(said))['data']['id']}"


@asynccontextmanager
async def streaming(settings: config.Janus) -> AsyncIterator[Streaming]:
    """A session while the block lasts. Raises JanusFault."""
    async with ClientSession(timeout=_PATIENCE) as http:
        plugin = Streaming(http, settings)
        await plugin._enter({"janus": "create"})
        session = plugin._place
        try:
            await plugin._enter({"janus": "attach", "plugin": PLUGIN})
            yield plugin
        finally:
            plugin._place = session
            with suppress(JanusFault):  # it forgets the session by itself, later
                await plugin._say({"janus": "destroy"})
