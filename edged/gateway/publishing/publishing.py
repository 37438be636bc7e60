"""Every camera that edged.toml sends on."""

import asyncio

from edged import config
from edged.bus.link import Link
from edged.gateway.publishing.publisher import Publisher
from edged.gateway.webrtc.feed import Videos
from edged.gateway.webrtc.sessions import ice_servers
from edged.subjects import Address


class Publishing:
    """`run()` for ever: takes the video from NATS, so it may run on any machine."""

    def __init__(self, link: Link, settings: config.Config) -> None:
        self._videos = Videos(link)
        servers = ice_servers(settings.webrtc)
        self.publishers = [
            Publisher(each, address_of(each.camera, settings), self._videos, servers) for each in settings.publish
        ]

    async def run(self) -> None:
        if not self.publishers:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._videos.run())
            for publisher in self.publishers:
                group.create_task(publisher.run())


def address_of(camera: str, settings: config.Config) -> Address:
    """`front` is of this box, `node.front` of this site, `site.node.front` of any."""
    own = (settings.site, settings.node)
    parts = camera.split(".")
    return Address(*own[: 3 - len(parts)], *parts)
