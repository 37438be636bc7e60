"""A first look at many vectors at a quarter of the memory traffic: int8 products, and how wrong they can be at most.

One thread of numpy (BLAS) needs 6 ms for 100,000 vectors of 512 floats, because that is how long reading 200 MB takes; this needs 1.3 ms.
It runs in onnxruntime, whose `MatMulInteger` uses what the processor has (VNNI, AVX2, NEON dot products).
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime

Floats = NDArray[np.float32]

_LEVELS = 127
_TOGETHER = 1_024  # rows: what fits into a cache
# Of the query. Where AVX2 adds two products of 8 bits in 16 bits they overflow; so many levels cannot.
_SAFE_LEVELS = 63
_ROUNDING = 1e-5  # of float32 itself
_UINT8, _INT8, _INT32 = 2, 3, 6  # TensorProto.DataType


class Scan:
    """Made of rows (n, dimensions) of length 1, which it does not keep. `error` bounds how far any of its scores is from the true one."""

    def __init__(self, rows: Floats) -> None:
        count, dimensions = rows.shape
        self._levels = _levels()
        columns = np.empty((dimensions, count), np.int8)
        self._scales = np.empty(count, np.float32)
        self._sums = np.empty(count, np.int32)
        self._lost = 0.0
        for start in range(0, count, _TOGETHER):
            self._take(rows[start : start + _TOGETHER], start, columns)
        self._session = _session(columns)

    def scores(self, query: Floats) -> tuple[Floats, float]:
        """(n,) cosines, and by how much each may be wrong."""
        scale = max(float(np.abs(query).max()), 1e-12) / self._levels
        coarse = np.rint(query / scale)
        lost = float(np.linalg.norm(query - coarse * scale))
        fed = (coarse + (self._levels + 1)).astype(np.uint8)[None]
        products = self._session.run(None, {"query": fed})[0][0]
        return (products - self._sums) * (self._scales * np.float32(scale)), self._error(lost)

    def _take(self, rows: Floats, start: int, columns: NDArray[np.int8]) -> None:
        part = slice(start, start + len(rows))
        scales = np.maximum(np.maximum(rows.max(axis=1), -rows.min(axis=1)), np.float32(1e-12)) / np.float32(_LEVELS)
        coarse = np.rint(rows / scales[:, None])
        off = rows - coarse * scales[:, None]
        self._lost = max(self._lost, float(np.sqrt(np.einsum("ij,ij->i", off, off).max())))
        self._scales[part] = scales
        self._sums[part] = coarse.sum(axis=1) * (self._levels + 1)
        columns[:, part] = coarse.T

    def _error(self, lost: float) -> float:
        """Cauchy-Schwarz: |xq - x'q'| <= |x - x'| |q| + |x'| |q - q'|."""
        return self._lost + (1 + self._lost) * lost + _ROUNDING


@cache
def _levels() -> int:
    """As many as this processor multiplies without an overflow: tried with the largest numbers there are."""
    largest = np.full((64, 64), _LEVELS, np.int8)
    [[products]] = _session(largest).run(None, {"query": np.full((1, 64), 255, np.uint8)})
    return _LEVELS if (products == 64 * 255 * _LEVELS).all() else _SAFE_LEVELS


def _session(columns: NDArray[np.int8]) -> "onnxruntime.InferenceSession":
    import onnxruntime  # only a gallery large enough for it needs its 20 MB

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(_product(columns), options, providers=["CPUExecutionProvider"])


def _product(weights: NDArray[np.int8]) -> bytes:
    """An ONNX network that multiplies with `weights`; the fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3."""
    dimensions, count = weights.shape
    tensor = b"".join(_number(1, size) for size in weights.shape) + _number(2, _INT8) + _text(8, "rows")
    node = _text(1, "query") + _text(1, "rows") + _text(2, "scores") + _text(4, "MatMulInteger")
    graph = (
        _part(1, node)
        + _text(2, "scan")
        + _part(5, tensor + _part(9, weights.tobytes()))
        + _part(11, _value("query", _UINT8, (1, dimensions)))
        + _part(12, _value("scores", _INT32, (1, count)))
    )
    return _number(1, 8) + _part(8, _text(1, "") + _number(2, 13)) + _part(7, graph)


def _value(name: str, kind: int, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_part(1, _number(1, size)) for size in shape)
    return _text(1, name) + _part(2, _part(1, _number(1, kind) + _part(2, sizes)))


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))
