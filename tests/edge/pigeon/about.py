"""What the registry's users ask of it."""

from __future__ import annotations

from chalicelib.vocabulary.about import About

ABOUT = About(name="pigeon", title="Pigeon", signed_by="pigeon_secret", secrets=("pigeon_secret",), settings={})
