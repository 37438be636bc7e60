"""The direction of imports, as docs/design.md draws it."""

import ast
from pathlib import Path

import pytest

import edged

ROOT = Path(edged.__file__).parent
GROUND = {
    "framing",
    "labels",
    "messages",
    "mailbox",
    "subjects",
    "config",
    "asking",
    "shipped",
    "questions",
    "identities",
    "niceness",
    "enquiries",
    "shredding",
    "rules",
    "timezone",
}
# who may import whom, besides the ground and its own folder; the longest matching name counts
MAY = {
    "messages": set(), "mailbox": set(),
    "framing": {"asking", "config", "messages"}, "labels": set(), "shipped": set(), "subjects": {"messages"}, "config": {"messages", "rules"},
    "asking": {"config", "messages", "rules"}, "rules": {"messages"},
    "questions": {"asking", "messages", "rules"}, "identities": {"messages"},
    "enquiries": {"identities", "messages"}, "shredding": set(), "timezone": set(), "niceness": set(), "hours": set(),
    "settings": {"drawings", "ruling"}, "drawings": set(), "ruling": {"hours"}, "rulebook": {"bus", "ruling", "scene"},
    "notify": set(), "disk": set(), "contract": set(),
    "vision.tracker": {"vision"}, "vision": {"camera.frames"}, "vision.engines": {"vision"},
    "scene": {"vision.tracker", "vision.detections"}, "scene.alerting": {"hours", "scene.shots"},
    "camera": set(), "bus": set(), "broker": {"nats_server"}, "nats_server": set(), "gateway": {"bus", "reports"},
    "gateway.publishing": {"bus", "gateway", "camera.background", "camera.backoff"},
    "history": {"bus"}, "delivery": {"bus"}, "reports": set(),
    "handlers": {"bus", "scene", "settings"}, "recognition": {"vision", "camera.stills", "camera.frames", "identity"},
    "identity": set(), "people": {"bus", "identity", "handlers", "recognition.chosen", "scene.shots", "settings"}, "logs": {"camera.urls"},
}  # fmt: skip
LIBRARY_OF = {
    "av": ("camera", "gateway.publishing.muxed"), "nats": ("bus",), "aiohttp": ("gateway", "delivery.webhook"),
    "aiortc": ("gateway.webrtc", "gateway.publishing.whip"),
    "onnxruntime": ("vision.engines.onnx", "identity.scan"), "ai_edge_litert": ("vision.engines.tflite",),
    "tflite_runtime": ("vision.engines.tflite",), "prometheus_client": ("gateway",),
    "xlsxwriter": ("reports.xlsx",), "fpdf": ("reports.pdf",), "aiosmtplib": ("delivery.mail",),
    "obstore": ("delivery.s3",),
}  # fmt: skip
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
ON_TOP = ("watch", "daemon", "node", "commands", "__main__")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name for name in deeper if name.removeprefix("edged.") in MODULES} or {node.module}
    return names


def within(module: str, place: str) -> bool:
    return module == place or module.startswith(place + ".")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_knows_only_what_lies_below_it(module: str) -> None:
    places = [place for place in MAY if within(module, place)]
    if not places:
        assert module in {"__init__"} or any(within(module, top) for top in ON_TOP), (
            f"{module} has no place in the design"
        )
        return
    place = max(places, key=len)
    allowed = MAY[place] | {place} | (GROUND if place not in GROUND else set())
    for name in imported(MODULES[module]):
        if name.startswith("edged."):
            target = name.removeprefix("edged.")
            assert any(within(target, other) for other in allowed), f"edged.{module} must not import {name}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_library_lives_in_one_place(module: str) -> None:
    for name in imported(MODULES[module]):
        homes = LIBRARY_OF.get(name.partition(".")[0], (module,))
        assert any(within(module, home) for home in homes), (
            f"edged.{module} must not import {name}: that is for {homes}"
        )


@pytest.mark.parametrize("path", sorted((ROOT.parent / "handlers").glob("*.py")), ids=lambda path: path.name)
def test_a_handler_imports_only_edged(path: Path) -> None:
    for name in imported(path):
        assert not any(within(name, f"edged.{other}") for other in ("camera", "vision", "gateway", "node", "daemon")), (
            name
        )
