"""Whoever adds a channel or a desk adds a folder and an entry of the registry: no other module knows one by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.registry import CHANNELS, DESKS

ROOT = Path(__file__).resolve().parent.parent
NAMES = re.compile("|".join((*CHANNELS, *DESKS)), re.IGNORECASE)
# How many modules may: the registries, the bridge's advice on addresses, which names one for an example, and what the
# operator's help says of the product. Six in all were promised at the most.
ALLOWED = {"chalicelib": 2, "ops": 1, "sandbox": 1}


def of_nobody(package: Path) -> list[Path]:
    """The package's modules but for those that stand in a channel's or a desk's folder, or are called after one."""
    return [path for path in package.rglob("*.py") if not NAMES.search(str(path.relative_to(package)))]


@pytest.mark.parametrize("package", ALLOWED)
def test_channels_and_desks_are_named_at_home(package: str) -> None:
    modules = of_nobody(ROOT / package)
    naming = [str(path.relative_to(ROOT)) for path in modules if NAMES.search(path.read_text(encoding="utf-8"))]
    assert len(modules) > ALLOWED[package]
    assert len(naming) <= ALLOWED[package], f"these modules name a channel or a desk: {', '.join(sorted(naming))}"
