"""The TikTok API for Business as an operator uses it.

TikTok portal docs 1832184470423554 (webhook/update), 1832184488625234 (webhook/list), 1765927978092545 (token_info).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from chalicelib.http import Answer
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.errors import OpsError

API = "/open_api/v1.3/"
EVENT_TYPE = "DIRECT_MESSAGE"
# Comments and mentions, which some only want, and the scope without which an account delivers none.
COMMENT_TYPES = {"COMMENT": "comment.list", "BRAND_MENTION": "biz.brand.insights"}
SCOPES = ("message.list.read", "message.list.send", "message.list.manage")
AUTHORISE = "let the account's owner authorise the app again (My Apps > TikTok account holder authorization URL)"
APP = 'put app_id and the app\'s secret into the TikTok secret ({"app_id": …, "secrets": […]}), or pass --tiktok-app-id'


class App:
    """The TikTok app: one webhook URL per app and event type, for all of its accounts."""

    def __init__(self, bridge: Bridge, app_id: str) -> None:
        """`app_id` "" takes that of the secret. OpsError where id or secret is missing."""
        name = bridge.settings.vendors["tiktok_secret"]
        secrets = bridge.listed(name, "secrets")
        self.id = app_id or str(bridge.secret(name).get("app_id", ""))
        if not self.id or not secrets:
            missing = "app_id" if secrets else "app secret"
            raise OpsError(f"the secret {name} holds no {missing}", APP)
        self._bridge, self._secret = bridge, str(secrets[0])

    def callback(self, event_type: str = EVENT_TYPE) -> str:
        """Where events of this type are delivered, "" where nothing is registered."""
        query = {"app_id": self.id, "secret": self._secret, "event_type": event_type}
        url = f"{self._url('business/webhook/list/')}?{urlencode(query)}"
        answer = self._bridge.get(url, {}, "TikTok webhooks")
        return str(_data(answer, "TikTok webhooks", _approval(event_type)).get("callback_url", ""))

    def register(self, url: str, event_type: str = EVENT_TYPE) -> None:
        """Has events of this type delivered to the URL; other types stay as they are."""
        body = {"app_id": self.id, "secret": self._secret, "event_type": event_type, "callback_url": url}
        self._post("business/webhook/update/", body, "TikTok webhooks", _approval(event_type))

    def scopes(self, account: Account) -> set[str]:
        """What the account's owner allowed the app. OpsError for a token of another app or account."""
        token, what = self._bridge.token(account), f"TikTok {account.id}"
        if not token:
            raise OpsError(f"the secret {account.secret} holds no access_token", AUTHORISE)
        found = self._post("tt_user/token_info/get/", {"app_id": self.id, "access_token": token}, what)
        owner = str(found.get("creator_id", account.id))
        if owner != account.id:
            raise OpsError(
                f"{what}: its token belongs to {owner}", "set the account's id to that, or replace the token"
            )
        return {scope.strip() for scope in str(found.get("scope", "")).split(",")}

    def _post(self, path: str, body: dict[str, str], what: str, fix: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        return _data(self._bridge.post(self._url(path), headers, json.dumps(body).encode(), what), what, fix)

    def _url(self, path: str) -> str:
        return self._bridge.settings.url("tiktok_api") + API + path


def approval(scopes: Iterable[str]) -> str:
    """How an app and its accounts come by scopes."""
    return (
        f"have TikTok approve {', '.join(scopes)} (My Apps > the app > Scope of permission), and only then {AUTHORISE}"
    )


def _approval(event_type: str) -> str:
    return approval([COMMENT_TYPES[event_type]]) if event_type in COMMENT_TYPES else ""


def _data(answer: Answer, what: str, mends: str = "") -> dict[str, Any]:
    """TikTok answers 200 whatever happens; the body's code tells. `mends`: the fix, where the code does not tell it."""
    found = answer.json()
    code = found.get("code") if isinstance(found, dict) else None
    if code == 0:
        data = found.get("data")
        return data if isinstance(data, dict) else {}
    message = str(found.get("message", ""))[:200] if isinstance(found, dict) else ""
    fix = (
        AUTHORISE
        if code in {40102, 40103, 40104, 40105, 40107, 40001}
        else "see the code in TikTok's portal, doc 1737172488964097"
    )
    if code == 40002 and what == "TikTok webhooks":
        fix = APP
    raise OpsError(f"{what}: HTTP {answer.status}, code {code}: {message}", mends or fix)
