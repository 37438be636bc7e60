"""What is remembered of what came last."""

from collections import OrderedDict
from typing import Generic, TypeVar

REMEMBERED = 8192

K = TypeVar("K")
V = TypeVar("V")


class Recent(OrderedDict[K, V], Generic[K, V]):
    """Forgets the one set first of more than `REMEMBERED`."""

    def __setitem__(self, name: K, value: V) -> None:
        super().__setitem__(name, value)
        if len(self) > REMEMBERED:
            self.popitem(last=False)
