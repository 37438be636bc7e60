"""Finds the folders that ship beside the package, in a wheel, an editable install and a checkout alike."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def path(name: str) -> Path:
    """`models`, `handlers`, `proto`, `web-static` or `edged.toml`; FileNotFoundError names both places looked at."""
    places = [_PACKAGE / "_shipped" / name, _PACKAGE.parent / name]
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"{name} did not come with this install: looked at {places[0]} and {places[1]}")
