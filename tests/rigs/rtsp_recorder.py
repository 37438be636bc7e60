"""A real RTSP server that records, for tests: GStreamer's, run by the system's python3, which has its `gi`.

    /usr/bin/python3 rtsp_recorder.py [--port 0] [--user U --password P]

Takes H.264 published to /in. Prints its port once it listens, then the SHA-256 of each access unit it got, one a line.
Ends with its parent.
"""

import argparse
import ctypes
import hashlib
import signal

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( rtph264depay name=depay0 ! video/x-h264,stream-format=byte-stream,alignment=au"
    " ! appsink name=got emit-signals=true sync=false )"
)


class Recorder(GstRtspServer.RTSPMediaFactory):
    def __init__(self):
        super().__init__()
        self.set_launch(PIPELINE)
        self.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)

    def do_configure(self, media):
        media.get_element().get_by_name_recurse_up("got").connect("new-sample", tell)


def tell(sink):
    buffer = sink.emit("pull-sample").get_buffer()
    print(hashlib.sha256(buffer.extract_dup(0, buffer.get_size())).hexdigest(), flush=True)
    return Gst.FlowReturn.OK


def demand_password(server, factory, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "sender")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    rights = "sender, media.factory.access=(boolean)true, media.factory.construct=(boolean)true;"
    factory.add_role_from_structure(Gst.Structure.new_from_string(rights))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--port", default="0")
    args.add_argument("--user", default="")
    args.add_argument("--password", default="")
    options = args.parse_args()

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind
    Gst.init(None)
    factory = Recorder()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    server.get_mount_points().add_factory("/in", factory)
    if options.user:
        demand_password(server, factory, options.user, options.password)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
