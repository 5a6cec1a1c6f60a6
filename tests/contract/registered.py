"""The feeds and webhooks of every channel and desk that the registry names."""

from __future__ import annotations

from chalicelib.protocols.webhook import Feed, Webhook
from chalicelib.registry import CHANNELS, DESKS, part

FEEDS: dict[str, Feed] = {name: part(package, "webhook", "WEBHOOK") for name, package in {**CHANNELS, **DESKS}.items()}
WEBHOOKS: dict[str, Webhook] = {name: feed for name, feed in FEEDS.items() if isinstance(feed, Webhook)}
