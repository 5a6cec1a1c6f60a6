"""The edge's half of it."""

from __future__ import annotations

from tests.edge.made_up import Webhook

WEBHOOK = Webhook("pigeon")
