"""Patterns in linear time, whatever a customer writes: RE2, which knows no look-around and no back references.

It is loaded where an account has patterns, and nowhere else. `\\w`, `\\d` and `\\b` are ASCII in it, `\\p{L}` and
`\\p{N}` any letter and number. github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Matching = Callable[[str], list[int]]


def problem(pattern: str) -> str:
    """Why RE2 does not take the pattern; "" where it does."""
    import re2

    try:
        re2.compile(pattern, _options(re2))
    except re2.error as error:
        told = error.args[0] if error.args else "it is refused"
        return told.decode(errors="replace") if isinstance(told, bytes) else str(told)
    return ""


def matching(patterns: Sequence[str]) -> Matching:
    """Which of the patterns match a text, by their places in ascending order. Raises ValueError where one is none."""
    import re2

    several = re2.Set.SearchSet(_options(re2))
    try:
        for pattern in patterns:
            several.Add(pattern)
        several.Compile()
    except re2.error as error:
        raise ValueError(f"a pattern that RE2 does not take: {error}") from None
    return lambda text: sorted(several.Match(text) or ())


def _options(re2: Any) -> Any:
    options = re2.Options()
    options.log_errors = False  # else RE2 prints bad patterns to stderr, which is the log
    return options
