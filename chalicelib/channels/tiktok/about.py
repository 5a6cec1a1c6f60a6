"""What TikTok says of itself."""

from __future__ import annotations

from chalicelib.vocabulary.about import About

ABOUT = About(
    name="tiktok",
    title="TikTok",
    signed_by="tiktok_secret",
    renewed_by="tiktok_secret",
    secrets=("tiktok_secret",),
    settings={"tiktok_api": "https://business-api.tiktok.com"},
    page="https://www.tiktok.com/@{}",
)
