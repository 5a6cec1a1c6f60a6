"""doctor's checks of TikTok: each account's token, where the app's events go, and what the accounts let it do."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.tiktok.app import AUTHORISE, COMMENT_TYPES, EVENT_TYPE, SCOPES, App, approval
from ops.errors import OpsError
from ops.findings import Check, Checks, check, made, subject
from ops.provider import Asked
from ops.tokens import DAY_S, token

_REGION = (
    "accounts registered in the EEA, Switzerland or the UK cannot have them, those of the US only after TikTok's "
    "extra review"
)


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
    """Every check."""
    for account in accounts:
        yield from made("token", subject(account), token, bridge, account, DAY_S, AUTHORISE)
    yield from made("tiktok", "app", _app, bridge, accounts, asked)


def _app(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
    app, webhook_url = App(bridge, asked.option("tiktok_app_id")), asked.webhook_url
    held = app.callback()
    if held and webhook_url in {"", held}:
        yield check("webhook", f"tiktok app {app.id}", "ok", f"{EVENT_TYPE} goes to {held}")
    else:
        yield check("webhook", f"tiktok app {app.id}", "fail", f"{EVENT_TYPE} goes to {held or 'nowhere'}",
                    "dmdesk subscribe --webhook-url …")  # fmt: skip
    comments, scopes = _comment_types(app, webhook_url)
    yield comments
    for account in accounts:
        yield from made("scopes", subject(account), _scopes, app, account, scopes)


def _comment_types(app: App, webhook_url: str) -> tuple[Check, list[str]]:
    """Where comments and mentions go, and the scopes that what is registered needs of each account."""
    name = f"tiktok app {app.id}"
    try:
        held = {event_type: app.callback(event_type) for event_type in COMMENT_TYPES}
    except OpsError as error:
        # no fault: an app that wants none need not be let ask
        return check("comments", name, "ok", f"not subscribed as far as is told: {error.message}", error.fix), []
    registered = [event_type for event_type, url in held.items() if url]
    if not registered:
        return check("comments", name, "ok", "not subscribed", "dmdesk subscribe --comments"), []
    here = all(url and webhook_url in {"", url} for url in held.values())
    detail = ", ".join(f"{event_type} goes to {url or 'nowhere'}" for event_type, url in held.items())
    fix = "dmdesk subscribe --comments --webhook-url …"
    finding = check("comments", name, "ok" if here else "warn", detail, fix)
    return finding, [COMMENT_TYPES[event_type] for event_type in registered]


def _scopes(app: App, account: Account, comments: Sequence[str]) -> Checks:
    held = app.scopes(account)
    missing = [scope for scope in SCOPES if scope not in held]
    if missing:
        # TikTok grants them to no account of these regions, and tells the region nowhere
        yield check("scopes", subject(account), "fail", f"lacks {', '.join(missing)}", f"{AUTHORISE}; {_REGION}")
    else:
        yield check("scopes", subject(account), "ok", f"has {', '.join(SCOPES)}")
        yield check("region", subject(account), "ok", "messaging is granted, so the account's region is let in")
    lacking = [scope for scope in comments if scope not in held]
    if lacking:
        yield check("comments", subject(account), "warn", f"lacks {', '.join(lacking)}", approval(lacking))
    elif comments:
        yield check("comments", subject(account), "ok", f"has {', '.join(comments)}")
