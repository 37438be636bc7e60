from pathlib import Path

import pytest

from edged import config
from edged.recognition import chosen
from edged.recognition.finding import BUILT_IN
from edged.vision import cards, choice, models
from edged.vision.tensors import ModelError
from tests.rigs import faces


def test_without_any_file_it_is_said_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    kit = chosen.kit(config.Config(), tmp_path)
    assert kit.finder.name == BUILT_IN
    assert (kit.face, kit.body) == (None, None)
    for name in ("yunet", "sface", "youtureid"):
        assert any(f"`edged models pull {name}`" in notice for notice in kit.notices)
    assert "`edged models pull sface`" in kit.missing


def test_a_model_whose_file_is_here_is_taken_by_itself(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    kit = chosen.kit(config.Config(), tmp_path)
    assert kit.face
    assert kit.face.name == "drawn-face"
    assert kit.missing == ""


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (config.Recognition(face="none"), "recognition.face is none"),
        (config.Recognition(face="sfaec"), "there is no model sfaec; choose one of"),
        (config.Recognition(face="yolox-nano"), "yolox-nano is a model for the task objects, not face"),
        (config.Recognition(face="sface"), "`edged models pull sface` fetches it"),
    ],
)
def test_a_model_that_cannot_be_used_costs_only_what_it_is_for(
    tmp_path: Path, settings: config.Recognition, reason: str
) -> None:
    kit = chosen.kit(config.Config(recognition=settings), tmp_path)
    assert kit.face is None
    assert reason in kit.missing


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "face_recognition_sface_2021dec.onnx").write_bytes(b"damaged")
    assert "is damaged" in chosen.kit(config.Config(), tmp_path).missing


def test_a_card_that_cannot_be_read_is_named_where_a_model_is_missing(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"\n')
    assert "mine.toml" in chosen.kit(config.Config(), tmp_path).missing


def test_no_detector_is_chosen_from_what_recognises(tmp_path: Path) -> None:
    faces.add_drawn_models(tmp_path)
    assert choice.at_hand(config.Detector(pull=False), tmp_path).model.name == models.DEFAULT
    with pytest.raises(ModelError, match=r"name it under \[recognition\]"):
        choice.at_hand(config.Detector(model="drawn-face"), tmp_path)


def test_thresholds_are_the_cards_unless_the_owner_has_his_own(tmp_path: Path) -> None:
    assert chosen.thresholds(config.Recognition(), tmp_path, "sface").score == 0.363
    assert chosen.thresholds(config.Recognition(threshold=0.5), tmp_path, "sface").score == 0.5
    assert chosen.thresholds(config.Recognition(threshold=0.5), tmp_path, "youtureid").score == 0.9
    assert chosen.thresholds(config.Recognition(body_threshold=0.8), tmp_path, "youtureid").score == 0.8
    with pytest.raises(LookupError, match="there is no model other"):
        chosen.thresholds(config.Recognition(), tmp_path, "other")


def test_a_distance_as_threshold_is_the_cosine_that_goes_with_it() -> None:
    """The publisher of SFace states both."""
    assert cards.Vectors(dimensions=128, threshold=1.128, metric="l2").cosine == pytest.approx(0.363, abs=0.001)
