"""The gateway, its nodes and cameras as Prometheus reads them: read off the parts when asked, counted only where nothing else does."""

import time
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from edged import __version__
from edged.gateway.directory import address_of
from edged.gateway.errors import Handler
from edged.gateway.parts import DIRECTORY, FEEDS, HUB, LINK, SESSIONS, SOCKETS, STREAMS, VIDEOS
from edged.messages import CameraHealth, NodeHealth
from edged.subjects import Address

Family = GaugeMetricFamily | CounterMetricFamily
Figure = tuple[type[Family], str, str, float]


class Requests:
    """How many requests were answered, with what, and how fast."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answered = Counter(
            "edged_gateway_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "edged_gateway_request_duration_seconds",
            "From request to answer; streams and WebSockets are not in it.",
            ["method", "route"],
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=registry,
        )

    def answered(self, request: web.Request, status: int, seconds: float, plain: bool) -> None:
        resource = request.match_info.route.resource
        # unknown paths share one name, or strangers could make as many series as they like
        route = resource.canonical if resource is not None else "unknown"
        self._answered.labels(request.method, route, status).inc()
        if plain:
            self._seconds.labels(request.method, route).observe(seconds)


REQUESTS = web.AppKey("requests", Requests)
REGISTRY = web.AppKey("registry", CollectorRegistry)


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.perf_counter()
    response = await handler(request)
    plain = isinstance(response, web.Response)
    request.app[REQUESTS].answered(request, response.status, time.perf_counter() - began, plain)
    return response


async def metrics(request: web.Request) -> web.Response:
    text = generate_latest(request.app[REGISTRY])
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


class Collector:
    """Reads the parts of the application at each scrape."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("edged_gateway_info", "Which gateway this is.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        for kind, name, text, value in _of_gateway(self._app):
            yield kind(name, text, value=value)
        yield from self._nodes()
        yield from self._cameras()

    def _nodes(self) -> Iterator[Metric]:
        labels = ["site", "node"]
        info = GaugeMetricFamily(
            "edged_node_info", "What a node runs.", labels=[*labels, "version", "model", "runtime", "device"]
        )
        families = _Families(labels)
        for address, health, silent in self._app[HUB].nodes():
            where = [address.site, address.node]
            info.add_metric([*where, health.version, health.model, health.runtime, health.device], 1)
            families.add(where, _of_node(health, silent))
        yield info
        yield from families

    def _cameras(self) -> Iterator[Metric]:
        labels = ["site", "node", "camera"]
        dropped = CounterMetricFamily(
            "edged_camera_dropped_frames", "Frames not looked at, by reason.", labels=[*labels, "reason"]
        )
        status = GaugeMetricFamily(
            "edged_camera_status", "1 for the status the camera is in.", labels=[*labels, "status"]
        )
        families = _Families(labels)
        for record in self._app[DIRECTORY]:
            where = list(address_of(record))
            health = self._app[HUB].camera_health(Address(*where))
            status.add_metric([*where, health.status if health else "silent"], 1)
            if health is None:
                continue
            families.add(where, _of_camera(health))
            for reason in health.drops.__struct_fields__:
                dropped.add_metric([*where, reason], getattr(health.drops, reason))
        yield from (status, dropped, *families)


class _Families:
    """Figures of many subjects gathered into one family per name."""

    def __init__(self, labels: list[str]) -> None:
        self._labels = labels
        self._families: dict[str, Family] = {}

    def add(self, where: list[str], figures: list[Figure]) -> None:
        for kind, name, text, value in figures:
            if name not in self._families:
                self._families[name] = kind(name, text, labels=self._labels)
            self._families[name].add_metric(where, value)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._families.values())


def _of_gateway(app: web.Application) -> list[Figure]:
    sessions = app[SESSIONS]
    hub, sockets, streams, link = app[HUB], app[SOCKETS], app[STREAMS], app[LINK]
    return [
        (GaugeMetricFamily, "edged_gateway_bus_connected", "1 while NATS is reached.", link.connected),
        (CounterMetricFamily, "edged_gateway_bus_connections", "Times NATS was reached.", link.connections),
        (GaugeMetricFamily, "edged_gateway_websocket_clients", "WebSockets open.", len(sockets)),
        (CounterMetricFamily, "edged_gateway_websocket_messages", "Messages written to clients.", hub.passed_on),
        (CounterMetricFamily, "edged_gateway_websocket_refused_clients", "Clients over the limit.", sockets.refused),
        (CounterMetricFamily, "edged_gateway_websocket_slow_clients", "Clients dropped for lagging.", sockets.slow),
        (CounterMetricFamily, "edged_gateway_lost_messages", "NATS messages this gateway was too slow for.", hub.lost),
        (CounterMetricFamily, "edged_gateway_fanout_seconds", "Time spent passing messages on.", hub.seconds),
        (GaugeMetricFamily, "edged_gateway_mjpeg_clients", "MJPEG streams open.", len(streams)),
        (CounterMetricFamily, "edged_gateway_mjpeg_refused_clients", "MJPEG streams over the limit.", streams.refused),
        (GaugeMetricFamily, "edged_gateway_picture_feeds", "Cameras pulled, at one size each.", len(app[FEEDS])),
        (CounterMetricFamily, "edged_gateway_pictures", "Pictures pulled from nodes.", app[FEEDS].pulled),
        (GaugeMetricFamily, "edged_gateway_webrtc_sessions", "WebRTC viewers.", len(sessions)),
        (CounterMetricFamily, "edged_gateway_webrtc_opened", "WebRTC sessions there were.", sessions.opened),
        (CounterMetricFamily, "edged_gateway_webrtc_refused", "WebRTC offers over a limit.", sessions.refused),
        (CounterMetricFamily, "edged_gateway_webrtc_units", "Access units sent to viewers.", sessions.sent),
        (
            CounterMetricFamily,
            "edged_gateway_webrtc_dropped_units",
            "Access units slow viewers missed.",
            sessions.dropped,
        ),
        (GaugeMetricFamily, "edged_gateway_videos", "Cameras whose video is heard.", len(app[VIDEOS])),
    ]


def _of_node(health: NodeHealth, silent: float) -> list[Figure]:
    return [
        (GaugeMetricFamily, "edged_node_silent_seconds", "Since the node was last heard.", silent),
        (GaugeMetricFamily, "edged_node_uptime_seconds", "Since the daemon started.", health.uptime),
        (GaugeMetricFamily, "edged_node_cameras", "Cameras the node has.", health.cameras),
        (GaugeMetricFamily, "edged_node_detector_busy_ratio", "Share of time the detector works.", health.detector_busy),
        (GaugeMetricFamily, "edged_node_cpu_cores", "Cores the daemon uses.", health.cpu),
        (GaugeMetricFamily, "edged_node_resident_memory_bytes", "Memory of the daemon.", health.rss),
        (GaugeMetricFamily, "edged_node_loop_lag_seconds", "Longest delay of the loop.", health.loop_lag_ms / 1000),
        (GaugeMetricFamily, "edged_node_outbox_facts", "Facts the stream does not have yet.", health.outbox_pending),
    ]  # fmt: skip


def _of_camera(health: CameraHealth) -> list[Figure]:
    return [
        (CounterMetricFamily, "edged_camera_frames", "Frames decoded.", health.frames),
        (CounterMetricFamily, "edged_camera_inferred_frames", "Frames looked at.", health.inferred),
        (CounterMetricFamily, "edged_camera_reconnects", "Times the camera was opened again.", health.reconnects),
        (GaugeMetricFamily, "edged_camera_frames_per_second", "Frames decoded.", health.fps),
        (GaugeMetricFamily, "edged_camera_detections_per_second", "Frames looked at.", health.detect_fps),
        (GaugeMetricFamily, "edged_camera_received_bytes_per_second", "From the camera.", health.bitrate / 8),
        (GaugeMetricFamily, "edged_camera_frame_age_seconds", "From arrival to publishing.", health.age_ms / 1000),
    ]
