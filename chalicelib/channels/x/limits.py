"""How often X lets an account call, by what its answers say: nobody calls who knows that it would be in vain.

The limits that docs.x.com/x-api/fundamentals/rate-limits writes down are not those that are met, so that only the
headers count. They are an account's and a route's, and what one worker is told holds for all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from chalicelib.channels.x.problems import reset_s
from chalicelib.credentials import seconds
from chalicelib.errors import RateLimited, Retryable, Throttled
from chalicelib.http import Answer
from chalicelib.protocols.memory import Memory, of_account
from chalicelib.vocabulary.records import Account

# Who waits looks again after a part of what is left, and the sooner the less that is: who has only come shall not be
# much ahead of who has waited long. At the soonest after this, at the latest after that (s).
LOOK_S, LONGEST_LOOK_S = 60.0, 900.0
# That nobody has met a limit is believed for so long (s): a call that is in vain meanwhile is refused by X itself.
BELIEVED_S = 5.0


class Limits:
    """Those of all accounts. The memory's trouble is nobody's: X says no by itself."""

    def __init__(self, memory: Memory, clock: Callable[[], float]) -> None:
        self._memory = memory
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, float]] = {}
        """By account and route: when it was looked up, and until when the limit lasts (epoch s)."""

    def ready(self, account: Account, route: str) -> None:
        """Raises Throttled until the limit begins anew that somebody has met."""
        now = self._clock()
        looked_s, until_s = self._known.get((account.key, route), (float("-inf"), 0.0))
        if until_s <= now and not 0 <= now - looked_s < BELIEVED_S:
            until_s = self._looked_up(account, route)
        if until_s > now:
            _wait(route, until_s - now)

    def _looked_up(self, account: Account, route: str) -> float:
        """Until when the limit lasts (epoch s), as far as anybody has told; no worker remembers more than the routes of
        its accounts."""
        with suppress(Retryable):
            held = self._memory.get(of_account(account), _name(route))
            until_s = seconds((held or b"").decode("ascii", "replace"), 0.0)
            self._known[account.key, route] = self._clock(), until_s
            return until_s
        return 0.0

    def heed(self, account: Account, route: str, answer: Answer) -> None:
        """Remembers what is used up with this answer, which may be a success."""
        if _used_up(answer) and (left_s := reset_s(answer)) is not None:
            self._keep(account, route, left_s)

    def met(self, account: Account, route: str, limited: RateLimited) -> NoReturn:
        """The call was one too many. Raises Throttled, or the error itself where nobody knows until when."""
        if limited.after_s is None:
            raise limited
        self._keep(account, route, limited.after_s)
        _wait(route, limited.after_s)

    def _keep(self, account: Account, route: str, left_s: float) -> None:
        until_s = int(self._clock() + left_s) + 1
        self._known[account.key, route] = self._clock(), float(until_s)
        with suppress(Retryable):
            self._memory.keep(of_account(account), _name(route), str(until_s).encode(), left_s + 1)


def _used_up(answer: Answer) -> bool:
    """Whether any limit of the call's, of minutes or of a day, is used up."""
    remaining = (value for name, value in answer.headers.items() if name.endswith("-remaining"))
    return any(value.strip() == "0" for value in remaining)


def _wait(route: str, left_s: float) -> NoReturn:
    look_s = min(left_s, LONGEST_LOOK_S, max(left_s / 4, LOOK_S))
    raise Throttled(f"X takes no more {route} of the account for {int(left_s)} s", look_s)


def _name(route: str) -> str:
    return f"limit/{route}"
