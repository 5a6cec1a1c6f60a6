"""What the control API's routes share: reading a body, and choosing the account and the customer that are meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage.web import Call

Social = InstagramSimulator | TikTokSimulator
Handler = Callable[[Call], object]
"""Answers what goes out as JSON, or an Answer; ValueError says what is wrong with the call."""
Routes = Mapping[str, Mapping[str, Handler]]
"""Handlers by path and method."""

CUSTOMERS = {"instagram": "1000000000000001", "tiktok": "+SandboxCustomer000000000000000000000000000001"}
"""Who acts where nobody is named, by channel."""


class Body(Struct, forbid_unknown_fields=True):
    """A request body in which an unknown key is an error."""


Shape = TypeVar("Shape", bound=Struct)


def parsed(call: Call, shape: type[Shape]) -> Shape:
    """The call's body; ValueError says what to fix."""
    try:
        return msgspec.json.decode(call.body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"send a JSON object: {error}") from error


def account_of(simulator: Social, named: str | None) -> str:
    """The account that is named, or the first; ValueError where it is not connected."""
    accounts = simulator.accounts()
    account = named or next(iter(accounts), None)
    if account is None or account not in accounts:
        raise ValueError(f"account must be one of: {', '.join(accounts) or 'none is connected'}")
    return account
