"""What the counter says of itself."""

from __future__ import annotations

import msgspec

from chalicelib.vocabulary.about import About


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an account at the counter has besides: in which hall its customers are received, "" for any."""

    hall: str = ""


ABOUT = About(
    name="counter",
    title="Counter",
    signed_by="counter_secret",
    secrets=("counter_secret",),
    settings={"counter_api": None},
    options=Place,
)
