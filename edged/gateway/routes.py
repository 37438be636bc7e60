"""Every route as data: what is served, and what the OpenAPI document says of it."""

from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from edged import enquiries as e
from edged import questions as q
from edged.asking import ProbeReport
from edged.gateway import (
    alerts,
    cameras,
    clips,
    counting,
    deliveries,
    docs,
    faces,
    health,
    identities,
    metrics,
    mjpeg,
    pictures,
    ppe,
    realtime,
    reports,
    rules,
    snapshots,
    static,
    visitors,
)
from edged.gateway.errors import Handler
from edged.gateway.janus import proxy
from edged.gateway.webrtc import signalling, whep
from edged.gateway.wire import NoQuery
from edged.identities import Visit
from edged.reports.jsons import ReportFile
from edged.rules import AlertRule

Login = Literal["key", "worker", "viewer", "none"]


@dataclass(frozen=True)
class Route:
    """`reply` is a Struct for JSON, or a media type; `also` are others it may be asked in. `takes` are the media types of a body that is no JSON.
    `login`: a `key` if one is set; the `viewer`'s files need none, nor does `none`,
    which is open to other hosts too.
    `worker` takes auth.worker_token besides the key."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Handler
    summary: str
    reply: type[Any] | str
    query: type[Any] = NoQuery
    body: type[Struct] | None = None
    takes: tuple[str, ...] = ()
    status: int = 200
    login: Login = "key"
    head: bool = True
    listed: bool = True
    also: tuple[str, ...] = ()


WEBSOCKET = "websocket"

_ALERT = "/api/alerts/{alert}"
_CAMERA = "/api/cameras/{camera}"
_IDENTITY = "/api/identities/{identity}"
_VISITOR = "/api/visitors/{visitor}"
_RULE = "/api/rules/{rule}"
PICTURE = ("image/*", "multipart/form-data")

ROUTES = (
    Route("GET", "/health", health.word, "Whether all is well, in a word; 503 when not.", health.Word, login="none"),
    Route("GET", "/healthz", health.word, "The same, as Kubernetes calls it.", health.Word, login="none"),
    Route("GET", "/api/health", health.detail, "How gateway, bus and nodes do.", health.Health),
    Route("GET", "/api/cameras", cameras.listed, "The cameras.", cameras.Page, query=cameras.ListQuery),
    Route("POST", "/api/cameras", cameras.added, "Adds a camera.", cameras.View, body=cameras.NewCamera, status=201),
    Route("GET", _CAMERA, cameras.shown, "One camera.", cameras.View),
    Route("PATCH", _CAMERA, cameras.changed, "Changes what the body names.", cameras.View, body=cameras.CameraPatch),
    Route("DELETE", _CAMERA, cameras.removed, "Removes the camera.", "", status=204),
    Route("POST", f"{_CAMERA}/start", cameras.started, "Starts the camera.", cameras.View),
    Route("POST", f"{_CAMERA}/stop", cameras.stopped, "Stops the camera.", cameras.View),
    Route("POST", f"{_CAMERA}/detection", cameras.detection, "Switches detection.", cameras.View, body=cameras.DetectionSwitch),
    Route("POST", f"{_CAMERA}/fps", cameras.fps, "Sets detections per second.", cameras.View, body=cameras.Rate),
    Route("GET", f"{_CAMERA}/picture.jpg", pictures.still, "The newest frame.", "image/jpeg", query=pictures.StillQuery),
    Route("POST", "/api/probe", cameras.probed, "Looks at a URL from a node.", ProbeReport, body=cameras.Probe),
    Route("GET", "/api/realtime/latest", realtime.latest, "The newest detections.", realtime.Latest, query=realtime.LatestQuery),
    Route("GET", "/api/realtime/ws", realtime.listen, "Messages as NATS carries them, as text frames.", WEBSOCKET,
          query=realtime.ListenQuery, status=101, head=False),
    Route("GET", "/api/realtime/pictures", pictures.watch, "Live JPEGs of many cameras, as binary frames.", WEBSOCKET,
          status=101, head=False),
    Route("GET", "/api/media/mjpeg", mjpeg.stream, "Live pictures of one camera.", "multipart/x-mixed-replace",
          query=mjpeg.StreamQuery, head=False),
    Route("GET", "/stream/clean/{camera}", mjpeg.clean, "The same, without anything drawn on it.", "multipart/x-mixed-replace",
          query=mjpeg.CleanQuery, head=False),
    Route("POST", "/webrtc/offer", signalling.offered, "A viewer's WebRTC offer, answered.", signalling.Answered,
          body=signalling.Offer),
    Route("POST", "/api/webrtc/offer", signalling.offered, "The same.", signalling.Answered, body=signalling.Offer),
    Route("POST", "/api/webrtc/stream/{camera}", signalling.stream, "The gateway's WebRTC offer.", signalling.Offered, status=201),
    Route("POST", "/api/webrtc/answer", signalling.accepted, "A viewer's answer.", signalling.SessionState, body=signalling.Answer),
    Route("POST", "/api/webrtc/candidate", signalling.candidate, "A viewer's ICE candidate.", "", status=204,
          body=signalling.NewCandidate),
    Route("DELETE", "/api/webrtc/session/{session}", signalling.ended, "Ends a session.", "", status=204),
    Route("GET", "/api/streams/status", signalling.status, "Who watches what over WebRTC.", signalling.Status),
    Route("GET", "/ws/webrtc/{session}", signalling.talk, "Offer, answer and candidates of a session.", WEBSOCKET,
          status=101, head=False),
    Route("POST", "/whep/{camera}", whep.began, "A WHEP player's offer, answered.", "application/sdp", status=201,
          takes=("application/sdp",)),
    Route("PATCH", "/whep/{camera}/{session}", whep.trickled, "A WHEP player's ICE candidates.", "", status=204,
          takes=("application/trickle-ice-sdpfrag",)),
    Route("DELETE", "/whep/{camera}/{session}", whep.ended, "Ends a WHEP session.", ""),
    Route("GET", "/janus", proxy.passed, "Janus' WebSocket API, to watch.", WEBSOCKET, status=101, head=False),
    Route("POST", "/janus", proxy.passed, "Janus' HTTP API, to watch.", "application/json", takes=("application/json",)),
    Route("GET", "/janus/{session}", proxy.passed, "What Janus is, and the events of a session.", "application/json",
          head=False),
    Route("POST", "/janus/{session}", proxy.passed, "A session of Janus.", "application/json", takes=("application/json",)),
    Route("POST", "/janus/{session}/{handle}", proxy.passed, "A handle of such a session.", "application/json",
          takes=("application/json",)),
    Route("GET", "/api/clips/{key:.+}", clips.clip, "The clip of an alert, or a range of it.", "video/mp4"),
    Route("GET", "/api/alerts", alerts.listed, "Alerts, newest first.", alerts.AlertPage, query=alerts.AlertQuery),
    Route("POST", "/api/alerts", alerts.ingested, "Takes in an alert of an outside worker.", q.Written, body=alerts.OutsideAlert,
          status=201, login="worker"),
    Route("GET", _ALERT, alerts.shown, "One alert.", alerts.Alert),
    Route("POST", f"{_ALERT}/acknowledge", alerts.acknowledged, "Says who has seen it.", alerts.Alert, body=alerts.Acknowledgement),
    Route("GET", "/api/rules", rules.listed, "The rules of alerts.", rules.RuleList),
    Route("POST", "/api/rules", rules.added, "Adds a rule, for every box.", q.KnownRule, body=AlertRule, status=201),
    Route("GET", _RULE, rules.shown, "One rule.", q.KnownRule),
    Route("PUT", _RULE, rules.written, "Writes a rule, all of it.", q.KnownRule, body=AlertRule),
    Route("DELETE", _RULE, rules.removed, "Removes a rule.", "", status=204),
    Route("POST", f"{_RULE}/test", rules.tested, "What a rule would have raised.", q.TryAnswer, body=rules.Trial),
    Route("POST", "/api/rules/test", rules.tested_new, "What a rule that is not saved would have raised.", q.TryAnswer,
          body=rules.NewTrial),
    Route("GET", "/api/snapshots/{key:.+}", snapshots.snapshot, "A stored picture.", "image/jpeg"),
    Route("GET", "/api/stats", counting.stats, "Counts: totals, and a series.", q.StatsAnswer, query=counting.StatsQuery),
    Route("GET", "/api/dashboard/stats", counting.stats, "The same.", q.StatsAnswer, query=counting.StatsQuery),
    Route("GET", "/api/occupancy", counting.occupancy, "How many were inside.", q.OccupancyAnswer, query=counting.OccupancyQuery),
    Route("POST", "/api/counters/{counter}/correct", counting.corrected, "Corrects a count.", q.Written,
          body=counting.Correction, status=201),
    Route("GET", "/api/ppe", ppe.listed, "What people wore, newest first.", ppe.PpePage, query=ppe.PpeQuery),
    Route("GET", "/api/reports/{report}", reports.exported, "A report as a file.", ReportFile, query=reports.ReportQuery, head=False,
          also=tuple(kind for name, kind in reports.MEDIA.items() if name != "json")),
    Route("GET", "/api/deliveries", deliveries.listed, "What waits to be delivered, or could not be.", deliveries.DeliveryPage,
          query=deliveries.DeliveryQuery),
    Route("POST", "/api/deliveries/{delivery}/retry", deliveries.retried, "Tries a dead letter again.", deliveries.Done),
    Route("POST", "/api/deliveries/email/test", deliveries.mail_tested, "Sends a mail now.", deliveries.Done),
    Route("POST", "/api/deliveries/webhooks/{webhook}/test", deliveries.webhook_tested, "Posts to a webhook now.", deliveries.Done),
    Route("GET", "/api/identities", faces.listed, "People, a page of them.", faces.FacePage, query=faces.FaceQuery),
    Route("POST", "/api/identities", identities.enrolled, "Enrols whom a picture shows.", identities.IdentityView, query=identities.EnrolQuery,
          takes=PICTURE, status=201),
    Route("POST", "/api/identities/live", identities.enrolled_live, "Enrols whom a camera shows now.", identities.IdentityView,
          body=identities.LiveEnrolment, status=201),
    Route("POST", "/api/identities/reindex", identities.reindexed, "Makes what was derived anew.", e.Reindexed),
    Route("GET", "/api/identities/changes", identities.changes, "Who changed whom, newest first.", e.ChangesAnswer,
          query=identities.ChangeQuery),
    Route("GET", _IDENTITY, identities.shown, "One person.", identities.IdentityView),
    Route("PATCH", _IDENTITY, identities.altered, "Changes what the body names.", identities.IdentityView, body=identities.IdentityPatch),
    Route("DELETE", _IDENTITY, identities.deleted, "Deletes a person: found no more.", "", query=identities.DeleteQuery, status=204),
    Route("POST", f"{_IDENTITY}/merge", identities.merged, "Others are this person, too.", identities.IdentityView, body=identities.Merging),
    Route("POST", f"{_IDENTITY}/split", identities.split, "Some samples are not this person.", identities.IdentityView,
          body=identities.Splitting, status=201),
    Route("POST", f"{_IDENTITY}/erase", identities.erased, "Leaves no trace of a person.", e.Erased, query=identities.SaidQuery),
    Route("POST", f"{_IDENTITY}/samples", identities.sample_added, "One more picture of them.", identities.IdentityView,
          query=identities.SaidQuery, takes=PICTURE, status=201),
    Route("POST", f"{_IDENTITY}/samples/live", identities.live_sample_added, "One more, from a camera.", identities.IdentityView,
          body=identities.LiveSample, status=201),
    Route("DELETE", f"{_IDENTITY}/samples/{{sample}}", identities.sample_removed, "Removes a picture of them.", identities.IdentityView,
          query=identities.SaidQuery),
    Route("GET", f"{_IDENTITY}/samples/{{sample}}.jpg", identities.sample_picture, "The picture.", "image/jpeg"),
    Route("GET", "/api/faces", faces.listed, "The same list.", faces.FacePage, query=faces.FaceQuery),
    Route("POST", "/api/faces/search", faces.searched, "Who is most like a picture, a vector or a person.", faces.FaceMatches,
          query=faces.TopQuery, body=faces.Likeness, takes=PICTURE),
    Route("GET", "/api/visitors", visitors.listed, "Passes for visitors.", visitors.VisitPage, query=visitors.VisitQuery),
    Route("POST", "/api/visitors", visitors.registered, "Announces a visitor.", Visit, body=visitors.NewVisit, status=201),
    Route("GET", _VISITOR, visitors.shown, "One pass.", Visit),
    Route("PATCH", _VISITOR, visitors.altered, "Changes what the body names.", Visit, body=visitors.VisitPatch),
    Route("DELETE", _VISITOR, visitors.erased, "Erases the pass.", "", status=204),
    Route("GET", f"{_VISITOR}/badge", visitors.badge, "The badge, to print.", "text/html"),
    Route("GET", "/metrics", metrics.metrics, "Figures for Prometheus.", "text/plain"),
    Route("GET", "/api/openapi.json", docs.document, "This description.", "application/json"),
    Route("GET", "/api/docs", docs.page, "This description for people.", "text/html"),
    Route("GET", "/{path:(?!api/).*}", static.file, "The viewer.", "text/html", login="viewer", listed=False),
)  # fmt: skip
