"""TikTok for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.findings import Checks, Subscribed
from ops.pasting import Given
from ops.provider import Asked, Channel, Option

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from ops.bridge import Bridge


class TikTok:
    """What asks TikTok is loaded when it asks."""

    options: Sequence[Option] = (
        click.option(
            "--tiktok-app-id",
            envvar="DMDESK_TIKTOK_APP_ID",
            help="Id of the TikTok app [env: DMDESK_TIKTOK_APP_ID; default: app_id of the TikTok secret].",
        ),
    )
    commands: Sequence[click.Command] = ()

    def secrets(self, settings: Settings) -> Sequence[tuple[str, str]]:
        """The app's, which webhooks are signed with."""
        return [(settings.vendors["tiktok_secret"], "secrets")]

    def checks(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
        """Of each account's token, and of the app."""
        from ops.channels.tiktok import checks

        return checks.run(bridge, accounts, asked)

    def login(self, account: Account) -> str:
        """There is but one."""
        return ""

    def pasted(self, account: Account, given: Given) -> Mapping[str, Any]:
        """Either token, or both, as the authorisation gave them. Where both ends are not told the next hour renews, and
        learns them: the end of an access token alone would be taken for that of the access."""
        if given.other("open_id", account.id):
            raise OpsError("these tokens are another account's", f"authorise the account {account.id}")
        access, refresh = given.word("access_token", needed=False), given.word("refresh_token", needed=False)
        if not access and not refresh:
            raise OpsError("neither an access_token nor a refresh_token was given", 'pipe in {"access_token": "…", …}')
        if access.startswith("rft.") or refresh.startswith("act."):
            raise OpsError("the two tokens are mixed up", "access tokens begin with act., refresh tokens with rft.")
        lasts = given.end("refresh_token_expires_in") if refresh else None
        new: dict[str, Any] = {"expires_at": given.end("expires_in") if access and lasts else None}
        if access:
            new |= {"access_token": access, "renewed_at": given.now}
        if refresh:
            new |= {"refresh_token": refresh, "refresh_expires_at": lasts}
        return new

    def ready(self, asked: Asked) -> None:
        """The webhook's URL is registered by a call."""
        if asked.change and not asked.webhook_url:
            from ops import causes

            raise OpsError("no webhook URL for TikTok", f"pass --webhook-url, or {causes.ENVIRONMENT}")

    def subscribe(self, bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
        """The app, for all of its accounts."""
        from ops.channels.tiktok import subscriptions

        return subscriptions.run(bridge, accounts, asked)


PROVIDER: Channel = TikTok()
