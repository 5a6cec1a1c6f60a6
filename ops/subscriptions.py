"""subscribe: Instagram per account (subscribed_apps), TikTok per app (webhook/update), each compared afterwards."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.messages import Account
from ops import instagram
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.tiktok import EVENT_TYPE, App


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered for an account (or a TikTok app) now."""

    account: str
    status: Literal["ok", "changed", "missing"]
    detail: str
    missing: list[str] = []


def run(bridge: Bridge, webhook_url: str, tiktok_app_id: str, *, change: bool) -> list[Subscribed]:
    """Subscribes what is missing (with `change`) and compares. Raises OpsError."""
    done = [_instagram(bridge, one, change=change) for one in bridge.accounts if one.channel == "instagram"]
    if any(one.channel == "tiktok" for one in bridge.accounts):
        done.append(_tiktok(App(bridge, tiktok_app_id), webhook_url, change=change))
    return done


def _instagram(bridge: Bridge, account: Account, *, change: bool) -> Subscribed:
    wanted, changed = set(instagram.fields(account)), False
    missing = wanted - instagram.subscribed(bridge, account)
    if missing and change:
        instagram.subscribe(bridge, account)
        missing, changed = wanted - instagram.subscribed(bridge, account), True
    detail = f"delivers {len(wanted) - len(missing)} of {len(wanted)} fields"
    if missing:
        detail += f"; not {', '.join(sorted(missing))}"
    name = f"instagram {account.id}"
    return Subscribed(account=name, status=_status(missing, changed), detail=detail, missing=sorted(missing))


def _tiktok(app: App, webhook_url: str, *, change: bool) -> Subscribed:
    held, changed = app.callback(), False
    if not webhook_url:
        if change:
            raise OpsError("no webhook URL for TikTok", "pass --webhook-url: terraform output -raw webhook_url")
        webhook_url = held
    if held != webhook_url and change:
        app.register(webhook_url)
        held, changed = app.callback(), True
    missing = {EVENT_TYPE} if not held or held != webhook_url else set()
    detail = f"{EVENT_TYPE} goes to {held or 'nowhere'}"
    name = f"tiktok app {app.id}"
    return Subscribed(account=name, status=_status(missing, changed), detail=detail, missing=sorted(missing))


def _status(missing: set[str], changed: bool) -> Literal["ok", "changed", "missing"]:
    if missing:
        return "missing"
    return "changed" if changed else "ok"
