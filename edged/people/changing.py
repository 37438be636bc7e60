"""What may be done to identities, in steps of which each leaves the gallery whole: should we be killed in between, saying it again finishes it."""

import msgspec
import numpy as np

from edged.bus.link import Refused
from edged.enquiries import AddSample, Alter, Delete, Enrol, Merge, RemoveSample, Shot, Split
from edged.identities import Identity, Sample
from edged.people.gallery import Gallery, Picture, What, sample_of
from edged.people.indexes import Vector


async def enrol(gallery: Gallery, asked: Enrol) -> Identity:
    sample = sampled(asked.shot, f"s{asked.id}"[:64])
    picture = Picture(sample, _vector(asked.shot), asked.shot.jpeg)
    return await gallery.create(
        id=asked.id, name=asked.name, status=asked.status, by=asked.by, note=asked.note, watch=asked.watch,
        samples=[picture], what="enrolled",
    )  # fmt: skip


async def add_sample(gallery: Gallery, asked: AddSample) -> Identity:
    sample = sampled(asked.shot, asked.sample)
    return await gallery.add_sample(asked.id, sample, _vector(asked.shot), asked.shot.jpeg, by=asked.by)


async def alter(gallery: Gallery, asked: Alter) -> Identity:
    """Each kind of change is written down by itself."""
    known = await gallery.current(asked.id)
    if known.merged_into:
        raise Refused("not_found", f"identity {asked.id} is {known.merged_into} now")
    wanted = {key: value for key in ("name", "note", "watch", "status") if (value := getattr(asked, key)) is not None}
    if wanted.get("name") and known.status == "unregistered":
        wanted.setdefault("status", "known")  # who has a name is known
    changed = await gallery.change(asked.id, lambda now: msgspec.structs.replace(now, **wanted), by=asked.by)
    said: list[tuple[bool, What, str]] = [
        (changed.name != known.name, "renamed", ""),
        (changed.status != known.status, "status", f"{known.status} to {changed.status}"),
        (changed.watch != known.watch, "status", "on the watch list" if changed.watch else "off the watch list"),
        (changed.note != known.note, "status", "note"),
    ]
    for differs, what, detail in said:
        if differs:
            await gallery.tell(asked.id, what, asked.by, detail)
    return changed


async def delete(gallery: Gallery, asked: Delete) -> Identity:
    """The record first, so that nobody is found by what is about to go."""
    samples: tuple[Sample, ...] = (await gallery.current(asked.id)).samples if asked.samples else ()

    def gone(now: Identity) -> Identity:
        return msgspec.structs.replace(now, status="deleted", samples=() if asked.samples else now.samples)

    detail = "with its samples" if asked.samples else "its samples stay"
    changed = await gallery.change(asked.id, gone, by=asked.by, what="deleted", detail=detail)
    for sample in samples:
        await gallery.remove_sample(asked.id, sample.id)
    return changed


async def remove_sample(gallery: Gallery, asked: RemoveSample) -> Identity:
    known = await gallery.current(asked.id)
    _has(known, (asked.sample,))

    def without(now: Identity) -> Identity:
        return msgspec.structs.replace(now, samples=tuple(one for one in now.samples if one.id != asked.sample))

    detail = f"sample {asked.sample}"
    changed = await gallery.change(asked.id, without, by=asked.by, what="sample_removed", detail=detail)
    await gallery.remove_sample(asked.id, asked.sample)
    return changed


async def merge(gallery: Gallery, asked: Merge) -> Identity:
    """The others' samples, the best first and as many as there is room for; the others remain as deleted, and say whom they became."""
    if asked.id in asked.others:
        raise Refused("invalid", f"{asked.id} can't be merged into itself")
    if (into := await gallery.current(asked.id)).status == "deleted":
        raise Refused("not_found", f"identity {asked.id} is deleted: set its status to known first")
    for id in dict.fromkeys(asked.others):
        other = await gallery.current(id)
        if other.merged_into and other.merged_into != asked.id:
            raise Refused("not_found", f"identity {id} is {other.merged_into} now")
        await _move(gallery, other, asked.id, other.samples, asked.by, "merged")
        into = await gallery.current(asked.id)

        def named(now: Identity, other: Identity = other) -> Identity:
            status = "known" if "known" in (now.status, other.status) else now.status
            watch = now.watch or other.watch
            return msgspec.structs.replace(now, name=now.name or other.name, status=status, watch=watch)

        into = await gallery.change(asked.id, named, by=asked.by, what="merged", detail=f"took in {id}")

        def became(now: Identity) -> Identity:
            return msgspec.structs.replace(now, status="deleted", samples=(), merged_into=asked.id)

        await gallery.change(id, became, by=asked.by, what="merged", detail=f"is {asked.id} now")
        for sample in other.samples:
            await gallery.remove_sample(id, sample.id)
    return into


async def split(gallery: Gallery, asked: Split) -> Identity:
    """The new identity; what was seen of the old one so far stays with it."""
    known = await gallery.current(asked.id)
    _has(known, asked.samples)
    moved = tuple(sample for sample in known.samples if sample.id in asked.samples)
    status = "known" if asked.name else "unregistered"
    detail = f"from {asked.id}"
    await gallery.create(id=asked.fresh, name=asked.name, status=status, by=asked.by, what="split")  # type: ignore[arg-type]
    await _move(gallery, known, asked.fresh, moved, asked.by, "split")

    def without(now: Identity) -> Identity:
        return msgspec.structs.replace(now, samples=tuple(one for one in now.samples if one.id not in asked.samples))

    await gallery.change(asked.id, without, by=asked.by, what="split", detail=f"{len(moved)} samples to {asked.fresh}")
    for sample in moved:
        await gallery.remove_sample(asked.id, sample.id)
    return await gallery.change(asked.fresh, lambda now: now, by=asked.by, detail=detail)


async def _move(gallery: Gallery, of: Identity, to: str, samples: tuple[Sample, ...], by: str, what: What) -> None:
    """Copies samples to another identity, which then has them; the first one's are the caller's to remove."""
    for sample in sorted(samples, key=lambda sample: -sample.quality):
        known = await gallery.current(to)
        if any(sample.id == other.id for other in known.samples) or not gallery.has_room(known, sample):
            continue
        await gallery.copy_sample(of.id, to, sample)

        def add(now: Identity, sample: Sample = sample) -> Identity:
            if any(sample.id == other.id for other in now.samples):
                return now
            return msgspec.structs.replace(now, samples=(*now.samples, sample))

        await gallery.change(to, add, by=by)


def sampled(shot: Shot, id: str) -> Sample:
    return sample_of(shot.kind, shot.model, shot.quality, shot.origin, id=id, camera=shot.camera)


def _vector(shot: Shot) -> Vector:
    """Raises Refused for what is none."""
    if not shot.vector or len(shot.vector) % 4:
        raise Refused("invalid", "the vector of a sample is float32: its bytes come in fours")
    return np.frombuffer(shot.vector, "<f4").astype(np.float32)


def _has(known: Identity, samples: tuple[str, ...]) -> None:
    if missing := set(samples) - {sample.id for sample in known.samples}:
        raise Refused("not_found", f"identity {known.id} has no sample {', '.join(sorted(missing))}")
