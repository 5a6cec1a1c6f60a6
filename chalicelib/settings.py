"""The environment, checked once: what is missing is named, with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

PREFIX = "DMDESK_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field per environment variable: `table` is DMDESK_TABLE. Secrets are named here, never held.

    The vendors' addresses have their real defaults; tests and private gateways change them.
    """

    table: str
    bucket: str
    inbound_queue: str
    inbound_dead_letters: str
    outbound_queue: str
    outbound_dead_letters: str
    instagram_secret: str
    tiktok_secret: str
    genesys_webhook_secret: str
    genesys_oauth_secret: str
    media_secret: str
    public_url: str
    genesys_api: str
    genesys_login: str
    instagram_graph: str = "https://graph.instagram.com"
    facebook_graph: str = "https://graph.facebook.com"
    # v27.0 is the newest; v25.0, which this is tested with, lives until 2028-07-29:
    # developers.facebook.com/docs/graph-api/changelog
    graph_version: str = "v25.0"
    tiktok_api: str = "https://business-api.tiktok.com"
    # how long customers' and agents' files are kept, as the bucket's lifecycle has it
    media_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    # further hosts that files may be fetched from, comma separated; one with its scheme is trusted wherever it is
    media_hosts: str = ""

    def url(self, name: str) -> str:
        """A vendor's address by its field name, without a last slash."""
        return str(getattr(self, name)).rstrip("/")


def load(environment: Mapping[str, str]) -> Settings:
    """The settings. Raises SystemExit with the names that are missing or wrong: nothing can work without them."""
    found = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if environment.get(PREFIX + name.upper())
    }
    required = [field.name for field in msgspec.structs.fields(Settings) if field.required]
    missing = [PREFIX + name.upper() for name in required if name not in found]
    if missing:
        raise SystemExit(f"dmdesk: set {', '.join(missing)} (Terraform sets them on each function)")
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        problem, _, field = str(error).rpartition(" - at `$.")
        name = field.rstrip("`")
        raise SystemExit(f"dmdesk: {PREFIX}{name.upper()} is {found.get(name, '')!r}: {problem}") from None
