"""What the pigeon says of itself."""

from __future__ import annotations

import msgspec

from chalicelib.vocabulary.about import About


class Loft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an account has besides: the number on its pigeons' rings, 0 where nobody knows it."""

    ring: int = 0


ABOUT = About(
    name="pigeon",
    title="Pigeon",
    signed_by="pigeon_secret",
    secrets=("pigeon_secret",),
    settings={"pigeon_api": "https://api.pigeon.example"},
    page="https://pigeon.example/{}",
    options=Loft,
)
