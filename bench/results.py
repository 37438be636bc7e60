"""What was measured, against what was promised: a table for people, JSON for whoever compares runs."""

import json
import math
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent / "results"
LIBRARIES = ("edged", "av", "ai-edge-litert", "aiohttp", "nats-py", "opencv-python-headless", "fastapi", "uvicorn")


@dataclass(frozen=True)
class Row:
    """One figure. With a `target` it is held to it: `bound` says from which side."""

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    bound: Literal["≥", "≤"] = "≥"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None when nothing was promised. What could not be measured (nan) is not met."""
        if self.target is None:
            return None
        return self.value >= self.target if self.bound == "≥" else self.value <= self.target


@dataclass(frozen=True)
class Section:
    """What one scenario found; `failure` says why it found nothing."""

    name: str
    rows: list[Row]
    failure: str = ""


def table(section: Section) -> str:
    """The section's rows, or why there are none."""
    lines = []
    if section.failure:
        lines.append("  FAILED: " + section.failure.replace("\n", "\n    "))
    for row in section.rows:
        target = f"{row.bound} {_number(row.target)}" if row.target is not None else ""
        mark = {True: "met", False: "NOT MET", None: ""}[row.met]
        lines.append(f"  {row.name:<52}{_number(row.value):>9} {row.unit:<6}{target:>9}  {mark:<8}{row.note}".rstrip())
    return "\n".join(lines)


def summary(sections: Iterable[Section]) -> str:
    verdicts = [row.met for section in sections for row in section.rows if row.met is not None]
    failures = sum(bool(section.failure) for section in sections)
    return f"\n{sum(verdicts)} of {len(verdicts)} targets met" + (f", {failures} scenarios failed" if failures else "")


def save(sections: list[Section], model: str, quick: bool, folder: Path = FOLDER) -> Path:
    """Writes one file per run; nan, which JSON does not know, as null."""
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    found = {
        "time": now.isoformat(timespec="seconds"),
        "machine": {"cpu": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "model": model,
        "quick": quick,
        "sections": [
            {"name": section.name, "failure": section.failure, "rows": [_plain(row) for row in section.rows]}
            for section in sections
        ],
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _plain(row: Row) -> dict[str, object]:
    return asdict(row) | {"value": _finite(row.value), "target": _finite(row.target), "met": row.met}


def _finite(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"
