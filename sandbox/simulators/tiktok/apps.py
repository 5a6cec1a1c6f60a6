"""A simulated TikTok's apps: the accounts that authorised them, their tokens, and where webhooks go.

Source: TikTok portal docs 1833997638479041 (tokens), 1832184470423554, 1832184488625234, 1832184497985537 (webhooks).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.simulators.tiktok.schema import (
    BAD_PARAMETER,
    NO_PERMISSION,
    RefreshBody,
    TikTokError,
    TokenInfoBody,
    WebhookBody,
    WebhookDelete,
    WebhookQuery,
    parse,
)
from sandbox.stage.web import Call

_ACCESS_S = 86400
_REFRESH_S = 31536000
_EVENT_TYPES = {"im_": "DIRECT_MESSAGE", "comment": "COMMENT", "brand": "BRAND_MENTION"}


@dataclass
class Account:
    """A business that authorised an app. Refresh tokens rotate, the year of consent does not start anew."""

    business_id: str
    app_id: str
    app_secret: str
    webhook_url: str
    username: str
    refresh_token: str
    scope: str
    consent_ends: float = 0.0
    access_tokens: dict[str, float] = field(default_factory=dict)  # each with its end, epoch seconds

    def owns(self, business_id: str) -> None:
        """TikTokError unless the id is this account's."""
        if business_id != self.business_id:
            raise TikTokError(NO_PERMISSION, "The access token has no permission for this business_id.")


@dataclass
class Apps:
    """The accounts by business id; `clock` in epoch seconds."""

    clock: Callable[[], float]
    accounts: dict[str, Account] = field(default_factory=dict)
    _callbacks: dict[tuple[str, str], str] = field(default_factory=dict)  # "" once it was deleted

    def connect(self, account: Account, access_token: str, event_types: Sequence[str]) -> None:
        """The account's tokens are fresh, and its app's webhooks of these types are the account's."""
        now = self.clock()
        account.consent_ends = now + _REFRESH_S
        account.access_tokens[access_token] = now + _ACCESS_S
        self.accounts[account.business_id] = account
        for event_type in event_types:
            self._callbacks[account.app_id, event_type] = account.webhook_url

    def owner(self, token: str) -> Account:
        """Whose access token it is; TikTokError where it is nobody's, or expired."""
        if not token:
            missing = "Access token is null, you should set it in http header with key Access-Token."
            raise TikTokError(40104, missing)
        for account in self.accounts.values():
            if token in account.access_tokens:
                if account.access_tokens[token] <= self.clock():
                    raise TikTokError(40102, "The access token has expired.")
                return account
        raise TikTokError(40105, "Access token is incorrect or has been revoked.")

    def knows(self, token: str) -> bool:
        """Whether it is somebody's access token, and good."""
        try:
            self.owner(token)
        except TikTokError:
            return False
        return True

    def callback(self, account: Account, event: str) -> str:
        """Where a webhook of this event goes, "" where nowhere: one URL per app and event type.

        Events of no known type, such as authorization.removed, go to the account's.
        """
        for start, event_type in _EVENT_TYPES.items():
            if event.startswith(start):
                return self._callbacks.get((account.app_id, event_type), "")
        return account.webhook_url

    def routes(self) -> dict[tuple[str, str], Callable[[Call], dict[str, Any]]]:
        return {
            ("POST", "tt_user/oauth2/refresh_token/"): self._refresh,
            ("POST", "tt_user/token_info/get/"): self._token_info,
            ("POST", "business/webhook/update/"): self._webhook_update,
            ("GET", "business/webhook/list/"): self._webhook_list,
            ("POST", "business/webhook/delete/"): self._webhook_delete,
        }

    def _refresh(self, call: Call) -> dict[str, Any]:
        body = parse(call, RefreshBody)
        for account in self.accounts.values():
            known = body.refresh_token == account.refresh_token
            if known and (account.app_id, account.app_secret) == (body.client_id, body.client_secret):
                return _renewed(account, self.clock())
        raise TikTokError(40107, "The refresh token is invalid.")

    def _token_info(self, call: Call) -> dict[str, Any]:
        # TikTok portal doc 1765927978092545
        body = parse(call, TokenInfoBody)
        account = self.owner(body.access_token)
        if account.app_id != body.app_id:
            raise TikTokError(NO_PERMISSION, "The access token does not belong to this app_id.")
        return {"app_id": account.app_id, "creator_id": account.business_id, "scope": account.scope}

    def _check(self, app_id: str, secret: str) -> None:
        if not any((a.app_id, a.app_secret) == (app_id, secret) for a in self.accounts.values()):
            raise TikTokError(BAD_PARAMETER, "Param app_id or secret is invalid.")

    def _webhook_update(self, call: Call) -> dict[str, Any]:
        body = parse(call, WebhookBody)
        self._check(body.app_id, body.secret)
        self._callbacks[body.app_id, body.event_type] = body.callback_url
        return {"app_id": body.app_id, "callback_url": body.callback_url, "event_type": body.event_type}

    def _webhook_list(self, call: Call) -> dict[str, Any]:
        # no callback_url means that none is set
        query = parse(call, WebhookQuery)
        self._check(query.app_id, query.secret)
        data = {"app_id": query.app_id, "event_type": query.event_type}
        url = self._callbacks.get((query.app_id, query.event_type))
        return data | ({"callback_url": url} if url else {})

    def _webhook_delete(self, call: Call) -> dict[str, Any]:
        body = parse(call, WebhookDelete)
        self._check(body.app_id, body.secret)
        self._callbacks[body.app_id, body.event_type] = ""
        return {"app_id": body.app_id, "event_type": body.event_type}


def _renewed(account: Account, now: float) -> dict[str, Any]:
    if account.consent_ends <= now:
        raise TikTokError(40103, "The refresh token has expired.")
    access_token = f"act.{secrets.token_urlsafe(32)}"
    account.access_tokens[access_token] = now + _ACCESS_S
    account.refresh_token = f"rft.{secrets.token_urlsafe(32)}"  # the old one is dead from here on
    return {
        "access_token": access_token,
        "expires_in": _ACCESS_S,
        "open_id": account.business_id,
        "refresh_token": account.refresh_token,
        "refresh_token_expires_in": int(account.consent_ends - now),
        "scope": account.scope,
        "token_type": "Bearer",
    }
