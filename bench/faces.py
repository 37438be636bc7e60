"""`python -m bench.faces`: how well the faces at hand are told apart, as they are and as a camera would show them, and what a look costs.

Needs pictures and networks that are no part of the project: `faces/` and `models/` in the folder that EDGED_TEST_DATA names.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.figures import percentile
from edged import config
from edged.identity.decide import decide
from edged.identity.index import Match
from edged.recognition import chosen, quality
from edged.recognition.chosen import Kit

Picture = NDArray[np.uint8]

HEIGHTS = (40, 60, 90, 140)  # pixels of a face, as cameras show them
STRANGERS = ("face.jpg", "bus.jpg", "sample-worker-with-ppe.jpeg")


class Face(NamedTuple):
    who: str
    shown: str
    vector: NDArray[np.float32]
    quality: float


def seen(
    kit: Kit, who: str, shown: str, picture: Picture, all_of_them: bool = False
) -> Iterator[tuple[Face | None, str]]:
    """Each face (or the largest), or why it is none to be recognised by."""
    assert kit.face, kit.missing
    found = kit.finder.find(picture)
    if not found:
        yield None, "not found"
    for number, face in enumerate(found if all_of_them else found[:1]):
        picture_of, straight = kit.face.face(picture, face)
        judged = quality.judge(face, straight, config.Recognition().min_face, config.Recognition().min_quality)
        name = f"{who}{number}" if all_of_them else who
        if judged.reason:
            yield None, judged.reason.partition(":")[0]
        else:
            yield Face(name, shown, kit.face.vector(picture_of), judged.value), ""


def as_a_camera(picture: Picture, face_height: float, height: int) -> Picture:
    """So small, and as a camera's H.264 leaves it, about."""
    small = cv2.resize(picture, None, fx=height / face_height, fy=height / face_height, interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.imdecode(cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, 60))[1], cv2.IMREAD_COLOR), np.uint8
    )


def gathered(kit: Kit, data: Path) -> tuple[list[Face], list[str]]:
    """All faces, as they are and as cameras show them, and what could not be used."""
    faces, refused = [], []
    people = [(path.parent.name, path, False) for path in sorted((data / "faces").glob("*/*"))]
    people += [(name, data / "images" / name, True) for name in STRANGERS if (data / "images" / name).exists()]
    for who, path, several in people:
        picture = np.asarray(cv2.imread(str(path)), np.uint8)
        versions = {"portrait": picture}
        if not several:
            face_height = kit.finder.find(picture)[0].height
            versions |= {f"{height} px": as_a_camera(picture, face_height, height) for height in HEIGHTS}
        for shown, version in versions.items():
            for face, reason in seen(kit, who, shown, version, several):
                if face:
                    faces.append(face._replace(shown=f"{path.name} {shown}"))
                else:
                    refused.append(f"{path.name} {shown}: {reason}")
    return faces, refused


def distribution(name: str, scores: list[float]) -> str:
    shares = (0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0)
    cells = " ".join(f"{percentile(scores, share):6.2f}" for share in shares)
    return f"{name:38} {len(scores):6} {cells}"


def verdicts(faces: list[Face], settings: config.Recognition, folder: Path, model: str) -> tuple[int, int, int, int]:
    """(found, people asked for, strangers accepted, strangers asked), with one portrait of each person enrolled, by every choice of it."""
    scales = chosen.thresholds(settings, folder, model)
    portraits = [face for face in faces if face.shown.endswith("portrait")]
    found = asked = accepted = strangers = 0
    for one, other in combinations(portraits, 2):
        if one.who == other.who:
            continue
        for face in faces:
            if face is one or face is other:
                continue
            matches = [Match(kept.who, kept.shown, float(kept.vector @ face.vector)) for kept in (one, other)]
            said = decide(matches, 2, scales).identity
            if face.who in (one.who, other.who):
                asked += 1
                found += said == face.who
                accepted += said not in ("", face.who)
            else:
                strangers += 1
                accepted += said != ""
    return found, asked, accepted, strangers


def cost(kit: Kit, data: Path) -> None:
    picture = np.asarray(cv2.imread(str(data / "faces" / "obama" / "obama.jpg")), np.uint8)
    crop = np.asarray(cv2.resize(picture, (320, 400), interpolation=cv2.INTER_AREA), np.uint8)
    face = kit.finder.find(crop)[0]
    assert kit.face, kit.missing
    steps = {
        "find faces in a crop of 320x400": lambda: kit.finder.find(crop),
        "align and embed one": lambda: kit.face and kit.face.vector(kit.face.face(crop, face)[0]),
    }
    if kit.body:
        steps["embed the figure"] = lambda: kit.body and kit.body.vector(kit.body.fitted(crop, (0, 0, 320, 400)))
    for name, step in steps.items():
        took = []
        for _ in range(20):
            began = time.perf_counter()
            step()
            took.append(1000 * (time.perf_counter() - began))
        print(f"{name:38} {percentile(took, 0.5):6.1f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faces", description=__doc__)
    parser.add_argument("--models", type=Path, help="folder with model cards and files (default: the test data's)")
    args = parser.parse_args()
    data = Path(os.environ.get("EDGED_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (data / "faces").is_dir():
        print(f"no faces in {data}: set EDGED_TEST_DATA", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as made:
        folder = args.models or test_models(data, Path(made))
        kit = chosen.kit(config.Config(), folder)
        if not kit.face:
            print(kit.missing, file=sys.stderr)
            return 1
        faces, refused = gathered(kit, data)
        print(f"faces by {kit.finder.name}, vectors by {kit.face.name}: {len(faces)} faces, {len(refused)} not used")
        for reason in refused:
            print(f"  {reason}")
        pairs = [(one, other, float(one.vector @ other.vector)) for one, other in combinations(faces, 2)]
        same = [
            score
            for one, other, score in pairs
            if one.who == other.who and one.shown.split()[0] != other.shown.split()[0]
        ]
        print(
            f"{'cosine':38} {'pairs':>6} {'least':>6} {'1 %':>6} {'5 %':>6} {'median':>6} {'95 %':>6} {'99 %':>6} {'most':>6}"
        )
        print(distribution("same person, another picture", same))
        print(distribution("different people", [score for one, other, score in pairs if one.who != other.who]))
        portraits = [pair for pair in pairs if all(face.shown.endswith("portrait") for face in pair[:2])]
        print(
            distribution("same person, portraits", [score for one, other, score in portraits if one.who == other.who])
        )
        print(
            distribution(
                "different people, portraits", [score for one, other, score in portraits if one.who != other.who]
            )
        )
        found, asked, accepted, strangers = verdicts(faces, config.Recognition(), folder, kit.face.name)
        print("one portrait each of two people enrolled, every pair of them, single looks:")
        print(f"  found {found} of {asked}, accepted wrongly {accepted} of {asked + strangers}")
        cost(kit, data)
    return 0


def test_models(data: Path, folder: Path) -> Path:
    """The networks of the test data, with cards of their own where none may ship."""
    from tests.rigs import faces

    os.environ["EDGED_TEST_DATA"] = str(data)
    faces.add_real_models(folder)
    return folder


if __name__ == "__main__":
    sys.exit(main())
