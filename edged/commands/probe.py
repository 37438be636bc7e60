"""`edged probe URL`: what a stream is, or why it cannot be seen."""

import argparse
import asyncio
import sys
from typing import Any

import msgspec

from edged.asking import ProbeReport
from edged.camera.faults import CameraFault
from edged.camera.probe import probe


def configure(subparsers: "argparse._SubParsersAction[Any]") -> None:
    parser = subparsers.add_parser("probe", help="say what a camera's stream is, or why it cannot be seen")
    parser.add_argument("url", help="rtsp://…, http://…, a file or /dev/videoN")
    parser.add_argument("--transport", choices=("auto", "tcp", "udp"), default="auto")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long to watch (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the report and returns 0, or prints one line to stderr and returns 1."""
    try:
        report = asyncio.run(probe(args.url, args.transport, args.seconds))
    except CameraFault as fault:
        print(f"edged probe: {fault.cause}: {fault.detail}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(report).decode() if args.json else _lines(report))
    return 0


def _lines(report: ProbeReport) -> str:
    keyframes = "fewer than two seen" if report.keyframe_interval is None else f"every {report.keyframe_interval:g} s"
    return "\n".join(
        f"{name:<14}{value}"
        for name, value in (
            ("url", report.url),
            ("video", f"{report.codec} {report.profile}".rstrip()),
            ("size", f"{report.width}x{report.height}"),
            ("frames", f"{report.fps:g} per second"),
            ("bit rate", f"{report.bitrate / 1000:.0f} kbit/s"),
            ("key frames", keyframes),
            ("first picture", f"after {report.latency:.2f} s"),
            ("audio", report.audio or "none"),
            ("decoder", report.decoder),
        )
    )
