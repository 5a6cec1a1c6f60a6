"""What a worker's call is for, in one word: as the road names it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Purpose = Literal[
    "", "message", "tap", "receipt", "typing", "seen", "token", "profile", "post", "file", "upload", "abilities",
    "is_open", "read_back", "search", "claim", "remember", "call",
]  # fmt: skip
Tails = Iterable[tuple[str, Purpose]]
"""What calls are for, by the end of their path."""


def by_tail(path: str, tails: Tails) -> Purpose:
    """The first of the tails that the path has; "" where it has none."""
    return next((purpose for tail, purpose in tails if path.endswith(tail)), "")
