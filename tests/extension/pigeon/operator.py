"""Pigeons for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.findings import Checks, Subscribed, check, made, subject
from ops.pasting import Given
from ops.provider import Asked, Channel, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge

LOFT, HOOK = "/loft", "/loft/webhook"


class Pigeons:
    """A loft tells where its events go, and takes another address."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = ()

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """What its webhooks are signed with."""
        return [(settings.vendors["pigeon_secret"], "secrets")]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Whether each loft knows its key."""
        for account in accounts:
            yield from made("loft", subject(account), self._loft, bridge, account)

    def _loft(self, bridge: Bridge, account: Account) -> Checks:
        _hook(bridge, account)
        yield check("loft", subject(account), "ok", "knows its key")

    def login(self, account: Account) -> str:
        """There is but one."""
        return "by ring"

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        """A loft's key never ends."""
        return {"access_token": given.word("access_token")}

    def ready(self, asked: Asked) -> None:
        """Wherever the webhook is."""

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """Each loft by itself."""
        for account in accounts:
            status: Any = "ok"
            if _hook(bridge, account) != asked.webhook_url:
                status = "changed" if asked.change else "missing"
                if asked.change:
                    body = msgspec.json.encode({"loft": account.id, "url": asked.webhook_url})
                    url = bridge.settings.url("pigeon_api") + HOOK
                    bridge.post(url, _headers(bridge, account), body, "the loft")
            yield Subscribed(account=subject(account), status=status, detail="letters")


def _hook(bridge: Bridge, account: Account) -> str:
    url = f"{bridge.settings.url('pigeon_api')}{LOFT}?loft={account.id}"
    answer = bridge.get(url, _headers(bridge, account), "the loft")
    if answer.status != 200:
        raise OpsError(f"the loft answers {answer.status}", "ask the loft for a key")
    return str(answer.json()["webhook"])


def _headers(bridge: Bridge, account: Account) -> dict[str, str]:
    return {"Loft-Key": bridge.token(account), "Content-Type": "application/json"}


PROVIDER: Channel = Pigeons()
