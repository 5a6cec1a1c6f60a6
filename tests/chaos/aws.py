"""AWS in memory: FIFO queues as their documentation has them, and the stores, each of whose calls is a step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from chalicelib.errors import Retryable
from tests.chaos.timeline import AwsFault, Steps
from tests.fakes import FakeClock

TABLE_S, BUCKET_S, QUEUE_S, SECRET_S = 0.006, 0.03, 0.01, 0.03


def _botocore(fault: AwsFault) -> Exception:
    """The fault as botocore tells it."""
    if fault == "throttle":
        return ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "call")
    if fault == "reset":
        return ConnectionClosedError(endpoint_url="https://aws.example")
    return ReadTimeoutError(endpoint_url="https://aws.example")


class Stepped:
    """A ledger, bucket or download whose every call is a step; what fails is told as the pipeline's ports say."""

    def __init__(self, inner: Any, steps: Steps, name: str, takes_s: float) -> None:
        self._inner, self._steps, self._name, self._takes_s = inner, steps, name, takes_s

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return lambda *args, **named: self._step(name, lambda: found(*args, **named))

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._step("get", lambda: self._inner(*args, **named))

    def _step(self, name: str, work: Any) -> Any:
        return self._steps.step(f"{self._name} {name}", work, self._takes_s, lambda fault: Retryable(f"aws: {fault}"))


class SecretsManager:
    """What `aws.secrets.SecretStore` calls of botocore."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __init__(self, steps: Steps, stored: dict[str, dict[str, Any]]) -> None:
        self._steps = steps
        self.stored = stored

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:
        read: dict[str, Any] = self._steps.step(
            f"secrets get {SecretId}", lambda: {"SecretString": json.dumps(self.stored[SecretId])}, SECRET_S, _botocore
        )
        return read


class Sqs:
    """SQS FIFO: order and lock by group, duplicates refused for five minutes, a message that is handed out too often
    goes to the dead letters. Implements what `aws.queues.Queue` calls of botocore, and Lambda's own calls.
    docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
    """

    VISIBILITY_S = 480.0
    DUPLICATES_S = 300.0
    MOST_RECEIVES = 1000
    BATCH = 10

    def __init__(self, clock: FakeClock, steps: Steps) -> None:
        self._clock = clock
        self._steps = steps
        self._groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self._next_s: dict[str, float] = {}
        """Of queues at which nothing has changed since somebody looked."""
        self._known: dict[tuple[str, str, str], float] = {}
        self._sequence = 10**19
        self.longest_receives = 0
        self.taken: list[tuple[float, str]] = []
        """When each message was taken, and its body."""

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def put() -> dict[str, Any]:
            for entry in Entries:
                self.put(QueueUrl, entry)
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

        answer: dict[str, Any] = self._steps.step(f"sqs put {QueueUrl}", put, QUEUE_S, _botocore)
        return answer

    def send_message(self, **entry: Any) -> dict[str, Any]:
        url = entry["QueueUrl"]
        self._steps.step(f"sqs put {url}", lambda: self.put(url, entry), QUEUE_S, _botocore)
        return {}

    def put(self, url: str, entry: dict[str, Any]) -> None:
        """Takes a message, unless it is a duplicate."""
        group: str = entry["MessageGroupId"]
        key = (url, group, entry["MessageDeduplicationId"])
        now = self._clock()
        if now - self._known.get(key, -inf) < self.DUPLICATES_S:
            return
        self._known[key] = now
        self._sequence += 1
        self.taken.append((now, entry["MessageBody"]))
        self._next_s.pop(url, None)
        self._groups.setdefault(url, {}).setdefault(group, []).append(
            {
                "id": f"sqs-{self._sequence}",
                "group": group,
                "body": entry["MessageBody"],
                "told": entry.get("MessageAttributes", {}),
                "visible": now,
                "receives": 0,
                "order": self._sequence,
            }
        )

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        def change() -> dict[str, Any]:
            self._next_s.pop(QueueUrl, None)
            until = {entry["ReceiptHandle"]: self._clock() + entry["VisibilityTimeout"] for entry in Entries}
            for message in self.waiting(QueueUrl):
                message["visible"] = until.get(message["id"], message["visible"])
            return {}

        answer: dict[str, Any] = self._steps.step(f"sqs postpone {QueueUrl}", change, QUEUE_S, _botocore)
        return answer

    # --- Lambda's half

    def receive(self, url: str) -> list[dict[str, Any]]:
        """Up to ten records, as Lambda hands them over."""
        now = self._clock()
        self._next_s.pop(url, None)
        ready = [message for group in self._groups.get(url, {}).values() if _free_s(group) <= now for message in group]
        taken = sorted(ready, key=lambda message: int(message["order"]))[: self.BATCH]
        for message in taken:
            message["receives"] += 1
            message["visible"] = now + self.VISIBILITY_S
            self.longest_receives = max(self.longest_receives, message["receives"])
        dead = [message for message in taken if message["receives"] > self.MOST_RECEIVES]
        for message in dead:
            self._remove(url, {message["id"]})
            self._groups.setdefault(f"{url}-dead", {}).setdefault(message["group"], []).append(message)
        return [record_of(message) for message in taken if message not in dead]

    def delete(self, url: str, identifiers: Iterable[str]) -> None:
        """Lambda deletes what a batch has done."""
        self._steps.step(f"sqs delete {url}", lambda: self._remove(url, set(identifiers)), QUEUE_S)

    def purge(self, url: str) -> None:
        """Nothing lies on the queue any more."""
        self._groups.pop(url, None)
        self._next_s.pop(url, None)

    def waiting(self, url: str) -> list[dict[str, Any]]:
        """All messages of a queue, in the order of their groups."""
        return [message for group in self._groups.get(url, {}).values() for message in group]

    def next_s(self, url: str) -> float:
        """When a message may be taken next."""
        if url not in self._next_s:
            self._next_s[url] = min((_free_s(group) for group in self._groups.get(url, {}).values()), default=inf)
        return self._next_s[url]

    def _remove(self, url: str, gone: set[str]) -> None:
        self._next_s.pop(url, None)
        groups = self._groups.get(url, {})
        for name in list(groups):
            groups[name] = [message for message in groups[name] if message["id"] not in gone]
            if not groups[name]:
                del groups[name]


def _free_s(group: list[dict[str, Any]]) -> float:
    """When none of the group is with a worker any more."""
    return max(float(message["visible"]) for message in group)


def record_of(message: dict[str, Any]) -> dict[str, Any]:
    """As Lambda hands it over."""
    return {
        "messageId": message["id"],
        "receiptHandle": message["id"],
        "body": message["body"],
        "attributes": {
            "MessageGroupId": message["group"],
            "ApproximateReceiveCount": str(message["receives"]),
            "SequenceNumber": str(message["order"]),
        },
    }
