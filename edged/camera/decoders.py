"""Which decoder: hardware where it is really there, software otherwise, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import av
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available

from edged.camera.faults import CameraFault

Wish = Literal["auto", "software", "hardware"]

# Devices that libav attaches to its own decoders, quickest first, and the file that shows the hardware is there.
_ACCELERATORS = (("cuda", "/dev/nvidia0"), ("vaapi", "/dev/dri/renderD128"))
# Decoders with a name of their own: Jetson (in NVIDIA's FFmpeg), Jetson (jetson-ffmpeg), Raspberry Pi and other V4L2 codecs.
_NAMED = (("nvv4l2dec", "/dev/nvhost-nvdec"), ("nvmpi", "/dev/nvhost-nvdec"), ("v4l2m2m", "/dev/video10"))


@dataclass(frozen=True)
class Choice:
    """`name` for people, `reason` a clause that follows it. At most one of `accelerator` and `decoder` is set."""

    name: str
    reason: str
    accelerator: str = ""
    decoder: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"

    @property
    def is_software(self) -> bool:
        return not self.accelerator and not self.decoder

    def hwaccel(self) -> HWAccel | None:
        """A new one: each container needs its own."""
        return HWAccel(self.accelerator, allow_software_fallback=True) if self.accelerator else None


@dataclass(frozen=True)
class Found:
    """One way to decode on hardware: whether its device is here, and whether it works."""

    name: str
    here: bool
    works: bool
    reason: str


def choose(codec: str, wish: Wish) -> Choice:
    """The decoder for `codec` (libav's name: h264, hevc, mjpeg …). CameraFault if hardware is demanded and absent."""
    if wish == "software":
        return Choice("software", "asked for by the camera's `decoder`")
    tried = facts(codec)
    for found in tried:
        if found.works:
            named = found.name.startswith(f"{codec}_")
            return Choice(
                found.name,
                found.reason,
                accelerator="" if named else found.name,
                decoder=found.name if named else "",
            )
    why = "; ".join(f"{found.name} {found.reason}" for found in tried if found.here) or "no such device found"
    if wish == "hardware":
        raise CameraFault("device", f"no hardware here decodes {codec} ({why}); set the camera's decoder to `auto`")
    return Choice("software", f"no hardware here decodes {codec} ({why})")


@lru_cache(maxsize=32)
def facts(codec: str = "h264") -> tuple[Found, ...]:
    """Every hardware decoder this program knows of, and whether it works for `codec`; for `edged doctor`."""
    return (*_accelerators(codec), *_named(codec))


def _accelerators(codec: str) -> Iterator[Found]:
    built_in = hwdevices_available()
    for name, device in _ACCELERATORS:
        if not Path(device).exists():
            yield Found(name, False, False, f"no {device}")
        elif name not in built_in:
            yield Found(name, True, False, f"is not in this build of PyAV, though there is {device}")
        else:
            yield _try(name, f"{device} decodes {codec}", codec, HWAccel(name, allow_software_fallback=False))


def _named(codec: str) -> Iterator[Found]:
    for suffix, device in _NAMED:
        name = f"{codec}_{suffix}"
        if not Path(device).exists():
            yield Found(name, False, False, f"no {device}")
        elif name not in av.codecs_available:
            yield Found(name, True, False, f"is not in this build of PyAV, though there is {device}")
        else:
            yield _try(name, f"{device} decodes {codec}", name, None)


def _try(name: str, success: str, codec: str, hwaccel: HWAccel | None) -> Found:
    try:
        context = av.CodecContext.create(codec, "r", hwaccel)
        if hwaccel is not None and not context.is_hwaccel:
            return Found(name, True, False, f"does not decode {codec}")
        if hwaccel is None:
            context.open()
    except (av.error.FFmpegError, ValueError, NotImplementedError) as error:
        return Found(name, True, False, f"does not start ({error})")
    return Found(name, True, True, success)
