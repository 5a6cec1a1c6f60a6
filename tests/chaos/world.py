"""The world outside, in memory: a desk and two platforms, over HTTP. It breaks as it is told to.

It shares nothing with the product but the wire: it knows what it was told and what it told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from chalicelib.errors import Uncertain, Unreachable
from chalicelib.http import READ_S, Answer, Outgoing
from tests.chaos.timeline import Steps, Timeline

CALL_S = 0.05
# "400" refuses, "429", "500" and "503" are answers without an effect, "blind" is a gateway's 502 with one; "reset"
# breaks before anything happened, "silent" never answers and does nothing, "deaf" does it and never answers; "odd" is
# what nobody foresaw
Fault = Literal["400", "429", "500", "503", "blind", "reset", "silent", "deaf", "odd"]
# After these it may have happened, for all that the caller can tell.
UNKNOWN = frozenset({"500", "503", "blind", "silent", "deaf"})
Faults = Callable[[str, str, bytes], Fault | None]
"""What goes wrong with a call: by whom it goes to ("genesys", "instagram", "tiktok"), its path and its body."""
PICTURE = "<picture>"


def nothing(target: str, path: str, body: bytes) -> Fault | None:
    return None


@dataclass(frozen=True)
class Shown:
    """What agents read: a message by its id, whose it is and in which of their conversations, its text, the time that
    it says and when it came."""

    customer: str
    conversation: str
    id: str
    text: str
    time: str
    at_s: float


@dataclass(frozen=True)
class Held:
    """What a platform holds of a conversation."""

    id: str
    sender: str
    text: str
    mark: str
    at_s: float


@dataclass(frozen=True)
class Sent:
    """What the brand sent, before its echo: platform, the brand's account, the customer."""

    platform: str
    account: str
    customer: str
    held: Held


class World(Outgoing):
    """Everything that the bridge calls over HTTP. `analytics_lag_s` is how late the desk's search shows a message,
    `read_lag_s` how late a conversation does; `history` tells whether the platforms tell what a conversation holds,
    `tokens` what each of them takes for one."""

    def __init__(self, timeline: Timeline, steps: Steps, sent: Callable[[Sent], None]) -> None:
        """`sent` is told what customers received."""
        self._timeline = timeline
        self._clock = timeline.clock
        self._steps = steps
        self._on_sent = sent
        self.faults: Faults = nothing
        self.analytics_lag_s = self.read_lag_s = 0.0
        self.history = True
        self.shown: list[Shown] = []
        self.receipts: list[tuple[str, str]] = []
        """Message and status, as the desk was told."""
        self.unanswered = 0
        """How many receipts the desk took without an answer."""
        self.unknown = 0
        """Of how many messages whoever gave them to the desk cannot know whether it has them."""
        self.received: list[tuple[str, str]] = []
        """Customer and text of what customers received."""
        self.said: list[dict[str, Any]] = []
        """The same as the platforms were given it."""
        self.commenters: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        """Who wrote which comment."""
        self.held: defaultdict[str, list[Held]] = defaultdict(list)
        """By customer or thread."""
        self.tokens: dict[str, set[str]] = {}
        self.over: defaultdict[str, int] = defaultdict(int)
        """How many conversations of each customer's are over at the desk."""
        self._count = 0

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        return self._called("POST", url, headers, body, read_s)

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        return self._called("GET", url, headers, b"", read_s)

    def wrote(self, conversation: str, identifier: str, customer: str, text: str) -> None:
        """The platform keeps what a customer wrote."""
        self.held[conversation].append(Held(identifier, customer, text, "", self._clock()))

    def open_conversation(self, customer: str) -> str:
        """The desk's conversation that a message of the customer's enters."""
        return f"desk-{customer}" + (f"-{self.over[customer]}" if self.over[customer] else "")

    def target(self, netloc: str) -> str:
        """Who is called there."""
        return next(name for name in ("genesys", "instagram", "tiktok") if name in netloc)

    def _called(self, method: str, url: str, headers: dict[str, str], body: bytes, read_s: float | None) -> Answer:
        parts = urlsplit(url)
        target = self.target(parts.netloc)
        fault = self.faults(target, parts.path, body)
        name = f"{target} {parts.path}"

        def work() -> Answer:
            return self._faulty(fault, target, method, url, headers, body)

        self.unanswered += fault in {"blind", "deaf"} and parts.path.endswith("/receipt")
        self.unknown += fault in UNKNOWN and parts.path.endswith("/inbound/open/message")
        if fault in {"silent", "deaf"}:
            if fault == "deaf":
                self._steps.step(name, work, 2 * CALL_S)
            self._timeline.wait(READ_S if read_s is None else read_s)
            raise Uncertain(f"no answer from {target}")
        found: Answer = self._steps.step(name, work, CALL_S)
        return found

    def _faulty(
        self, fault: Fault | None, target: str, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        if fault == "reset":
            raise Unreachable(f"no connection to {target}")
        if fault == "odd":
            raise LookupError("odd")
        if fault not in {None, "blind", "deaf"}:
            return _refusal(target, str(fault))
        if target in self.tokens and not url.endswith("/oauth/token"):
            offered = headers.get("Access-Token") or headers["Authorization"].removeprefix("Bearer ")
            if offered not in self.tokens[target]:
                return _refusal(target, "401")
        answer = self._answer(target, method, url, body)
        return Answer(status=502, headers={}, body=b"<html>") if fault == "blind" else answer

    def _answer(self, target: str, method: str, url: str, body: bytes) -> Answer:
        given: Any = json.loads(body) if body[:1] in {b"{", b"["} else {}
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if target == "genesys":
            return self._desk(path, given)
        if target == "instagram":
            return self._instagram(method, path, query, given)
        return self._tiktok(path, query, given)

    # --- the desk

    def _desk(self, path: str, given: Any) -> Answer:
        if path == "/oauth/token":
            return _json({"access_token": min(self.tokens.get("genesys", {"t"})), "expires_in": 86_400})
        if path.endswith("/inbound/open/message"):
            return self._show(given)
        if path.endswith("/inbound/open/receipt"):
            self.receipts.append((given["id"], given["status"]))
            return _json({})
        if path.endswith("/conversations/details/query"):
            return self._search(given)
        if path.endswith("/messages/bulk"):
            entities = [{"normalizedMessage": {"channel": {"messageId": one}}} for one in given]
            return _json({"entities": entities})
        return self._conversation(path.rpartition("/")[2])

    def _conversation(self, conversation: str) -> Answer:
        late_s = self._clock() - self.read_lag_s
        there = [one for one in self.shown if one.conversation == conversation]
        if not there:
            return _json({"code": "not.found"}, 404)
        state = "connected" if self.open_conversation(there[0].customer) == conversation else "disconnected"
        ids = [{"messageId": one.id} for one in there if one.at_s <= late_s]
        return _json({"participants": [{"purpose": "customer", "state": state, "messages": ids}]})

    def _show(self, given: dict[str, Any]) -> Answer:
        channel = given["channel"]
        customer = channel["from"]["id"]
        conversation = self.open_conversation(customer)
        files = [PICTURE for _ in given.get("content", [])]
        text = "\n".join([*filter(None, [given.get("text", "")]), *files])
        self.shown.append(Shown(customer, conversation, channel["messageId"], text, channel["time"], self._clock()))
        return _json({"id": channel["messageId"], "conversationId": conversation})

    def _search(self, given: dict[str, Any]) -> Answer:
        told = {one["dimension"]: one["value"] for one in given["segmentFilters"][0]["predicates"]}
        customer, late_s = told["addressFrom"], self._clock() - self.analytics_lag_s
        known = {one.conversation: 0 for one in self.shown if one.customer == customer and one.at_s <= late_s}
        return _json({"conversations": [{"conversationId": one} for one in reversed(known)]})

    # --- the platforms

    def _instagram(self, method: str, path: str, query: dict[str, list[str]], given: dict[str, Any]) -> Answer:
        account = path.split("/")[2]
        if method == "POST" and "message" in given:
            to, message = given["recipient"], given["message"]
            customer = self.commenters[to["comment_id"]] if "comment_id" in to else to["id"]
            if self.owners.get(customer) == "another":
                return _json({"error": {"code": 100, "error_subcode": 2534037, "message": "x"}}, 400)
            self.said.append(message)
            text = message.get("text", PICTURE)
            held = self._received("instagram", account, customer, customer, text, message.get("metadata", ""))
            return _json({"recipient_id": customer, "message_id": held.id})
        if path.endswith("_thread_control"):
            self.owners[given["recipient"]["id"]] = "" if path.endswith("/release_thread_control") else "us"
            return _json({"success": True})
        if method == "POST":
            return _json({"recipient_id": given["recipient"]["id"]})
        if query.get("fields") == ["is_owner"]:
            return _json({"data": [{"is_owner": self.owners.get(query["user_id"][0]) != "another"}]})
        if path.endswith("/conversations"):
            messages = [_at_instagram(one) for one in reversed(self.held[query["user_id"][0]][-20:])]
            return _json({"data": [{"messages": {"data": messages}}] if messages and self.history else []})
        return _json({"id": path.rpartition("/")[2], "name": "Ana", "username": "ana"})

    def _tiktok(self, path: str, query: dict[str, list[str]], given: dict[str, Any]) -> Answer:
        data: dict[str, Any] = {}
        if path.endswith("/send/") and given["message_type"] in {"TEXT", "IMAGE"}:
            thread = given["recipient"]
            customer, text = thread.removeprefix("conv-"), given.get("text", {}).get("body", PICTURE)
            held = self._received("tiktok", given["business_id"], customer, thread, text, "")
            data = {"message": {"message_id": held.id}}
        elif path.endswith("/content/list/") and self.history:
            held_there = self.held[query["conversation_id"][0]][-20:]
            data = {"messages": [_at_tiktok(one) for one in reversed(held_there)], "participants": []}
        elif path.endswith("/content/list/"):
            return _json({"code": 40_002, "message": "x", "data": {}})
        elif path.endswith("/capabilities/get/"):
            data = {"capability_infos": [{"capability_type": "IMAGE_SEND", "capability_result": True}]}
        elif path.endswith("/media/upload/"):
            data = {"media_id": "media"}
        elif path.endswith("/media/download/"):
            data = {"download_url": "https://files.tiktokcdn.com/picture"}
        return _json({"code": 0, "message": "OK", "data": data})

    def _received(self, platform: str, account: str, customer: str, conversation: str, text: str, mark: str) -> Held:
        self._count += 1
        held = Held(f"{platform}-{self._count}", account, text, mark, self._clock())
        self.received.append((customer, text))
        self.held[conversation].append(held)
        self._on_sent(Sent(platform, account, customer, held))
        return held


def _at_instagram(held: Held) -> dict[str, Any]:
    """Meta tells whole seconds."""
    created = datetime.fromtimestamp(int(held.at_s), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    told = {"id": held.id, "created_time": created, "from": {"id": held.sender}, "message": held.text}
    return told | ({"metadata": held.mark} if held.mark else {})


def _at_tiktok(held: Held) -> dict[str, Any]:
    own = held.id.startswith("tiktok-")
    kind = {"message_type": "IMAGE"} if held.text == PICTURE else {"message_type": "TEXT", "text": {"body": held.text}}
    told = {"message_id": held.id, "timestamp": int(held.at_s * 1000), "from_user": {"id": held.sender}}
    return told | kind | {"message_tag": {"source": "API" if own else "APP"}}


def _json(body: object, status: int = 200) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps(body).encode())


def _refusal(target: str, fault: str) -> Answer:
    """An answer without an effect, as each of them words it."""
    status = int(fault)
    if target == "genesys":
        headers = {"retry-after": "1"} if status == 429 else {}
        return Answer(status=status, headers=headers, body=b'{"code": "x"}')
    if target == "instagram":
        code = {400: 551, 401: 190, 429: 613}.get(status, 2)
        body = {"error": {"message": "x", "type": "OAuthException", "code": code, "fbtrace_id": "f"}}
        return _json(body, 400 if status in {401, 429} else status)
    code = {400: 40_064, 401: 40_105, 429: 40_100}.get(status, 50_000)
    return _json({"code": code, "message": "x", "data": {}})
