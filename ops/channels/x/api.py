"""The X API as an operator uses it: the app's webhook, its subscriptions, and the accounts' public keys.

docs.x.com: x-api/webhooks/introduction, x-api/activity/introduction, xchat/getting-started, and openapi.json 2.167
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlencode

from chalicelib.credentials import plain, trimmed
from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from chalicelib.wire import iso
from ops.bridge import Bridge
from ops.errors import OpsError

CONSOLE = "console.x.com > Apps > your app"
# What the bridge calls with an account's token: openapi.json lists media.write for encrypted files, reading included.
SCOPES = ("tweet.read", "users.read", "dm.read", "dm.write", "media.write", "offline.access")
AUTHORISE = (
    f"let the account's owner allow the app {' '.join(SCOPES)} again (docs/x.md, step 4), and pipe X's answer into "
    "dmdesk token set x {}"
)
CREDITS = (
    "console.x.com > Billing > Credits: add some, or raise the spending limit; auto-recharge does not start at zero"
)
BEARER = (
    f"{CONSOLE} > Keys and tokens > Bearer Token: give it as channel_secrets.x.bearer_token, raise secret_versions.x, "
    "and apply"
)
ENROL = f"{CONSOLE}: it has to be in a project with pay-per-use access; the Bearer Token has to be this app's"
# Words of X's refusals, and what mends each: docs.x.com/x-api/webhooks/quickstart, x-api/account-activity/quickstart
REASONS = {
    "CrcValidationFailed": "X asked the URL and did not like the answer: channel_secrets.x.app_secrets has to hold the "
    f"app's API Key Secret ({CONSOLE} > Keys and tokens), and `curl -i <webhook URL>` has to reach the bridge",
    "UrlValidationFailed": "give the bridge's public URL: https, and without a port (--webhook-url)",
    "WebhookLimitExceeded": f"dmdesk x-webhook create --replace, in place of what goes elsewhere (dmdesk doctor says "
    f"where); or delete one that is not used: {CONSOLE} > Webhooks",
    "WebhookIdInvalid": "dmdesk x-webhook create",
    "SubscriptionLimitExceeded": f"{CONSOLE} > Subscriptions: delete some that are not used",
}
# A page of subscriptions holds a thousand; an app may have 1,500, an enterprise's 75,000.
PAGES = 100

Method = Literal["GET", "POST", "PUT", "DELETE"]


def bearer(bridge: Bridge) -> str:
    """The app's own token, by which X lets webhooks be managed. Raises OpsError where the secret holds none."""
    name = bridge.settings.vendors["x_secret"]
    token = trimmed(bridge.secret(name).get("bearer_token"))
    if not plain(token):
        raise OpsError(f"the secret {name} holds no bearer_token", BEARER)
    bridge.hide(token)
    return token


def of_account(bridge: Bridge, account: Account) -> str:
    """The account's own token. Raises OpsError where its secret holds none."""
    token = bridge.token(account)
    if not token:
        raise OpsError(f"the secret {account.secret} holds no access_token", AUTHORISE.format(account.id))
    return token


def call(
    bridge: Bridge, method: Method, path: str, token: str, what: str, body: object = None, *, renew: str = BEARER
) -> dict[str, Any]:
    """What X answers, as an object. `what` stands for the call in errors, `renew` is what mends a token that X does
    not take. Raises OpsError."""
    url, headers = bridge.settings.url("x_api") + path, {"Authorization": f"Bearer {token}"}
    if method in {"GET", "DELETE"}:
        answer = (bridge.get if method == "GET" else bridge.delete)(url, headers, what)
    else:
        headers["Content-Type"] = "application/json"
        send = bridge.post if method == "POST" else bridge.put
        answer = send(url, headers, b"" if body is None else json.dumps(body).encode(), what)
    found = answer.json()
    if answer.status // 100 == 2 and isinstance(found, dict):
        return found
    raise refused(answer, what, renew)


def refused(answer: Answer, what: str, renew: str) -> OpsError:
    """What X's refusal means, and the page or command that mends it."""
    text = answer.body[:4096].decode(errors="replace")
    found = answer.json()
    told = found if isinstance(found, dict) else {}
    title, detail = str(told.get("title", "")), str(told.get("detail", ""))
    message = f"{what}: HTTP {answer.status}" + "".join(f": {part[:200]}" for part in (title, detail) if part)
    for reason, fix in REASONS.items():
        if reason in text:
            return OpsError(f"{what}: HTTP {answer.status}: {reason}", fix)
    # 402 is what a stream was seen to end with; its title, what X's clients look for
    if answer.status == 402 or "credits" in title.casefold():
        return OpsError(f"{what}: HTTP {answer.status}: X's credits are used up", CREDITS)
    if answer.status == 429:
        return OpsError(f"{what}: HTTP 429: X's limit is reached{_until(answer)}", "run it again then")
    if answer.status == 401:
        return OpsError(message, renew)
    if answer.status == 403:
        client = "client-" in text  # client-forbidden, client-not-enrolled
        return OpsError(message, ENROL if client or renew == BEARER else renew)
    return OpsError(message, "docs.x.com/x-api/fundamentals/response-codes-and-errors explains it")


def _until(answer: Answer) -> str:
    reset = answer.headers.get("x-rate-limit-reset", "")
    return f" until {iso(int(reset) * 1000)}" if reset.isascii() and reset.isdigit() and len(reset) < 12 else ""


def objects(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer's `data`."""
    data = found.get("data")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def subscriptions(bridge: Bridge) -> Iterator[dict[str, Any]]:
    """Every subscription of the app (GET /2/activity/subscriptions). Raises OpsError."""
    query: dict[str, str] = {"max_results": "1000"}
    for _ in range(PAGES):
        path = f"/2/activity/subscriptions?{urlencode(query)}"
        found = call(bridge, "GET", path, bearer(bridge), "X subscriptions")
        yield from objects(found)
        meta = found.get("meta")
        more = meta.get("next_token") if isinstance(meta, dict) else None
        if not more:
            return
        query["pagination_token"] = str(more)


def owner(bridge: Bridge, account: Account) -> str:
    """The id of the user whose token the account has (GET /2/users/me). Raises OpsError."""
    what, renew = f"X {account.id}", AUTHORISE.format(account.id)
    found = call(bridge, "GET", "/2/users/me", of_account(bridge, account), what, renew=renew)
    data = found.get("data")
    return str(data.get("id", "")) if isinstance(data, dict) else ""


def requests_wait(bridge: Bridge, account: Account) -> bool:
    """Whether X's app holds message requests, which no webhook tells of (GET /2/chat/conversations). Raises
    OpsError."""
    what, renew = f"X {account.id}", AUTHORISE.format(account.id)
    path = "/2/chat/conversations?max_results=1"
    meta = call(bridge, "GET", path, of_account(bridge, account), what, renew=renew).get("meta")
    return isinstance(meta, dict) and meta.get("has_message_requests") is True


def may_media(bridge: Bridge, account: Account) -> bool:
    """Whether the account's token has the scope media.write: a look at an upload that is not there is forbidden
    without (GET /2/media/upload), and costs nothing. Raises OpsError."""
    url = f"{bridge.settings.url('x_api')}/2/media/upload?command=STATUS&media_id=1"
    headers = {"Authorization": f"Bearer {of_account(bridge, account)}"}
    answer = bridge.get(url, headers, f"X {account.id}")
    if answer.status in {401, 402, 429}:
        raise refused(answer, f"X {account.id}", AUTHORISE.format(account.id))
    return answer.status != 403
