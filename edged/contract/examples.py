"""One plausible message of each kind, for `proto/examples/` and for who reads it."""

from datetime import UTC, datetime, timedelta

from edged import messages as m

SITE, NODE, CAMERA, SESSION = "home", "edge", "front", "mkx3q0a7f"
NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)
WALKED_IN = NOON - timedelta(seconds=3.2)
BOX = (0.41, 0.22, 0.09, 0.48)
PICTURE = f"{SITE}/{NODE}/{CAMERA}/{SESSION}-7.jpg"

EXAMPLES: tuple[m.AnyMessage, ...] = (
    m.Detections(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, session=SESSION, seq=1042, pts=3_753_000, width=1920, height=1080,
        model="yolox-nano", held=False, timing=m.Timing(wait=0.4, infer=13.9, track=0.3, age=15.1),
        tracks=(m.Track(id=7, label="person", score=0.91, box=BOX, age=3.2),),
    ),
    m.CameraHealth(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, status="running", cause=None, detail="", retry_in=None,
        session=SESSION, codec="h264", decoder="software: this box has no hardware decoder", width=1920, height=1080,
        fps=25.0, detect_fps=5.0, bitrate=2_100_000, frames=26_000, inferred=4_100,
        drops=m.Drops(replaced=20_000, duplicate=12, still=1_100, stale=0), reconnects=1, age_ms=15.1, detection=True,
    ),
    m.NodeHealth(
        site=SITE, node=NODE, camera="_", time=NOON, version="0.1.0", uptime=1040.2, cameras=4, model="yolox-nano",
        runtime="onnxruntime 1.20", device="cpu", detector_busy=0.42, cpu=0.61, rss=180_000_000, loop_lag_ms=1.2,
        outbox_pending=0, notices=("no GPU provider is installed: the CPU runs the detector",), troubles=(),
    ),
    m.CameraStateChanged(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id="edge.front.state.mkx3q1zz9", status="retrying",
        previous="running", cause="auth", detail="the camera refuses the user or password: correct them in its URL",
    ),
    m.TrackStarted(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.started", session=SESSION, track=7,
        pts=3_465_000, label="person", score=0.88, box=(0.02, 0.25, 0.08, 0.45), first_seen=WALKED_IN,
    ),
    m.TrackEnded(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.ended", session=SESSION, track=7,
        pts=3_753_000, label="person", score=0.91, first_seen=WALKED_IN, last_seen=NOON,
        path=((0.0, 0.06, 0.7), (3.2, 0.455, 0.7)),
    ),
    m.LineCrossed(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.door.3753000.crossed", session=SESSION,
        track=7, pts=3_753_000, label="person", score=0.91, line="door", direction="in", point=(0.455, 0.7),
    ),
    m.CountCorrected(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id="mkx3q2b1k", of="line", name="door", delta_in=0, delta_out=2,
        by="anna", reason="the fire door was used",
    ),
    m.ZoneEntered(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.till.3753000.entered", session=SESSION,
        track=7, pts=3_753_000, label="person", score=0.91, zone="till", point=(0.455, 0.7), inside=3,
    ),
    m.ZoneLeft(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.till.3753000.left", session=SESSION,
        track=7, pts=3_753_000, label="person", score=0.91, zone="till", entered=WALKED_IN, dwell=3.2, inside=2,
    ),
    m.ZoneDwelled(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.till.3753000.dwelled", session=SESSION,
        track=7, pts=3_753_000, label="person", score=0.91, zone="till", entered=WALKED_IN, threshold=3.0,
    ),
    m.CapacityChanged(
        site=SITE, node=NODE, camera="_", time=NOON, id=f"shop.capacity.{NODE}.{CAMERA}.{SESSION}.7.door.3753000.crossed",
        of="counter", name="shop", occupancy=40, warn_threshold=40, max_capacity=50, state="warn", previous="ok",
    ),
    m.AlertAcknowledged(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id="mkx3q2b1m", alert=f"loiter.{NODE}.{CAMERA}.{SESSION}.7", by="anna",
        note="a delivery",
    ),
    m.Snapshot(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.shot.1", session=SESSION, track=7,
        pts=3_753_000, label="person", score=0.91, box=BOX, width=1280, height=720, quality=12.5, key=PICTURE,
    ),
    m.AlertRaised(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"somebody.{NODE}.{CAMERA}.{SESSION}.7", rule="somebody",
        severity="info", label="person", session=SESSION, track=7, since=WALKED_IN, message="person at front for 1 s", snapshot=PICTURE,
        kind="presence", subject=f"{SITE}.{NODE}.{CAMERA}",
    ),
    m.ClipReady(
        site=SITE, node=NODE, camera=CAMERA, time=NOON + timedelta(seconds=10.4), id=f"somebody.{NODE}.{CAMERA}.{SESSION}.7.clip",
        alert=f"somebody.{NODE}.{CAMERA}.{SESSION}.7", session=SESSION, pts=2_880_000, since=NOON - timedelta(seconds=9.7),
        seconds=19.8, bytes=5_200_000, codec="h264", key=f"{SITE}/{NODE}/{CAMERA}/somebody.{NODE}.{CAMERA}.{SESSION}.7.mp4",
    ),
    m.CropTaken(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.0.ppe.1042", wanted="ppe",
        session=SESSION, track=7, round=0, pts=3_753_000, label="person", score=0.91, box=BOX, area=(0.4, 0.19, 0.11, 0.53),
        width=211, height=572, items=("helmet", "vest"),
    ),
    m.PpeLooked(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.0.ppe.1042.look", session=SESSION,
        track=7, round=0, pts=3_753_000, label="person", saw={"helmet": "ok", "vest": "missing"}, by="colour",
    ),
    m.PpeChecked(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.0.ppe", session=SESSION, track=7,
        round=0, pts=3_753_000, label="person", since=WALKED_IN, snapshot=PICTURE,
        verdicts=(
            m.PpeVerdict(item="helmet", verdict="ok", ok=3, missing=0, not_visible=1),
            m.PpeVerdict(item="vest", verdict="missing", ok=0, missing=4, not_visible=0),
        ),
    ),
    m.PersonTaken(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.person.1042", session=SESSION, track=7,
        pts=3_753_000, label="person", score=0.91, box=BOX, area=(0.4, 0.19, 0.11, 0.53), width=211, height=572, body=False,
    ),
    m.FaceSeen(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.face", session=SESSION, track=7,
        pts=3_753_000, label="person", face=(0.44, 0.24, 0.03, 0.06), quality=0.82,
    ),
    m.FaceIdentified(
        site=SITE, node=NODE, camera=CAMERA, time=NOON, id=f"{NODE}.{CAMERA}.{SESSION}.7.identified.1", session=SESSION, track=7,
        pts=3_753_000, label="person", identity="mkx3q2b1p", status="known", by="face", score=0.71, margin=0.48, shots=3,
        previous="", since=WALKED_IN, snapshot=PICTURE,
    ),
    m.IdentityChanged(
        site=SITE, node=NODE, camera="_", time=NOON, id="mkx3q2b1q", identity="mkx3q2b1p", change="enrolled", by="anna",
        detail="from an uploaded picture",
    ),
    m.PersonErased(
        site=SITE, node=NODE, camera="_", time=NOON, id="erased-mkx3q2b1p", identities=("mkx3q2b1p",),
        tracks=(f"{SITE}.{NODE}.{CAMERA}/{SESSION}/7",), alerts=(f"{SITE}.{NODE}.{CAMERA}/mkx3q2b2c",),
    ),
)  # fmt: skip
