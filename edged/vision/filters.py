"""Which detections of a camera count."""

from collections.abc import Iterable

import numpy as np

from edged import config
from edged.labels import Aliases, expanded
from edged.vision import polygons
from edged.vision.detections import Found, Ints


def groups(labels: tuple[str, ...], aliases: Aliases) -> Ints:
    """(C,): a number per class, equal for classes that share an alias: a detector that wavers between them still sees one object."""
    group = np.arange(len(labels), dtype=np.int32)
    for alias in aliases:
        members = group[_classes(expanded([alias], aliases), labels)]
        if len(members):
            group[np.isin(group, members)] = members.min()
    return group


class Filters:
    """The detections of one camera that count. `unknown` holds the wanted labels that this detector does not have.

    A detection goes when its label is not wanted, when it breaks a rule of its label's filter, or when the middle of its lower edge, where
    an object stands, lies in a mask. A filter under a label beats one under its alias.
    """

    def __init__(self, camera: config.Camera, labels: tuple[str, ...], aliases: Aliases) -> None:
        wanted = expanded(camera.labels, aliases) or tuple(label.lower() for label in labels)
        self.unknown = tuple(sorted(set(wanted) - {label.lower() for label in labels}))
        self._wanted = np.zeros(len(labels), np.bool_)
        self._wanted[_classes(wanted, labels)] = True
        self._masks = camera.masks
        # least score, width, height; greatest width, height
        self._least = np.zeros((len(labels), 3), np.float32)
        self._most = np.ones((len(labels), 2), np.float32)
        for name in sorted(camera.filters, key=lambda name: name.lower() not in {alias.lower() for alias in aliases}):
            rule = camera.filters[name]
            classes = _classes(expanded([name], aliases), labels)
            self._least[classes] = rule.score, rule.min_width, rule.min_height
            self._most[classes] = rule.max_width, rule.max_height

    def keep(self, found: Found) -> Found:
        """What of `found` counts."""
        size = found.boxes[:, 2:] - found.boxes[:, :2]
        least, most = self._least[found.classes], self._most[found.classes]
        keep = self._wanted[found.classes] & (found.scores >= least[:, 0])
        keep &= (size >= least[:, 1:]).all(axis=1) & (size <= most).all(axis=1)
        if self._masks:
            feet = np.stack([found.boxes[:, [0, 2]].mean(axis=1), found.boxes[:, 3]], axis=1)
            keep &= ~polygons.inside_any(feet, self._masks)
        return found.where(keep)


def _classes(names: Iterable[str], labels: tuple[str, ...]) -> list[int]:
    wanted = set(names)
    return [index for index, label in enumerate(labels) if label.lower() in wanted]
