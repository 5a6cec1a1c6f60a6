"""doctor's checks of X: the app's webhook and credits, and of each account its token, what it may, its subscriptions
and its keys."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.credentials import trimmed
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.channels.x import api, keys, subscriptions, webhooks
from ops.findings import Checks, Status, check, made, subject
from ops.provider import Asked
from ops.tokens import token

# An access token's: docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
TOKEN_S = 2 * 3600.0


def run(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
    """Every check; X's credits show wherever X is asked."""
    yield from made("webhook", subscriptions.APP, _webhook, bridge, asked)
    yield from made("subscriptions", subscriptions.APP, _subscriptions, bridge, accounts, asked)
    for account in accounts:
        name, again = subject(account), api.AUTHORISE.format(account.id)
        yield from made("token", name, token, bridge, account, TOKEN_S, again)
        yield from made("ids", name, _ids, bridge, account)
        yield from made("scopes", name, _scopes, bridge, account)
        yield from made("keys", name, _keys, bridge, account)
        yield from made("requests", name, _requests, bridge, account)


def _webhook(bridge: Bridge, asked: Asked) -> Checks:
    hooks = webhooks.registered(bridge)
    hook = webhooks.ours(hooks, asked.webhook_url)
    if hook is None:
        yield check("webhook", subscriptions.APP, "fail",
                    f"nothing is delivered to {asked.webhook_url or 'the bridge'}{webhooks.elsewhere(hooks)}",
                    "dmdesk x-webhook create, and dmdesk x-webhook subscribe")  # fmt: skip
    elif not hook.valid:
        yield check("webhook", subscriptions.APP, "fail", f"X has stopped delivering to {hook.url}",
                    f"dmdesk x-webhook validate; {api.REASONS['CrcValidationFailed']}")  # fmt: skip
    else:
        yield check("webhook", subscriptions.APP, "ok", f"events go to {hook.url}")


def _subscriptions(bridge: Bridge, accounts: Sequence[Account], asked: Asked) -> Checks:
    hook, rows = webhooks.ours(webhooks.registered(bridge), asked.webhook_url), subscriptions.held(bridge)
    for account in accounts:
        missing = subscriptions.missing(rows, account, hook)
        if missing:
            # without either of these nothing that customers write arrives
            grave = bool({"dm.received", "chat.received"} & set(missing))
            yield check("subscriptions", subject(account), "fail" if grave else "warn",
                        f"not delivered: {', '.join(missing)}", "dmdesk x-webhook subscribe")  # fmt: skip
        else:
            yield check("subscriptions", subject(account), "ok", "every kind of event is delivered")


def _ids(bridge: Bridge, account: Account) -> Checks:
    found = api.owner(bridge, account)
    if found == account.id:
        yield check("ids", subject(account), "ok", "the token is this account's")
    else:
        yield check("ids", subject(account), "fail", f"its token belongs to {found or 'nobody that X names'}",
                    "set the account's id to that, or replace the token: dmdesk token set x …")  # fmt: skip


def _scopes(bridge: Bridge, account: Account) -> Checks:
    """X tells a token's scopes when it gives it, and never again; media.write can be tried."""
    told = set(trimmed(bridge.secret(account.secret).get("scope")).split())
    lacks = [scope for scope in api.SCOPES if scope not in told] if told else []
    if "media.write" not in lacks and not api.may_media(bridge, account):
        lacks.append("media.write")
    if lacks:
        yield check("scopes", subject(account), "fail", f"lacks {', '.join(lacks)}", api.AUTHORISE.format(account.id))
    elif told:
        yield check("scopes", subject(account), "ok", f"has {', '.join(api.SCOPES)}")
    else:
        yield check("scopes", subject(account), "ok", "has media.write; the others were not told with the token")


def _requests(bridge: Bridge, account: Account) -> Checks:
    if api.requests_wait(bridge, account):
        yield check("requests", subject(account), "warn", "message requests wait in X's app, and come to nobody here",
                    "accept them in the app as the account: what is written after that comes by itself")  # fmt: skip
    else:
        yield check("requests", subject(account), "ok", "no message requests wait")


def _keys(bridge: Bridge, account: Account) -> Checks:
    known = keys.status(bridge, account)
    if not known.missing:
        yield check("keys", subject(account), "ok", f"X knows the bridge's keys, {known.matches}")
        return
    # without any, plain messages come and go as they should
    status: Status = "fail" if known.held else "warn"
    yield check("keys", subject(account), status, f"{known.missing}: encrypted messages are not read", known.fix)
