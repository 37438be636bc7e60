"""Pictures -> the scenes that the network learns from: one or several pictures at many scales, people cut out and put elsewhere, other light."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from models.train.pictures import DOUBTFUL, PERSON, Boxes, Picture, Pixels

SMALLEST = 12  # pixels high; less is doubtful
GREY = 114
_NO_BOXES = np.zeros((0, 5), np.float32)


class Scene(NamedTuple):
    pixels: Pixels
    boxes: Boxes


@dataclass(frozen=True)
class Stock:
    """What scenes are made of. `people`, `empty`: pictures by collection, each drawn in proportion to the root of its size, so that
    many pictures of one place do not outweigh few of many. `hard`: places in which the network has seen people where there are none."""

    people: list[tuple[list[int], float]]
    empty: list[tuple[list[int], float]]
    pictures: Sequence[Picture]
    loaded: Sequence[Pixels]
    cutouts: Sequence[Pixels]
    hard: Sequence[Pixels]


def stock(pictures: Sequence[Picture], cutouts: Sequence[Pixels], hard: Sequence[Pixels]) -> Stock:
    """Loads all pictures: some 0.4 MB each."""
    people = _by_collection(pictures, [i for i, picture in enumerate(pictures) if len(picture.people)])
    empty = _by_collection(pictures, [i for i, picture in enumerate(pictures) if picture.empty])
    return Stock(people, empty, pictures, [picture.pixels() for picture in pictures], cutouts, hard)


def _by_collection(pictures: Sequence[Picture], chosen: Iterable[int]) -> list[tuple[list[int], float]]:
    found: dict[str, list[int]] = {}
    for index in chosen:
        found.setdefault(pictures[index].collection, []).append(index)
    total = sum(len(members) ** 0.5 for members in found.values())
    return [(members, len(members) ** 0.5 / total) for members in found.values()]


def scene(stock: Stock, rng: Generator, width: int, height: int) -> Scene:
    """One scene of this size."""
    chance = rng.random()
    if chance < 0.45:
        made = _window(stock, rng, _pick(stock.people, rng), width, height, None)
    elif chance < 0.55:
        made = _grid(stock, rng, width, height, columns=3, rows=2, tallest=0.4)
    elif chance < 0.78:
        made = _grid(stock, rng, width, height, columns=2, rows=1 if rng.random() < 0.35 else 2, tallest=1.0)
    else:
        made = _without_people(stock, rng, width, height)
    if stock.cutouts and rng.random() < 0.15:
        made = _pasted(stock, rng, made)
    return Scene(_light(made.pixels, rng), made.boxes)


def _pick(groups: list[tuple[list[int], float]], rng: Generator) -> int:
    members, _ = groups[rng.choice(len(groups), p=[share for _, share in groups])]
    return int(rng.choice(members))


def _without_people(stock: Stock, rng: Generator, width: int, height: int) -> Scene:
    """Nobody in it; in half of them people are then put."""
    chance = rng.random()
    if stock.hard and chance < 0.45:
        made = _background(stock.hard[rng.integers(len(stock.hard))], rng, width, height)
    else:
        made = _window(stock, rng, _pick(stock.empty, rng), width, height, None)
    if stock.cutouts and rng.random() < 0.5:
        return _pasted(stock, rng, made)
    return made


def _background(patch: Pixels, rng: Generator, width: int, height: int) -> Scene:
    """A hard place, somewhere in the scene and at some scale; the rest repeats its border."""
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.6)))) * min(width / patch.shape[1], height / patch.shape[0])
    place = np.array(
        [[scale, 0, rng.uniform(0, max(0.0, width - scale * patch.shape[1]))],
         [0, scale, rng.uniform(0, max(0.0, height - scale * patch.shape[0]))]], np.float32
    )  # fmt: skip
    border = cv2.BORDER_REFLECT_101 if rng.random() < 0.7 else cv2.BORDER_REPLICATE
    return Scene(cv2.warpAffine(patch, place, (width, height), borderMode=border), _NO_BOXES)


def _grid(stock: Stock, rng: Generator, width: int, height: int, columns: int, rows: int, tallest: float) -> Scene:
    """A mosaic of windows, each with a picture of its own (Bochkovskiy and others 2020)."""
    pixels, boxes = np.zeros((height, width, 3), np.uint8), []
    across, down = _cuts(rng, width, columns), _cuts(rng, height, rows)
    tall = None
    if rng.random() < 0.5 or tallest < 1:
        tall = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(tallest * height))))
    for left, right in itertools.pairwise(across):
        for top, bottom in itertools.pairwise(down):
            part = tall and tall * rng.uniform(0.6, 1.6)
            made = _window(stock, rng, _pick(stock.people, rng), right - left, bottom - top, part)
            pixels[top:bottom, left:right] = made.pixels
            boxes.append(made.boxes + np.array([left, top, left, top, 0], np.float32))
    return Scene(pixels, np.concatenate(boxes))


def _cuts(rng: Generator, length: int, parts: int) -> list[int]:
    inner = [int(length * (i + rng.uniform(-0.2, 0.2)) / parts) for i in range(1, parts)]
    return [0, *inner, length]


def _window(stock: Stock, rng: Generator, index: int, width: int, height: int, tall: float | None) -> Scene:
    """Picture `index` at some scale, shifted and perhaps mirrored or tilted; one of its people becomes `tall` pixels high and stays in sight."""
    picture, pixels = stock.pictures[index], stock.loaded[index]
    high, wide = pixels.shape[:2]
    aspect = float(np.exp(rng.normal(0, 0.12))) * rng.choice(picture.aspects)
    fit = min(width / wide, height / high)
    people = picture.people
    anchor = people[rng.integers(len(people))] if len(people) else None
    if anchor is None:
        scale = max(width / wide, height / high) * rng.uniform(0.8, 1.8)
    else:
        wanted = tall or float(np.exp(rng.uniform(np.log(14), np.log(1.4 * height))))
        scale = min(max(wanted / (anchor[3] - anchor[1]), 0.9 * fit * rng.uniform(0.8, 1.1)), 2.6)
    across, down = scale * aspect**0.5, scale / aspect**0.5
    mirrored = rng.random() < 0.5
    size = np.array([wide * across, high * down])
    shift = _shift(rng, anchor, np.array([across, down]), size, np.array([width, height]), mirrored)
    place = np.array(
        [[-across if mirrored else across, 0, shift[0] + (size[0] if mirrored else 0)], [0, down, shift[1]]], np.float32
    )
    if rng.random() < 0.25:
        tilt = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 4), 1)
        place = (tilt @ np.vstack([place, [0, 0, 1]])).astype(np.float32)
    return _warped(pixels, picture.boxes, place, scale, width, height, rng)


def _shift(rng: Generator, anchor: Boxes | None, scale, size, window, mirrored: bool):
    """Where the picture's corner goes: no needless border, and the anchor in sight."""
    low, high = np.minimum(0, window - size), np.maximum(0, window - size)
    if anchor is None:
        return rng.uniform(low, high)
    centre = (anchor[:2] + anchor[2:4]) / 2 * scale
    if mirrored:
        centre[0] = size[0] - centre[0]
    return np.clip(rng.uniform((0.1, 0.1), (0.9, 0.9)) * window - centre, low, high)


def _warped(pixels: Pixels, boxes: Boxes, place, scale: float, width: int, height: int, rng: Generator) -> Scene:
    source, shrunk = pixels, place.copy()
    if scale < 0.5:  # against aliasing
        by = 2 if scale > 0.25 else 4
        source = cv2.resize(
            pixels, (max(1, pixels.shape[1] // by), max(1, pixels.shape[0] // by)), interpolation=cv2.INTER_AREA
        )
        shrunk[:, 0] *= pixels.shape[1] / source.shape[1]
        shrunk[:, 1] *= pixels.shape[0] / source.shape[0]
    fill = GREY if rng.random() < 0.5 else int(rng.integers(256))
    made = cv2.warpAffine(source, shrunk, (width, height), borderValue=(fill, fill, fill))
    return Scene(made, _moved(boxes, place, width, height))


def _moved(boxes: Boxes, place, width: int, height: int) -> Boxes:
    """The boxes after `place`, cut at the scene's edges. Who is mostly outside, or tiny, is doubtful; who is hardly in it is left out."""
    if not len(boxes):
        return _NO_BOXES
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ place[:, :2].T + place[:, 2]
    low, high = corners.min(axis=1), corners.max(axis=1)
    area = (high - low).prod(axis=1)
    limits = np.array([width, height], np.float32)
    low, high = np.clip(low, 0, limits), np.clip(high, 0, limits)
    extent = high - low
    seen = extent.clip(0).prod(axis=1) / np.maximum(area, 1e-6)
    kind = np.where((seen < 0.3) | (extent[:, 1] < SMALLEST - 2) | (extent[:, 0] < 4), DOUBTFUL, boxes[:, 4])
    keep = (extent > 1).all(axis=1) & (seen >= 0.12)
    return np.concatenate([low, high, kind[:, None]], axis=1).astype(np.float32)[keep]


def _pasted(stock: Stock, rng: Generator, under: Scene) -> Scene:
    """People cut out elsewhere, put in; who is further down is in front, and larger where the ground is seen from above."""
    pixels, boxes = under.pixels.copy(), [*under.boxes]
    height = pixels.shape[0]
    typical = float(np.exp(rng.uniform(np.log(15), np.log(0.6 * height))))
    from_above = rng.random() < 0.5
    for bottom in np.sort(rng.uniform(0.25, 0.98, rng.integers(1, 6))) * height:
        cutout = stock.cutouts[rng.integers(len(stock.cutouts))]
        tall = typical * (0.6 + 0.8 * bottom / height if from_above else rng.uniform(0.7, 1.4))
        if tall > 1.3 * cutout.shape[0]:
            continue
        box = _put(pixels, cutout, tall, bottom, rng)
        if box is None:
            continue
        for other in boxes:
            if _covered(other, box) > 0.6:
                other[4] = DOUBTFUL
        boxes.append(box)
    return Scene(pixels, np.array(boxes, np.float32).reshape(-1, 5))


def _put(pixels: Pixels, cutout: Pixels, tall: float, bottom: float, rng: Generator):
    """Draws the cutout into `pixels`; its box, or None when it has no room."""
    wide = max(3, int(cutout.shape[1] * tall / cutout.shape[0] * rng.uniform(0.85, 1.1)))
    figure = cv2.resize(cutout, (wide, max(8, int(tall))), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        figure = figure[:, ::-1]
    top = max(0, int(bottom) - figure.shape[0])
    left = int(rng.integers(0, max(1, pixels.shape[1] - wide) + 1))
    figure = figure[: pixels.shape[0] - top, : pixels.shape[1] - left]
    high, wide = figure.shape[:2]
    if high < 10 or wide < 4:
        return None
    under = pixels[top : top + high, left : left + wide].astype(np.float32)
    opaque = figure[..., 3:].astype(np.float32) / 255
    colours = figure[..., :3].astype(np.float32)
    if rng.random() < 0.6 and (opaque > 0.5).any():  # the light of where it is put
        colours += (under.mean() - colours[opaque[..., 0] > 0.5].mean()) * rng.uniform(0.2, 0.5)
    colours *= rng.uniform(0.8, 1.2)
    pixels[top : top + high, left : left + wide] = np.clip(colours * opaque + under * (1 - opaque), 0, 255)
    return np.array([left, top, left + wide, top + high, PERSON], np.float32)


def _covered(box, by) -> float:
    across = min(box[2], by[2]) - max(box[0], by[0])
    down = min(box[3], by[3]) - max(box[1], by[1])
    return max(0.0, across) * max(0.0, down) / max(1e-6, (box[2] - box[0]) * (box[3] - box[1]))


def _light(pixels: Pixels, rng: Generator) -> Pixels:
    """Other exposure, contrast, colour, noise, focus and compression: what cameras do to a picture."""
    made = pixels
    if rng.random() < 0.8:
        light = made.astype(np.float32) * rng.uniform(0.6, 1.4) + rng.uniform(-30, 30)
        if rng.random() < 0.6:
            light = (light - light.mean()) * rng.uniform(0.6, 1.4) + light.mean()
        if rng.random() < 0.5:
            light *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
        if rng.random() < 0.5:
            grey = light @ np.array([0.114, 0.587, 0.299], np.float32)
            light = grey[..., None] + (light - grey[..., None]) * rng.uniform(0, 1.6)
        if rng.random() < 0.2:
            light += rng.normal(0, rng.uniform(2, 14), light.shape).astype(np.float32)
        made = np.clip(light, 0, 255).astype(np.uint8)
    if rng.random() < 0.18:  # infrared
        made = cv2.cvtColor(cv2.cvtColor(made, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    blur = rng.random()
    if blur < 0.12:
        made = cv2.GaussianBlur(made, (0, 0), rng.uniform(0.4, 1.3))
    elif blur < 0.28:
        small = cv2.resize(made, None, fx=(by := rng.uniform(0.45, 0.85)), fy=by, interpolation=cv2.INTER_AREA)
        made = cv2.resize(small, made.shape[1::-1])
    if rng.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 76))]
        made = cv2.imdecode(cv2.imencode(".jpg", made, quality)[1], cv2.IMREAD_COLOR)
    return made
