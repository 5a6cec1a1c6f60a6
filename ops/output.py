"""What is printed: for people or as JSON, and never a secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from ops.errors import OpsError

HIDDEN = "[hidden]"
# Shorter values could stand inside innocent words.
SHORTEST = 6
# Names inside a secret's object that are known anyway, and that findings are about.
PUBLIC = {"id", "app_id", "user_id", "version", "scope"}


class Out:
    """Prints results. What was given to `hide` is replaced wherever it would appear."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._secrets: set[str] = set()

    def hide(self, value: Any) -> None:
        """A secret, or an object with secrets in it: every text of it is hidden from now on."""
        if isinstance(value, str):
            if len(value) >= SHORTEST:
                self._secrets.add(value)
        elif isinstance(value, Mapping):
            for name, inner in value.items():
                if name not in PUBLIC:
                    self.hide(inner)
        elif isinstance(value, Iterable):
            for inner in value:
                self.hide(inner)

    def scrub(self, text: str) -> str:
        """The text without any secret."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN).replace(json.dumps(secret)[1:-1], HIDDEN)
        return text

    def result(self, value: Any, lines: Sequence[str]) -> None:
        """The value with --json, else the lines."""
        text = json.dumps(value, ensure_ascii=False, indent=2) if self.as_json else "\n".join(lines)
        click.echo(self.scrub(text))

    def note(self, line: str) -> None:
        """A line beside the result, on stderr."""
        click.echo(self.scrub(line), err=True)

    def failure(self, message: str, fix: str) -> None:
        """Why the command failed: an object on stdout with --json, else lines on stderr."""
        if self.as_json:
            click.echo(self.scrub(json.dumps({"error": message, "fix": fix}, ensure_ascii=False, indent=2)))
        else:
            click.echo(self.scrub(f"Error: {message}" + (f"\n  fix: {fix}" if fix else "")), err=True)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns, aligned; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def ago(seconds: float) -> str:
    """How long ago, in the largest fitting unit."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def run(as_json: bool, work: Callable[[Out], None]) -> None:
    """Does a command's work; whatever it raises is shown without secrets, and ends the command with 1."""
    out = Out(as_json)
    try:
        work(out)
    except OpsError as error:
        out.failure(error.message, error.fix)
        sys.exit(1)
