"""The training loop. It writes down where it is every few minutes and goes on from there when started again."""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from models.train.network import PersonNet, flat, start_from
from models.train.scenes import Stock, scene
from models.train.targets import loss

SIZES = ((320, 192), (416, 256), (512, 320))  # width, height; a batch is all of one size
BATCH = 32
MOST_PEOPLE = 40
WARM_UP = 300
SAVED_EVERY = 180.0  # seconds


@dataclass(frozen=True)
class Plan:
    """`steps` batches, over which the learning rate falls from `rate` along half a cosine; this time no further than `until`."""

    steps: int
    until: int
    rate: float = 3e-3
    seed: int = 0
    workers: int = 1


class Scenes(IterableDataset):
    """Batches for ever: pictures (N, 3, H, W) of 0 to 255, people (N, MOST_PEOPLE, 5)."""

    def __init__(self, stock: Stock, seed: int) -> None:
        super().__init__()
        self._stock = stock
        self._seed = seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self._seed, worker.id if worker else 0))
        while True:
            width, height = SIZES[rng.choice(len(SIZES), p=(0.3, 0.5, 0.2))]
            pictures = np.empty((BATCH, 3, height, width), np.uint8)
            people = np.zeros((BATCH, MOST_PEOPLE, 5), np.float32)
            for index in range(BATCH):
                made = scene(self._stock, rng, width, height)
                pictures[index] = made.pixels[..., ::-1].transpose(2, 0, 1)
                boxes = made.boxes[rng.permutation(len(made.boxes))[:MOST_PEOPLE]]
                people[index, : len(boxes)] = boxes
            yield torch.from_numpy(pictures), torch.from_numpy(people)


def fit(stock: Stock, plan: Plan, place: Path, start: Path | None) -> PersonNet:
    """Trains as far as the plan says; the averaged network. `place` keeps what is needed to go on."""
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = PersonNet()
    if start:
        start_from(network, torch.load(start, map_location="cpu")["ema"])
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(_groups(network), lr=plan.rate, betas=(0.9, 0.99))
    step, file = 0, place / "training.pt"
    if file.exists():
        saved = torch.load(file, map_location="cpu")
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"going on at step {step} of {plan.steps}", flush=True)
    network.to(device, memory_format=torch.channels_last)
    average.to(device)
    batches = iter(DataLoader(Scenes(stock, plan.seed + step), batch_size=None, num_workers=plan.workers))
    said = saved_at = time.monotonic()
    figures: list[list[float]] = []
    while step < plan.until:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _share(step, plan.steps)
        pictures, people = next(batches)
        pictures = pictures.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
        network.train()
        with torch.autocast(device.type, dtype=torch.bfloat16):
            maps = network(pictures)
        missed = loss(*flat(maps), people.to(device))
        optimiser.zero_grad(set_to_none=True)
        missed.total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        _follow(average, network, step if not start else step + 2000)
        figures = [*figures[-99:], [float(missed.score), float(missed.box), float(missed.overlap)]]
        if (now := time.monotonic()) - said > 20:
            said = now
            score, box, overlap = np.mean(figures, 0)
            print(f"step {step}/{plan.steps} score {score:.3f} box {box:.3f} overlap {overlap:.3f}", flush=True)
        if now - saved_at > SAVED_EVERY or step == plan.until:
            saved_at = now
            _save(file, {"network": network.state_dict(), "average": average.state_dict(),
                         "optimiser": optimiser.state_dict(), "step": step})  # fmt: skip
    return average.cpu()


def _groups(network: PersonNet) -> list[dict]:
    weights = [value for value in network.parameters() if value.ndim > 1]
    rest = [value for value in network.parameters() if value.ndim <= 1]
    return [{"params": weights, "weight_decay": 0.03}, {"params": rest, "weight_decay": 0.0}]


def _share(step: int, steps: int) -> float:
    return min(1, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


@torch.no_grad()
def _follow(average: PersonNet, network: PersonNet, step: int) -> None:
    keep = min(0.9995, (1 + step) / (20 + step))
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def _save(file: Path, state: dict) -> None:
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)
