"""What the control API's routes share: reading a body, and choosing the account that is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from sandbox.stage.web import Call

Handler = Callable[[Call], object]
"""Answers what goes out as JSON, or an Answer; ValueError says what is wrong with the call."""
Routes = Mapping[str, Mapping[str, Handler]]
"""Handlers by path and method."""

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""The headers of every answer."""


class Body(Struct, forbid_unknown_fields=True):
    """A request body in which an unknown key is an error."""


Shape = TypeVar("Shape", bound=Struct)


def parsed(call: Call, shape: type[Shape]) -> Shape:
    """The call's body; ValueError says what to fix."""
    try:
        return msgspec.json.decode(call.body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"send a JSON object: {error}") from error


class Accounts(Protocol):
    """Who has accounts."""

    def accounts(self) -> list[str]:
        """The connected ones' ids, oldest first."""


def account_of(simulator: Accounts, named: str | None) -> str:
    """The account that is named, or the first; ValueError where it is not connected."""
    accounts = simulator.accounts()
    account = named or next(iter(accounts), None)
    if account is None or account not in accounts:
        raise ValueError(f"account must be one of: {', '.join(accounts) or 'none is connected'}")
    return account
