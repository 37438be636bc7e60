"""What one camera sees in a frame: is it worth a look, what is in it, which track is it."""

from dataclasses import dataclass
from time import monotonic, perf_counter

from edged import config
from edged.camera.frames import Frame
from edged.labels import Aliases
from edged.vision.detector import Detector
from edged.vision.filters import Filters, groups
from edged.vision.motion import Gate
from edged.vision.repeats import Repeats
from edged.vision.tracker import Tracker, Update


@dataclass(frozen=True, slots=True)
class Look:
    """`held`: the picture had not changed, so the detector was not asked. Durations in seconds."""

    update: Update
    held: bool
    moving: bool
    wait: float
    infer: float
    track: float


class Eyes:
    """The gate, the filters and the tracker of one camera before the shared detector. `begin` comes before `look`.

    `settings` are today's; `inferred`, `still` and `duplicate` count frames.
    """

    def __init__(self, settings: config.Camera, detector: Detector, aliases: Aliases) -> None:
        self.labels = detector.labels
        self.model = detector.name
        self.inferred = self.still = self.duplicate = 0
        self._detector = detector
        self.aliases = aliases
        self._groups = groups(detector.labels, aliases)
        self._tracker: Tracker | None = None
        self._session = ""
        self.use(settings)

    def use(self, settings: config.Camera) -> None:
        """From now on with these settings; tracks go on, `tracking` counts from the next session."""
        self.settings = settings
        self._tracking = settings.tracking or tracking_for(self._detector)
        self._filters = Filters(settings, self.labels, self.aliases)
        self._open()

    @property
    def takes_pictures(self) -> bool:
        return self.settings.snapshots

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """Labels the camera asks for and this model does not know."""
        return self._filters.unknown

    def begin(self, frame: Frame) -> None:
        """A new visit to a camera: nothing is tracked, and no id of the same session comes again."""
        first_id = self._tracker.next_id if self._tracker and self._session == frame.session else 1
        self._session = frame.session
        self._tracker = Tracker(self._tracking, frame.width / frame.height, self._groups, first_id)
        self._open()

    async def look(self, frame: Frame) -> Look:
        """Raises ModelError when the network fails."""
        assert self._tracker, "begin() comes first"
        wait = monotonic() - frame.arrived
        at = frame.pts / 90_000
        repeated = self._repeats.look(frame.luma, at).same
        motion = self._gate.look(frame.luma, at)
        # a track that is not believed yet needs its second look even if nothing moves
        if self._tracker.settled and (repeated or not motion.open):
            self.duplicate += repeated
            self.still += not repeated
            return Look(self._tracker.hold(at), held=True, moving=motion.moving, wait=wait, infer=0.0, track=0.0)
        begun = perf_counter()
        found, _ = await self._detector.detect(frame, self._tracking.low_score)
        seen = perf_counter()
        update = self._tracker.update(self._filters.keep(found), at)
        self.inferred += 1
        return Look(update, False, motion.moving, wait, seen - begun, perf_counter() - seen)

    def _open(self) -> None:
        """What was seen before says nothing about the next picture."""
        self._gate = Gate(self.settings.motion, self.settings.masks)
        self._repeats = Repeats()


def tracking_for(detector: Detector) -> config.Tracking:
    """Scores mean something else in each model; its card says from where on it is to be believed."""
    begin, follow = detector.score, detector.follow
    if follow is None:
        begin, follow = min(1.0, begin + 0.1), begin
    return config.Tracking(high_score=follow, new_score=begin, low_score=min(0.1, follow / 2))
