"""Whoever follows the pages on adding a channel and a desk ends with what the made-up ones have, file by file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.papers import ROOT, links

EXAMPLES = {"docs/adding-a-channel.md": "pigeon", "docs/adding-a-desk.md": "counter"}


class Row(NamedTuple):
    """A file of the example: where its link leads, what it has to hold, and the module and names that it follows."""

    file: str
    link: str
    holds: list[str]
    after: str
    names: list[str]


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def folder(page: str) -> Path:
    return ROOT / "tests" / "extension" / EXAMPLES[page]


def rows(page: str) -> Iterator[Row]:
    for line in text(page).splitlines():
        if line.startswith("| [`"):
            file, holds, after = (cell.strip() for cell in line.split("|")[1:-1])
            name, link = re.findall(r"^\[`(.+)`\]\((.+)\)$", file)[0]
            module, *names = re.findall(r"`([^`]+)`", after) or [""]
            yield Row(name, link, re.findall(r"`([^`]+)`", holds), module, names)


def module_of(page: str, file: str) -> str:
    return f"tests.extension.{EXAMPLES[page]}.{file.removesuffix('.py').replace('/', '.')}"


@pytest.mark.parametrize("page", EXAMPLES)
def test_a_page_names_every_file_and_no_other(page: str) -> None:
    there = {path.relative_to(folder(page)).as_posix() for path in folder(page).rglob("*") if path.suffix == ".py"}
    assert sorted(row.file for row in rows(page)) == sorted(there)
    assert {row.file for row in rows(page) if (ROOT / "docs" / row.link).resolve() != folder(page) / row.file} == set()


@pytest.mark.parametrize("page", EXAMPLES)
def test_a_page_leads_to_nothing_else_of_the_examples(page: str) -> None:
    led = {(ROOT / "docs" / link).resolve() for link in links(text(page)) if "tests/extension/" in link}
    others = {path.name for path in led if path.is_file() and folder(page) not in path.parents}
    assert others == {"town.py", "test_workers.py", "test_sandbox.py"}


@pytest.mark.parametrize("page", EXAMPLES)
def test_a_file_holds_what_the_page_says(page: str) -> None:
    held = [(row.file, name) for row in rows(page) for name in row.holds]
    assert len(held) >= 4
    assert [one for one in held if not hasattr(import_module(module_of(page, one[0])), one[1])] == []


@pytest.mark.parametrize("page", EXAMPLES)
def test_what_a_file_follows_is_where_the_page_says(page: str) -> None:
    followed = [(row.after, name) for row in rows(page) for name in row.names]
    assert len(followed) >= 8
    for place, name in followed:
        path = place if place.startswith(("ops/", "sandbox/")) else f"chalicelib/{place}"
        assert hasattr(import_module(path.removesuffix(".py").replace("/", ".")), name), f"{path}: {name}"


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_places_of_the_product_are_there(page: str) -> None:
    named = set(re.findall(r"`((?:chalicelib|ops|sandbox|terraform|tests)/[\w/.-]+)`", text(page)))
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).exists()] == []
