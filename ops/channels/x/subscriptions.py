"""subscribe, of X: the app's webhook, and per account a subscription for each kind of event (X Activity API).

Account Activity is marked as deprecated since July 2026: docs.x.com/x-api/account-activity. What is subscribed there is
understood and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.x import api, webhooks
from ops.errors import OpsError
from ops.findings import Subscribed, delivery, subject, told
from ops.provider import Asked

EVENTS = (
    "dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent", "chat.conversation_join",
)  # fmt: skip
# What is asked for by the first of these names X tells of by the second (openapi.json 2.167).
_ALIASES = {"chat.conversation_join": "chat.conversation.join"}
# Of every account at once. Its page lists it, openapi.json does not.
REVOKED = "oauth.revoke"
TAG = "dmdesk"
APP = "x app"
AGAIN = "dmdesk subscribe --webhook-url …"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as X has it; `user` is "" where it is of every account, `webhook` where it goes to none."""

    id: str
    event: str
    user: str
    webhook: str


def canonical(event: str) -> str:
    """The name by which X tells of the kind of event."""
    return _ALIASES.get(event, event)


def held(bridge: Bridge) -> list[Held]:
    """Every subscription of the app. Raises OpsError."""
    return [_held(row) for row in api.subscriptions(bridge)]


def missing(rows: Iterable[Held], account: Account, hook: webhooks.Hook | None) -> list[str]:
    """The kinds of events of the account that are not delivered to that webhook."""
    there = {row.event for row in rows if row.user == account.id and hook is not None and row.webhook == hook.id}
    return [event for event in EVENTS if canonical(event) not in there]


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
    """The webhook, then every account; what stops the webhook stops all of them."""
    yield from told(APP, _app(bridge, accounts, asked))


def _app(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Iterator[Subscribed]:
    hook, changed = _webhook(bridge, asked)
    right = hook is not None and hook.valid
    yield Subscribed(
        account=APP,
        status=delivery(not right, changed=changed),
        detail=_where(hook),
        missing=[] if right else ["webhook"],
        fix="" if right else AGAIN,
    )
    before = held(bridge)
    for account in accounts:
        yield from told(subject(account), _account(bridge, account, asked, hook, before))
    if hook is not None:
        yield _revoked(bridge, asked, hook, before)


def _webhook(bridge: Bridge, asked: Asked) -> tuple[webhooks.Hook | None, bool]:
    if asked.change:
        return webhooks.create(bridge, asked.webhook_url)
    return webhooks.ours(webhooks.registered(bridge), asked.webhook_url), False


def _where(hook: webhooks.Hook | None) -> str:
    if hook is None:
        return "events go nowhere"
    return f"events go to {hook.url}" if hook.valid else f"X has stopped delivering to {hook.url}"


def _account(
    bridge: Bridge, account: Account, asked: Asked, hook: webhooks.Hook | None, before: Sequence[Held]
) -> Iterator[Subscribed]:
    lacking = missing(before, account, hook)
    now, refusal = lacking, None
    if lacking and asked.change and hook is not None:
        refusal = _subscribe_all(bridge, lacking, account, hook, before)
        now = missing(held(bridge), account, hook)
    detail = f"delivers {len(EVENTS) - len(now)} of {len(EVENTS)} kinds of events"
    if now:
        detail += f"; not {', '.join(now)}" + (f": {refusal.message}" if refusal else "")
    yield Subscribed(
        account=subject(account),
        status=delivery(bool(now), changed=bool(lacking)),
        detail=detail,
        missing=now,
        fix=(refusal.fix if refusal else AGAIN) if now else "",
    )


def _subscribe_all(
    bridge: Bridge, events: Sequence[str], account: Account, hook: webhooks.Hook, before: Sequence[Held]
) -> OpsError | None:
    """Asks for each; answers why the first that was refused was. One that is there already is refused, too."""
    first = None
    for event in events:
        try:
            _subscribe(bridge, event, account, hook, before)
        except OpsError as error:
            first = first or error
    return first


def _subscribe(bridge: Bridge, event: str, account: Account, hook: webhooks.Hook, before: Sequence[Held]) -> None:
    """One that goes elsewhere is led here; a new one has to be asked for with the account's own token, as its events
    are private."""
    what = f"X {account.id}, {event}"
    known = next((row for row in before if (row.event, row.user) == (canonical(event), account.id)), None)
    if known is not None:
        body: dict[str, Any] = {"webhook_id": hook.id, "tag": TAG}
        api.call(bridge, "PUT", f"/2/activity/subscriptions/{known.id}", api.bearer(bridge), what, body)
        return
    body = {"event_type": event, "filter": {"user_id": account.id}, "tag": TAG, "webhook_id": hook.id}
    token, renew = api.of_account(bridge, account), api.AUTHORISE.format(account.id)
    api.call(bridge, "POST", "/2/activity/subscriptions", token, what, body, renew=renew)


def _revoked(bridge: Bridge, asked: Asked, hook: webhooks.Hook, before: Sequence[Held]) -> Subscribed:
    """X may refuse it; then the first call that is refused tells."""
    there = any(row.event == REVOKED and row.webhook == hook.id for row in before)
    if there or not asked.change:
        detail = f"{REVOKED}: {'delivered' if there else 'not subscribed'}"
        return Subscribed(account=APP, status="ok" if there else "off", detail=detail)
    body = {"event_type": REVOKED, "filter": {}, "tag": TAG, "webhook_id": hook.id}
    try:
        api.call(bridge, "POST", "/2/activity/subscriptions", api.bearer(bridge), "X", body)
    except OpsError as error:
        detail = f"{REVOKED}: {error.message}; access that was taken back is noticed by the next call"
        return Subscribed(account=APP, status="off", detail=detail)
    return Subscribed(account=APP, status="changed", detail=f"{REVOKED}: delivered")


def _held(row: dict[str, Any]) -> Held:
    given = row.get("filter")
    user = given.get("user_id", "") if isinstance(given, dict) else ""
    return Held(
        id=str(row.get("subscription_id", "")),
        event=canonical(str(row.get("event_type", ""))),
        user=str(user),
        webhook=str(row.get("webhook_id") or ""),
    )
