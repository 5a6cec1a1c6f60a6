"""What Instagram says of itself, and what its accounts have of their own."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`login` tells the two flavours apart, `page` is the linked Facebook Page of the second, `human_agent` tells
    whether Meta has approved the app for the tag of that name."""

    login: Literal["instagram", "facebook"] = "instagram"
    page: str = ""
    human_agent: bool = False


ABOUT = About(
    name="instagram",
    title="Instagram",
    signed_by="instagram_secret",
    renewed_by="instagram_secret",
    secrets=("instagram_secret",),
    settings={
        "instagram_graph": "https://graph.instagram.com",
        "facebook_graph": "https://graph.facebook.com",
        # v27.0 is the newest; v25.0, which this is tested with, lives until 2028-07-29:
        # developers.facebook.com/docs/graph-api/changelog
        "graph_version": "v25.0",
    },
    page="https://www.instagram.com/{}/",
    options=Options,
    routes=True,
)


def options(account: Account) -> Options:
    """What the account has of Instagram's."""
    return msgspec.convert(account.options, Options)


def own(account: Account, customer: str, username: str) -> bool:
    """Whether what comes from this customer, or under this name, is the account's own.

    Meta tells an account's own comments by its Page's id or by its name only, too.
    github.com/restfb/restfb/issues/1201
    """
    return account.wrote(customer, username) or customer in {options(account).page} - {""}
