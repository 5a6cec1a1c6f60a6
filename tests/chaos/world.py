"""The world outside, in memory and on a clock of its own: a desk, two platforms, SQS. It breaks as it is told to.

It shares nothing with the product but the wire: it knows what it was told and what it told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from chalicelib.errors import Retryable, Uncertain
from chalicelib.http import READ_S, Answer, Outgoing
from tests.fakes import FakeClock

# "429" and "503" are answers; "reset" breaks before anything happened, "silent" never answers and does nothing,
# "deaf" does it and never answers
Fault = Literal["429", "500", "503", "reset", "silent", "deaf"]
Faults = Callable[[str, str], Fault | None]
"""What goes wrong with a call: by whom it goes to ("genesys", "instagram", "tiktok") and its path."""


def nothing(target: str, path: str) -> Fault | None:
    return None


class Killed(BaseException):
    """The worker's process is gone."""


class Steps:
    """Every step that leaves the process, counted; one of them may kill it, before or after its effect."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.kill_at: tuple[int, Literal["before", "after"]] | None = None

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        number = len(self.names)
        self.names.append(name)
        if self.kill_at == (number, "before"):
            raise Killed
        result = work()
        if self.kill_at == (number, "after"):
            raise Killed
        return result


class World(Outgoing):
    """Everything that the bridge calls over HTTP. `analytics_lag_s` is how late the desk's search shows a message."""

    def __init__(self, clock: FakeClock, steps: Steps) -> None:
        self._clock = clock
        self._advance = clock.advance
        self._steps = steps
        self.faults: Faults = nothing
        self.analytics_lag_s = 0.0
        self.echoes = True
        self.shown: list[tuple[str, str, str, float]] = []
        """Customer, message id, text and time of what the desk took."""
        self.receipts: list[tuple[str, str]] = []
        self.received: list[tuple[str, str, str]] = []
        """Platform, customer or thread, and text of what customers received."""
        self.to_echo: list[tuple[str, str, str, str, str]] = []
        """Platform, customer, platform id, text and mark of sends whose echo has not been delivered."""
        self.calls = 0

    def post(self, url: str, *, headers: dict[str, str], body: bytes, read_s: float | None = None) -> Answer:
        return self._called("POST", url, body)

    def get(self, url: str, *, headers: dict[str, str], read_s: float | None = None) -> Answer:
        return self._called("GET", url, b"")

    def _called(self, method: str, url: str, body: bytes) -> Answer:
        parts = urlsplit(url)
        target = next(name for name in ("genesys", "instagram", "tiktok") if name in parts.netloc)
        self.calls += 1
        found: Answer = self._steps.step(f"{target} {parts.path}", lambda: self._faulty(target, method, url, body))
        return found

    def _faulty(self, target: str, method: str, url: str, body: bytes) -> Answer:
        path = urlsplit(url).path
        fault = self.faults(target, path)
        if fault == "reset":
            raise Retryable(f"no connection to {target}")
        if fault in {"silent", "deaf"}:
            if fault == "deaf":
                self._answer(target, method, url, body)
            self._advance(READ_S)
            raise Uncertain(f"no answer from {target}")
        if fault:
            return _refusal(target, fault)
        self._advance(0.05)
        return self._answer(target, method, url, body)

    def _answer(self, target: str, method: str, url: str, body: bytes) -> Answer:
        given: Any = json.loads(body) if body[:1] in {b"{", b"["} else {}
        if target == "genesys":
            return self._desk(urlsplit(url).path, given)
        if target == "instagram":
            return self._instagram(method, urlsplit(url).path, given)
        return self._tiktok(urlsplit(url).path, parse_qs(urlsplit(url).query), given)

    # --- the desk

    def _desk(self, path: str, given: Any) -> Answer:
        if path == "/oauth/token":
            return _json({"access_token": "t", "expires_in": 86_400})
        if path.endswith("/inbound/open/message"):
            channel = given["channel"]
            customer = channel["from"]["id"]
            self.shown.append((customer, channel["messageId"], given.get("text", ""), self._clock()))
            return _json({"id": channel["messageId"], "conversationId": f"desk-{customer}"})
        if path.endswith("/inbound/open/receipt"):
            self.receipts.append((given["id"], given["status"]))
            return _json({})
        if path.endswith("/conversations/details/query"):
            return self._search(given)
        if path.endswith("/messages/bulk"):
            entities = [{"normalizedMessage": {"channel": {"messageId": one}}} for one in given]
            return _json({"entities": entities})
        conversation = path.rpartition("/")[2]
        ids = [{"messageId": shown[1]} for shown in self.shown if f"desk-{shown[0]}" == conversation]
        if not ids:
            return _json({"code": "not.found"}, 404)
        return _json({"participants": [{"purpose": "customer", "state": "connected", "messages": ids}]})

    def _search(self, given: dict[str, Any]) -> Answer:
        told = {one["dimension"]: one["value"] for one in given["segmentFilters"][0]["predicates"]}
        late = self._clock() - self.analytics_lag_s
        known = any(customer == told["addressFrom"] and at <= late for customer, _, _, at in self.shown)
        return _json({"conversations": [{"conversationId": f"desk-{told['addressFrom']}"}] if known else []})

    # --- the platforms

    def _instagram(self, method: str, path: str, given: dict[str, Any]) -> Answer:
        if method == "POST" and "message" in given:
            customer, message = given["recipient"]["id"], given["message"]
            identifier = f"mid-{len(self.received)}"
            text = message.get("text", "")
            self._received("instagram", customer, identifier, text, message.get("metadata", ""))
            return _json({"recipient_id": customer, "message_id": identifier})
        if method == "POST":
            return _json({"recipient_id": given["recipient"]["id"]})
        if path.endswith("/conversations"):
            return _json({"data": []})
        return _json({"id": path.rpartition("/")[2], "name": "Ana", "username": "ana"})

    def _tiktok(self, path: str, query: dict[str, list[str]], given: dict[str, Any]) -> Answer:
        if path.endswith("/send/") and given.get("message_type") == "TEXT":
            identifier = f"tt-{len(self.received)}"
            self._received("tiktok", given["recipient"], identifier, given["text"]["body"], "")
            return _json({"code": 0, "message": "OK", "data": {"message": {"message_id": identifier}}})
        return _json({"code": 0, "message": "OK", "data": {}})

    def _received(self, platform: str, customer: str, identifier: str, text: str, mark: str) -> None:
        self.received.append((platform, customer, text))
        if self.echoes:
            self.to_echo.append((platform, customer, identifier, text, mark))


def _json(body: object, status: int = 200) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps(body).encode())


def _refusal(target: str, fault: Fault) -> Answer:
    status = int(fault)
    if target == "genesys":
        headers = {"retry-after": "1"} if status == 429 else {}
        return Answer(status=status, headers=headers, body=b'{"code": "too.many.requests"}')
    if target == "instagram":
        code = 613 if status == 429 else 2
        body = {"error": {"message": "x", "type": "OAuthException", "code": code, "fbtrace_id": "f"}}
        return _json(body, 400 if status == 429 else status)
    return _json({"code": 40_100 if status == 429 else 50_000, "message": "x", "data": {}})


class Sqs:
    """SQS FIFO as its documentation has it: order and lock by group, duplicates refused for five minutes, a message
    that is handed out too often goes to the dead letters. Implements what `aws.queues.Queue` calls of botocore."""

    VISIBILITY_S = 480.0
    DUPLICATES_S = 300.0
    MOST_RECEIVES = 1000

    def __init__(self, clock: FakeClock, steps: Steps) -> None:
        self._clock = clock
        self._steps = steps
        self._queues: dict[str, list[dict[str, Any]]] = {}
        self._known: dict[tuple[str, str], float] = {}
        self._sequence = 10**19
        self.longest_receives = 0

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def put() -> dict[str, Any]:
            for entry in Entries:
                self._put(QueueUrl, entry)
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        answer: dict[str, Any] = self._steps.step(f"sqs put {QueueUrl}", put)
        return answer

    def send_message(self, **entry: Any) -> dict[str, Any]:
        self._steps.step(f"sqs put {entry['QueueUrl']}", lambda: self._put(entry["QueueUrl"], entry))
        return {}

    def _put(self, url: str, entry: dict[str, Any]) -> None:
        key = (url, entry["MessageDeduplicationId"])
        now = self._clock()
        if now - self._known.get(key, float("-inf")) < self.DUPLICATES_S:
            return
        self._known[key] = now
        self._sequence += 1
        self._queues.setdefault(url, []).append(
            {
                "id": f"sqs-{self._sequence}",
                "group": entry["MessageGroupId"],
                "body": entry["MessageBody"],
                "visible": now,
                "receives": 0,
                "order": str(self._sequence),
            }
        )

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        until = {entry["ReceiptHandle"]: self._clock() + entry["VisibilityTimeout"] for entry in Entries}

        def change() -> dict[str, Any]:
            for message in self._queues.get(QueueUrl, []):
                message["visible"] = until.get(message["id"], message["visible"])
            return {}

        answer: dict[str, Any] = self._steps.step("sqs postpone", change)
        return answer

    def receive(self, url: str) -> list[dict[str, Any]]:
        """Up to ten records, as Lambda hands them over."""
        taken: list[dict[str, Any]] = []
        locked: set[str] = set()
        for message in list(self._queues.get(url, [])):
            if message["visible"] > self._clock() or message["group"] in locked or len(taken) == 10:
                locked.add(message["group"])
                continue
            message["receives"] += 1
            self.longest_receives = max(self.longest_receives, message["receives"])
            if message["receives"] > self.MOST_RECEIVES:
                self._queues[url].remove(message)
                self._queues.setdefault(f"{url}-dead", []).append(message)
                continue
            taken.append(message)
        for message in taken:
            message["visible"] = self._clock() + self.VISIBILITY_S
        return [_record(message) for message in taken]

    def delete(self, url: str, identifiers: Iterable[str]) -> None:
        gone = set(identifiers)
        self._queues[url] = [message for message in self._queues.get(url, []) if message["id"] not in gone]

    def waiting(self, url: str) -> list[dict[str, Any]]:
        return self._queues.get(url, [])

    def next_s(self) -> float | None:
        """When a message may be taken next."""
        times = [
            message["visible"] for url, held in self._queues.items() if not url.endswith("-dead") for message in held
        ]
        return min(times, default=None)


def _record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["id"],
        "receiptHandle": message["id"],
        "body": message["body"],
        "attributes": {
            "MessageGroupId": message["group"],
            "ApproximateReceiveCount": str(message["receives"]),
            "SequenceNumber": message["order"],
        },
    }
