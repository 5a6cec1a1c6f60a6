"""Which channels and desks there are: a name as accounts have it, and the package that holds its parts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chalicelib.vocabulary.about import About

CHANNELS = {
    "instagram": "chalicelib.channels.instagram",
    "tiktok": "chalicelib.channels.tiktok",
    "x": "chalicelib.channels.x",
}
# The first is that of every account and stored seat that names none: it stays the first.
DESKS = {
    "genesys": "chalicelib.desks.genesys",
    "connect": "chalicelib.desks.connect",
}


def part(package: str, module: str, name: str) -> Any:
    """What a channel's or a desk's package has under this name in one of its modules; no other module is loaded."""
    return getattr(import_module(f"{package}.{module}"), name)


def having(packages: Mapping[str, str], module: str) -> dict[str, str]:
    """Those of them that have this module, which a channel or a desk may lack."""
    return {name: package for name, package in packages.items() if find_spec(f"{package}.{module}") is not None}


def abouts(packages: Mapping[str, str]) -> dict[str, About]:
    """What each of them (CHANNELS, DESKS) says of itself, by its name."""
    return {name: part(package, "about", "ABOUT") for name, package in packages.items()}
