"""What the counter is."""

from __future__ import annotations

from chalicelib.vocabulary.about import About

ABOUT = About(name="counter", title="Counter", signed_by="counter_secret", secrets=("counter_secret",))
