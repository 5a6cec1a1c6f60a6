"""X for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from chalicelib.vocabulary.records import Account
from ops.channels.x.commands import x_keys, x_webhook
from ops.errors import OpsError
from ops.findings import Checks, Subscribed
from ops.pasting import Given
from ops.provider import Asked, Channel, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class X:
    """What asks X is loaded when it asks."""

    options: Sequence[Option] = ()
    commands: Sequence[click.Command] = (x_webhook, x_keys)

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """The app's consumer secrets, which webhooks are signed with."""
        return [(settings.vendors["x_secret"], "secrets")]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Of the app's webhook, and of each account."""
        from ops.channels.x import checks

        return checks.run(bridge, accounts, asked)

    def login(self, account: Account) -> str:
        """OAuth 2.0; where the account has OAuth 1.0a besides is the client's business."""
        return ""

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        """X's answer to the authorisation; or both parts of an OAuth 1.0a token, which never end."""
        if given.held.get("oauth_token") or given.held.get("oauth_token_secret"):
            words = {"token": given.word("oauth_token"), "token_secret": given.word("oauth_token_secret")}
            return {"oauth1": words}
        access, refresh = given.word("access_token"), given.word("refresh_token", needed=False)
        if not refresh:
            raise OpsError(
                "no refresh_token was given: this access ends within two hours",
                "ask for the scope offline.access too, and pipe in X's whole answer: docs/x.md, step 4",
            )
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_at": given.end("expires_in"),
            "renewed_at": given.now,
            "scope": given.held.get("scope") if isinstance(given.held.get("scope"), str) else None,
        }

    def ready(self, asked: Asked) -> None:
        """The webhook's URL is registered by a call."""
        if asked.change and not asked.webhook_url:
            from ops import causes

            raise OpsError("no webhook URL for X", f"pass --webhook-url, or {causes.ENVIRONMENT}")

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """The app's webhook, and every account's events."""
        from ops.channels.x import subscriptions

        return subscriptions.run(bridge, accounts, asked)


PROVIDER: Channel = X()
