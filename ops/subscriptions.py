"""subscribe: Instagram per account (subscribed_apps), TikTok per app (webhook/update), each compared afterwards.

Messages are always wanted, comments and mentions on request. They are a part of their own: where a platform refuses
them, messages are delivered as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from chalicelib.vocabulary.records import Account
from ops import causes, instagram
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.tiktok import COMMENT_TYPES, EVENT_TYPE, App, approval

Part = Literal["messages", "comments"]
# "off": not there, and not asked for. "by hand": only the App Dashboard shows and changes it.
Status = Literal["ok", "changed", "missing", "off", "by hand"]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered for an account (or a TikTok app) now; `fix` says what mends what is missing."""

    account: str
    part: Part = "messages"
    status: Status
    detail: str
    missing: list[str] = []
    fix: str = ""


def run(
    bridge: Bridge, webhook_url: str, tiktok_app_id: str, *, change: bool, comments: bool = False
) -> list[Subscribed]:
    """Subscribes what is missing (with `change`) and compares; comments where they are wanted. Raises OpsError."""
    done: list[Subscribed] = []
    tiktok = any(one.channel == "tiktok" for one in bridge.accounts)
    if tiktok and change and not webhook_url:
        raise OpsError("no webhook URL for TikTok", f"pass --webhook-url, or {causes.ENVIRONMENT}")
    for one in bridge.accounts:
        if one.channel == "instagram":
            done += _told(f"instagram {one.id}", _instagram(bridge, one, change=change, comments=comments))
    if tiktok:
        done += _told("tiktok app", _tiktok(bridge, tiktok_app_id, webhook_url, change=change, comments=comments))
    return done


def _told(name: str, work: Iterator[Subscribed]) -> Iterator[Subscribed]:
    """What was done, and, as one more line, what stopped it: the accounts after it want theirs."""
    try:
        yield from work
    except OpsError as error:
        yield Subscribed(account=name, status="missing", detail=error.message, missing=["messages"], fix=error.fix)


def lines(done: list[Subscribed]) -> Iterator[str]:
    """A line for each, its fix beneath."""
    for one in done:
        part = "" if one.part == "messages" else f", {one.part}"
        yield f"{one.status:<9} {one.account}{part}: {one.detail}"
        if one.fix:
            yield f"          fix: {one.fix}"


# --- Instagram


def _instagram(bridge: Bridge, account: Account, *, change: bool, comments: bool) -> Iterator[Subscribed]:
    fields, more = set(instagram.fields(account)), set(instagram.comment_fields(account))
    before = held = instagram.subscribed(bridge, account)
    # each call replaces what was subscribed, so comments that were asked for earlier go along
    extra = more if comments else more & before
    refusal = None
    if change and not fields | extra <= before:
        refusal = _subscribe(bridge, account, fields, extra)
        held = instagram.subscribed(bridge, account)
    name = f"instagram {account.id}"
    yield _fields(name, "messages", fields, before, held, None)
    if not more:
        yield Subscribed(account=name, part="comments", status="by hand", detail=instagram.DASHBOARD)
    elif not extra:
        yield Subscribed(account=name, part="comments", status="off", detail=_delivers(more, held))
    else:
        yield _fields(name, "comments", extra, before, held, refusal)


def _fields(
    name: str, part: Part, wanted: set[str], before: set[str], held: set[str], refusal: OpsError | None
) -> Subscribed:
    missing = wanted - held
    detail = _delivers(wanted, held)
    if missing and refusal:
        detail += f": {refusal.message}"
    option = " --comments" if part == "comments" else ""
    again = f"dmdesk subscribe{option}, and tick them for the instagram object in the App Dashboard"
    return Subscribed(
        account=name,
        part=part,
        status=_status(bool(missing), changed=not wanted <= before),
        detail=detail,
        missing=sorted(missing),
        fix=(refusal.fix if refusal else again) if missing else "",
    )


def _subscribe(bridge: Bridge, account: Account, fields: set[str], extra: set[str]) -> OpsError | None:
    """Subscribes to the fields and the extra, or else to the fields alone: then why the extra was refused."""
    try:
        instagram.subscribe(bridge, account, fields | extra)
    except OpsError as error:
        if not extra:
            raise
        # a refusal should change nothing; where the messages are not there, they were not before, or were lost
        if not fields <= instagram.subscribed(bridge, account):
            instagram.subscribe(bridge, account, fields)
        return error
    return None


def _delivers(wanted: set[str], held: set[str]) -> str:
    missing = wanted - held
    said = f"delivers {len(wanted) - len(missing)} of {len(wanted)} fields"
    return f"{said}; not {', '.join(sorted(missing))}" if missing else said


# --- TikTok


def _tiktok(bridge: Bridge, app_id: str, webhook_url: str, *, change: bool, comments: bool) -> Iterator[Subscribed]:
    app = App(bridge, app_id)
    yield _event_type(app, EVENT_TYPE, webhook_url, change=change, wanted=True)
    for name in COMMENT_TYPES:
        yield _comment_type(app, name, webhook_url, change=change, wanted=comments)
    if comments:
        yield from (_scopes(app, one) for one in bridge.accounts if one.channel == "tiktok")


def _event_type(app: App, event_type: str, webhook_url: str, *, change: bool, wanted: bool) -> Subscribed:
    before = held = app.callback(event_type)
    # without a URL to compare with, any will do
    url = webhook_url or held
    if change and wanted and held != url:
        app.register(url, event_type)
        held = app.callback(event_type)
    right = bool(held) and held == url
    part: Part = "comments" if event_type in COMMENT_TYPES else "messages"
    option = " --comments" if part == "comments" else ""
    return Subscribed(
        account=f"tiktok app {app.id}",
        part=part,
        status=_status(not right, changed=held != before) if wanted or right else "off",
        detail=f"{event_type} goes to {held or 'nowhere'}",
        missing=[event_type] if wanted and not right else [],
        fix=f"dmdesk subscribe{option} --webhook-url …" if wanted and not right else "",
    )


def _comment_type(app: App, event_type: str, webhook_url: str, *, change: bool, wanted: bool) -> Subscribed:
    """A refusal of comments stops nothing else."""
    try:
        return _event_type(app, event_type, webhook_url, change=change, wanted=wanted)
    except OpsError as error:
        name, said = f"tiktok app {app.id}", f"{event_type}: {error.message}"
        if not wanted:
            return Subscribed(account=name, part="comments", status="off", detail=said)
        return _missing(name, said, [event_type], error.fix)


def _scopes(app: App, account: Account) -> Subscribed:
    """Whether the account's owner let the app have comments and mentions; TikTok registers without, and sends none."""
    name, wanted = f"tiktok {account.id}", list(COMMENT_TYPES.values())
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


def _status(missing: bool, *, changed: bool) -> Status:
    if missing:
        return "missing"
    return "changed" if changed else "ok"
