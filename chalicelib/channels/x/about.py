"""What X says of itself."""

from __future__ import annotations

from chalicelib.vocabulary.about import About

ABOUT = About(
    name="x",
    title="X",
    signed_by="x_secret",
    renewed_by="x_secret",
    secrets=("x_secret",),
    settings={"x_api": "https://api.x.com"},
    page="https://x.com/{}",
)
