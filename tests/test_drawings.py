import pytest

from edged.config import Camera, Line, Recognised, Zone
from edged.drawings import fault

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
DOOR = Line(id="door", points=((0.1, 0.5), (0.9, 0.5)))


def camera(**drawn):
    return Camera(id="front", url="rtsp://127.0.0.1/1", **drawn)


def test_good_drawings_have_no_fault():
    bent = Zone(id="bent", polygon=((0.1, 0.1), (0.9, 0.1), (0.5, 0.3), (0.9, 0.9), (0.1, 0.9)))
    assert fault(camera(lines=(DOOR,), zones=(Zone(id="till", polygon=SQUARE), bent))) == ""


@pytest.mark.parametrize(
    ("drawn", "complaint"),
    [
        ({"lines": (DOOR, DOOR)}, "lines[1].id: 'door' is used twice"),
        ({"zones": (Zone(id="a", polygon=SQUARE),) * 2}, "zones[1].id: 'a' is used twice"),
        ({"lines": (Line(id="dot", points=((0.5, 0.5), (0.5, 0.5))),)}, "lines[0].points: two that follow each other"),
        ({"zones": (Zone(id="bow", polygon=(SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])),)}, "zones[0].polygon: its sides cross"),
        ({"zones": (Zone(id="flat", polygon=((0.1, 0.1), (0.5, 0.5), (0.9, 0.9))),)}, "zones[0].polygon: it encloses nothing"),
    ],
)  # fmt: skip
def test_a_bad_drawing_is_named(drawn, complaint):
    assert fault(camera(**drawn)).startswith(complaint)


def test_a_camera_that_hides_faces_cannot_have_browsers_play_what_it_sends_itself():
    open_way = {"direct": "https://example.org/a.mp4"}
    assert fault(camera(**open_way, recognition=Recognised(blur=True))).startswith(
        "direct: what browsers play without edged"
    )
    assert fault(camera(**open_way, recognition=Recognised(enabled=True))) == ""
    assert fault(camera(recognition=Recognised(blur=True))) == ""
