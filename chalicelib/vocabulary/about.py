"""What a channel or a desk says of itself to those who know it by its name only: `about.ABOUT` in its folder."""

from __future__ import annotations

from urllib.parse import quote

import msgspec


class NoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """An account of it has nothing but what every account has."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's or a desk's facts; the module that holds them loads nothing that only workers need.

    `name` is what accounts have, `title` what people read, `page` a person's public page with `{}` in place of their
    name ("" where there is none). `secrets` are the settings that name its secrets, each required; `settings` its
    other ones with their defaults, None for one that is required (see `settings.py`). `signed_by` is which of the
    secrets its webhooks are verified with, `renewed_by` which one tokens are renewed with ("" for none: what comes
    by a queue is not signed). `options` is what an account of it may have besides what all accounts have. `routes`
    tells that it gives each conversation to one of several apps (protocols/routing.py).
    """

    name: str
    title: str
    signed_by: str = ""
    renewed_by: str = ""
    secrets: tuple[str, ...] = ()
    settings: dict[str, str | None] = {}
    page: str = ""
    options: type[msgspec.Struct] = NoOptions
    routes: bool = False

    def page_of(self, username: str) -> str:
        """The person's public page, "" where none is known."""
        return self.page.format(quote(username, safe="")) if username else ""
