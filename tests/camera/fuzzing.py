"""`python -m tests.camera.fuzzing FOLDER COUNT`: destroys clips by chance and plays each; a process of its own, for a decoder's crash takes all with it.

Prints as JSON how often each cause ended a clip, how many pictures came and how many packets were found to be corrupt.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path

from edged.camera import faults
from edged.camera.capture import Capture
from edged.camera.meter import Meter
from edged.camera.opening import Opening
from edged.camera.outlet import Outlet
from tests.rigs import clips

KINDS = (
    ("clip.ts", "libx264", "yuv420p", {"bf": "0", "g": "8", "aud": "1", "preset": "ultrafast"}),
    ("b-frames.ts", "libx264", "yuv420p", {"bf": "2", "g": "12", "preset": "veryfast"}),
    ("clip.mp4", "libx264", "yuv420p", {"bf": "0", "g": "8", "preset": "ultrafast"}),
    ("hevc.ts", "libx265", "yuv420p", {"x265-params": "keyint=8:log-level=none", "preset": "ultrafast"}),
    ("clip.avi", "mjpeg", "yuvj420p", {}),
)
FPS = 1000  # so that nothing is held back for long
LONG = 0.05  # seconds, after which a clip is closed


def destroyed(whole: bytes, chance: random.Random) -> bytes:
    """Bytes are other ones, a piece is lost, doubled, or empty."""
    bad = bytearray(whole)
    for _ in range(chance.choice((1, 3, 30, 300))):
        bad[chance.randrange(len(bad))] = chance.randrange(256)
    at, length = chance.randrange(len(bad)), chance.randrange(1, 1500)
    match chance.randrange(5):
        case 0:
            del bad[at : at + length]
        case 1:
            bad[at:at] = bad[at : at + length]
        case 2:
            bad[at : at + length] = bytes(length)
    return bytes(bad)


async def main(folder: Path, count: int) -> None:
    outlet, meter = Outlet(asyncio.get_running_loop(), 5.0, 10_000_000), Meter()
    ended: Counter[str] = Counter()
    made = [
        clips.write(folder / name, codec, pix_fmt, count=16, fps=FPS, options=options).read_bytes()
        for name, codec, pix_fmt, options in KINDS
    ]
    for number in range(count):
        kind = number % len(KINDS)
        path = folder / f"bad-{KINDS[kind][0]}"
        path.write_bytes(destroyed(made[kind], random.Random(number)))
        capture = Capture(Opening(str(path)), f"s{number}", outlet, meter)
        # destroyed times may ask for a minute's pause
        enough = asyncio.get_running_loop().call_later(LONG, capture.close)
        try:
            await asyncio.to_thread(capture.run)
            ended["closed"] += 1
        except faults.CameraFault as fault:
            ended[fault.cause] += 1
            if fault.cause == "internal":
                print(f"{path.name}, seed {number}: {fault.detail}", file=sys.stderr)
        enough.cancel()
    print(json.dumps({"ended": ended, "frames": meter.frames, "corrupt": meter.corrupt, "units": outlet.ring.end}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
