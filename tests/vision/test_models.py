import shutil

import pytest

from edged.vision import cards, models
from edged.vision.tensors import ModelError


@pytest.fixture
def own_card(small, tmp_path):
    """The small detector as an owner's: no hash in the card, the file in his folder."""
    path = tmp_path / "mine.toml"
    cards.write(small.card, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("sha256")]
    path.write_text("\n".join(kept).replace(f'"{small.name}"', '"mine"'), encoding="utf-8")
    shutil.copyfile(small.file, tmp_path / small.card.file)
    return path


def test_what_ships_is_there_without_an_owners_folder(tmp_path):
    library = models.library(tmp_path / "none")
    assert {"yolox-nano", "ssd-mobiledet", "edged-person", "opencv-hog"} <= set(library.models)
    assert library.complaints == ()
    assert library.named("opencv-hog").fault() == ""
    assert library.named("edged-person").fault() == ""


def test_the_owners_card_wins_over_one_that_ships(small, tmp_path):
    cards.write(cards.read(small.file.with_suffix(".toml")), tmp_path / "edged-person.toml")
    text = (tmp_path / "edged-person.toml").read_text(encoding="utf-8")
    ours = [line for line in text.splitlines() if not line.startswith("score = ")]
    (tmp_path / "edged-person.toml").write_text("score = 0.99\n" + "\n".join(ours), encoding="utf-8")
    assert models.library(tmp_path).named("edged-person").card.score == 0.99


def test_what_comes_along_is_what_auto_tries_first(tmp_path):
    ranked = [model.name for model in models.library(tmp_path).ranked()]
    assert ranked[:2] == ["edged-person", "edged-person-onnx"]


def test_the_files_that_come_along_are_those_of_their_cards_and_small(tmp_path):
    library = models.library(tmp_path)
    along = [library.named(f"edged-person{size}{kind}") for size in ("", "-640") for kind in ("", "-onnx")]
    for model in along:
        assert model.fault() == ""
        assert model.card.sha256
        assert model.file.stat().st_size <= 1_500_000


def test_a_bad_card_costs_only_itself(own_card, tmp_path):
    own_card.write_text("name = 3\n", encoding="utf-8")
    library = models.library(tmp_path)
    assert len(library.complaints) == 1
    assert "opencv-hog" in library.models
    with pytest.raises(ModelError, match=r"mine\.toml"):
        library.named("mine")


def test_a_card_under_another_name_is_refused(own_card, tmp_path):
    own_card.rename(tmp_path / "yours.toml")
    assert "the file must be mine.toml" in models.library(tmp_path).complaints[0]


def test_a_name_nobody_knows_gets_the_choices(tmp_path):
    with pytest.raises(ModelError, match=r"there is no model yolo; choose one of .*opencv-hog"):
        models.library(tmp_path).named("yolo")


def test_a_missing_file_is_answered_with_the_command(tmp_path):
    fault = models.library(tmp_path).named("yolox-nano").fault()
    assert "`edged models pull yolox-nano`" in fault


def test_a_damaged_file_is_found_by_the_cards_hash(small, tmp_path):
    (tmp_path / small.card.file).write_bytes(small.file.read_bytes()[:-1] + b"x")
    assert "is damaged" in models.library(tmp_path).named(small.name).fault()


def test_a_file_of_unknown_hash_is_held_to_what_it_was_first(own_card, small, tmp_path):
    model = models.library(tmp_path).named("mine")
    assert model.fault() == ""
    assert model.file is not None
    model.file.write_bytes(b"something else")
    assert "is damaged" in model.fault()
