"""Live pictures on request: the newest frame of a camera as JPEG, encoded once however many ask."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec

from edged.asking import PictureMeta, PictureRequest
from edged.bus.link import Refused
from edged.camera import jpeg
from edged.camera.frames import Frame
from edged.camera.outlet import Outlet
from edged.node.veil import Veil

Picture = tuple[PictureMeta, bytes]


class Pictures:
    """The pictures of one camera, encoded in `threads`."""

    def __init__(self, camera: str, outlet: Outlet, threads: ThreadPoolExecutor, veil: Veil) -> None:
        self._camera = camera
        self._outlet = outlet
        self._threads = threads
        self._veil = veil
        self._encoding: dict[tuple[str, int, int, int], asyncio.Future[Picture]] = {}

    async def get(self, wanted: PictureRequest) -> Picture:
        """Raises Refused when there is no such frame in time."""
        try:
            async with asyncio.timeout(wanted.wait):
                frame = await self._outlet.after(wanted.session, wanted.after)
        except TimeoutError:
            raise Refused(
                "unavailable", f"camera {self._camera} has shown no new picture for {wanted.wait:g} s"
            ) from None
        key = (frame.session, frame.seq, wanted.width, wanted.quality)
        if key not in self._encoding:
            self._encoding[key] = asyncio.ensure_future(self._encode(frame, wanted))
            # answers to equal requests that come a little later share it too
            asyncio.get_running_loop().call_later(1.0, self._encoding.pop, key, None)
        return await asyncio.shield(self._encoding[key])

    async def _encode(self, frame: Frame, wanted: PictureRequest) -> Picture:
        width = min(wanted.width or frame.width, frame.width)
        data = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: jpeg.encode(self._veil.over(frame), width, wanted.quality)
        )
        height = round(frame.height * width / frame.width)
        meta = PictureMeta(
            session=frame.session, seq=frame.seq, pts=frame.pts, time=frame.time, width=width, height=height
        )
        return meta, data


def requested(payload: bytes) -> PictureRequest:
    """Raises Refused for a request that is none."""
    try:
        return msgspec.json.decode(payload or b"{}", type=PictureRequest)
    except msgspec.MsgspecError as error:
        raise Refused("invalid", f"not a picture request: {error}") from None
