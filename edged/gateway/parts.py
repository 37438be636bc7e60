"""The names under which the gateway's parts hang on its aiohttp application."""

from aiohttp import web

from edged import config
from edged.bus.link import Link
from edged.bus.objects import Objects
from edged.bus.pictures import Pictures
from edged.gateway.directory import Directory
from edged.gateway.feeds import Feeds
from edged.gateway.hub import Hub
from edged.gateway.sockets import Sockets
from edged.gateway.streams import Streams
from edged.gateway.webrtc.feed import Videos
from edged.gateway.webrtc.sessions import Sessions

SETTINGS = web.AppKey("settings", config.Config)
LINK = web.AppKey("link", Link)
PICTURES = web.AppKey("pictures", Pictures)
PORTRAITS = web.AppKey("portraits", Objects)
SOCKETS = web.AppKey("sockets", Sockets)
HUB = web.AppKey("hub", Hub)
DIRECTORY = web.AppKey("directory", Directory)
FEEDS = web.AppKey("feeds", Feeds)
STREAMS = web.AppKey("streams", Streams)
VIDEOS = web.AppKey("videos", Videos)
SESSIONS = web.AppKey("sessions", Sessions)
