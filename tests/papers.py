"""The papers as their readers see them: links, anchors, commands, and the lines of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {".venv", ".git", "build", ".terraform", "node_modules"}

_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def papers() -> list[Path]:
    """Every Markdown file of the repository."""
    return sorted(path for path in ROOT.rglob("*.md") if not NOT_OURS & set(path.relative_to(ROOT).parts))


def prose(text: str) -> Iterator[str]:
    """The lines outside code blocks."""
    return (line for line, code in _lines(text) if not code)


def code(text: str) -> Iterator[str]:
    """What stands as code, a line or a span at a time, without the comments of a shell."""
    for line, is_code in _lines(text):
        if is_code:
            yield re.split(r"(?:^|\s+)#\s", line.strip())[0].removeprefix("$ ")
        else:
            yield from _SPAN.findall(line)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is one of a code block: a fenced one, or an indented one, after an empty line."""
    fenced = indented = False
    before = ""
    for line in text.splitlines():
        if line.startswith(("```", "~~~")):
            fenced = not fenced
            continue
        goes_on = indented or not before
        indented = goes_on and (line.startswith("    ") or (indented and not line))
        yield line, fenced or indented
        before = line


def links(text: str) -> Iterator[str]:
    """What the text leads to, the internet left out."""
    for line in prose(text):
        for found in _LINK.finditer(_SPAN.sub("", line)):
            target = found[1] or found[2]
            if not re.match(r"[a-z]+:", target):
                yield target


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    found: list[str] = []
    for line in prose(text):
        if heading := re.match(r"#{1,6}\s+(.+?)\s*#*$", line):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "")
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            again = sum(1 for one in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", one))
            found.append(f"{slug}-{again}" if again else slug)
    return set(found)


def rows(text: str) -> Iterator[str]:
    """What the tables have a line for: each name, in code, of a row's first cell."""
    for line in prose(text):
        if line.startswith("|"):
            yield from _SPAN.findall(line.split("|")[1])


def options(group: click.Group, line: str) -> set[str]:
    """Those of the command that the line begins with, which may be one of a group."""
    name, _, rest = line.strip().partition(" ")
    command = group.commands[name]
    if isinstance(command, click.Group) and rest.strip().partition(" ")[0] in command.commands:
        return options(command, rest)
    return {option for given in command.params if isinstance(given, click.Option) for option in given.opts}
