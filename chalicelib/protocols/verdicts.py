"""What a platform's error codes mean: how a channel's error table is written, looked up and raised.

A channel's `problems.py` holds the rows; docs/errors.md is written from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal, NoReturn, get_args

import msgspec

from chalicelib.errors import AccountStopped, RateLimited, Reason, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer

Act = Literal["send", "profile", "media", "history", "react", "post", "control"]
"""What a call was for: one code may mean another thing to a profile than to a send."""

Group = Literal["token", "temporary", "throttled", "permission", "window", "person", "content"]
"""What has to change before the call can succeed."""

Action = Literal["retry", "refuse", "token", "stop", "uncertain"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What has to happen next.

    "retry" was not done (again after `after_s`, None: back off), "refuse" never will be, for `reason`, "token"
    wants another access token, "stop" means that the account cannot do this until somebody follows `advice`,
    "uncertain" may have been done.
    """

    group: Group
    action: Action
    reason: Reason = "other"
    after_s: float | None = None
    advice: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A row of an error table: `means` in our words, on the authority of `source`.

    A `subcode` of 0 stands for any that has no row of its own. `last` ends a range of codes, `acts` are those that
    the row is for (none: all), and with `words` it is only for answers whose message has them, in lower case.
    """

    code: int
    subcode: int = 0
    last: int = 0
    acts: tuple[Act, ...] = ()
    words: str = ""
    means: str
    source: str
    verdict: Verdict


LONGEST_CODE = 10
# Meta's longer subcodes are one of a kind: each means the same whatever code it comes with.
UNIQUE = 1_000_000

NOT_DONE = Verdict(group="temporary", action="retry")
THROTTLED = Verdict(group="throttled", action="retry", reason="rate_limited")
REFUSED = Verdict(group="content", action="refuse")
UNKNOWN = Verdict(group="temporary", action="uncertain", reason="unconfirmed")
# Another token may be in the secret by then.
_TOKEN_S = 60.0
NO_TOKEN = Verdict(group="token", action="token", after_s=_TOKEN_S)


def token(advice: str) -> Verdict:
    """The access token is refused; `advice` tells how to get another."""
    return msgspec.structs.replace(NO_TOKEN, advice=advice)


def stop(advice: str) -> Verdict:
    """The account cannot do this until somebody follows the advice."""
    return Verdict(group="permission", action="stop", reason="account_disconnected", advice=advice)


class Table:
    """A channel's rows, looked up by what was done and what came back."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Rows for some acts stand before those for all, single codes before ranges."""
        self._listed = list(problems)
        self._worded = [row for row in self._listed if row.words]

    @cached_property
    def _rows(self) -> dict[tuple[Act, int, int], Problem]:
        """Made when something first fails: two thousand of them would hold up every start."""
        rows: dict[tuple[Act, int, int], Problem] = {}
        plain = [row for row in self._listed if not row.words]
        for row in sorted(plain, key=lambda row: (not row.last, bool(row.acts))):
            rows.update((key, row) for key in _keys(row))
        return rows

    @cached_property
    def _unique(self) -> dict[tuple[Act, int], Problem]:
        return {(act, sub): row for (act, _, sub), row in self._rows.items() if sub >= UNIQUE}

    def find(self, act: Act, code: int, subcode: int, message: str = "") -> Problem | None:
        """The row that is exactly this problem's; None where the table has none."""
        words = message.lower()
        for row in self._worded:
            if (row.code, row.subcode) == (code, subcode) and row.words in words and act in (row.acts or _ACTS):
                return row
        return self._rows.get((act, code, subcode)) or self._unique.get((act, subcode))

    def nearest(self, act: Act, code: int) -> Problem | None:
        """The row of the code alone, for a subcode that has none."""
        return self._rows.get((act, code, 0))


_ACTS: tuple[Act, ...] = get_args(Act)


def _keys(row: Problem) -> Iterator[tuple[Act, int, int]]:
    for act in row.acts or _ACTS:
        for code in range(row.code, (row.last or row.code) + 1):
            yield act, code, row.subcode


def by_status(status: int, after_s: float | None = None) -> Verdict:
    """What an HTTP status means where no code tells more. A server's own fault may come after the work was done, but
    for a 503 that asks to come back `after_s`: RFC 9110, section 15.6.4."""
    if status == 429:
        return THROTTLED
    if status in Answer.NOT_PROCESSED or (status == 503 and after_s is not None):
        return NOT_DONE
    if status == 401:
        return NO_TOKEN
    return REFUSED if 400 <= status < 500 else UNKNOWN


def raise_for(verdict: Verdict, act: Act, detail: str, after_s: float | None = None, unlisted: str = "") -> NoReturn:
    """Raises what the verdict means to the act.

    `detail` is the platform's code, `after_s` the wait that it asked for, `unlisted` the code where no row has it.
    """
    error = _error(verdict, act, detail, verdict.after_s if after_s is None else after_s)
    error.unlisted = unlisted
    raise error


def _error(verdict: Verdict, act: Act, detail: str, wait: float | None) -> Retryable | Refused | Uncertain:
    if verdict.action == "retry":
        return (RateLimited if verdict.group == "throttled" else Retryable)(detail, wait)
    if verdict.action == "token":
        return TokenRefused(detail, wait, verdict.advice)
    if verdict.action == "stop":
        return AccountStopped(detail, verdict.advice)
    if verdict.action == "uncertain":
        # only a message must not come twice; anything else may be done again
        return Uncertain(detail) if act == "send" else Retryable(detail, wait)
    return Refused(verdict.reason, f"{detail}; {verdict.advice}" if verdict.advice else detail)


def number(value: object) -> int | None:
    """A code however it is written (40100, 40100.0, "40100"); None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        digits = value.strip()
        plain = digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) <= LONGEST_CODE
        return int(digits) if plain else None
    return None


def label(code: int | None, subcode: int = 0) -> str:
    """A code as a metric's label: digits, of a length that no platform's code exceeds."""
    parts = [str(number) for number in (code, subcode) if number]
    return "/".join(parts) if parts and all(len(part) <= LONGEST_CODE for part in parts) else "none"
