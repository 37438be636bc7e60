"""Contestant (a), the ceiling: PyAV decodes, planes become the input, the network runs. Nothing is tracked or sent.

`python -m bench.bare CLIP CAMERAS FPS` prints a line `camera arrival inference_ms` for each frame looked at, `arrival` being the wall clock.
"""

import sys
import threading
import time

import av
import cv2
import numpy as np

from bench.network import Network, Picture, fitted, model
from bench.slots import Slots

Arrived = tuple[float, av.VideoFrame]


def film(clip: str, camera: int, slots: Slots[Arrived]) -> None:
    """Decodes `clip` over and over, at its own pace."""
    due = time.monotonic()
    while True:
        with av.open(clip) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            interval = 1 / float(stream.average_rate or 25)
            for frame in container.decode(stream):
                due += interval
                time.sleep(max(0.0, due - time.monotonic()))
                slots.put(camera, (time.time(), frame))


def picture(frame: av.VideoFrame, size: tuple[int, int]) -> Picture:
    """RGB at the network's size, straight from the planes."""
    to = fitted(frame.width, frame.height, size)
    y, u, v = (_plane(frame, number) for number in range(3))
    small = [cv2.resize(plane, to, interpolation=cv2.INTER_LINEAR) for plane in (y, v, u)]
    return np.asarray(cv2.cvtColor(cv2.merge(small), cv2.COLOR_YCrCb2RGB), np.uint8)


def _plane(frame: av.VideoFrame, number: int) -> Picture:
    plane = frame.planes[number]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.asarray(rows[: plane.height, : plane.width])


def main(clip: str, cameras: int, fps: float) -> None:
    av.open(clip).close()  # fails here, where it ends the process, and not in a thread
    network, slots = Network(model()), Slots[Arrived](cameras, fps)
    cv2.setNumThreads(1)
    for camera in range(cameras):
        threading.Thread(target=film, args=(clip, camera, slots), daemon=True).start()
    while True:
        camera, (arrival, frame) = slots.take()
        began = time.perf_counter()
        network.run(picture(frame, network.size))
        print(camera, arrival, (time.perf_counter() - began) * 1000, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
