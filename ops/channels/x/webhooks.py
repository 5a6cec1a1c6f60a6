"""The app's webhook at X: one address for all of its accounts, which X asks every hour whether it is still ours.

docs.x.com/x-api/webhooks/quickstart
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import ceil, floor
from typing import Any

import msgspec

from ops.bridge import Bridge
from ops.channels.x import api
from ops.errors import OpsError

WHAT = "X webhooks"
# X hands out again what it delivered, or could not, within a day: docs.x.com/x-api/webhooks (POST /2/webhooks/replay)
FURTHEST_S = 24 * 3600
LIMIT = "WebhookLimitExceeded"
SINCE = "--since 6h, --since 24h or --since 2026-11-27T03:00"


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as X has it. One that is not valid is delivered nothing."""

    id: str
    url: str
    valid: bool


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A job of X's that delivers again what was sent from then until then (yyyymmddhhmm, UTC)."""

    job: str
    since: str
    until: str


def registered(bridge: Bridge) -> list[Hook]:
    """Every webhook of the app. Raises OpsError."""
    return [_hook(row) for row in api.objects(api.call(bridge, "GET", "/2/webhooks", api.bearer(bridge), WHAT))]


def ours(hooks: Sequence[Hook], url: str) -> Hook | None:
    """The webhook of that URL; without a URL to compare with, the only one, or else the first that is valid."""
    if url:
        return next((hook for hook in hooks if hook.url == url), None)
    return next((hook for hook in sorted(hooks, key=lambda hook: not hook.valid)), None)


def needed(bridge: Bridge, url: str) -> Hook:
    """The webhook of that URL. Raises OpsError where there is none."""
    hooks = registered(bridge)
    found = ours(hooks, url)
    if found is None:
        raise OpsError(f"no webhook of X's goes to {url or 'the bridge'}{elsewhere(hooks)}", "dmdesk x-webhook create")
    return found


def elsewhere(hooks: Sequence[Hook]) -> str:
    """Where the app's webhooks go, for a sentence's end."""
    return f"; registered: {', '.join(hook.url for hook in hooks)}" if hooks else "; none is registered"


def create(bridge: Bridge, url: str, *, replace: bool = False) -> tuple[Hook, bool]:
    """The webhook of that URL, valid, and whether this run brought that about. X asks the URL at once. Where X lets the
    app have no more of them, those that go elsewhere are taken away first if they are to be replaced. May be run again,
    and beside itself. Raises OpsError."""
    before = ours(registered(bridge), url)
    if before is not None and before.valid:
        return before, False
    if before is not None:
        return validate(bridge, before), True
    try:
        api.call(bridge, "POST", "/2/webhooks", api.bearer(bridge), WHAT, {"url": url})
    except OpsError as refused:
        made = None
        with suppress(OpsError):  # the answer was lost, or another run was quicker
            made = ours(registered(bridge), url)
        if made is None and not (replace and LIMIT in refused.message):
            raise
        if made is None:
            _instead(bridge, url)
    return needed(bridge, url), True


def _instead(bridge: Bridge, url: str) -> None:
    for hook in registered(bridge):
        api.call(bridge, "DELETE", f"/2/webhooks/{hook.id}", api.bearer(bridge), WHAT)
    api.call(bridge, "POST", "/2/webhooks", api.bearer(bridge), WHAT, {"url": url})


def validate(bridge: Bridge, hook: Hook) -> Hook:
    """Has X ask the URL now, and take the webhook up again. Raises OpsError where X does not."""
    api.call(bridge, "PUT", f"/2/webhooks/{hook.id}", api.bearer(bridge), WHAT)
    # the answer's `valid` tells, by openapi.json, only that it was asked
    found = needed(bridge, hook.url)
    if not found.valid:
        raise OpsError(f"X does not take {hook.url} up again", api.REASONS["CrcValidationFailed"])
    return found


def replay(bridge: Bridge, hook: Hook, since_s: float) -> Replayed:
    """Has X deliver again everything from then on (epoch s), a day back at the most. What the bridge has had already
    it knows by its id. Raises OpsError."""
    now = bridge.clock()
    if since_s >= now - 60:
        raise OpsError("that lies less than a minute back", SINCE)
    # X refuses what is older than a day when it comes to it
    first = max(floor(since_s / 60), ceil((now - FURTHEST_S) / 60) + 1)
    try:  # this minute too; whether X takes an end that is to come is told nowhere
        return _replayed(bridge, hook, first * 60, ceil(now / 60) * 60)
    except OpsError as error:
        if "HTTP 400" not in error.message:
            raise
        return _replayed(bridge, hook, first * 60, now)


def _replayed(bridge: Bridge, hook: Hook, since_s: float, until_s: float) -> Replayed:
    since, until = minute(since_s), minute(until_s)
    body = {"webhook_id": hook.id, "from_date": since, "to_date": until}
    data = api.call(bridge, "POST", "/2/webhooks/replay", api.bearer(bridge), WHAT, body).get("data")
    return Replayed(job=str(data.get("job_id", "")) if isinstance(data, dict) else "", since=since, until=until)


def minute(at_s: float) -> str:
    """The minute as X has it: yyyymmddhhmm, UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%d%H%M")


def _hook(row: dict[str, Any]) -> Hook:
    return Hook(id=str(row.get("id", "")), url=str(row.get("url", "")), valid=row.get("valid") is True)
