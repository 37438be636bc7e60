from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import msgspec

from edged import shipped
from edged.handlers import load
from tests.rigs.facts import alert

YARD = shipped.path("handlers") / "example_light.py"


@contextmanager
def lamp():
    """A relay on the network; yields its URL and what it was asked for."""
    asked = []

    class Relay(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Relay) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/relay/0?turn=on", asked
        server.shutdown()
        thread.join()


async def test_an_alarm_at_night_switches_the_light_on_and_nothing_else_does() -> None:
    [handler] = load(YARD, "example_light")
    night, day = datetime(2026, 11, 20, 23, 30).astimezone(), datetime(2026, 11, 20, 12, 0).astimezone()
    with lamp() as (url, asked):
        handler.call.__globals__["LIGHT"] = url
        for severity, time in (("alarm", day), ("info", night), ("alarm", night)):
            raised = msgspec.structs.replace(alert("one", severity), time=time)
            await handler.call(raised, None)
    assert asked == ["/relay/0?turn=on"]
