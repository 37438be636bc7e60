"""The network: plain 3x3 convolutions and ReLU, which int8 likes, three scales, no anchors (after FCOS, Tian and others 2019)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
WIDTHS = (16, 32, 64, 96, 128)
DEPTHS = (1, 2, 3, 4)  # residual blocks at strides 4, 8, 16, 32
NECK = 64
_SINCE_THE_TRIAL = ("middle.3.", "coarse.3.", "coarse.4.")  # start as doing nothing
LIMITS = (-3.0, 4.0)  # of the logarithm of half a box's side, in strides


class Step(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1, active: bool = True) -> None:
        layers = [
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs, momentum=0.03),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if active else []))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow, self.wide = Step(width, width // 2), Step(width // 2, width, active=False)
        nn.init.zeros_(self.wide[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.wide(self.narrow(x)))


class Head(nn.Module):
    """For each place a logit that a person is there, and (dx, dy, log w/2, log h/2) of the box in strides."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.trunk, self.score, self.box = Step(width, width), nn.Conv2d(width, 1, 1), nn.Conv2d(width, 4, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(self.score.bias, -4.6)
        nn.init.normal_(self.box.weight, std=0.01)
        nn.init.zeros_(self.box.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.trunk(x)
        return self.score(x), self.box(x)


class PersonNet(nn.Module):
    """(N, 3, H, W) RGB of 0 to 1, H and W multiples of 32 -> (score, box) maps for each stride."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = WIDTHS
        at_4, at_8, at_16, at_32 = DEPTHS
        self.stem = nn.Sequential(Step(3, first, 3, 2), *_stage(first, second, at_4))
        self.fine = nn.Sequential(*_stage(second, third, at_8))
        self.middle = nn.Sequential(*_stage(third, fourth, at_16))
        self.coarse = nn.Sequential(*_stage(fourth, fifth, at_32))
        self.fine_in, self.middle_in, self.coarse_in = (Step(width, NECK, 1) for width in (third, fourth, fifth))
        self.middle_out, self.fine_out = Step(NECK, NECK), Step(NECK, NECK)
        self.heads = nn.ModuleList([Head(NECK) for _ in STRIDES])

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        return self.normalised((x - 0.45) * 4)

    def normalised(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The same for an input that is already (x - 0.45) * 4, as the exported files take it."""
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        low = self.coarse_in(self.coarse(middle))
        between = self.middle_out(self.middle_in(middle) + _doubled(low))
        high = self.fine_out(self.fine_in(fine) + _doubled(between))
        return [head(part) for head, part in zip(self.heads, (high, between, low), strict=True)]


def _stage(inputs: int, outputs: int, depth: int) -> list[nn.Module]:
    return [Step(inputs, outputs, 3, 2), *(Residual(outputs) for _ in range(depth))]


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def places(shapes: list[torch.Size]) -> tuple[Tensor, Tensor]:
    """Centres (A, 2) in pixels and strides (A,) of all places of maps of these sizes."""
    centres, strides = [], []
    for (high, wide), stride in zip(shapes, STRIDES, strict=True):
        down, across = torch.meshgrid(torch.arange(high), torch.arange(wide), indexing="ij")
        centres.append((torch.stack([across, down], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((high * wide,), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def flat(maps: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, list[torch.Size]]:
    """Logits (N, A), boxes (N, A, 4) as the network says them, and the maps' sizes."""
    logits = torch.cat([score.flatten(1) for score, _ in maps], 1).float()
    boxes = torch.cat([box.flatten(2).transpose(1, 2) for _, box in maps], 1).float()
    return logits, boxes, [score.shape[2:] for score, _ in maps]


def corners(boxes: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """(…, A, 4) as x1, y1, x2, y2 in pixels."""
    middle = centres + boxes[..., :2] * strides[:, None]
    half = torch.exp(boxes[..., 2:].clamp(*LIMITS)) * strides[:, None]
    return torch.cat([middle - half, middle + half], -1)


def start_from(network: PersonNet, weights: dict[str, Tensor]) -> None:
    """Takes over weights of this network, under these names or, of the shallower first trial, in the same order. ValueError for others."""
    ours = network.state_dict()
    if weights.keys() != ours.keys():
        shared = [name for name in ours if not name.startswith(_SINCE_THE_TRIAL)]
        if [ours[name].shape for name in shared] != [value.shape for value in weights.values()]:
            raise ValueError("these weights are of another network: train from random ones, without --start")
        weights = dict(zip(shared, weights.values(), strict=True))
    network.load_state_dict(ours | weights)
