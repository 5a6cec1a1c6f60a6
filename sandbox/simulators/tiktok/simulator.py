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
from typing import Any

from sandbox.simulators.tiktok.apps import Account, Apps
from sandbox.simulators.tiktok.inbox import (
    Conversation,
    Inbox,
    between,
    conversations,
    echoed,
    happened,
    listed,
    message,
    new_message_id,
    tapped,
    webhook,
)
from sandbox.simulators.tiktok.media import FILES, Library
from sandbox.simulators.tiktok.schema import (
    BAD_PARAMETER,
    NOT_FOUND,
    CapabilityQuery,
    ContentQuery,
    ConversationsQuery,
    DownloadBody,
    SendBody,
    TikTokError,
    parse,
)
from sandbox.stage.clock import iso
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.served import Served
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, Unwatched, traced
from sandbox.stage.web import Answer, Call, Outcome

_API = "/open_api/v1.3/"
_SEND = _API + "business/message/send/"
_SCOPE = "message.list.manage,message.list.send,message.list.read,user.info.basic,user.account.type"
_CODES = {429: 40100, 503: 60001}


class TikTokSimulator(Served):
    """`retry_delays_s`: seconds before each new delivery of a webhook that was not answered 200.

    `echo` says when a send comes back as a webhook: "after" its answer, "before" it, or "none".
    `images_allowed` tells whether pictures may be sent: TikTok allows them between some countries only.
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
        self.watch: PhoneWatch = Unwatched()
        self.images_allowed = True
        self._clock, self._faults = clock, faults
        faults.enter("tiktok", numbered=True)
        self._retry_delays_s, self._webhook_timeout_s = tuple(retry_delays_s), webhook_timeout_s
        self._lock = threading.RLock()
        self._apps = Apps(clock)
        self._inbox, self._library = Inbox(), Library(clock)
        self._sent: list[dict[str, Any]] = []
        super().__init__(self._handle, port)

    def reset(self) -> None:
        """Forget conversations, sends, uploads and pending deliveries; accounts, tokens and webhooks stay."""
        self.deliveries.cancel()
        with self._lock:
            self._inbox, self._library = Inbox(), Library(self._clock)
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
        event_types: Sequence[str] = ("DIRECT_MESSAGE",),
    ) -> None:
        """Connect a business: its tokens are fresh, and the app's webhooks of these types go to `webhook_url`."""
        account = Account(business_id, app_id, app_secret, webhook_url, username, refresh_token, scope)
        with self._lock:
            self._apps.connect(account, access_token, event_types)

    def accounts(self) -> list[str]:
        """The connected business ids, oldest first."""
        return list(self._apps.accounts)

    def sent(self) -> list[dict[str, Any]]:
        """Every send call, oldest first: at, status (HTTP), path, body, message_id, code (0: sent); `trace` where the
        road names what it was made for."""
        with self._lock:
            return [dict(entry) for entry in self._sent]

    def media(self) -> dict[str, str]:
        """Media ids that a customer's message may carry: "image" (a JPEG), "png" and "video" (an MP4)."""
        return self._library.samples()

    def file(self, media_id: str) -> tuple[str, bytes] | None:
        """Type and bytes of a picture or video, as the customer's app shows it; None where there is none."""
        with self._lock:
            found = self._library.files.get(media_id)
        return (found.mime, found.body) if found else None

    def uploads(self) -> list[dict[str, Any]]:
        """What the accounts uploaded, oldest first: at, business_id, media_id, name, mime, size, sha256."""
        with self._lock:
            return self._library.uploads()

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
        thread = between(business_id, customer_id, conversation_id)
        return self._say(thread, {"type": "text", "text": {"body": text}}, message_id)

    def say(self, business_id: str, customer_id: str, said: dict[str, Any], *, by_brand: bool = False) -> str:
        """A customer sends whatever `said` has for a message's content, or somebody of the brand does, in the app;
        returns the message's id after the first delivery attempt."""
        return self._say(between(business_id, customer_id), said, None, by_brand)

    def tell(self, business_id: str, customer_id: str, event: str, told: dict[str, Any]) -> None:
        """Something else of a customer's: `told` is what the event's content has beside who and when."""
        thread, account, now = between(business_id, customer_id), self._apps.accounts[business_id], self._clock()
        content = happened(thread, account.username, now) | told
        self.deliver(webhook(account.app_id, account.business_id, event, content, now))

    def tap(self, business_id: str, customer_id: str, message_id: str, choice: str) -> str:
        """The customer taps a button, named by its id or text, of a template that the business sent as
        `message_id`. Returns the id of the message that this is; ValueError where there is no such button."""
        with self._lock:
            thread = self._inbox.of(business_id, customer_id)
            if thread is None:
                raise ValueError(f"{customer_id} has no conversation with {business_id}")
            said = tapped(thread, message_id, choice)
        return self._say(thread, said, None)

    def _say(self, thread: Conversation, said: dict[str, Any], message_id: str | None, by_brand: bool = False) -> str:
        account = self._apps.accounts[thread.business_id]
        message_id, now = message_id or new_message_id(), self._clock()
        content = message(thread, account.username, message_id, said, now, echo=by_brand)
        content |= said | {"message_tag": {"source": "APP"}}
        event = "im_send_msg" if by_brand else "im_receive_msg"
        self.deliver(webhook(account.app_id, account.business_id, event, content, now))
        return message_id

    def deliver(self, raw: bytes) -> int | None:
        """Sign and deliver a webhook byte for byte; returns the first attempt's status, None for no answer or
        where no webhook is set.

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
        self.watch.customer(raw)
        if not url:
            return None
        return self.deliveries.post(
            url,
            raw,
            lambda: self._signed(raw, account),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
        ).status

    def _addressed(self, payload: Any) -> tuple[Account, str]:
        envelope = payload if isinstance(payload, dict) else {}
        account = self._apps.accounts.get(str(envelope.get("user_openid")))
        if account is None:
            if not self._apps.accounts:
                raise ValueError("no TikTok account is connected")
            account = next(iter(self._apps.accounts.values()))
        return account, self._apps.callback(account, str(envelope.get("event", "im_")))

    def _signed(self, raw: bytes, account: Account) -> dict[str, str]:
        # developers.tiktok.com/doc/webhooks-verification; made anew for each attempt, so `t` moves on
        account = self._apps.accounts.get(account.business_id, account)  # whose secret may have been rotated
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
        if call.method == "GET" and call.path.startswith(FILES) and not fault:
            return self._library.serve(call, self._apps.knows)
        after = None
        try:
            if fault:
                default = _CODES.get(fault.status, 50000)
                raise TikTokError(int(fault.code or default), fault.message or "Injected fault.", fault.status)
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
            self._sent.append(entry | {"message_id": message_id, "code": code} | traced(call))

    def _route(self, call: Call) -> dict[str, Any]:
        # Every path ends with "/": without it the gateway answers 404.
        routes = self._apps.routes() | {
            ("POST", "business/message/media/upload/"): self._upload,
            ("POST", "business/message/media/download/"): self._download,
            ("GET", "business/message/capabilities/get/"): self._capabilities,
            ("GET", "business/message/content/list/"): self._content,
            ("GET", "business/message/conversation/list/"): self._conversations,
        }
        route = routes.get((call.method, call.path.removeprefix(_API)))
        if route is None or not call.path.startswith(_API):
            raise TikTokError(NOT_FOUND, f"{call.method} {call.path} does not exist", 404)
        with self._lock:
            return route(call)

    def _authorise(self, call: Call) -> Account:
        return self._apps.owner(call.header("Access-Token"))

    def _thread(self, account: Account, business_id: str, conversation_id: str) -> Conversation:
        account.owns(business_id)
        thread = self._inbox.conversations.get((business_id, conversation_id))
        if thread is None:
            raise TikTokError(BAD_PARAMETER, "Param conversation_id is invalid.")
        return thread

    # --- sending

    def _send(self, call: Call) -> tuple[dict[str, Any], Callable[[], None] | None]:
        with self._lock:
            account = self._authorise(call)
            body, now = parse(call, SendBody), self._clock()
            account.owns(body.business_id)
            if body.sender_action:
                thread = self._thread(account, body.business_id, body.recipient or "")
                self.watch.brand(account.business_id, thread.customer_id, "", {"type": body.sender_action})
                return {"message": {"message_id": ""}}, None
            if body.image:
                self._check_image(account, body.image.media_id)
            if body.direct_reply:
                comment_id = body.direct_reply.comment_reply.comment_id
                thread = self._inbox.commenter(account.business_id, comment_id, now)
            else:
                thread = self._thread(account, body.business_id, body.recipient or "")
                thread.check_open(now)
            message_id = new_message_id()
            content = message(thread, account.username, message_id, echoed(body), now, echo=True)
            thread.sent(content, now)
        self.watch.brand(account.business_id, thread.customer_id, message_id, content)
        raw = webhook(account.app_id, account.business_id, "im_send_msg", content, now)
        data = {"message": {"message_id": message_id}}
        if self.echo == "before":
            self._echo(self.deliveries.post, account, thread, raw)
        if self.echo == "after":
            return data, lambda: self._echo(self.deliveries.send, account, thread, raw)
        return data, None

    def _check_image(self, account: Account, media_id: str) -> None:
        self._library.check_uploaded(account.business_id, media_id)
        if not self.images_allowed:  # which code TikTok answers is not documented
            raise TikTokError(BAD_PARAMETER, "Images cannot be sent in this conversation.")

    def _echo(self, deliver: Callable[..., object], account: Account, thread: Conversation, raw: bytes) -> None:
        url = self._apps.callback(account, "im_send_msg")
        if not url:
            return
        deliver(
            url,
            raw,
            lambda: self._signed(raw, account),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
            key=thread.id,
        )

    # --- media and reads

    def _upload(self, call: Call) -> dict[str, Any]:
        return self._library.upload(self._authorise(call).business_id, call)

    def _download(self, call: Call) -> dict[str, Any]:
        account, body = self._authorise(call), parse(call, DownloadBody)
        thread = self._thread(account, body.business_id, body.conversation_id)
        block = {"media_id": body.media_id}
        sent = (one for one in thread.history if one.get("message_id") == body.message_id)
        if not any(one.get(body.media_type.lower()) == block for one in sent):
            raise TikTokError(NOT_FOUND, "The message has no such media.")
        return {"download_url": self._library.link(self.url, body.media_id, body.media_type)}

    def _capabilities(self, call: Call) -> dict[str, Any]:
        account, query = self._authorise(call), parse(call, CapabilityQuery)
        thread = self._thread(account, query.business_id, query.conversation_id)
        # What is answered for the wrong type is not documented; a no is the harder case for who asks.
        can = self.images_allowed and query.conversation_type == thread.kind
        return {"capability_infos": [{"capability_type": "IMAGE_SEND", "capability_result": can}]}

    def _content(self, call: Call) -> dict[str, Any]:
        account, query = self._authorise(call), parse(call, ContentQuery)
        return listed(self._thread(account, query.business_id, query.conversation_id), account.username)

    def _conversations(self, call: Call) -> dict[str, Any]:
        account, query = self._authorise(call), parse(call, ConversationsQuery)
        account.owns(query.business_id)
        at, limit = int(query.cursor), int(query.limit)
        return conversations(self._inbox, query.business_id, query.conversation_type, at, limit, self._clock())


def _not_accepted(status: int | None) -> bool:
    return status != 200
