"""subscribe, of TikTok: per app and event type (webhook/update), for all of the app's accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.tiktok.app import COMMENT_TYPES, EVENT_TYPE, App, approval
from ops.errors import OpsError
from ops.findings import Part, Subscribed, delivery, subject, told
from ops.provider import Asked


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
    """Every event type, and each account's scopes where comments are asked for."""
    yield from told("tiktok app", _app(bridge, accounts, asked))


def _app(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
    app = App(bridge, asked.option("tiktok_app_id"))
    yield _event_type(app, EVENT_TYPE, asked, wanted=True)
    for name in COMMENT_TYPES:
        yield _comment_type(app, name, asked)
    if asked.comments:
        yield from (_scopes(app, account) for account in accounts)


def _event_type(app: App, event_type: str, asked: Asked, *, wanted: bool) -> Subscribed:
    before = held = app.callback(event_type)
    # without a URL to compare with, any will do
    url = asked.webhook_url or held
    if asked.change and wanted and held != url:
        app.register(url, event_type)
        held = app.callback(event_type)
    right = bool(held) and held == url
    part: Part = "comments" if event_type in COMMENT_TYPES else "messages"
    option = " --comments" if part == "comments" else ""
    return Subscribed(
        account=f"tiktok app {app.id}",
        part=part,
        status=delivery(not right, changed=held != before) if wanted or right else "off",
        detail=f"{event_type} goes to {held or 'nowhere'}",
        missing=[event_type] if wanted and not right else [],
        fix=f"dmdesk subscribe{option} --webhook-url …" if wanted and not right else "",
    )


def _comment_type(app: App, event_type: str, asked: Asked) -> Subscribed:
    """A refusal of comments stops nothing else."""
    try:
        return _event_type(app, event_type, asked, wanted=asked.comments)
    except OpsError as error:
        name, detail = f"tiktok app {app.id}", f"{event_type}: {error.message}"
        if not asked.comments:
            return Subscribed(account=name, part="comments", status="off", detail=detail)
        return _missing(name, detail, [event_type], error.fix)


def _scopes(app: App, account: Account) -> Subscribed:
    """Whether the account's owner let the app have comments and mentions; TikTok registers without, and sends none."""
    name, wanted = subject(account), list(COMMENT_TYPES.values())
    try:
        held = app.scopes(account)
    except OpsError as error:
        return _missing(name, error.message, wanted, error.fix)
    lacks = [scope for scope in wanted if scope not in held]
    if lacks:
        return _missing(name, f"lacks {', '.join(lacks)}", lacks, approval(lacks))
    return Subscribed(account=name, part="comments", status="ok", detail=f"has {', '.join(wanted)}")


def _missing(name: str, detail: str, missing: list[str], fix: str) -> Subscribed:
    return Subscribed(account=name, part="comments", status="missing", detail=detail, missing=missing, fix=fix)
