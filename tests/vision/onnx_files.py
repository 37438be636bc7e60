"""ONNX files small enough to write by hand: networks that find the same things in every picture, and such as multiply it by a matrix.

The protobuf fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1


def constant(path: Path, input_shape: tuple[int, ...], output: NDArray[np.float32]) -> Path:
    """A network whose one output is `output` whatever it is fed."""
    node = _text(1, "w") + _text(2, "output") + _text(4, "Identity")
    return _written(path, [node], {"w": output}, input_shape, output.shape)


def linear(path: Path, input_shape: tuple[int, ...], weights: NDArray[np.float32], offset: NDArray[np.float32]) -> Path:
    """A network that takes a picture's numbers (N,) times `weights` (N, M), plus `offset` (M,)."""
    flat = _text(1, "images") + _text(2, "flat") + _text(4, "Flatten")
    product = _text(1, "flat") + _text(1, "w") + _text(1, "c") + _text(2, "output") + _text(4, "Gemm")
    return _written(path, [flat, product], {"w": weights, "c": offset}, input_shape, (1, weights.shape[1]))


def _written(
    path: Path,
    nodes: list[bytes],
    constants: dict[str, NDArray[np.float32]],
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
) -> Path:
    graph = (
        b"".join(_message(1, node) for node in nodes)
        + _text(2, "by hand")
        + b"".join(_message(5, _weights(name, values)) for name, values in constants.items())
        + _message(11, _value("images", input_shape))
        + _message(12, _value("output", output_shape))
    )
    path.write_bytes(_number(1, 8) + _message(8, _text(1, "") + _number(2, 13)) + _message(7, graph))
    return path


def _weights(name: str, values: NDArray[np.float32]) -> bytes:
    shape = b"".join(_number(1, size) for size in values.shape)
    return shape + _number(2, _FLOAT) + _text(8, name) + _message(9, values.astype(np.float32).tobytes())


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_message(1, _number(1, size)) for size in shape)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, sizes)))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))
