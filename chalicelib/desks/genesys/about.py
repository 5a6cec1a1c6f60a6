"""What Genesys Cloud says of itself."""

from __future__ import annotations

from chalicelib.vocabulary.about import About

ABOUT = About(
    name="genesys",
    title="Genesys Cloud",
    signed_by="genesys_webhook_secret",
    secrets=("genesys_webhook_secret", "genesys_oauth_secret"),
    settings={"genesys_api": None, "genesys_login": None},
)
