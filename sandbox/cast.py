"""Who takes part in the sandbox: the brand's accounts, and what nobody may see of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, zip_longest

from sandbox.stage.vendors import Account, Channel, Masked, Vendors


def accounts_of(channels: Iterable[Channel]) -> list[Account]:
    """Each channel's first account, then each one's second, and so on."""
    ranks = zip_longest(*(channel.accounts for channel in channels))
    return [account for account in chain.from_iterable(ranks) if account]


def tokens_of(account: Account) -> dict[str, str]:
    """With which the bridge calls for the account."""
    return {"access_token": f"token-{account['id']}", "refresh_token": f"refresh-{account['id']}"}


def secrets_of(vendors: Vendors) -> dict[str, str]:
    """What the control API tells of the vendors' secrets."""
    return dict(chain.from_iterable(one.secrets.items() for one in (*vendors.channels, *vendors.desks)))


def hidden(vendors: Vendors) -> list[Masked]:
    """What no record may show."""
    tokens = chain.from_iterable(tokens_of(account).values() for account in accounts_of(vendors.channels))
    ours = Masked(texts=(*secrets_of(vendors).values(), *tokens))
    return [ours, *(vendor.masked() for vendor in vendors.all)]
