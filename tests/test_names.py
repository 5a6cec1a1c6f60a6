"""Whoever adds a channel or a desk adds a folder and an entry of the registry: no other module knows one by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.registry import CHANNELS, DESKS, abouts

ROOT = Path(__file__).resolve().parent.parent
# A name that is also a word, or a letter, is told by what only the one that has it is called, and by what only that one
# has.
WORDS = {"connect"}
LETTERS = {"x"}
# How many modules may: the registries, the bridge's advice on addresses, which names one for an example, and what the
# operator's help says of the product. Six in all were promised at the most.
ALLOWED = {"chalicelib": 2, "ops": 1, "sandbox": 1}


def marks(kind: str, packages: dict[str, str]) -> list[str]:
    """What a module says that names one of them."""
    told: list[str] = []
    for name, about in abouts(packages).items():
        own = [about.title, f'"{name}"', f"{kind}.{name}", f"{kind}/{name}", *about.settings, *about.secrets]
        told += own[1:] if name in LETTERS else own if name in WORDS else [name]
    return told


NAMES = re.compile("|".join(map(re.escape, marks("channels", CHANNELS) + marks("desks", DESKS))), re.IGNORECASE)
HOMES = {*CHANNELS, *DESKS}


def of_nobody(package: Path) -> list[Path]:
    """The package's modules but for those that stand in a channel's or a desk's folder, or are called after one."""
    paths = package.rglob("*.py")
    return [path for path in paths if not HOMES & {*path.relative_to(package).parts, path.stem}]


@pytest.mark.parametrize("package", ALLOWED)
def test_channels_and_desks_are_named_at_home(package: str) -> None:
    modules = of_nobody(ROOT / package)
    naming = [str(path.relative_to(ROOT)) for path in modules if NAMES.search(path.read_text(encoding="utf-8"))]
    assert len(modules) > ALLOWED[package]
    assert len(naming) <= ALLOWED[package], f"these modules name a channel or a desk: {', '.join(sorted(naming))}"
