import argparse
import hashlib

import numpy as np
import pytest

from edged.commands import models as command
from edged.vision import cards, models
from tests.vision import onnx_files
from tests.vision.web import serving


@pytest.fixture
def small(tmp_path):
    """The small detector that comes along."""
    return models.library(tmp_path / "none").named("edged-person")


@pytest.fixture
def edged_models(tmp_path, capsys):
    """`edged models WORDS…` on an empty folder: (status, standard output, standard error)."""

    def call(*words):
        parser = argparse.ArgumentParser()
        command.configure(parser.add_subparsers())
        args = parser.parse_args(["models", "--dir", str(tmp_path / "models"), *map(str, words)])
        status = args.run(args)
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def known(tmp_path):
    """A card in the owner's folder whose file is elsewhere: (name, content, writes the card with changes)."""
    (tmp_path / "models").mkdir()
    content = b"a model " * 10_000

    def write(**changes):
        fields = {
            "name": "net",
            "title": "A net",
            "licence": "MIT",
            "runtime": "onnx",
            "file": "net.onnx",
            "sha256": hashlib.sha256(content).hexdigest(),
            "labels": ("person",),
            "input": cards.Input(width=32, height=32, layout="nchw", colour="bgr"),
            "output": cards.Output(layout="yolox"),
            **changes,
        }
        cards.write(cards.Card(**fields), tmp_path / "models/net.toml")
        return content

    return write


def test_list_shows_what_is_here_best_first(edged_models):
    status, out, _ = edged_models("list")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("edged-person ")
    assert "here" in lines[0]
    assert any("yolox-nano" in line and "to be pulled" in line for line in lines)
    assert any("opencv-hog" in line and "built in" in line for line in lines)


def test_pull_fetches_with_progress_once(edged_models, known, tmp_path):
    with serving() as site:
        site.files["/n"] = known(source=f"{site.url}/n")
        status, out, err = edged_models("pull", "net")
        assert (status, (tmp_path / "models/net.onnx").read_bytes()) == (0, site.files["/n"])
        assert "net: 0.1 of 0.1 MB" in err
        status, out, _ = edged_models("pull", "net")
        assert (status, out) == (0, "net is here already\n")
        assert len(site.asked) == 1


def test_a_damaged_file_is_pulled_again(edged_models, known, tmp_path):
    (tmp_path / "models/net.onnx").write_bytes(b"damaged")
    with serving() as site:
        site.files["/n"] = known(source=f"{site.url}/n")
        assert edged_models("verify", "net")[0] == 1
        assert edged_models("pull", "net")[0] == 0
    assert edged_models("verify", "net")[0] == 0


def test_what_can_not_be_pulled_is_one_line_and_a_status(edged_models, known):
    known()
    for words in (["pull", "nobody"], ["pull", "net"]):
        status, _, err = edged_models(*words)
        assert status == 1
        assert len(err.splitlines()) == 1


def test_import_takes_by_hash_whatever_the_name(edged_models, known, tmp_path):
    stick = tmp_path / "stick/deep"
    stick.mkdir(parents=True)
    (stick / "any-name.bin").write_bytes(known())
    status, out, _ = edged_models("import", tmp_path / "stick")
    assert status == 0
    assert out.startswith("net: taken from")
    assert edged_models("verify", "net")[0] == 0


def test_import_takes_by_name_on_trust_where_the_card_has_no_hash(edged_models, known, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "net.onnx").write_bytes(known(sha256=""))
    status, out, _ = edged_models("import", stick)
    assert status == 0
    assert "trusted from now on" in out
    assert models.recorded(tmp_path / "models/net.onnx")


def test_import_of_a_folder_with_nothing_says_so(edged_models, tmp_path):
    status, _, err = edged_models("import", tmp_path)
    assert status == 1
    assert "nothing there" in err


def test_add_guesses_a_tflite_network_from_the_file(edged_models, small, tmp_path):
    status, out, _ = edged_models("add", small.file, "--name", "mine", "--licence", "Apache-2.0")
    assert status == 0
    assert "layout edged, input 416x256 rgb, 1 labels" in out
    card = cards.read(tmp_path / "models/mine.toml")
    assert (card.input, card.sha256) == (small.card.input, small.card.sha256)


def test_add_guesses_an_onnx_network_with_its_labels(edged_models, tmp_path):
    file = onnx_files.constant(tmp_path / "v8.onnx", (1, 3, 32, 32), np.full((1, 6, 21), 30, np.float32))
    (tmp_path / "kinds").write_text("cat\ndog\n", encoding="utf-8")
    assert edged_models("add", file, "--labels", tmp_path / "kinds")[0] == 0
    card = cards.read(tmp_path / "models/v8.toml")
    assert (card.output.layout, card.output.coordinates, card.input.layout) == ("yolov8", "pixels", "nchw")
    assert card.labels == ("cat", "dog")


def test_add_asks_for_what_the_file_does_not_tell(edged_models, tmp_path):
    file = onnx_files.constant(tmp_path / "v8.onnx", (1, 3, 32, 32), np.zeros((1, 6, 21), np.float32))
    status, _, err = edged_models("add", file)
    assert status == 1
    assert "say --layout and --labels" in err
    assert not list((tmp_path / "models").glob("*"))


def test_add_of_no_model_is_refused(edged_models, tmp_path):
    (tmp_path / "notes.txt").touch()
    assert "edged runs .onnx and .tflite" in edged_models("add", tmp_path / "notes.txt")[2]
    assert "can't read" in edged_models("add", tmp_path / "gone.tflite")[2]


def test_an_owners_bad_card_is_reported_and_the_others_listed(edged_models, known, tmp_path):
    known()
    with (tmp_path / "models/net.toml").open("a") as card:
        card.write("iuo = 0.4\n")
    status, out, err = edged_models("list")
    assert status == 1
    assert "did you mean iou?" in err
    assert "opencv-hog" in out


def test_what_comes_along_needs_no_download(edged_models, small, tmp_path):
    assert edged_models("pull", small.name)[:2] == (0, f"{small.name} is here already\n")
