"""What an operator gives of tokens: read from standard input only, trimmed and judged as the bridge does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.credentials import plain, seconds, trimmed
from ops.errors import OpsError

# Longer is no token, and no answer that holds some (characters).
LARGEST = 64 * 1024


class Given(msgspec.Struct, frozen=True):
    """What was given, by its names, and when (epoch s)."""

    held: dict[str, Any]
    now: float

    def word(self, name: str, *, needed: bool = True) -> str:
        """The token of that name, "" where none was given and none is needed. Raises OpsError for what can be none."""
        text = trimmed(self.held.get(name))
        if plain(text) or not (text or needed or self.held.get(name)):
            return text
        what = f"what was given as {name} cannot be one" if self.held.get(name) else f"no {name} was given"
        raise OpsError(what, "pipe in one word of plain characters, without spaces")

    def end(self, name: str) -> float | None:
        """When it ends (epoch s), by how long it lives; None where that was not told."""
        lives_s = seconds(self.held.get(name), 0.0)
        return self.now + lives_s if lives_s else None

    def other(self, name: str, known: str) -> bool:
        """Whether it was given, and as something else than what is known."""
        return trimmed(self.held.get(name)) not in {"", known}


def stdin(
    what: str = "token",
    pipe: str = "pipe it in: pbpaste | dmdesk token set …, or … < file",
    shape: str = "pipe in the token itself, or a JSON object with access_token",
) -> str:
    """All that is piped in. Raises OpsError at a terminal, which would show it, and where there is nothing; `what` is
    what should come, `pipe` and `shape` say how it does."""
    if sys.stdin.isatty():
        raise OpsError(f"no {what} on standard input", pipe)
    try:
        text = trimmed(sys.stdin.read(LARGEST + 1))
    except UnicodeDecodeError:
        text = ""
    if not text or len(text) > LARGEST:
        raise OpsError(f"standard input holds no {what}", shape)
    return text


def given(text: str, now: float, hide: Callable[[Any], None]) -> Given:
    """The tokens in the text: a JSON object, or the envelope of one that a platform answers (`data`), else the access
    token itself. `hide` is told of them. Raises OpsError."""
    if not text.startswith("{"):
        return Given({"access_token": text}, now)
    try:
        held = json.loads(text)
        held = held["data"] if isinstance(held.get("data"), dict) else held
    except (ValueError, RecursionError):
        raise OpsError("what was given begins as JSON and is none", "pipe in the whole object") from None
    hide({name: value for name, value in held.items() if name != "open_id"})  # which is the account's own id
    return Given(held, now)
