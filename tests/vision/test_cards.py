from pathlib import Path

import pytest

from edged import shipped
from edged.vision import cards
from edged.vision.tensors import ModelError

CARD = """
name = "net"
title = "A net"
licence = "MIT"
runtime = "onnx"
file = "net.onnx"
labels = ["person", "car"]
[input]
width = 416
height = 256
layout = "nchw"
colour = "bgr"
[output]
layout = "yolox"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "net.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = written(folder, text)
    with pytest.raises(ModelError) as refused:
        cards.read(path)
    line = str(refused.value)
    assert str(path) in line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("path", sorted(shipped.path("models").glob("*.toml")), ids=lambda path: path.stem)
def test_every_card_that_ships_can_be_read_and_says_whose_it_is(path):
    card = cards.read(path)
    assert card.name == path.stem
    assert card.licence in ("Apache-2.0", "MIT")
    expected = {"objects": "person", "faces": "face"}
    assert (set(cards.labels(card)) & {"person", "face"}) == ({expected[card.task]} if card.task in expected else set())


def test_labels_may_stand_in_a_file_beside_the_card(tmp_path):
    (tmp_path / "kinds.txt").write_text("person\n-\nbus\n", encoding="utf-8")
    card = cards.read(written(tmp_path, CARD.replace('["person", "car"]', '"kinds.txt"')))
    assert cards.labels(card) == ("person", "-", "bus")


def test_a_card_that_was_written_reads_the_same(tmp_path):
    text = CARD.replace('"A net"', '''"Ein \\"Netz\\" für Tübingen"''') + "iou = 0.7\n"
    card = cards.read(written(tmp_path, text))
    cards.write(card, tmp_path / "copy.toml")
    assert cards.read(tmp_path / "copy.toml") == card


def test_a_misspelt_key_is_named_with_the_nearest_one(tmp_path):
    assert "there is no key licens; did you mean licence?" in refusal(tmp_path, CARD.replace("licence", "licens"))
    assert "there is no key input.color; did you mean colour?" in refusal(tmp_path, CARD.replace("colour", "color"))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('"yolox"', '"yolo5"', "output.layout"),
        ("width = 416", 'width = "wide"', "input.width"),
        ('file = "net.onnx"', 'file = "../net.onnx"', "file"),
        ('title = "A net"', "", "title"),
        ('["person", "car"]', "[]", "labels"),
        ('["person", "car"]', '"none.txt"', "none.txt"),
        ('file = "net.onnx"', "", "file"),
        ("[input]", "[input", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_card_is_said_in_one_line(tmp_path, old, new, part):
    assert part in refusal(tmp_path, CARD.replace(old, new))


def test_a_card_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"net\.toml: can't read"):
        cards.read(tmp_path / "net.toml")
