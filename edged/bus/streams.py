"""The JetStream streams that keep facts and pictures."""

import structlog
from nats import errors
from nats.js import JetStreamContext, api
from nats.js import errors as js_errors

from edged import config, subjects
from edged.bus.link import BusError, Link

log = structlog.get_logger()

FACTS = "edged_facts"
PICTURES = "edged_pictures"
PPE = "edged_ppe"  # apart from the facts, so that forgetting one never touches the other
FACES = "edged_faces"  # apart, so that what is known of people can be forgotten
WORK = "edged_work"
NAMES = (FACTS, PICTURES, PPE, FACES)  # what the outbox delivers to; work is lost rather than late
KINDS = {
    FACTS: subjects.FACT_KINDS,
    PICTURES: subjects.PICTURE_KINDS,
    PPE: subjects.PPE_KINDS,
    FACES: subjects.FACE_KINDS,
    WORK: subjects.WORK_KINDS,
}
OF_KIND = {kind: stream for stream, kinds in KINDS.items() for kind in kinds}
# The server holds the ids of this time in memory, some 150 bytes each. Beyond it the courier and the consumers know better.
DUPLICATE_WINDOW = 3600.0
DAY = 86_400.0


async def ensure_streams(link: Link, settings: config.Nats) -> None:
    """Makes the streams as `settings` wants them; what else an owner set on them stays. Raises BusError with the server's reason."""
    limits = {
        FACTS: (settings.facts_max_age_days * DAY, settings.facts_max_bytes),
        PICTURES: (settings.pictures_max_age_days * DAY, settings.pictures_max_bytes),
        PPE: (settings.ppe_max_age_days * DAY, settings.ppe_max_bytes),
        FACES: (settings.faces_max_age_days * DAY, settings.faces_max_bytes),
        WORK: (settings.work_max_age, settings.work_max_bytes),
    }
    for name, (max_age, max_bytes) in limits.items():
        try:
            await _ensure(link.jetstream(), name, max_age, max_bytes)
        except js_errors.APIError as error:
            if error.description is None:
                raise BusError(f"nats-server at {link.url} has no JetStream: start it with -js") from None
            raise BusError(
                f"nats-server at {link.url} refuses the stream {name}: {error.description}; "
                "has its disk room for the max_bytes in [nats]?"
            ) from error
        except (TimeoutError, errors.Error) as error:
            raise BusError(f"nats-server at {link.url} does not answer ({error or type(error).__name__})") from error


async def _ensure(js: JetStreamContext, name: str, max_age: float, max_bytes: int) -> None:
    ours = api.StreamConfig(
        name=name,
        subjects=[subjects.every(kind) for kind in KINDS[name]],
        max_age=max_age,
        max_bytes=max_bytes,
        duplicate_window=min(DUPLICATE_WINDOW, max_age),
        discard=api.DiscardPolicy.OLD,
        retention=api.RetentionPolicy.WORK_QUEUE if name == WORK else api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
    )
    try:
        present = (await js.stream_info(name)).config
    except js_errors.NotFoundError:
        await js.add_stream(ours)
        return
    wanted = present.evolve(
        subjects=ours.subjects,
        max_age=ours.max_age,
        max_bytes=ours.max_bytes,
        duplicate_window=ours.duplicate_window,
    )
    if wanted == present:
        return
    if _less(max_bytes, present.max_bytes) or _less(max_age, present.max_age):
        log.warning("stream shrinks", stream=name, max_bytes=max_bytes, max_age_days=max_age / DAY, note="oldest first")
    await js.update_stream(wanted)


def _less(new: float, old: float | None) -> bool:
    """Of two limits; none, 0 and -1 are no limit."""
    return not old or old <= 0 or new < old
