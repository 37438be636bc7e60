"""A trained network -> the files that edged runs: int8 TFLite of one size each, and one int8 ONNX that takes every size."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.train.inputs import LEAST, MIDDLE, MOST, SCALE, Drawn, Size
from models.train.network import PersonNet, start_from

OPSET = 17  # ONNX Runtime 1.14 and later take it


class _Answers(nn.Module):
    """(1, H, W, 4 or 1) maps as `edged/vision/layouts.py` reads them: for each stride the probability of a person, then the box."""

    def __init__(self, network: PersonNet) -> None:
        super().__init__()
        self.network = network

    def _answers(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.normalised(x)
        return tuple(part.permute(0, 2, 3, 1) for score, box in maps for part in (score.sigmoid(), box))


class _ForTflite(_Answers):
    """Takes (1, H, W, 3) RGB, (x / 255 - MIDDLE) * SCALE: so the int8 input is the colour value, but for a shift."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._answers(x.permute(0, 3, 1, 2))


class _ForOnnx(_Answers):
    """Takes (1, 3, H, W) RGB of 0 to 255."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._answers(x * (SCALE / 255) - MIDDLE * SCALE)


def trained(weights: Path) -> PersonNet:
    """The network of a file that `fit` has written, its batch norms folded into the convolutions."""
    network = PersonNet()
    start_from(network, torch.load(weights, map_location="cpu")["ema"])
    return folded(network)


def folded(network: PersonNet) -> PersonNet:
    """The same function without batch norms."""
    made = copy.deepcopy(network).eval()
    for part in made.modules():
        if isinstance(part, nn.Sequential) and len(part) > 1:
            convolution, norm = part[0], part[1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part[0] = nn.utils.fusion.fuse_conv_bn_eval(convolution, norm)
                part[1] = nn.Identity()
    return made


def float_onnx(network: PersonNet, file: Path) -> None:
    """Writes float32 ONNX for pictures of any size whose sides are multiples of 32."""
    names = [f"{kind}{stride}" for stride in (8, 16, 32) for kind in ("score", "box")]
    free = {name: {1: f"rows_{name}", 2: f"columns_{name}"} for name in names}
    torch.onnx.export(
        _ForOnnx(network).eval(), (torch.zeros(1, 3, 256, 416),), str(file), dynamo=False, opset_version=OPSET,
        input_names=["picture"], output_names=names, dynamic_axes={"picture": {2: "height", 3: "width"}, **free},
    )  # fmt: skip


def int8_onnx(plain: Path, file: Path, pictures: Iterable[Drawn]) -> None:
    """Quantises `plain` with the ranges of all `pictures`: int8 weights by channel, uint8 activations, as QDQ."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._left = (picture for some in pictures for picture in some)

        def get_next(self) -> dict[str, Any] | None:
            picture = next(self._left, None)
            return None if picture is None else {"picture": picture.transpose(2, 0, 1)[None].astype(np.float32)}

    ready = file.with_suffix(".ready.onnx")
    quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready), str(file), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
    )  # fmt: skip
    ready.unlink()


def int8_tflite(network: PersonNet, file: Path, size: Size, pictures: Drawn) -> None:
    """Writes int8 TFLite for pictures of `size`, quantised with the ranges of `pictures`, which are of that size."""
    import litert_torch
    from ai_edge_quantizer import quantizer, recipe

    width, height = size
    plain = file.with_suffix(".float.tflite")
    example = (torch.rand(1, height, width, 3) - MIDDLE) * SCALE
    litert_torch.convert(_ForTflite(network).eval(), (example,)).export(str(plain))
    made = quantizer.Quantizer(str(plain))
    made.load_quantization_recipe(recipe.static_wi8_ai8())
    result = made.quantize(_ranges(plain, pictures))
    file.unlink(missing_ok=True)
    result.export_model(str(file))
    plain.unlink()


def _ranges(plain: Path, pictures: Drawn) -> dict[str, dict[str, Any]]:
    """The least and greatest value of each tensor over all pictures. Calibrating on all at once smooths them, and cuts scores off."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe

    ((signature, names),) = Interpreter(str(plain)).get_signature_list().items()
    (name,) = names["inputs"]
    ranges: dict[str, dict[str, Any]] = {}
    for picture in pictures:
        one = quantizer.Quantizer(str(plain))
        one.load_quantization_recipe(recipe.static_wi8_ai8())
        values = ((picture[None] / 255 - MIDDLE) * SCALE).astype(np.float32)
        values.flat[:2] = LEAST, MOST  # so that the input's own scale is that of colour values
        for tensor, found in one.calibrate({signature: [{name: values}]}).items():
            known = ranges.setdefault(tensor, dict(found))
            for end, keep in (("min", np.minimum), ("max", np.maximum)):
                if end in known:
                    known[end] = keep(known[end], found[end])
    return ranges
