"""What the network is to say of a scene, and how far it is from it.

Each person gets the places whose score and box agree best with it (task alignment: Feng and others 2021, TOOD); their target is how well the box fits.
Boxes are held to by distance-IoU (Zheng and others 2020), scores by a cross entropy that weighs easy empty places little (Zhang and others 2021, VarifocalNet).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.train.network import corners, places
from models.train.pictures import DOUBTFUL, PERSON

MOST_PLACES = 9  # for one person
_LEVELS = ((8, 0, 110), (16, 36, 200), (32, 80, float("inf")))  # stride, from and to which height in pixels


class Loss(NamedTuple):
    total: Tensor
    score: Tensor
    box: Tensor
    overlap: Tensor


def loss(logits: Tensor, boxes: Tensor, shapes: list[torch.Size], truth: Tensor) -> Loss:
    """`truth` is (N, G, 5): x1, y1, x2, y2, and PERSON, DOUBTFUL, or 0 for nothing."""
    truth = truth[:, : max(1, int((truth[..., 4] > 0).sum(1).max()))]
    centres, strides = places(shapes)
    found = corners(boxes, centres, strides)
    chosen, target, wanted, doubtful = _assigned(logits.detach().sigmoid(), found.detach(), centres, strides, truth)
    total = target.sum().clamp(min=1)
    weight = torch.where(chosen, 1.0, 0.75 * logits.detach().sigmoid() ** 1.5) * ~doubtful
    score = (functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).sum() / total
    if not chosen.any():
        nothing = boxes.sum() * 0
        return Loss(score + nothing, score.detach(), nothing.detach(), nothing.detach())
    distance, overlap = _distance(found[chosen], wanted[chosen])
    share = target[chosen]
    box = (distance * share).sum() / total
    return Loss(score + 2 * box, score.detach(), box.detach(), (overlap * share).sum().detach() / total)


@torch.no_grad()
def _assigned(scores: Tensor, found: Tensor, centres: Tensor, strides: Tensor, truth: Tensor):
    """For each place: is it somebody's, the target of its score, of its box, and is it in a doubtful box."""
    person = truth[..., 4] == PERSON
    middle, half = (truth[..., :2] + truth[..., 2:4]) / 2, ((truth[..., 2:4] - truth[..., :2]) / 2).clamp(min=6)
    away = (centres - middle[:, :, None]).abs() / half[:, :, None]
    high = (truth[..., 3] - truth[..., 1])[:, :, None]
    level = torch.zeros_like(high, dtype=torch.bool)
    for stride, low, top in _LEVELS:
        level = level | ((strides == stride) & (high > low) & (high < top))
    inside = (away < 1).all(-1) & person[..., None] & level
    overlap = _overlap(truth[:, :, None, :4], found[:, None])
    fit = scores[:, None] ** 0.7 * overlap.clamp(min=1e-4) ** 4 * torch.exp(-away.square().sum(-1) / 2) * inside
    best, index = fit.topk(min(MOST_PLACES, fit.shape[-1]), -1)
    fit = fit * (torch.zeros_like(fit).scatter(2, index, (best > 0).float()) > 0)
    owner = fit.argmax(1, keepdim=True)
    chosen = fit.amax(1) > 0
    own = fit * torch.zeros_like(fit).scatter(1, owner, 1.0)
    reach = (overlap * (own > 0)).amax(-1, keepdim=True)
    target = (own / (own.amax(-1, keepdim=True) + 1e-9) * reach).amax(1) * chosen
    wanted = torch.gather(truth[..., :4], 1, owner.transpose(1, 2).expand(-1, -1, 4))
    within = (centres > truth[:, :, None, :2]).all(-1) & (centres < truth[:, :, None, 2:4]).all(-1)
    doubtful = (within & (truth[..., 4:] == DOUBTFUL)).any(1)
    return chosen, target, wanted, doubtful & ~chosen


def _overlap(a: Tensor, b: Tensor) -> Tensor:
    shared = (torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    areas = [(x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1) for x in (a, b)]
    return shared / (areas[0] + areas[1] - shared + 1e-6)


def _distance(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    overlap = _overlap(found, wanted)
    around = torch.max(found[:, 2:], wanted[:, 2:]) - torch.min(found[:, :2], wanted[:, :2])
    apart = (found[:, :2] + found[:, 2:] - wanted[:, :2] - wanted[:, 2:]) / 2
    return 1 - overlap + apart.square().sum(-1) / (around.square().sum(-1) + 1e-6), overlap
