"""What recognition is tested with: drawn faces that OpenCV's cascade takes for faces, networks small enough to be written by hand, real ones where they are."""

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edged.recognition import alignment
from edged.recognition.finding import Cascade
from edged.vision import cards
from edged.vision.cards import Card, Input, Output, Vectors
from tests import frames
from tests.vision import onnx_files

Picture = NDArray[np.uint8]
SIDE = 16  # pixels of the synthetic network's input


def data() -> Path:
    """Models and faces that are no part of the project; skips the test without them."""
    folder = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "../shared/data")).resolve()
    if not (folder / "faces").is_dir():
        pytest.skip(f"no faces in {folder}: set EDGED_TEST_DATA")
    return folder


# Hair, face and mouth (BGR), far enough apart for a network that knows nothing but colours.
_PEOPLE = [
    ((20, 20, 30), (150, 185, 225), (80, 80, 175)),
    ((60, 150, 210), (190, 205, 235), (110, 110, 200)),
    ((30, 40, 150), (130, 210, 220), (60, 60, 120)),
    ((110, 60, 20), (170, 165, 200), (90, 90, 160)),
    ((150, 40, 120), (210, 200, 190), (70, 60, 150)),
]


def drawn(who: int, height: int = 200) -> Picture:
    """(height, height, 3) BGR: one of five people, looking ahead."""
    hair, skin, mouth = _PEOPLE[who]
    shadow = tuple(int(0.72 * value) for value in skin)
    picture = np.full((400, 400, 3), 170, np.uint8)
    cv2.ellipse(picture, (200, 180), (120, 150), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 215), (98, 130), 0, 0, 360, skin, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 100), (90, 40), 0, 0, 360, hair, -1, cv2.LINE_AA)
    for x in (155, 245):
        cv2.ellipse(picture, (x, 190), (30, 20), 0, 0, 360, shadow, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 193), (19, 9), 0, 0, 360, (235, 235, 235), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, 193), 9, (40, 40, 40), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 168), (30, 7), 0, 180, 360, hair, 8, cv2.LINE_AA)
    cv2.line(picture, (200, 195), (192, 245), shadow, 8, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 250), (24, 11), 0, 0, 180, shadow, 7, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 290), (42, 12), 0, 0, 360, mouth, -1, cv2.LINE_AA)
    cv2.line(picture, (160, 289), (240, 289), (50, 50, 110), 3, cv2.LINE_AA)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.2)
    return np.asarray(cv2.resize(picture, (height, height), interpolation=cv2.INTER_AREA), np.uint8)


def placed(who: int, x: int, y: int, height: int = 200, size: tuple[int, int] = (640, 360)) -> Picture:
    """The same on a grey wall, its top left corner at x, y."""
    wall = np.full((size[1], size[0], 3), 170, np.uint8)
    wall[y : y + height, x : x + height] = drawn(who, height)
    return wall


def walking(path: Path, who: int, seconds: float = 4.0, fps: int = 10, **options: str) -> Path:
    """A clip, H.264 in mp4, in which a drawn face crosses the picture; its key frames are a second apart."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"g": str(fps), "bf": "0", "crf": "18", **options})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(round(seconds * fps)):
            picture = placed(who, 20 + round(380 * number / (seconds * fps)), 80, 200)
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def figure(who: int, height: int = 720) -> Picture:
    """(height, 16 / 9 of it, 3) BGR: a drawn person, whom the small detector takes for one, with a face."""
    frame, (left, top, right, _) = frames.with_person(height * 16 // 9, height)
    picture = frame.picture.to_ndarray(format="bgr24")
    side = height // 5
    x, y = round((left + right) / 2 * picture.shape[1] - side / 2), round(top * height - 0.06 * height)
    face = drawn(who, side)
    picture[y : y + side, x : x + side][(face != 170).any(axis=2)] = face[(face != 170).any(axis=2)]
    return picture


def wall(height: int) -> Picture:
    """Nobody."""
    return np.full((height, height * 16 // 9, 3), 150, np.uint8)


def strolling(path: Path, pictures: list[Picture], seconds: float = 6.0, fps: int = 10) -> Path:
    """A clip in which these pictures drift to the right, one after the other."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"g": str(fps), "bf": "0", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * fps)):
            picture = np.roll(pictures[number * len(pictures) // round(seconds * fps)], 3 * number, axis=1)
            frame = av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(data: bytes | Picture) -> int:
    """How many faces OpenCV's cascade sees in a picture, JPEG or BGR."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if isinstance(data, bytes) else data
    return len(Cascade().find(np.asarray(picture, np.uint8)))


def jpeg(picture: Picture, quality: int = 92) -> bytes:
    return cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def add_drawn_models(folder: Path) -> None:
    """A network for drawn faces and one for figures, that know nothing but colours, with their cards."""
    folder.mkdir(parents=True, exist_ok=True)
    # mean colours of the edge, where the hair is, and of the cheeks: a face that is found a little aside has the same
    pool = np.zeros((SIDE, SIDE, 3, 2, 3), np.float32)
    for colour in range(3):
        pool[: SIDE // 4, :, colour, 0, colour] = 4 / SIDE**2
        pool[SIDE // 2 : 3 * SIDE // 4, SIDE // 4 : 3 * SIDE // 4, colour, 1, colour] = 8 / SIDE**2
    colours = pool.reshape(-1, 6)
    everybody = np.stack([_seen(who) for who in range(len(_PEOPLE))]) @ colours
    average = everybody.mean(axis=0)
    weights = colours @ np.linalg.pinv(everybody - average, rcond=0.01)
    offset = -average @ np.linalg.pinv(everybody - average, rcond=0.01)
    onnx_files.linear(folder / "drawn-face.onnx", (1, SIDE, SIDE, 3), weights.astype(np.float32), offset)
    shape = Input(width=SIDE, height=SIDE, layout="nhwc", colour="bgr", letterbox="stretch")
    face = Card(
        name="drawn-face", title="drawn faces", licence="Apache-2.0", runtime="onnx", file="drawn-face.onnx", task="face", rank=500,
        input=shape, output=Output(layout="vector"), vectors=Vectors(dimensions=len(_PEOPLE), threshold=0.6),
    )  # fmt: skip
    cards.write(face, folder / "drawn-face.toml")


def _seen(who: int) -> NDArray[np.float32]:
    """What the network is given of somebody."""
    picture = placed(who, 220, 80)
    [face] = Cascade().find(picture)
    return alignment.aligned(picture, face.points, SIDE, SIDE).astype(np.float32).ravel()


MOBILEFACENET = """name = "mobilefacenet"
title = "MobileFaceNet"
licence = "not stated"
runtime = "tflite"
file = "mobilefacenet_uint8.tflite"
task = "face"
rank = 900
[input]
width = 112
height = 112
layout = "nhwc"
colour = "rgb"
[output]
layout = "vector"
[vectors]
dimensions = 128
threshold = 0.40
"""
OSNET = """name = "osnet"
title = "OSNet x0.25, MSMT17"
licence = "MIT code, research data"
runtime = "onnx"
file = "osnet_x0_25_msmt17.onnx"
task = "body"
rank = 900
[input]
width = 128
height = 256
layout = "nchw"
colour = "rgb"
mean = [123.675, 116.28, 103.53]
scale = [0.017124753831663668, 0.01750700280112045, 0.017429193899782137]
letterbox = "stretch"
[output]
layout = "vector"
[vectors]
dimensions = 512
threshold = 0.9  # docs/faces.md: strangers who are dressed alike reach 0.87
margin = 0.1
"""


def add_real_models(folder: Path) -> None:
    """YuNet, MobileFaceNet and OSNet, of which only the first has a card that ships; skips the test without them."""
    home = data() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("face_detection_yunet_2026may.onnx", "mobilefacenet_uint8.tflite", "osnet_x0_25_msmt17.onnx"):
        (folder / name).symlink_to(home / name)
    (folder / "mobilefacenet.toml").write_text(MOBILEFACENET)
    (folder / "osnet.toml").write_text(OSNET)
