"""A real RTSP server for tests: GStreamer's, run by the system's python3, which has its `gi`.

    /usr/bin/python3 rtsp_server.py CLIP --codec h264 --fps 10 [--times 0,40,… --length 4000] [--port 0] [--user U --password P]

CLIP is H.264 or H.265 in Annex B with access unit delimiters, or JPEGs one after the other; it is served live and in a loop at /live,
timestamps going on over the end. With `--times` each access unit has its own, in milliseconds; they come again every `--length`.
Prints its port on stdout once it listens. Ends with its parent.
"""

import argparse
import ctypes
import signal
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

BEGINNING = {"h264": b"\x00\x00\x00\x01\x09", "h265": b"\x00\x00\x00\x01\x46\x01", "jpeg": b"\xff\xd8\xff"}
CAPS = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au ! h264parse config-interval=-1 ! rtph264pay pt=96",
    "h265": "video/x-h265,stream-format=byte-stream,alignment=au ! h265parse config-interval=-1 ! rtph265pay pt=96",
    "jpeg": "image/jpeg ! jpegparse ! rtpjpegpay pt=26",
}
PIPELINE = "( appsrc name=clip is-live=true format=time block=true max-bytes=200000 caps=%s name=pay0 )"


class Clip(GstRtspServer.RTSPMediaFactory):
    """Feeds the access units of a clip for ever."""

    def __init__(self, codec, units, times, length):
        super().__init__()
        self.set_launch(PIPELINE % CAPS[codec])
        self.set_shared(True)
        self.units, self.times, self.length = units, times, length

    def do_configure(self, media):
        source = media.get_element().get_by_name_recurse_up("clip")
        sent = iter(range(1 << 62))
        source.connect("need-data", lambda src, _: self.push(src, next(sent)))

    def push(self, source, count):
        rounds, index = divmod(count, len(self.units))
        buffer = Gst.Buffer.new_wrapped(self.units[index])
        buffer.pts = rounds * self.length + self.times[index]
        source.emit("push-buffer", buffer)


def demand_password(server, factory, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    factory.add_role_from_structure(
        Gst.Structure.new_from_string(
            "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true;"
        )
    )


def main():
    args = argparse.ArgumentParser()
    args.add_argument("clip", type=Path)
    args.add_argument("--codec", choices=BEGINNING, default="h264")
    args.add_argument("--fps", type=int, default=10)
    args.add_argument("--times", default="")
    args.add_argument("--length", type=int, default=0)
    args.add_argument("--port", default="0")
    args.add_argument("--user", default="")
    args.add_argument("--password", default="")
    options = args.parse_args()

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind
    Gst.init(None)
    beginning = BEGINNING[options.codec]
    units = [beginning + unit for unit in options.clip.read_bytes().split(beginning)[1:]]
    times = [int(time) * Gst.MSECOND for time in options.times.split(",") if time]
    length = options.length * Gst.MSECOND
    if not times:
        times = [index * Gst.SECOND // options.fps for index in range(len(units))]
        length = len(units) * Gst.SECOND // options.fps
    factory = Clip(options.codec, units, times, length)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    server.get_mount_points().add_factory("/live", factory)
    if options.user:
        demand_password(server, factory, options.user, options.password)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
