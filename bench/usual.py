"""Contestant (c), the usual way: cv2.VideoCapture, whole BGR pictures, json.dumps, FastAPI and uvicorn.

Written as a good engineer commonly would: a thread per camera that keeps the newest picture, one detector thread, one process, and the broadcast of
FastAPI's manual. `python -m bench.usual PORT CLIP CAMERAS FPS` shows cameras; `python -m bench.usual PORT` sends ten made-up messages a second.
"""

import asyncio
import contextlib
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from bench.network import Network, Picture, fitted, model
from bench.sample import SAMPLE
from bench.slots import Slots
from bench.ticks import ticks

Arrived = tuple[float, Picture]


class Connections:
    """Who listens."""

    def __init__(self) -> None:
        self._active: list[WebSocket] = []

    async def serve(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self._active.append(websocket)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            self._active.remove(websocket)

    async def broadcast(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        for websocket in list(self._active):
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.send_text(text)


def film(clip: str, camera: int, slots: Slots[Arrived]) -> None:
    """Reads `clip` over and over, at its own pace."""
    capture = cv2.VideoCapture(clip)
    interval = 1 / capture.get(cv2.CAP_PROP_FPS)
    due = time.monotonic()
    while True:
        read, frame = capture.read()
        if not read:
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            continue
        due += interval
        time.sleep(max(0.0, due - time.monotonic()))
        slots.put(camera, (time.time(), np.asarray(frame, np.uint8)))


def detect(slots: Slots[Arrived], publish: Callable[[dict[str, Any]], None]) -> None:
    network = Network(model())
    while True:
        camera, (arrival, frame) = slots.take()
        began = time.perf_counter()
        small = cv2.resize(frame, fitted(frame.shape[1], frame.shape[0], network.size))
        outputs = network.run(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8))
        inference = (time.perf_counter() - began) * 1000
        publish({"camera": camera, "time": arrival, "infer": inference, "tracks": network.boxes(outputs)})


def with_cameras(clip: str, cameras: int, fps: float) -> FastAPI:
    connections = Connections()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        slots, loop = Slots[Arrived](cameras, fps), asyncio.get_running_loop()

        def publish(message: dict[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(connections.broadcast(message), loop)

        for camera in range(cameras):
            threading.Thread(target=film, args=(clip, camera, slots), daemon=True).start()
        threading.Thread(target=detect, args=(slots, publish), daemon=True).start()
        yield

    app = FastAPI(lifespan=lifespan)
    app.websocket("/ws")(connections.serve)
    return app


def with_made_up_messages(per_second: int = 10) -> FastAPI:
    connections = Connections()

    async def speak() -> None:
        async for _ in ticks(per_second):
            await connections.broadcast(SAMPLE)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        speaking = asyncio.create_task(speak())
        yield
        speaking.cancel()

    app = FastAPI(lifespan=lifespan)
    app.websocket("/ws")(connections.serve)
    return app


if __name__ == "__main__":
    port, *shown = sys.argv[1:]
    app = with_cameras(shown[0], int(shown[1]), float(shown[2])) if shown else with_made_up_messages()
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")
