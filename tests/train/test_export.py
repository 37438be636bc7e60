"""What is exported says what the network says. Needs the group `train`."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the group `train` is not installed: make train-person")

from edged import config  # noqa: E402
from edged.vision.detector import open_detector  # noqa: E402
from models.train import export, shipping  # noqa: E402
from models.train.network import PersonNet  # noqa: E402
from tests import frames  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture
def network():
    """Random weights, and norms that are not the identity."""
    torch.manual_seed(1)
    made = PersonNet()
    for part in made.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.uniform_(part.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
    for head in made.heads:
        torch.nn.init.normal_(head.score.weight, std=0.3)
    return made.eval()


@torch.no_grad()
def test_without_batch_norms_it_is_the_same_function(network):
    folded = export.folded(network)
    assert not [part for part in folded.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    picture = torch.rand(1, 3, 64, 96)
    for (score, box), (same_score, same_box) in zip(network(picture), folded(picture), strict=True):
        assert torch.allclose(score, same_score, atol=1e-3)
        assert torch.allclose(box, same_box, atol=1e-3)


async def test_onnx_through_the_detector_finds_what_the_network_finds(network, tmp_path):
    export.float_onnx(export.folded(network), tmp_path / "float.onnx")
    shipping.describe(tmp_path)
    frame = frames.of_rgb(np.random.default_rng(0).integers(0, 256, (256, 416, 3)).astype(np.uint8), full_range=True)
    async with open_detector(config.Detector(model="edged-person-float", threads=1), tmp_path) as detector:
        found, _ = await detector.detect(frame, 0.0)
    with torch.no_grad():
        best = max(float(score.sigmoid().max()) for score, _ in network(_picture(frame)))
    assert float(found.scores.max()) == pytest.approx(best, abs=0.02)


def _picture(frame):
    rgb = frame.picture.reformat(format="rgb24", src_colorspace="ITU601").to_ndarray()
    return torch.from_numpy(rgb.transpose(2, 0, 1).copy())[None].float() / 255
