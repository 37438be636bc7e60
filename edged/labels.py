"""Names of things: labels as detectors give them, and aliases for groups of them."""

from collections.abc import Iterable, Mapping

Aliases = Mapping[str, tuple[str, ...]]


def expanded(names: Iterable[str], aliases: Aliases) -> tuple[str, ...]:
    """The labels behind `names`, in lower case: an alias stands for its labels, any other name for itself."""
    lower = {alias.lower(): members for alias, members in aliases.items()}
    labels = (label.lower() for name in names for label in lower.get(name.lower(), (name,)))
    return tuple(dict.fromkeys(labels))
