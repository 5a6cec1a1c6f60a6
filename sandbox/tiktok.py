"""A simulated TikTok API for Business: direct messages, tokens, webhook registration, signed webhooks.

Source: the TikTok API for Business portal, business-api.tiktok.com/portal/docs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from sandbox.clock import iso
from sandbox.delivery import Deliveries
from sandbox.faults import Fault, Faults, struck
from sandbox.tiktok_inbox import (
    Conversation,
    Inbox,
    conversation_id_of,
    message,
    new_message_id,
    webhook,
)
from sandbox.tiktok_schema import (
    BAD_PARAMETER,
    RefreshBody,
    SendBody,
    TikTokError,
    TokenInfoBody,
    WebhookBody,
    WebhookQuery,
    parse,
)
from sandbox.web import Answer, Call, Outcome, WebServer

Echo = Literal["after", "before", "none"]
_API = "/open_api/v1.3/"
_SEND = _API + "business/message/send/"
_WINDOW_S = 48 * 3600.0  # TikTok portal doc 1832184403754242
_ACCESS_S = 86400  # TikTok portal doc 1833997638479041
_REFRESH_S = 31536000
_SCOPE = "message.list.manage,message.list.send,message.list.read,user.info.basic,user.account.type"
_CODES = {429: 40100, 503: 60001}
_EVENT_TYPES = {"im_": "DIRECT_MESSAGE", "comment": "COMMENT", "brand": "BRAND_MENTION"}


@dataclass
class _Account:
    business_id: str
    app_id: str
    app_secret: str
    webhook_url: str
    username: str
    refresh_token: str
    consent_ends: float  # refresh tokens rotate, the year of consent does not start anew
    scope: str
    access_tokens: dict[str, float] = field(default_factory=dict)  # each with its end, epoch seconds


class TikTokSimulator:
    """`retry_delays_s`: seconds before each new delivery of a webhook that was not answered 200.

    `echo` says when a send comes back as a webhook: "after" its answer, "before" it, or "none".
    """

    def __init__(
        self,
        clock: Callable[[], float],
        faults: Faults,
        *,
        retry_delays_s: Sequence[float] = (1, 5, 25),
        echo: Echo = "after",
        webhook_timeout_s: float = 5.0,
        port: int = 0,
    ) -> None:
        self.echo = echo
        self._clock, self._faults = clock, faults
        self._retry_delays_s, self._webhook_timeout_s = tuple(retry_delays_s), webhook_timeout_s
        self._lock = threading.RLock()
        self._accounts: dict[str, _Account] = {}
        self._callbacks: dict[tuple[str, str], str] = {}
        self._inbox = Inbox()
        self._sent: list[dict[str, Any]] = []
        self._deliveries = Deliveries()
        self._web = WebServer(self._handle, port)
        self.url = self._web.url

    def start(self) -> None:
        self._web.start()

    def stop(self) -> None:
        """Stop serving and delivering."""
        self._deliveries.stop()
        self._web.stop()

    def reset(self) -> None:
        """Forget conversations, sends and pending deliveries; accounts, tokens and webhooks stay."""
        self._deliveries.cancel()
        with self._lock:
            self._inbox = Inbox()
            self._sent.clear()

    def add_account(
        self,
        business_id: str,
        *,
        app_id: str,
        app_secret: str,
        access_token: str,
        refresh_token: str,
        webhook_url: str,
        username: str = "our_shop",
        scope: str = _SCOPE,
    ) -> None:
        """Connect a business: its tokens are fresh, and the app's DIRECT_MESSAGE webhook is `webhook_url`."""
        now = self._clock()
        account = _Account(
            business_id, app_id, app_secret, webhook_url, username, refresh_token, now + _REFRESH_S, scope
        )
        account.access_tokens[access_token] = now + _ACCESS_S
        with self._lock:
            self._accounts[business_id] = account
            self._callbacks[app_id, "DIRECT_MESSAGE"] = webhook_url

    def accounts(self) -> list[str]:
        """The connected business ids, oldest first."""
        return list(self._accounts)

    def sent(self) -> list[dict[str, Any]]:
        """Every send call, oldest first: at, status (HTTP), path, body, message_id, code (0: sent)."""
        with self._lock:
            return [dict(entry) for entry in self._sent]

    # --- customers

    def write(
        self,
        business_id: str,
        customer_id: str,
        text: str,
        message_id: str | None = None,
        conversation_id: str | None = None,
    ) -> str:
        """A customer writes `text`; returns the message's id after the first delivery attempt."""
        account = self._accounts[business_id]
        name = f"customer_{hashlib.sha256(customer_id.encode()).hexdigest()[:8]}"
        thread = Conversation(
            conversation_id or conversation_id_of(business_id, customer_id), business_id, customer_id, name
        )
        message_id, now = message_id or new_message_id(), self._clock()
        said = {"type": "text", "text": {"body": text}}
        content = message(thread, account.username, message_id, said, now, echo=False)
        self.deliver(webhook(account.app_id, business_id, "im_receive_msg", content, now))
        return message_id

    def deliver(self, raw: bytes) -> int | None:
        """Sign and deliver a webhook byte for byte; returns the first attempt's status, None for no answer.

        It goes to the account of the body's user_openid, or to any. ValueError when there is no account.
        """
        try:
            payload = json.loads(raw)
        except ValueError:
            payload = None
        with self._lock:
            account, url = self._addressed(payload)
            # The window counts from the delivery, by the shared clock, not from the payload's own time.
            self._inbox.note(payload, self._clock())
        return self._deliveries.post(
            url,
            raw,
            lambda: self._signed(raw, account),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
        ).status

    def _addressed(self, payload: Any) -> tuple[_Account, str]:
        envelope = payload if isinstance(payload, dict) else {}
        account = self._accounts.get(str(envelope.get("user_openid")))
        if account is None:
            if not self._accounts:
                raise ValueError("no TikTok account is connected")
            account = next(iter(self._accounts.values()))
        event = str(envelope.get("event", "im_"))
        kind = next((kind for start, kind in _EVENT_TYPES.items() if event.startswith(start)), "VIDEO")
        # TikTok portal doc 1832184470423554: one URL per app and event type
        return account, self._callbacks.get((account.app_id, kind), account.webhook_url)

    def _signed(self, raw: bytes, account: _Account) -> dict[str, str]:
        # developers.tiktok.com/doc/webhooks-verification; made anew for each attempt, so `t` moves on
        t = str(int(self._clock()))
        digest = hmac.new(account.app_secret.encode(), t.encode() + b"." + raw, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "Tiktok-Signature": f"t={t},s={digest}",
            "webhook-schema-version": "1.0",
            "x-tt-logid": secrets.token_hex(16),
        }

    # --- HTTP

    def _handle(self, call: Call) -> Answer | Outcome:
        sends = (call.method, call.path) == ("POST", _SEND)
        return struck(
            self._faults.pick("tiktok", call.path, accepting=sends),
            work=lambda: self._serve(call, sends, None),
            refuse=lambda fault: self._serve(call, sends, fault),
            pause=self._web.pause,
        )

    def _serve(self, call: Call, sends: bool, fault: Fault | None) -> Answer:
        after = None
        try:
            if fault:
                default = _CODES.get(fault.status, 50000)
                raise TikTokError(int(fault.code or default), "Injected fault.", fault.status)
            data, after = self._send(call) if sends else (self._route(call), None)
            code, text, status = 0, "OK", 200
        except TikTokError as error:
            code, text, status, data = error.code, error.message, error.status, {}
        if sends:
            self._record(call, status, code, data)
        body = {"code": code, "message": text, "request_id": secrets.token_hex(17).upper(), "data": data}
        return Answer(status, body, fault.headers if fault else {}, after=after)

    def _record(self, call: Call, status: int, code: int, data: dict[str, Any]) -> None:
        try:
            body = call.json()
        except ValueError:
            body = call.body.decode("utf-8", "replace")
        message_id = data["message"]["message_id"] if data else None
        entry = {"at": iso(self._clock()), "status": status, "path": call.path, "body": body}
        with self._lock:
            self._sent.append(entry | {"message_id": message_id, "code": code})

    def _route(self, call: Call) -> dict[str, Any]:
        # Every path ends with "/": without it the gateway answers 404.
        routes: dict[tuple[str, str], Callable[[Call], dict[str, Any]]] = {
            ("POST", "tt_user/oauth2/refresh_token/"): self._refresh,
            ("POST", "tt_user/token_info/get/"): self._token_info,
            ("POST", "business/webhook/update/"): self._webhook_update,
            ("GET", "business/webhook/list/"): self._webhook_list,
        }
        route = routes.get((call.method, call.path.removeprefix(_API)))
        if route is None or not call.path.startswith(_API):
            raise TikTokError(40007, f"{call.method} {call.path} does not exist", 404)
        with self._lock:
            return route(call)

    def _authorise(self, call: Call) -> _Account:
        return self._owner(call.header("Access-Token"))

    def _owner(self, token: str) -> _Account:
        now = self._clock()
        if not token:
            missing = "Access token is null, you should set it in http header with key Access-Token."
            raise TikTokError(40104, missing)
        for account in self._accounts.values():
            if token in account.access_tokens:
                if account.access_tokens[token] <= now:
                    raise TikTokError(40102, "The access token has expired.")
                return account
        raise TikTokError(40105, "Access token is incorrect or has been revoked.")

    # --- sending

    def _send(self, call: Call) -> tuple[dict[str, Any], Callable[[], None] | None]:
        with self._lock:
            account = self._authorise(call)
            body = parse(call, SendBody)
            if body.business_id != account.business_id:
                raise TikTokError(40001, "The access token has no permission for this business_id.")
            thread = self._inbox.conversations.get((body.business_id, body.recipient))
            now = self._clock()
            if thread is None:
                raise TikTokError(BAD_PARAMETER, "Param conversation_id is invalid.")
            if body.sender_action:
                return {"message": {"message_id": ""}}, None
            if thread.wrote is None or now - thread.wrote > _WINDOW_S:
                # The window has no code of its own: 40064 stands for every direct-message rule.
                raise TikTokError(40064, "The message is blocked: 48 hours have passed since the last one.")
        message_id = new_message_id()
        content = message(thread, account.username, message_id, _said(body), now, echo=True)
        raw = webhook(account.app_id, account.business_id, "im_send_msg", content, now)
        data = {"message": {"message_id": message_id}}
        if self.echo == "before":
            self._echo(self._deliveries.post, account, thread, raw)
        if self.echo == "after":
            return data, lambda: self._echo(self._deliveries.send, account, thread, raw)
        return data, None

    def _echo(self, deliver: Callable[..., object], account: _Account, thread: Conversation, raw: bytes) -> None:
        deliver(
            self._callbacks.get((account.app_id, "DIRECT_MESSAGE"), account.webhook_url),
            raw,
            lambda: self._signed(raw, account),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
            key=thread.id,
        )

    # --- tokens and webhooks

    def _refresh(self, call: Call) -> dict[str, Any]:
        # TikTok portal doc 1833997638479041
        body, now = parse(call, RefreshBody), self._clock()
        for account in self._accounts.values():
            known = body.refresh_token == account.refresh_token
            if known and (account.app_id, account.app_secret) == (body.client_id, body.client_secret):
                return _renewed(account, now)
        raise TikTokError(40107, "The refresh token is invalid.")

    def _token_info(self, call: Call) -> dict[str, Any]:
        # TikTok portal doc 1765927978092545
        body = parse(call, TokenInfoBody)
        account = self._owner(body.access_token)
        if account.app_id != body.app_id:
            raise TikTokError(40001, "The access token does not belong to this app_id.")
        return {"app_id": account.app_id, "creator_id": account.business_id, "scope": account.scope}

    def _app(self, app_id: str, secret: str) -> None:
        if not any((a.app_id, a.app_secret) == (app_id, secret) for a in self._accounts.values()):
            raise TikTokError(BAD_PARAMETER, "Param app_id or secret is invalid.")

    def _webhook_update(self, call: Call) -> dict[str, Any]:
        body = parse(call, WebhookBody)
        self._app(body.app_id, body.secret)
        self._callbacks[body.app_id, body.event_type] = body.callback_url
        return {"app_id": body.app_id, "callback_url": body.callback_url, "event_type": body.event_type}

    def _webhook_list(self, call: Call) -> dict[str, Any]:
        # TikTok portal doc 1832184488625234: no callback_url means that none is set
        query = parse(call, WebhookQuery)
        self._app(query.app_id, query.secret)
        data = {"app_id": query.app_id, "event_type": query.event_type}
        url = self._callbacks.get((query.app_id, query.event_type))
        return data | ({"callback_url": url} if url else {})


def _not_accepted(status: int | None) -> bool:
    return status != 200


def _renewed(account: _Account, now: float) -> dict[str, Any]:
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


def _said(body: SendBody) -> dict[str, Any]:
    kind = body.message_type.lower()
    said: dict[str, Any] = {"type": kind, kind: msgspec.to_builtins(getattr(body, kind))}
    if kind == "template":
        template = msgspec.to_builtins(body.template)
        buttons = [{"text": b["title"], "type": b["type"], "id": b["id"]} for b in template["buttons"]]
        elements = [{"title": template["title"], "buttons": buttons}]
        said["template"] = {"type": template["type"].lower(), "elements": elements}
    if body.share_post:
        item_id = body.share_post.item_id
        embed_url = f"https://www.tiktok.com/player/v1/{item_id}"
        said["share_post"] = {"video_id": item_id, "embed_url": embed_url}
    if body.referenced_message_info:
        said["referenced_message_info"] = msgspec.to_builtins(body.referenced_message_info)
    return said
