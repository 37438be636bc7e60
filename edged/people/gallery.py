"""Who is known: the gallery as this process holds it, followed live, and the only way to change it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged.identities import Identity, Sample
from edged.identity.index import Match
from edged.messages import IdentityStatus

Kind = Literal["face", "body"]
Vector = NDArray[np.float32]


class Change(NamedTuple):
    """`identity` is what `id` now is; None: it is gone."""

    id: str
    identity: Identity | None


class Gallery:
    """`identities` is what KV holds, a moment ago at most; do not change it. Deleted ones (`status`) are in it, and are never found by `search`."""

    identities: Mapping[str, Identity]

    async def search(self, kind: Kind, model: str, vector: Vector, top: int = 10) -> list[Match]:
        """The nearest samples, the best first; `identity.decide.decide` makes a decision of them."""
        raise NotImplementedError

    def size(self, kind: Kind, model: str) -> int:
        """How many identities have a vector of that kind and model."""
        raise NotImplementedError

    async def create(
        self, *, name: str = "", status: IdentityStatus = "known", by: str, samples: Any = (), id: str = ""
    ) -> Identity:
        """A new identity, safe in KV, with its `samples` [(Sample, vector, jpeg), …]. `id` makes it the same one when said twice.

        Raises BusError when it is not safe, Refused for an id that exists.
        """
        raise NotImplementedError

    async def add_sample(self, identity: str, sample: Sample, vector: Vector, jpeg: bytes, *, by: str) -> Identity:
        """Raises Refused when there is no such identity, or it has as many samples as it may."""
        raise NotImplementedError

    async def change(self, identity: str, change: Callable[[Identity], Identity], *, by: str) -> Identity:
        """What `change` makes of it, whoever else writes at the same time: it may be called several times. Raises Refused, BusError."""
        raise NotImplementedError

    def changes(self) -> AsyncIterator[Change]:
        """Every change from now on, as it comes in, whoever made it."""
        raise NotImplementedError


@asynccontextmanager
async def open_gallery(bus: Any, state_dir: Path) -> AsyncIterator[Gallery]:
    """The gallery, whole as soon as the block begins, and followed until its end. `bus` is a HandlerBus."""
    raise NotImplementedError
    yield
