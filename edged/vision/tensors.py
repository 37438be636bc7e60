"""What goes into and comes out of a network, whichever library runs it."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edged.vision.detections import Floats

Array = NDArray[Any]


class ModelError(Exception):
    """A model can't be used. The text is one line: what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How an engine wants its input: `shape` with None where any size will do.

    real = (quantised - zero) * scale; a scale of 0 says that values are real already.
    """

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero: int = 0


@dataclass(frozen=True, slots=True)
class Tensor:
    """One output as the network left it, quantised or not; see Spec for `scale` and `zero`."""

    values: Array
    scale: float = 0.0
    zero: int = 0
    name: str = ""

    def real(self, values: Array) -> Floats:
        """Part of `values` as real numbers: dequantise only what is needed."""
        if not self.scale:
            return values.astype(np.float32)
        return (values.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)

    def threshold(self, real: float) -> float:
        """The least value as stored that is not below `real`, so that comparing needs no dequantising."""
        return np.ceil(real / self.scale + self.zero - 1e-6) if self.scale else real


class Engine(Protocol):
    """A loaded network. One thread at a time may run it, any thread; `run` lets other threads work meanwhile.

    `runtime` is the library and its version, `device` where it runs, `notice` why it doesn't run where it was asked to.
    `on_cpu` says that a second one beside it has cores to run on.
    """

    input: Spec
    runtime: str
    device: str
    notice: str
    on_cpu: bool

    def run(self, tensor: Array) -> tuple[Tensor, ...]:
        """The outputs, copied out of the engine. ModelError when the library or the device fails."""
