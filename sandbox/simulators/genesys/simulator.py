"""A simulated Genesys Cloud: OAuth, Open Messaging inbound, the reads a bridge needs, and agents' replies.

What it accepts and refuses follows developer.genesys.cloud/commdigital/digital/openmessaging/ and the
published API schema; see schema for the bodies and access for tokens and limits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.simulators.genesys.access import Access
from sandbox.simulators.genesys.admin import Admin
from sandbox.simulators.genesys.analytics import found_conversations
from sandbox.simulators.genesys.automation import CUSTOMER_END
from sandbox.simulators.genesys.files import PATH, Downloads
from sandbox.simulators.genesys.routing import mark, queue, route
from sandbox.simulators.genesys.schema import (
    ApiError,
    Event,
    Message,
    Receipt,
    StringMap,
    StructuredResponse,
    json_body,
    parse,
)
from sandbox.simulators.genesys.store import Conversation, ConversationDead, NotFound, Store, StoredMessage
from sandbox.simulators.genesys.watching import DeskWatch, Unwatched
from sandbox.stage.clock import iso
from sandbox.stage.faults import Fault, Faults, struck
from sandbox.stage.served import Served
from sandbox.stage.watching import traced
from sandbox.stage.web import Answer, Call, Outcome, to_json

__all__ = ["ConversationDead", "GenesysSimulator", "NotFound"]

_UUID = r"([^/]+)"
_INBOUND = re.compile(
    rf"/api/v2/conversations/messages/{_UUID}/inbound/open/(message|event|receipt|structured/response)"
)
_CODES = {
    400: "bad.request",
    401: "bad.credentials",
    403: "not.authorized",
    404: "not.found",
    409: "conflict",
}
_CODES |= {408: "request.timeout", 429: "too.many.requests", 503: "service.unavailable", 504: "request.timeout"}
_MINUTE = 60.0
# The permissions that the API's published schema names for the calls below.
_RECEIVE, _VIEW = "conversation:message:receive", "conversation:message:view"
_ANALYSE = "analytics:conversationDetail:view"
_ROUTE = "routing:conversation:edit"
_BULK_MAX = 1000


@dataclass(frozen=True)
class _Integration:
    id: str
    webhook_url: str
    secret: str
    name: str


class GenesysSimulator(Served):
    """One Genesys Cloud organisation; its API and its login answer on the same `url`.

    `deduplicates`: whether a repeated channel.messageId is a 409 (what really happens is undocumented).
    `publishes`: whether the webhook tells of each customer's message that it was published.
    The webhook defaults are those of .../openmessaging/validate: 10 s, then 5 retries 5 s apart.
    `calls_per_minute` is per token: developer.genesys.cloud/organization/organization/limits.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        faults: Faults,
        *,
        deduplicates: bool = False,
        publishes: bool = False,
        webhook_timeout_s: float = 10.0,
        webhook_retry_delays_s: Sequence[float] = (5.0,) * 5,
        calls_per_minute: int = 300,
        port: int = 0,
    ) -> None:
        self.deduplicates, self.publishes = deduplicates, publishes
        self.watch: DeskWatch = Unwatched()
        self._clock, self._faults = clock, faults
        faults.enter("genesys", numbered=False)
        self._webhook_timeout_s = webhook_timeout_s
        self._webhook_retry_delays_s = tuple(webhook_retry_delays_s)
        self._lock = threading.RLock()
        self._access = Access(clock, calls_per_minute)
        self._integrations: dict[str, _Integration] = {}
        self._store = Store()
        self._log: list[dict[str, Any]] = []
        self._sent: dict[str, tuple[_Integration, bytes]] = {}
        super().__init__(self._handle, port)
        self._downloads = Downloads(clock, self.url)
        self.admin = Admin(clock, self.url, self._access.clients, self._register, self._forget)

    def reset(self) -> None:
        """Forget every conversation, call and pending delivery; clients, tokens and integrations stay."""
        self.deliveries.cancel()
        with self._lock:
            self._store = Store()
            self._log.clear()
            self._sent.clear()
        self._access.forget_calls()

    def add_client(self, client_id: str, secret: str, token_ttl_s: float = 86400) -> None:
        """Let an OAuth client in; its tokens live `token_ttl_s` seconds."""
        self._access.clients[client_id] = (secret, token_ttl_s)

    def add_integration(self, integration_id: str, *, webhook_url: str, secret: str, name: str) -> None:
        """Create an Open Messaging integration that delivers agents' replies to `webhook_url`."""
        self._register(integration_id, webhook_url, secret, name)
        self.admin.adopt(integration_id, webhook_url, secret, name)

    def _register(self, integration_id: str, webhook_url: str, secret: str, name: str) -> None:
        self._integrations[integration_id] = _Integration(integration_id, webhook_url, secret, name)

    def _forget(self, integration_id: str) -> None:
        self._integrations.pop(integration_id, None)

    # --- what tests look at

    def messages(self) -> list[dict[str, Any]]:
        """Every inbound call, oldest first: at, kind, integration_id, status, conversation_id, body; `trace` where the
        road names what it was made for."""
        with self._lock:
            return [dict(entry) for entry in self._log]

    def conversations(self) -> list[dict[str, Any]]:
        """Every conversation: id, integration_id, customer, state, attributes, receipts by outbound id."""
        with self._lock:
            return [conversation.summary() for conversation in self._store.conversations.values()]

    def queue(self) -> list[str]:
        """Who waits for an agent, the next one first, by the conversations' ids."""
        with self._lock:
            return [one.id for one in queue(self._store.conversations.values(), self._clock())]

    def replies(self) -> list[StoredMessage]:
        """What agents and bots sent, oldest first, without typing."""
        with self._lock:
            messages = list(self._store.messages.values())
        return [message for message in messages if message.outbound and message.normalized["type"] != "Event"]

    # --- agents

    def media(self) -> dict[str, str]:
        """Fresh URLs of files that an agent may attach: image, pdf, video."""
        return self._downloads.media()

    def disconnect(self, conversation_id: str, *, told: bool = True) -> None:
        """The agent ends the conversation; the customer's next message opens another. `told`: whether its triggers run.
        NotFound if unknown."""
        with self._lock:
            conversation = self._store.conversation(conversation_id)
            conversation.disconnect(self._clock())
            self.watch.changed(conversation)
        if told:
            self._ended(conversation)

    def _ended(self, conversation: Conversation) -> None:
        """What the organisation's triggers tell of it. A workflow calls once: what nobody takes is lost."""
        for request in self.admin.triggered(CUSTOMER_END, conversation.customer_end()):
            self.deliveries.send(
                request.url,
                request.body,
                request.headers.copy,
                timeout_s=self._webhook_timeout_s,
                retry_delays_s=(),
                retry_on=lambda status: False,
                key=conversation.id,
            )

    def reply(
        self,
        conversation_id: str,
        *,
        text: str | None = None,
        content: list[dict[str, Any]] | None = None,
        type: str | None = None,
        originating_entity: str = "Human",
    ) -> str:
        """An agent (or "Bot") answers; returns the message's id at once, the webhook follows.

        `type`: "Text" by default, "Structured" when `content` holds more than attachments, "Event" is typing.
        Raises NotFound, ConversationDead, or ValueError when there is nothing to say.
        """
        if type != "Event" and not text and not content:
            raise ValueError("a reply needs text or content")
        with self._lock:
            conversation = self._store.conversation(conversation_id)
            if conversation.state != "connected":
                raise ConversationDead(conversation_id)
            now = self._clock()
            integration = self._integrations[conversation.integration_id]
            body = _outbound(integration, conversation.customer, secrets.token_hex(16), now)
            body |= {"conversationId": conversation_id}
            body |= _said(type or _kind(content), text, content, originating_entity)
            reply = StoredMessage(body["id"], conversation_id, now, True, body)
            self._store.add(reply)
            self._sent[body["id"]] = (integration, to_json(body))
            if type == "Event":
                self.watch.typing(conversation, "human" if originating_entity == "Human" else "bot")
            else:
                self.watch.message(conversation, reply)
        self.redeliver(body["id"])
        return str(body["id"])

    def redeliver(self, message_id: str) -> None:
        """Deliver a reply's webhook again, byte for byte: Genesys delivers at least once."""
        with self._lock:
            integration, body = self._known_reply(message_id)
            conversation_id = self._store.message(message_id).conversation_id
        self._tell(integration, conversation_id, body)

    def tell_trouble(self, message_id: str, code: str, status: str = "Failed") -> None:
        """Tell by a receipt that a customer's message, by the channel.messageId that it was posted under, did not
        reach the agents. Raises NotFound. Its shape is our reading: no page shows one."""
        with self._lock:
            said = next((one for one in self._store.messages.values() if _posted_as(one) == message_id), None)
            if said is None:
                raise NotFound(message_id)
            conversation = self._store.conversation(said.conversation_id)
            integration = self._integrations[conversation.integration_id]
            body = _published(integration, conversation, said.id, self._clock())
            body["channel"] |= {"messageId": message_id}
            body |= {"status": status, "reasons": [{"code": code, "message": "The message was not shown."}]}
        self._tell(integration, conversation.id, to_json(body))

    def _tell(self, integration: _Integration, conversation_id: str, body: bytes) -> None:
        self.deliveries.send(
            integration.webhook_url,
            body,
            lambda: _signed(body, self._integrations.get(integration.id, integration).secret),
            timeout_s=self._webhook_timeout_s,
            retry_delays_s=self._webhook_retry_delays_s,
            retry_on=_worth_retrying,
            on_failure=lambda status: self._failed(conversation_id, status),
            key=conversation_id,
        )

    def _known_reply(self, message_id: str) -> tuple[_Integration, bytes]:
        try:
            return self._sent[message_id]
        except KeyError:
            raise NotFound(message_id) from None

    def _failed(self, conversation_id: str, status: int | None) -> None:
        # developer.genesys.cloud/forum/t/30668: a refused webhook fails the whole chat, not one message
        with self._lock:
            conversation = self._store.conversations.get(conversation_id)
            if conversation and not _worth_retrying(status):
                conversation.state = "failed"
                self.watch.changed(conversation)

    # --- HTTP

    def _handle(self, call: Call) -> Answer | Outcome:
        inbound = _INBOUND.fullmatch(call.path) if call.method == "POST" else None
        fault = self._faults.pick("genesys", call.path, accepting=inbound is not None)
        return struck(
            fault,
            work=lambda: self._serve(call, inbound, None),
            refuse=lambda fault: self._serve(call, inbound, fault),
            pause=self._web.pause,
        )

    def _serve(self, call: Call, inbound: re.Match[str] | None, fault: Fault | None) -> Answer:
        conversation_id = None
        try:
            if fault:
                raise ApiError(fault.status, str(fault.code or _code(fault.status)), fault.message or "Injected fault.")
            if inbound:
                conversation_id, body = self._inbound(call, *inbound.groups())
                answer = _answer(200, body)
            else:
                answer = self._route(call)
        except ApiError as error:
            answer = _error(error, fault)
        except NotFound as error:
            answer = _error(ApiError(404, "not.found", f"The requested resource was not found: {error}"), fault)
        if inbound:
            self._record(call, inbound, answer.status, conversation_id)
        return answer

    def _record(self, call: Call, inbound: re.Match[str], status: int, conversation_id: str | None) -> None:
        try:
            body = call.json()
        except ValueError:
            body = call.body.decode("utf-8", "replace")
        entry = {
            "at": iso(self._clock()),
            "kind": inbound[2].partition("/")[0],
            "integration_id": inbound[1],
            "status": status,
            "conversation_id": conversation_id,
            "body": body,
        }
        with self._lock:
            self._log.append(entry | traced(call))

    def _route(self, call: Call) -> Answer:
        if (call.method, call.path) == ("POST", "/oauth/token"):
            return _answer(*self._access.login(call))
        if call.method == "GET" and call.path.startswith(PATH):
            return self._downloads.answer(call.path)
        if uploaded := self.admin.upload(call):
            return _answer(*uploaded)
        client = self._access.authorise(call)
        for method, pattern, show, permission in (
            ("GET", rf"/api/v2/conversations/messages/{_UUID}/details", self._details, _VIEW),
            ("POST", rf"/api/v2/conversations/messages/{_UUID}/messages/bulk", self._bulk, _VIEW),
            ("GET", rf"/api/v2/conversations/messages/{_UUID}", self._conversation, None),
            ("PATCH", rf"/api/v2/routing/conversations/{_UUID}", self._routed, _ROUTE),
            ("PATCH", rf"/api/v2/conversations/messages/{_UUID}/participants/[^/]+/attributes", self._marked, None),
            ("POST", r"/api/v2/analytics/conversations/(details)/query", self._query, _ANALYSE),
        ):
            match = re.fullmatch(pattern, call.path)
            if match and call.method == method:
                if permission:
                    self.admin.require(client, permission)
                return _answer(200, show(match[1], call))
        if configured := self.admin.answer(call, client):
            return _answer(*configured)
        raise ApiError(404, "not.found", f"HTTP 404 Not Found: {call.method} {call.path}")

    # --- inbound

    def _inbound(self, call: Call, integration_id: str, kind: str) -> tuple[str | None, dict[str, Any]]:
        self.admin.require(self._access.authorise(call), _RECEIVE)
        with self._lock:
            if integration_id not in self._integrations:
                raise NotFound(integration_id)
            if kind == "message":
                return self._message(call, integration_id)
            if kind == "event":
                return self._event(call, integration_id)
            if kind == "receipt":
                return self._receipt(call, integration_id)
            return self._structured(call, integration_id)

    def _message(self, call: Call, integration_id: str) -> tuple[str, dict[str, Any]]:
        message, body = parse(call, Message)
        self._refuse_repeated(integration_id, message.channel.message_id)
        now = self._clock()
        conversation = self._store.open(integration_id, body["channel"]["from"], now)
        if message.channel.metadata:
            # channel.metadata.customAttributes become the customer's participant data
            conversation.attributes |= _strings(message.channel.metadata.custom_attributes)
        shown = _normalized(integration_id, body, "Text", ("text", "content", "metadata"))
        self._keep(StoredMessage(shown["id"], conversation.id, now, False, shown), conversation)
        if self.publishes:
            integration = self._integrations[integration_id]
            self._tell(integration, conversation.id, to_json(_published(integration, conversation, shown["id"], now)))
        if call.query.get("prefetchConversationId", "").lower() == "true":
            return conversation.id, shown | {"conversationId": conversation.id}
        return conversation.id, shown

    def _event(self, call: Call, integration_id: str) -> tuple[str | None, dict[str, Any]]:
        event, body = parse(call, Event)
        current = self._store.current(integration_id, event.channel.sender.id)
        if current:
            self.watch.typing(current, "customer")
        return current.id if current else None, _normalized(integration_id, body, "Event", ("events",))

    def _receipt(self, call: Call, integration_id: str) -> tuple[str, dict[str, Any]]:
        receipt, body = parse(call, Receipt)
        about = self._store.message(receipt.id, outbound=True)
        conversation = self._store.conversation(about.conversation_id)
        if conversation.integration_id != integration_id:
            raise NotFound(receipt.id)
        if conversation.customer["id"] != receipt.channel.to.id:
            raise ApiError(400, "bad.request", "channel.to.id is not whom the message was for.")
        shown = _normalized(integration_id, body, "Receipt", ("status", "reasons", "isFinalReceipt"))
        shown |= {"id": receipt.id, "direction": "Outbound"}
        about.receipts.append(shown)
        self.watch.receipt(conversation, about)
        return conversation.id, shown

    def _structured(self, call: Call, integration_id: str) -> tuple[str, dict[str, Any]]:
        answer, body = parse(call, StructuredResponse)
        about = self._store.message(answer.originating_message_id, outbound=True)
        conversation = self._store.current(integration_id, answer.channel.sender.id)
        # "part of an existing conversation": it never starts one
        if conversation is None or about.conversation_id != conversation.id:
            raise NotFound(answer.originating_message_id)
        if about.normalized["type"] != "Structured":
            raise ApiError(400, "bad.request", "originatingMessageId is not a Structured message.")
        self._refuse_repeated(integration_id, answer.channel.message_id)
        shown = _normalized(integration_id, body, "Structured", ()) | {
            "direction": "Inbound",
            "content": [{"contentType": "ButtonResponse", "buttonResponse": body["buttonResponse"]}],
        }
        self._keep(StoredMessage(shown["id"], conversation.id, self._clock(), False, shown), conversation)
        return conversation.id, shown

    def _keep(self, message: StoredMessage, conversation: Conversation) -> None:
        self._store.add(message)
        self.watch.message(conversation, message)

    def _refuse_repeated(self, integration_id: str, provider_id: str | None) -> None:
        if self._store.seen(integration_id, provider_id) and self.deduplicates:
            raise ApiError(409, "conflict", "The request conflicts with the current state of the resource.")

    # --- reads

    def _conversation(self, conversation_id: str, call: Call) -> dict[str, Any]:
        with self._lock:
            return self._store.conversation(conversation_id).view()

    def _routed(self, conversation_id: str, call: Call) -> dict[str, Any]:
        return self._changed(conversation_id, lambda conversation: route(conversation, call))

    def _marked(self, conversation_id: str, call: Call) -> dict[str, Any]:
        participant = call.path.split("/")[-2]
        return self._changed(conversation_id, lambda conversation: mark(conversation, participant, call))

    def _changed(self, conversation_id: str, change: Callable[[Conversation], dict[str, Any]]) -> dict[str, Any]:
        with self._lock:
            conversation = self._store.conversation(conversation_id)
            told = change(conversation)
            self.watch.changed(conversation)
        return told

    def _details(self, message_id: str, call: Call) -> dict[str, Any]:
        with self._lock:
            return self._store.message(message_id).data()

    def _bulk(self, conversation_id: str, call: Call) -> dict[str, Any]:
        try:
            ids = msgspec.convert(json_body(call), list[str])
        except msgspec.ValidationError as error:
            raise ApiError(400, "bad.request", f"send a list of message ids: {error}") from error
        if len(ids) > _BULK_MAX:  # post_conversations_message_messages_bulk: "max ... 1,000"
            raise ApiError(400, "bad.request", f"at most {_BULK_MAX} message ids")
        with self._lock:
            held = self._store.conversation(conversation_id).messages
            return {"entities": [message.data() for message in held if message.id in set(ids)]}

    def _query(self, _: str, call: Call) -> dict[str, Any]:
        with self._lock:
            conversations = list(self._store.conversations.values())
        return found_conversations(json_body(call), conversations, self._clock())


def _worth_retrying(status: int | None) -> bool:
    # .../openmessaging/validate: on timeout, 429 or 5xx
    return status is None or status == 429 or status >= 500


def _signed(body: bytes, secret: str) -> dict[str, str]:
    # .../openmessaging/validate: sha256= and the base64 of the HMAC, over the body as sent
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    signature = "sha256=" + base64.b64encode(digest).decode()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": signature}


def _strings(attributes: StringMap | None) -> dict[str, str]:
    return {name: str(value) for name, value in (attributes or {}).items() if value is not None}


def _normalized(integration_id: str, body: dict[str, Any], kind: str, keep: Sequence[str]) -> dict[str, Any]:
    channel = {"id": integration_id, "platform": "Open", "type": "Private", "to": {"id": integration_id}}
    if kind == "Receipt":
        channel["from"] = {"id": integration_id, "idType": "Opaque"}
    kept = {name: body[name] for name in keep if body.get(name) is not None}
    return {"id": secrets.token_hex(16), "channel": channel | body["channel"], "type": kind, **kept}


def _outbound(integration: _Integration, customer: dict[str, Any], message_id: str, now: float) -> dict[str, Any]:
    return {
        "id": message_id,
        "channel": {
            "id": integration.id,
            "platform": "Open",
            "type": "Private",
            "messageId": message_id,
            "to": {"id": customer["id"], "idType": customer["idType"]},
            # always the integration, never the agent
            "from": {"nickname": integration.name, "id": integration.id, "idType": "Opaque"},
            "time": iso(now),
        },
    }


def _published(integration: _Integration, conversation: Conversation, message_id: str, now: float) -> dict[str, Any]:
    told = {"type": "Receipt", "status": "Published", "isFinalReceipt": True, "direction": "Outbound"}
    return _outbound(integration, conversation.customer, message_id, now) | told | {"conversationId": conversation.id}


def _posted_as(message: StoredMessage) -> str | None:
    """The id under which a customer's message was posted."""
    return None if message.outbound else message.normalized["channel"].get("messageId")


def _kind(content: list[dict[str, Any]] | None) -> str:
    rich = any(item.get("contentType", "Attachment") != "Attachment" for item in content or [])
    return "Structured" if rich else "Text"


def _said(kind: str, text: str | None, content: list[dict[str, Any]] | None, originating_entity: str) -> dict[str, Any]:
    said: dict[str, Any] = {"type": kind, "direction": "Outbound"}
    if kind == "Event":
        return said | {"events": [{"eventType": "Typing", "typing": {"type": "On", "duration": 5000}}]}
    said["originatingEntity"] = originating_entity
    if text is not None:
        said["text"] = text
    if content is not None:
        said["content"] = content
    return said


def _code(status: int) -> str:
    return _CODES.get(status, "internal.server.error" if status >= 500 else "bad.request")


def _error(error: ApiError, fault: Fault | None) -> Answer:
    retry_after = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    body = {"message": error.message, "code": error.code, "status": error.status}
    body |= {"contextId": str(uuid.uuid4()), "details": [], "errors": []}
    return _answer(error.status, body, retry_after | (fault.headers if fault else {}))


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, body, {"inin-correlation-id": str(uuid.uuid4()), **(headers or {})})
