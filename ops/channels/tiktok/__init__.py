"""TikTok for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from chalicelib.vocabulary.records import Account
from ops.errors import OpsError
from ops.findings import Checks, Subscribed
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
