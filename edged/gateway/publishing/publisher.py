"""One camera on its way to one receiver, for as long as edged runs."""

import asyncio
from typing import Literal

import structlog

from edged import config
from edged.camera import background
from edged.camera.backoff import Backoff
from edged.gateway.publishing import muxed
from edged.gateway.publishing.faults import PublishFault
from edged.gateway.publishing.outgoing import Outgoing
from edged.gateway.redaction import redacted
from edged.gateway.webrtc.feed import Feed, Videos
from edged.subjects import Address

log = structlog.get_logger()

State = Literal["waiting", "sending", "retrying"]

_SOONEST, _LATEST = 1.0, 30.0  # seconds between two tries


class Publisher:
    """`run()` for ever. `state`: waiting for video or the receiver's first yes, sending, or retrying after `why`."""

    def __init__(
        self, settings: config.Publish, address: Address, videos: Videos, servers: list[dict[str, str]]
    ) -> None:
        self.state: State = "waiting"
        self.why = ""
        self._since = 0.0
        self._settings = settings
        self._address = address
        self._videos = videos
        self._servers = servers
        self._log = log.bind(camera=str(address), to=shown(settings.url))

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        backoff = Backoff(_SOONEST, _LATEST)
        while True:
            self.state, self._since = "waiting", loop.time()
            try:
                with self._videos.watching(self._address) as feed:
                    await self._send(feed)
            except PublishFault as fault:
                pause = backoff.after(fault.cause, loop.time() - self._since)
                self.state, self.why = "retrying", redacted(str(fault))
                self._log.warning("publishing failed", cause=fault.cause, error=self.why, retry_in=round(pause, 1))
                await asyncio.sleep(pause)

    def _sending(self) -> None:
        self.state, self.why = "sending", ""
        self._log.info("publishing")

    async def _send(self, feed: Feed) -> None:
        url = self._settings.url
        if url.startswith("whip+"):
            from edged.gateway.publishing import whip  # aiortc takes 30 MB

            await whip.send(url.removeprefix("whip+"), self._settings.token, feed, self._servers, self._sending)
        else:
            await self._mux(feed, url)

    async def _mux(self, feed: Feed, url: str) -> None:
        loop = asyncio.get_running_loop()
        outgoing = Outgoing()

        def sending() -> None:
            loop.call_soon_threadsafe(self._sending)

        feed.join(outgoing)
        try:
            await background.start(
                f"publish {self._address.camera}",
                lambda: muxed.send(url, outgoing, sending),
            )
        finally:
            feed.leave(outgoing)
            outgoing.close()


def shown(url: str) -> str:
    """Without any login: some servers take a name for a secret."""
    scheme, colon, rest = redacted(url).partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{colon}{authority.rpartition('@')[2]}{slash}{path}"
