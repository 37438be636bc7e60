import cv2

from models.train.gather.thumbnails import Thumbnails, thumbnail
from tests.train.repositories import scenery


def known(count: int) -> Thumbnails:
    found = Thumbnails(0.985)
    for seed in range(count):
        found.add(str(seed), thumbnail(scenery(seed)))
    return found


def test_a_picture_is_known_again_smaller_brighter_and_mirrored():
    found = known(3)
    again = cv2.convertScaleAbs(cv2.resize(scenery(1), (320, 200)), alpha=0.8, beta=20)
    assert found.twin(thumbnail(again)) == "1"
    assert found.twin(thumbnail(again[:, ::-1].copy())) == "1"


def test_another_picture_is_not_known():
    assert known(3).twin(thumbnail(scenery(99))) is None
    assert known(0).twin(thumbnail(scenery(99))) is None


def test_more_pictures_than_there_was_room_for():
    found = known(300)
    assert [found.twin(thumbnail(scenery(seed))) for seed in (0, 299, 300)] == ["0", "299", None]
