"""What a platform tells outside its webhook: that somebody has withdrawn the app, or wants what we hold deleted. A
channel that has such callbacks brings them as `callbacks.CALLBACKS`. Pure, no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from chalicelib.http import Request


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is about, by the platform's id, and what tells this request from every other: nobody can guess it.
    `made_ms` is when the platform made it, 0 where it does not say."""

    user: str
    key: str
    made_ms: int = 0


class Callbacks(Protocol):
    """A channel's callbacks."""

    def read(self, request: Request, secrets: Sequence[str], now: float) -> Told:
        """What the request tells; `now` in epoch seconds. Raises Rejected unless it is signed with one of the
        secrets."""
