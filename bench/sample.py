"""A `Detections` message like those of a busy camera: five tracks, 900 bytes."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from edged.messages import Detections, Timing, Track


def detections() -> Detections:
    tracks = tuple(
        Track(id=n, label="person", score=0.8123, box=(0.1234, 0.2345, 0.0512, 0.1876), age=12.34) for n in range(5)
    )
    return Detections(
        site="bench", node="elsewhere", camera="cam0", time=datetime.now(UTC), session="b3d9c1f07a52", seq=4711,
        pts=16960000, width=1920, height=1080, model="yolov8n-int8-416", held=False,
        timing=Timing(wait=1.25, infer=4.5, track=0.25, age=6.75), tracks=tracks,
    )  # fmt: skip


SAMPLE: dict[str, Any] = msgspec.to_builtins(detections())
