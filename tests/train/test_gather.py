"""Real repositories, pictures and ONNX files; the teacher sees one tall person in the middle of every picture, or nobody."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.train import pictures
from models.train.gather import command, sources, teacher
from models.train.gather.command import Asked, Places
from tests.train.repositories import jpeg, repository, scenery
from tests.vision.conftest import test_data
from tests.vision.onnx_files import constant

__all__ = ["test_data"]
CARD = Path(__file__).parents[2] / "models/yolox-nano.toml"
CELLS = 52 * 52 + 26 * 26 + 13 * 13


def seeing(path: Path, score: float) -> Path:
    """A network that sees a person of 120x224 pixels around (208, 117) of 416x416: the middle of a wide picture."""
    output = np.zeros((1, CELLS, 85), np.float32)
    cell = 52 * 52 + 26 * 26 + 3 * 13 + 6  # of stride 32
    output[0, cell, :6] = 0.5, 117 / 32 - 3, np.log(120 / 32), np.log(224 / 32), score, 1
    return constant(path, (1, 3, 416, 416), output)


@pytest.fixture
def world(tmp_path: Path):
    return World(tmp_path)


class World:
    def __init__(self, place: Path) -> None:
        self.place = place
        self.data = place / "data"
        self.files: list[Path] = []
        (self.data / "images").mkdir(parents=True)
        (self.data / "labels.json").write_text("[]")
        (place / "evaluation").mkdir()

    def at_hand(self, name: str, seed: int) -> None:
        (self.data / "images" / name).write_bytes(jpeg(scenery(seed)))
        (self.data / "labels.json").write_text(json.dumps([{"image": name, "set": "cctv1", "tier": "B", "boxes": []}]))

    def source(self, name: str, files: dict[str, bytes], **keys: object) -> Path:
        mirror = self.place / f"mirrors/someone+{name}/repo"
        if not mirror.exists():
            mirror.parent.mkdir(parents=True)
            self.commit = repository(mirror, files)
        said = {"set": name, "repo": f"someone/{name}", "commit": self.commit, "images": ["*.jpg"], "licence": "CC0",
                "stated": "README", "tier": "A", "shows": "people", **keys}  # fmt: skip
        file = self.place / f"{name}.toml"
        file.write_text("[[source]]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in said.items()))
        self.files = [*[known for known in self.files if known != file], file]
        return file

    def gather(self, score: float = 0.9, without: str = "") -> int:
        (self.place / "without").write_text(without)
        asked = Asked(self.files, self.place / "without", CARD, seeing(self.place / "teacher.onnx", score),
                      [self.place / "evaluation"], self.data, self.place / "DATA.md")  # fmt: skip
        return command.run(asked, Places(self.place / "work", self.place / "mirrors"))

    @property
    def labels(self) -> list[dict]:
        return json.loads((self.place / "work/gathered/labels.json").read_text())

    @property
    def statement(self) -> str:
        return (self.place / "DATA.md").read_text()


def test_gathered_pictures_are_read_like_those_of_the_data_folder(world: World):
    world.source("rooms", {"1.jpg": jpeg(scenery(1, 1600, 900)), "2.jpg": jpeg(scenery(2))})
    assert world.gather() == 0
    first, _ = found = pictures.read(world.place / "work/gathered")
    assert [len(picture.people) for picture in found] == [1, 1]
    assert first.pixels().shape == (270, 480, 3)
    x1, y1, x2, y2, _ = first.people[0]
    assert abs((x1 + x2) / 2 - 240) < 2
    assert abs(y2 - y1 - 224 * 480 / 416) < 4
    assert {entry["path"] for entry in world.labels} == {"1.jpg", "2.jpg"}
    assert {(entry["repo"], entry["licence"], entry["set"], entry["tier"]) for entry in world.labels} == {
        ("someone/rooms", "CC0", "rooms", "A")
    }


def test_a_picture_lying_on_its_side_is_set_upright(world: World):
    turned = jpeg(scenery(1))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    upright = turned[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + turned[2:]
    world.source("rooms", {"1.jpg": upright})
    world.gather()
    assert [(entry["w"], entry["h"]) for entry in world.labels] == [(270, 480)]


def test_own_boxes_are_kept_and_completed(world: World):
    files = {"images/1.jpg": jpeg(scenery(1)), "labels/1.txt": b"0 0.1 0.5 0.1 0.5\n"}
    world.source("rooms", files, labels="yolo", persons=["0"])
    world.gather()
    own, seen = world.labels[0]["boxes"]
    assert own == [24.0, 67.5, 72.0, 202.5, 1, "own"]
    assert seen[4:] == [1, "yolox"]


def test_own_boxes_of_a_picture_that_was_turned_are_not_believed(world: World):
    sideways = b"filename,width,height,class,xmin,ymin,xmax,ymax\n1.jpg,360,640,person,1,1,100,200\n"
    files = {"_annotations.csv": sideways, "1.jpg": jpeg(scenery(1))}
    world.source("rooms", files, labels="roboflow-csv", persons=["person"])
    world.gather()
    assert not world.labels
    assert "1 labels of another shape" in world.statement


def test_where_nobody_should_be_a_picture_with_somebody_is_left_out(world: World):
    world.source("empty", {"1.jpg": jpeg(scenery(1))}, shows="nobody")
    world.gather(score=0.35)
    assert not world.labels
    assert "1 somebody is there" in world.statement


def test_a_faint_doubt_does_not_make_an_empty_picture_worse(world: World):
    world.source("empty", {"1.jpg": jpeg(scenery(1))}, shows="nobody")
    world.gather(score=0.28)
    assert [entry["boxes"] for entry in world.labels] == [[]]


def test_where_people_should_be_a_picture_in_which_none_is_found_is_left_out(world: World):
    world.source("rooms", {"1.jpg": jpeg(scenery(1))})
    world.source("mixed", {"2.jpg": jpeg(scenery(2))}, shows="mixed")
    world.gather(score=0.0)
    assert [(entry["set"], entry["boxes"]) for entry in world.labels] == [("mixed", [])]
    assert "1 nobody found" in world.statement


def test_what_can_not_be_a_picture_to_learn_from_is_left_out(world: World):
    files = {"1.jpg": b"no picture", "2.jpg": jpeg(scenery(2, 100, 90)), "3.jpg": jpeg(np.full((300, 300, 3), 90, np.uint8)),
             "4.jpg": b"version https://git-lfs.github.com/spec/v1\n"}  # fmt: skip
    world.source("rooms", files)
    world.gather()
    for why in ("unreadable", "too small", "shows nothing", "not in the repository"):
        assert f"1 {why}" in world.statement


def test_a_picture_comes_once_and_never_out_of_the_evaluation(world: World):
    (world.place / "evaluation/1.jpg").write_bytes(jpeg(scenery(1)))
    world.at_hand("2.jpg", 2)
    world.source(
        "rooms", {f"{n}.jpg": jpeg(scenery(n)) for n in (1, 2, 3)} | {"3again.jpg": jpeg(scenery(3)[:, ::-1].copy())}
    )
    world.source("yards", {"3.jpg": jpeg(scenery(3, 800, 450)), "4.jpg": jpeg(scenery(4))})
    world.gather()
    assert sorted((entry["set"], entry["path"]) for entry in world.labels) == [("rooms", "3.jpg"), ("yards", "4.jpg")]
    for why in ("in the evaluation", "in the data folder", "same as another", "in another set"):
        assert f"1 {why}" in world.statement


def test_what_is_measured_by_later_goes(world: World):
    world.source("rooms", {"1.jpg": jpeg(scenery(1)), "2.jpg": jpeg(scenery(2))})
    world.gather()
    (world.place / "evaluation/1.png").write_bytes(cv2.imencode(".png", scenery(1))[1].tobytes())
    world.gather()
    assert [entry["path"] for entry in world.labels] == ["2.jpg"]


def test_the_limit_draws_evenly_and_one_of_altered_copies(world: World):
    files = {f"{n}_jpg.rf.{n}{copy}.jpg": jpeg(scenery(10 * n + copy)) for n in range(6) for copy in range(3)}
    world.source("rooms", files, limit=3)
    world.gather()
    assert sorted(entry["path"][0] for entry in world.labels) == ["0", "2", "4"]


def test_what_is_done_is_not_done_again(world: World):
    world.source("rooms", {f"{n}.jpg": jpeg(scenery(n)) for n in range(4)}, limit=2)
    world.gather(score=0.9)
    world.source("rooms", {}, limit=4, note="now all of them")
    world.gather(score=0.3)
    assert [entry["boxes"][0][4] for entry in sorted(world.labels, key=lambda entry: entry["path"])] == [1, 2, 1, 2]


def test_what_is_read_in_another_way_is_done_again(world: World):
    world.source("rooms", {"1.jpg": jpeg(scenery(1))})
    world.gather(score=0.9)
    world.source("rooms", {}, aspect="4:3")
    world.gather(score=0.3)
    (entry,) = world.labels
    assert (entry["w"], entry["h"], entry["stretched"], entry["boxes"][0][4]) == (480, 360, True, 2)


def test_a_run_that_was_ended_goes_on_where_it_was(world: World):
    world.source("rooms", {f"{n}.jpg": jpeg(scenery(n)) for n in range(2)})
    world.gather(score=0.9)
    book = world.place / "work/gathering/rooms/outcomes.jsonl"
    book.write_bytes(book.read_bytes()[:-20])
    world.gather(score=0.3)
    assert sorted(entry["boxes"][0][4] for entry in world.labels) == [1, 2]


def test_what_somebody_refused_after_looking_goes(world: World):
    world.source("rooms", {f"{n}.jpg": jpeg(scenery(n)) for n in range(3)})
    world.source("yards", {"9.jpg": jpeg(scenery(9))})
    world.gather()
    world.gather(without="yards # all rotated\n# a comment\nrooms [01].jpg\n")
    (entry,) = world.labels
    assert entry["path"] == "2.jpg"
    assert [file.name for file in (world.place / "work/gathered/images").iterdir()] == [entry["image"]]
    assert "2 looked at and refused" in world.statement


def test_a_source_that_can_not_be_had_is_a_line_and_the_others_come(world: World, capsys: pytest.CaptureFixture[str]):
    world.source("rooms", {"1.jpg": jpeg(scenery(1))})
    world.source("yards", {"2.jpg": jpeg(scenery(2))}, labels="coco", labels_file="gone.json", persons=["person"])
    assert world.gather() == 1
    assert "yards: someone/yards: left out: labels_file: there is no gone.json\n" in capsys.readouterr().err
    assert [entry["set"] for entry in world.labels] == ["rooms"]


def test_the_statement_names_every_set_and_no_place_of_this_machine(world: World, capsys: pytest.CaptureFixture[str]):
    world.at_hand("2.jpg", 2)
    world.source("rooms", {"1.jpg": jpeg(scenery(1))}, note="a|b")
    world.gather()
    assert (
        f"| rooms | someone/rooms@{world.commit[:10]}: `*.jpg` | CC0: README (a/b) | A | 1 | 1 | 0 | 0 / 1 / 0 |"
        in capsys.readouterr().out
    )
    assert "| cctv1 | Mouso00/Human-Detection-Dataset-" in world.statement
    assert str(world.place) not in world.statement


def test_yolox_finds_the_people_of_a_street_and_nobody_in_noise(test_data: Path):
    looking = teacher.load(CARD, test_data / "models/yolox_nano.onnx")
    street = np.asarray(cv2.imread(str(test_data / "images/bus.jpg")), np.uint8)
    found = looking.people(street)
    assert (found[:, 4] > 0.5).sum() >= 3
    assert (found[:, 2] <= street.shape[1]).all()
    assert not len(looking.people(scenery(1)))


def test_the_sources_in_the_repository_can_be_used():
    read = sources.read(sorted((CARD.parent / "train").glob("sources*.toml")))
    refused = (CARD.parent / "train/refused.txt").read_text().splitlines()
    assert not read.complaints
    assert {line.split()[0] for line in refused if line.strip() and line[0] != "#"} <= {
        one.name for one in read.sources
    }
