"""Tracks to facts: who crossed a line, who is in a zone."""

from edged import config
from edged.labels import Aliases
from edged.messages import CapacityChanged, LineCrossed, ZoneDwelled, ZoneEntered, ZoneFact, ZoneLeft
from edged.scene.lines import Crossing, Lines
from edged.scene.presence import Moment
from edged.scene.stitching import Walkers
from edged.scene.zones import Dwelled, Entered, Event, Filled, Zones
from edged.subjects import Address
from edged.vision.tracker import Update

SceneFact = LineCrossed | ZoneFact


class Scene:
    """The lines and zones of one session of one camera, `labels` being the detector's. Its state is bounded by the tracks that are open."""

    def __init__(
        self, address: Address, session: str, labels: tuple[str, ...], aliases: Aliases, aspect: float
    ) -> None:
        self._address = address
        self._session = session
        self._labels = labels
        self._settings: config.Camera | None = None
        self._walkers = Walkers(aspect)
        self._lines = Lines(labels, aliases, aspect)
        self._zones = Zones(labels, aliases, aspect)

    def see(self, update: Update, moment: Moment, settings: config.Camera) -> list[SceneFact]:
        """The facts that `update`, made of the frame at `moment`, brings with today's lines and zones."""
        crossings: list[Crossing] = []
        events: list[Event] = []
        if settings is not self._settings:
            self._settings = settings
            self._lines.use(settings.lines)
            events += self._zones.use(settings.zones)
        for step in self._walkers.see(update, moment.at):
            crossings += self._lines.step(step)
            events += self._zones.step(step)
        for walker in self._walkers.end(update.ended):
            crossings += self._lines.end(walker)
            events += self._zones.end(walker)
        return [*(self._crossed(one, moment) for one in crossings), *(self._told(one, moment) for one in events)]

    def close(self, moment: Moment) -> list[SceneFact]:
        """The session is over, and with it every track."""
        facts: list[SceneFact] = []
        for walker in self._walkers.end_all():
            facts += [self._crossed(one, moment) for one in self._lines.end(walker)]
            facts += [self._told(one, moment) for one in self._zones.end(walker)]
        return facts

    def _crossed(self, crossing: Crossing, moment: Moment) -> LineCrossed:
        walker, line = crossing.walker, crossing.line
        pts = moment.ticks(crossing.at)
        return LineCrossed(
            site=self._address.site, node=self._address.node, camera=self._address.camera, time=moment.wall(crossing.at),
            id=self._id(walker.id, line.id, pts, "crossed"), session=self._session, track=walker.id, pts=pts,
            label=self._labels[walker.label], score=_fraction(walker.score), line=line.id, direction=crossing.direction,
            point=(_fraction(crossing.point[0]), _fraction(crossing.point[1])),
        )  # fmt: skip

    def _told(self, event: Event, moment: Moment) -> ZoneFact:
        walker, zone = event.walker, event.zone
        pts, time = moment.ticks(event.at), moment.wall(event.at)
        site, node, camera = self._address
        label, score = self._labels[walker.label], _fraction(walker.score)
        if isinstance(event, Filled):
            return CapacityChanged(
                site=site, node=node, camera=camera, time=time, id=self._id(walker.id, zone.id, pts, event.state), of="zone",
                name=zone.id, occupancy=event.inside, warn_threshold=zone.warn_threshold, max_capacity=zone.max_capacity,
                state=event.state, previous=event.previous,
            )  # fmt: skip
        if isinstance(event, Entered):
            return ZoneEntered(
                site=site, node=node, camera=camera, time=time, id=self._id(walker.id, zone.id, pts, "entered"),
                session=self._session, track=walker.id, pts=pts, label=label, score=score, zone=zone.id,
                point=(_fraction(event.point[0]), _fraction(event.point[1])), inside=event.inside,
            )  # fmt: skip
        entered = moment.wall(event.entered)
        if isinstance(event, Dwelled):
            return ZoneDwelled(
                site=site, node=node, camera=camera, time=time, id=self._id(walker.id, zone.id, pts, "dwelled"),
                session=self._session, track=walker.id, pts=pts, label=label, score=score, zone=zone.id, entered=entered,
                threshold=zone.dwell,
            )  # fmt: skip
        return ZoneLeft(
            site=site, node=node, camera=camera, time=time, id=self._id(walker.id, zone.id, pts, "left"),
            session=self._session, track=walker.id, pts=pts, label=label, score=score, zone=zone.id, entered=entered,
            dwell=round(event.at - event.entered, 3), inside=event.inside,
        )  # fmt: skip

    def _id(self, track: int, place: str, pts: int, what: str) -> str:
        return f"{self._address.node}.{self._address.camera}.{self._session}.{track}.{place}.{pts}.{what}"


def _fraction(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 5)
