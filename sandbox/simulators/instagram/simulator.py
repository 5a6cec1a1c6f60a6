"""A simulated Instagram: the Send API of both login flavours, profiles, media, tokens, and signed webhooks.

Source: developers.facebook.com/docs/instagram-platform and .../docs/messenger-platform/instagram. One server
plays graph.instagram.com (Instagram Login) and graph.facebook.com (Facebook Login, through a Page).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import requests

from sandbox.simulators.instagram import conversations
from sandbox.simulators.instagram.graph import (
    Account,
    chosen,
    me,
    mention_asked,
    mentioned,
    profile,
    refused,
    subscription,
)
from sandbox.simulators.instagram.inbox import Inbox, echo_of, new_mid, objects, person, tapped, webhook
from sandbox.simulators.instagram.media import CDN_PATH, Cdn, attached
from sandbox.simulators.instagram.routing import EDGES, OTHER, OURS, Routing, features
from sandbox.simulators.instagram.schema import SAID, GraphError, parse_send
from sandbox.simulators.instagram.sending import accept, addressee, beside
from sandbox.simulators.instagram.tokens import Tokens
from sandbox.stage.clock import iso
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.served import Served
from sandbox.stage.vendors import Echo
from sandbox.stage.watching import PhoneWatch, Unwatched, traced
from sandbox.stage.web import Answer, Call, Outcome

Metadata = Literal["told", "kept", "refused"]
OthersAct = Literal["take", "pass", "request", "say"]
_OLDEST_VERSION = (21, 0)  # .../graph-api/changelog: v20.0 ended on 2026-09-24
_PATH = re.compile(r"(?:/v(\d+)\.(\d+))?/([^/]+)(?:/([a-z_]+))?/?")


class InstagramSimulator(Served):
    """`retry_delays_s`: seconds before each new delivery of a webhook that was not answered 200.

    `echo` says when a send comes back as a webhook: "after" its answer, "before" it, or "none". `metadata`, what
    becomes of a message's: "told" in its echo and in the conversation, "kept" to itself, or "refused" with the message.
    `answers_as` is the version of Graph that answers whichever is asked for ("": that one), as where the asked one is
    over.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        faults: Faults,
        *,
        retry_delays_s: Sequence[float] = (0, 5, 20, 60),
        echo: Echo = "after",
        metadata: Metadata = "told",
        webhook_timeout_s: float = 5.0,
        port: int = 0,
    ) -> None:
        self.echo, self.metadata = echo, metadata
        self.answers_as = ""
        self.watch: PhoneWatch = Unwatched()
        self._clock, self._faults = clock, faults
        faults.enter("instagram", numbered=True)
        self._retry_delays_s, self._webhook_timeout_s = tuple(retry_delays_s), webhook_timeout_s
        self._lock = threading.RLock()
        self._accounts: dict[str, Account] = {}
        self._tokens = Tokens(clock)
        self._cdn = Cdn(clock)
        self._inbox = Inbox()
        self.routing = Routing(clock)
        self._sent: list[dict[str, Any]] = []
        super().__init__(self._handle, port)

    def reset(self) -> None:
        """Forget customers, sends and pending deliveries; accounts and tokens stay."""
        self.deliveries.cancel()
        with self._lock:
            self._inbox, self.routing = Inbox(), Routing(self._clock)
            self._sent.clear()
        self._cdn.forget()

    def add_account(
        self,
        ig_id: str,
        *,
        access_token: str,
        app_secret: str,
        webhook_url: str,
        login: Literal["instagram", "facebook"] = "instagram",
        page_id: str | None = None,
        username: str = "our.shop",
        human_agent: bool = False,
        comments: bool = True,
    ) -> None:
        """Connect a business. `login` "facebook" needs `page_id`; `human_agent`: Meta approved that tag;
        `comments`: the token may subscribe to comments. The token's age and end: `Tokens.grant`.
        """
        if (login == "facebook") is (page_id is None):
            raise ValueError('page_id goes with login="facebook", and only with it')
        account = Account(ig_id, app_secret, webhook_url, login, page_id, username, human_agent, comments)
        with self._lock:
            self._accounts[ig_id] = account
        self._tokens.grant(access_token, account)

    def accounts(self) -> list[str]:
        """The connected Instagram ids, oldest first."""
        return list(self._accounts)

    def sent(self) -> list[dict[str, Any]]:
        """Every call to .../messages, oldest first: at, status, path, body, message_id, code (error); `trace`
        where the road names what it was made for."""
        with self._lock:
            return [dict(entry) for entry in self._sent]

    # --- customers

    def write(self, ig_id: str, customer_id: str, text: str, mid: str | None = None) -> str:
        """A customer writes `text`; returns the mid after the first delivery attempt. Who has the conversation is told
        of it, and others are told of that."""
        mid = mid or new_mid(ig_id, customer_id)
        with self._lock:
            section = "messaging" if self.routing.heard(ig_id, customer_id) else "standby"
        said = {"mid": mid, "text": text}
        self.deliver(webhook(ig_id, customer_id, ig_id, said, self._clock(), section=section))
        return mid

    def other_app(self, ig_id: str, customer_id: str, act: OthersAct, text: str = "") -> str:
        """The other app takes the customer's conversation, passes it to us, asks for it, or says `text` there; the id
        of what it said."""
        with self._lock:
            account, mine = self._accounts[ig_id], self.routing.owner(ig_id, customer_id) == OURS
            if act in {"take", "pass"}:
                self.routing.gives(ig_id, customer_id, OTHER if act == "take" else OURS)
        moved = {"previous_owner_app_id": OURS if act == "take" else OTHER, "metadata": text}
        if act == "take" and mine:  # who takes it from nobody tells nobody
            self._told(account, customer_id, "take_thread_control", moved | {"new_owner_app_id": OTHER})
        elif act == "pass":
            self._told(account, customer_id, "pass_thread_control", moved | {"new_owner_app_id": OURS})
        elif act == "request" and mine:
            asked = {"requested_owner_app_id": OTHER, "metadata": text}
            self._told(account, customer_id, "request_thread_control", asked)
        elif act == "say":
            mid = new_mid(ig_id, customer_id)
            echo = {"mid": mid, "text": text, "app_id": int(OTHER), "is_echo": True}
            section = "messaging" if mine else "standby"
            self.deliver(webhook(ig_id, ig_id, customer_id, echo, self._clock(), section=section))
            return mid
        return ""

    def _told(self, account: Account, customer: str, kind: str, body: dict[str, Any]) -> None:
        raw = webhook(account.ig_id, customer, account.ig_id, body, self._clock(), kind)
        self._echo(self.deliveries.send, account, customer, raw)

    def _owns(self, account: Account, customer: str) -> bool:
        return self.routing.owner(account.ig_id, customer) == OURS

    def write_unseen(self, ig_id: str, customer_id: str, text: str) -> str:
        """A customer writes `text`, and Instagram never tells; the returned mid can be read."""
        mid, now = new_mid(ig_id, customer_id), self._clock()
        with self._lock:
            self._inbox.wrote[ig_id, customer_id] = now
            self._inbox.keep(mid, person(customer_id), {"id": ig_id}, text, now)
        return mid

    def mention(self, ig_id: str, customer_id: str, text: str, *, post: str, comment: str = "") -> None:
        """A customer mentions the account in a comment on somebody's post, or in a post of theirs; what they wrote
        is told to who asks for it. .../docs/instagram-platform/webhooks/examples"""
        now = self._clock()
        with self._lock:
            self._inbox.mention(ig_id, customer_id, text, post, comment, now)
        value = {"media_id": post} | ({"comment_id": comment} if comment else {})
        entry = {"id": ig_id, "time": int(now), "changes": [{"field": "mentions", "value": value}]}
        self.deliver(json.dumps({"object": "instagram", "entry": [entry]}).encode())

    def tap(self, ig_id: str, customer_id: str, mid: str, choice: str) -> str:
        """A customer taps a quick reply or a postback button of the message `mid` that was sent to them.

        `choice` is its payload or its title. Returns the tap's own mid; ValueError when there is no such choice.
        """
        with self._lock:
            message = self._inbox.sent.get((ig_id, customer_id, mid))
        if message is None:
            raise ValueError(f"no message {mid} was sent to {customer_id}")
        tap = new_mid(ig_id, customer_id)
        kind, said = tapped(message, choice, tap)
        self.deliver(webhook(ig_id, customer_id, ig_id, said, self._clock(), kind))
        return tap

    def media(self) -> dict[str, str]:
        """New URLs of uploads by their name: image, video, audio, file, html_named_jpg, huge, huge_undeclared.

        They may be put into a webhook that is delivered, and live for 24 hours. "html_named_jpg" is no picture,
        "huge" has more than 25 MB, and "huge_undeclared" does not say so beforehand.
        """
        return self._cdn.samples(self.url)

    def deliver(self, raw: bytes, *, app_secret: str | None = None) -> int | None:
        """Sign and deliver a webhook byte for byte; returns the first attempt's status, None for no answer.

        It goes to the account of the body's entry.id, or to any. ValueError when there is no account.
        """
        try:
            payload = json.loads(raw)
        except ValueError:
            payload = None
        with self._lock:
            account = self._addressed(payload)
            # The window counts from the delivery, by the shared clock, not from the payload's own time.
            self._inbox.note(payload, self._clock())
        self.watch.customer(raw)
        return self.deliveries.post(
            account.webhook_url,
            raw,
            lambda: _signed(raw, app_secret or self._app_secret(account)),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
        ).status

    def verify(self, verify_token: str) -> tuple[int, str]:
        """Do the subscription handshake with the webhook; returns its answer's status and body."""
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": verify_token}
        url = self._addressed(None).webhook_url
        answer = requests.get(url, params=query, timeout=self._webhook_timeout_s)
        return answer.status_code, answer.text

    def _addressed(self, payload: Any) -> Account:
        for entry in objects(payload, "entry"):
            if found := self._accounts.get(str(entry.get("id"))):
                return found
        if not self._accounts:
            raise ValueError("no Instagram account is connected")
        return next(iter(self._accounts.values()))

    # --- HTTP

    def _handle(self, call: Call) -> Answer | Outcome:
        sends = call.method == "POST" and call.path.rstrip("/").endswith("/messages")
        return struck(
            self._faults.pick("instagram", call.path, accepting=sends),
            work=lambda: self._serve(call, sends, None),
            refuse=lambda fault: self._serve(call, sends, fault),
            pause=self._web.pause,
        )

    def _serve(self, call: Call, sends: bool, fault: Fault | None) -> Answer:
        account, code = None, None
        try:
            if fault:
                raise _injected(fault)
            if call.path == CDN_PATH:
                return self._cdn.serve(call)
            if call.path.endswith("/access_token") or call.path.endswith("/refresh_access_token"):
                return Answer(200, self._tokens.exchange(call))
            account = self._tokens.caller(call)
            answer = self._versioned(call, self._route(account, call))
        except GraphError as error:
            code = error.code
            answer = refused(error, account, fault)
        if sends:
            self._record(call, answer, code)
        return answer

    def _versioned(self, call: Call, answer: Answer) -> Answer:
        """With the header that tells which version of Graph answered."""
        match = _PATH.fullmatch(call.path)
        version = self.answers_as or (f"v{match[1]}.{match[2]}" if match and match[1] else "")
        return replace(answer, headers={**answer.headers, "facebook-api-version": version}) if version else answer

    def _record(self, call: Call, answer: Answer, code: int | None) -> None:
        try:
            body = call.json()
        except ValueError:
            body = call.body.decode("utf-8", "replace")
        shown = answer.body if isinstance(answer.body, dict) else {}
        entry = {"at": iso(self._clock()), "status": answer.status, "path": call.path, "body": body}
        with self._lock:
            self._sent.append(entry | {"message_id": shown.get("message_id"), "code": code} | traced(call))

    def _route(self, account: Account, call: Call) -> Answer:
        match = _PATH.fullmatch(call.path)
        if match is None or match[1] is None:
            raise GraphError(2500, "Unknown path components", type="OAuthException")
        if (int(match[1]), int(match[2])) < _OLDEST_VERSION:
            raise GraphError(2635, "You are calling a deprecated version of the API.", type="OAuthException")
        node, edge = match[3], match[4]
        own = node in ("me", account.node)
        answer = self._edge(account, edge, call) if own and edge else None
        if answer is not None:
            return answer
        asked = mention_asked(call)
        if call.method == "GET" and edge is None and node == account.ig_id and asked:
            where, identifier, fields = asked
            with self._lock:
                held = self._inbox.mentions.get((account.ig_id, where, identifier))
            return Answer(200, mentioned(account, where, held, fields))
        if call.method == "GET" and edge is None:
            return Answer(200, self._me(account, call) if own else self._read(account, node, call))
        message = f"Unsupported {call.method.lower()} request. Object with ID '{node}' does not exist"
        raise GraphError(100, message, 33)

    def _edge(self, account: Account, edge: str, call: Call) -> Answer | None:
        """An edge of the account's own node; None where it has none such."""
        if call.method == "POST" and edge == "messages":
            return self._send(account, call)
        if edge == "subscribed_apps":
            return Answer(200, subscription(account, call))
        if call.method == "GET" and edge == "conversations":
            marks, owns = self.metadata == "told", partial(self._owns, account)
            with self._lock:
                return Answer(200, conversations.listed(self._inbox, account, call, marks=marks, owns=owns))
        if call.method == "POST" and edge in EDGES:
            with self._lock:
                return Answer(200, self.routing.act(account, edge, call, self._told))
        return None

    def _me(self, account: Account, call: Call) -> dict[str, Any]:
        account.features = features(self.routing.state(account.ig_id))
        return me(account, call)

    # --- sending

    def _send(self, account: Account, call: Call) -> Answer:
        body = parse_send(call)
        if self.metadata == "refused" and "metadata" in (body.message or {}):
            raise GraphError(100, '(#100) Invalid keys "metadata" were found in param "message".')
        with self._lock:
            recipient = addressee(self._inbox, account, body, self._clock())
            if body.message is not None and body.recipient.comment_id is None:
                self.routing.may_send(account.ig_id, recipient)
        if body.message is None:
            self.watch.brand(account.ig_id, recipient, "", call.json())
            return Answer(200, {"recipient_id": recipient})
        attachments = [self._cdn.take(self.url, one) for one in attached(body.message)]
        mid, now = new_mid(account.ig_id, recipient), self._clock()
        told = beside(body, marks=self.metadata == "told")
        with self._lock:
            accept(self._inbox, account, recipient, body, mid, now, told)
        self.watch.brand(account.ig_id, recipient, mid, body.message | told | {"attachments": attachments})
        answer = {"recipient_id": recipient, "message_id": mid}
        echo = echo_of(mid, body.message, attachments, **told)
        raw = webhook(account.ig_id, account.ig_id, recipient, echo, now)
        if self.echo == "before":
            self._echo(self.deliveries.post, account, recipient, raw)
        if self.echo == "after":
            return Answer(200, answer, after=lambda: self._echo(self.deliveries.send, account, recipient, raw))
        return Answer(200, answer)

    def _echo(self, deliver: Callable[..., object], account: Account, recipient: str, raw: bytes) -> None:
        deliver(
            account.webhook_url,
            raw,
            lambda: _signed(raw, self._app_secret(account)),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._retry_delays_s,
            retry_on=_not_accepted,
            key=recipient,
        )

    def _app_secret(self, account: Account) -> str:
        """As it is now: what is delivered again after a rotation is signed anew."""
        return self._accounts.get(account.ig_id, account).app_secret

    # --- reading

    def _read(self, account: Account, node: str, call: Call) -> dict[str, Any]:
        if node == "app":
            return {"id": OURS, "name": "dmdesk"}
        marks = self.metadata == "told"
        with self._lock:
            known, posted = (account.ig_id, node) in self._inbox.wrote, self._inbox.posts.get(node) == account.ig_id
            found = conversations.message(self._inbox, account, node, call, marks=marks) or conversations.conversation(
                self._inbox, account, node, call, marks=marks, owns=partial(self._owns, account)
            )
            if found is not None:
                return found
        if posted:
            return {"permalink": f"https://www.instagram.com/p/{node}/", "id": node}
        if not node.isdigit():
            raise GraphError(100, f"Unsupported get request. Object with ID '{node}' does not exist", 33)
        if not known:
            # .../messaging-api/user-profile: consent is given by writing
            raise GraphError(230, "User consent is required to access user profile")
        return chosen(node, profile(node), call, ("name", "username"))


def _not_accepted(status: int | None) -> bool:
    return status != 200


def _signed(raw: bytes, app_secret: str) -> dict[str, str]:
    # .../docs/graph-api/webhooks/getting-started: hex HMAC of the bytes, keyed with the app secret
    key = app_secret.encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature": "sha1=" + hmac.new(key, raw, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest(),
    }


def _injected(fault: Fault) -> GraphError:
    default = 4 if fault.status == 429 else 2 if fault.status >= 500 else 1
    code = default if fault.code is None else int(fault.code)
    words = fault.message or SAID.get((code, fault.subcode), "Injected fault.")
    return GraphError(code, words, fault.subcode, status=fault.status, type="OAuthException")
