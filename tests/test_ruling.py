import msgspec
import pytest

from edged import config, ruling
from edged import rules as r
from edged.rules import AlertRule, Hours
from edged.subjects import Address

SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))
CAMERAS = {
    Address("home", "edge", "front"): config.Camera(
        id="front", url="x", labels=("person", "vehicle"), lines=(config.Line(id="door", points=((0, 0), (1, 1)), labels=("person",)),),
        zones=(config.Zone(id="till", polygon=SQUARE, max_capacity=5), config.Zone(id="shelf", polygon=SQUARE)),
        ppe=config.Required(required=("helmet",)), recognition=config.Recognised(enabled=True),
    ),
    Address("home", "attic", "back"): config.Camera(id="back", url="x"),
}  # fmt: skip
COUNTERS = (config.Counter(id="shop", lines=("front.door",), warn_threshold=5),)
ALIASES = {"vehicle": ("car", "truck")}


def fits(when=r.Presence(), **more):  # noqa: B008
    rule = AlertRule(name="rule", when=when, **more)
    return ruling.fault(rule) or ruling.misfit(rule, CAMERAS, COUNTERS, ALIASES)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"labels": ("vehicle", "truck"), "cameras": ("edge.front",), "min_time": 3.0},
        {"when": r.Visit(zone="till")},
        {"when": r.Visit(zone="till", event="stay"), "min_time": 30.0},
        {"when": r.Crossing()},
        {"when": r.Crossing(line="door"), "cameras": ("home.edge.front",)},
        {"when": r.Count(line="door", count=3)},
        {"when": r.Capacity(of="counter", name="shop", state="warn")},
        {"when": r.Capacity(of="zone", name="till")},
        {"when": r.Capacity(of="zone", name="till", state="warn")},
        {"when": r.Missing(items=("Helmet",))},
        {"when": r.Identified()},
        {"when": r.Offline(), "min_time": 0.0, "labels": ("nothing",)},
        {"when": r.Crowd(), "schedule": (Hours(begin="22:00", end="06:00"),), "time_zone": "Asia/Kolkata"},
        {"when": r.AfterHours(open=(Hours(begin="08:00", end="20:00"),))},
    ],
)
def test_what_can_come_true_is_taken(rule):
    assert fits(**rule) == ""


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"time_zone": "Europe/Berlino"}, "time_zone: there is no time zone 'Europe/Berlino'"),
        ({"schedule": (Hours(begin="08:00", end="08:00"),)}, "schedule[0]: from and to are both 08:00"),
        ({"schedule": (Hours(begin="24:00", end="08:00"),)}, "schedule[0].from: a day ends at 24:00"),
        ({"when": r.AfterHours(open=(Hours(),))}, "when.open: it is open all week"),
        ({"when": r.AfterHours(open=(Hours(begin="09:00", end="09:00"),))}, "when.open[0]: from and to are both 09:00"),
        ({"when": r.Crossing(), "min_time": 1.0}, "min_time: what 'line' tells of happens in a moment"),
        ({"when": r.Visit(zone="till"), "min_time": 1.0}, "min_time: what 'zone' tells of happens in a moment"),
        ({"when": r.Visit(zone="till", event="stay")}, "min_time: is missing"),
        ({"when": r.Offline()}, "min_time: is missing"),
        ({"when": r.Capacity(of="counter", name="shop"), "cameras": ("front",)}, "cameras: a counter belongs to no camera"),
        ({"cameras": ("front", "frnt")}, "cameras[1]: there is no camera 'frnt': known are home.attic.back, home.edge.front"),
        ({"labels": ("person", "dog")}, "labels[1]: none of its cameras looks for 'dog': known are car, person"),
        ({"when": r.Visit(zone="til")}, "when.zone: there is no zone 'til' in its cameras: known are shelf, till"),
        ({"when": r.Visit(zone="till"), "cameras": ("front", "back")}, "when.zone: zone till is not drawn in back"),
        ({"when": r.Crossing(line="gate")}, "when.line: there is no line 'gate' in its cameras: known are door"),
        ({"when": r.Crossing(), "cameras": ("back",)}, "when.line: no line is drawn in any of its cameras"),
        ({"when": r.WrongWay(line="door", allowed="in"), "labels": ("car",)}, "labels: line door heeds only person"),
        ({"when": r.Capacity(of="zone", name="shelf")}, "when.state: zone shelf has no max_capacity"),
        ({"when": r.Capacity(of="counter", name="shop")}, "when.state: counter shop has no max_capacity"),
        ({"when": r.Capacity(of="counter", name="shp")}, "when.name: there is no counter 'shp': known are shop"),
        ({"when": r.Identified(), "cameras": ("back",)}, "when: none of its cameras recognises anybody"),
        ({"when": r.Missing(), "cameras": ("back",)}, "when: none of its cameras requires anything"),
        ({"when": r.Missing(items=("vest",))}, "when.items[0]: none of its cameras requires 'vest': known are helmet"),
    ],
)  # fmt: skip
def test_what_cannot_is_named_with_its_place(rule, sentence):
    assert fits(**rule).startswith(sentence)


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ({"type": "zone"}, "zone"),
        ({"type": "zne", "zone": "till"}, "zne"),
        ({"type": "count", "count": 1}, "count"),
        ({"type": "count", "count": 5, "window": 0}, "window"),
        ({"type": "crowd", "factor": 1}, "factor"),
        ({"type": "line", "direction": "up"}, "direction"),
        ({"type": "line", "lin": "door"}, "lin"),
        ({"type": "after_hours", "open": [{"from": "25:00"}]}, "open"),
        ({"type": "after_hours", "open": []}, "open"),
    ],
)
def test_what_is_no_rule_at_all_is_refused_by_its_shape(when, place):
    with pytest.raises(msgspec.ValidationError, match=place):
        msgspec.convert({"name": "rule", "when": when}, AlertRule)
