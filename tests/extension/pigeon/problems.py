"""The pigeon's error codes: docs/errors.md is written from the rows."""

from __future__ import annotations

from typing import Any

from chalicelib.http import Answer
from chalicelib.protocols.verdicts import (
    THROTTLED,
    Act,
    Problem,
    Table,
    Verdict,
    by_status,
    label,
    number,
    raise_for,
    token,
)

_SOURCE = "pigeon.example/errors"

PROBLEMS = (
    Problem(code=1, means="the key does not fit the loft", source=_SOURCE, verdict=token("ask the loft for a key")),
    Problem(code=2, means="too many pigeons in the air", source=_SOURCE, verdict=THROTTLED),
    Problem(
        code=3,
        means="the customer's loft is closed",
        source=_SOURCE,
        verdict=Verdict(group="window", action="refuse", reason="window_closed"),
    ),
)
_TABLE = Table(PROBLEMS)


def judged(answer: Answer, act: Act) -> dict[str, Any]:
    """The object that was answered; raises what its `code` means to the act, or else its status."""
    found = answer.json()
    said: dict[str, Any] = found if isinstance(found, dict) else {}
    if answer.status >= 400:
        code, after_s = number(said.get("code")), answer.retry_after_s()
        row = _TABLE.find(act, code, 0) if code else None
        verdict = row.verdict if row else by_status(answer.status, after_s)
        detail = f"pigeon {label(code)}, HTTP {answer.status}"
        raise_for(verdict, act, detail, after_s, label(code) if code and not row else "")
    return said
