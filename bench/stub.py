"""The other side, as cheap as it can be: a process that answers every call of the bridge at once.

It knows no state and checks nothing; what is measured is the caller. It counts what arrives at its sockets.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from bench.place import ACCOUNTS, AT_CONNECT, CONTACT, KNOWN, MET, PICTURE, SECRETS, SENT, large
from chalicelib.pipeline.chores.upkeep import STARTS_S

CHORES = (
    "tokens", "tokens_900", "closing", "spending", "waits", "guarded", "ends", "deletions", "reconciling", "returns",
)  # fmt: skip

CALLS, ASKED, SHOWN = "/stub/calls", "/stub/asked", "/stub/shown"
ENTERED = "/inbound/open/message"
# Who is asked before an agent is; whoever is dead takes the call, and says nothing.
FRONT, DEAD = ("/crm", "/model/", "/dead"), ("/dead", "/model/dead/")


@contextmanager
def serving(after_s: float = 0.0) -> Iterator[str]:
    """The address of a stub that runs meanwhile, and answers each call after so long."""
    command = [sys.executable, "-m", "bench.stub", str(after_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def calls(url: str) -> int:
    """How many requests have arrived, this one not among them."""
    return int(requests.get(url + CALLS, timeout=5).text)


def asked(url: str) -> int:
    """How many of them were to who is asked before an agent is."""
    return int(requests.get(url + ASKED, timeout=5).text)


def shown(url: str) -> int:
    """How many messages Genesys was given to show."""
    return int(requests.get(url + SHOWN, timeout=5).text)


class _Connection(asyncio.Protocol):
    taken = asked = shown = 0
    after_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._continued = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            line, *fields = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                self._go_on(headers)
                return
            self._buffer, self._continued = rest[length:], False
            self._answer(line, headers, rest[:length])

    def _go_on(self, headers: dict[str, str]) -> None:
        """S3's client asks before it sends a body."""
        if "expect" in headers and not self._continued:
            self._continued = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, line: str, headers: dict[str, str], body: bytes) -> None:
        method, path, _ = line.split(" ")
        if path.startswith("/stub/"):
            counted = {CALLS: _Connection.taken, ASKED: _Connection.asked, SHOWN: _Connection.shown}
            said = str(counted[path]).encode()
        else:
            _Connection.taken += 1
            _Connection.asked += path.startswith(FRONT)
            _Connection.shown += ENTERED in path
            if path.startswith(DEAD):
                return
            said = answer(method, path, headers, body)
        kind = "image/png" if said.startswith(b"\x89PNG") else "application/json"
        whole = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            kind.encode(),
            len(said),
            said,
        )
        if self.after_s:
            asyncio.get_running_loop().call_later(self.after_s, self._transport.write, whole)
        else:
            self._transport.write(whole)


def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """What the service that is meant says to this."""
    reply: dict[str, Any]
    if target := headers.get("x-amz-target", ""):
        reply = _AWS.get(target.partition(".")[2], _nothing)(json.loads(body))
    elif path in _FIXED:
        reply = _FIXED[path]
    elif path.startswith(("/contact/", "/participant/")):
        reply = _connect(path, f"http://{headers.get('host', '')}")
    elif ENTERED in path:
        reply = {"id": "0" * 32, "type": "Text", "direction": "Inbound", "conversationId": CONVERSATION}
    elif method == "POST" and path.endswith("/messages"):
        reply = {"recipient_id": "1", "message_id": SENT}
    elif method == "GET" and (found := next((told for part, told in _TOLD.items() if part in path), None)):
        reply = found
    elif path.startswith(("/picture", "/large")):
        return large() if path.startswith("/large") else PICTURE
    elif method == "PUT" or "list-type=2" in path:
        return b"" if method == "PUT" else b"<ListBucketResult></ListBucketResult>"
    else:
        reply = {"id": "0" * 32, "status": "Published"}
    return json.dumps(reply).encode()


_TRIAGE = {"intent": "order", "sentiment": "neutral", "language": "en", "urgency": "high", "spam": 1}
_FIXED: dict[str, dict[str, Any]] = {
    "/oauth/token": {"access_token": "a-token-of-the-stub-" + "x" * 60, "token_type": "bearer", "expires_in": 86400},
    "/crm": {"tier": "gold", "priority": "900"},
    "/model/model/converse": {
        "stopReason": "end_turn",
        "output": {"message": {"content": [{"text": json.dumps(_TRIAGE)}]}},
    },
}
CONVERSATION = "d06cb41e-0000-4000-8000-000000000001"
# A profile, and a conversation at Genesys that goes on.
_TOLD: dict[str, dict[str, Any]] = {
    "fields=": {"name": "Ada Lovelace", "username": "ada", "follower_count": 12, "is_verified_user": False},
    "/conversations/messages/": {
        "id": CONVERSATION, "participants": [{"purpose": "customer", "state": "connected"}],
    },
}  # fmt: skip
PARTICIPANT, CONNECTION, FAR = "a-participants-token-" + "x" * 500, "a-connections-token-" + "x" * 500, 4_000_000_000


def _connect(path: str, url: str) -> dict[str, Any]:
    """A contact that has just begun, its connection, a place for a file, or a message's id."""
    credentials = {"ConnectionToken": CONNECTION, "Expiry": "2096-10-02T07:06:40.000Z"}
    put = {"Url": f"{url}/put", "HeadersToInclude": {"x-amz-acl": "bucket-owner-full-control"}}
    replies: dict[str, dict[str, Any]] = {
        "/contact/chat": {"ContactId": CONTACT, "ParticipantId": "p", "ParticipantToken": PARTICIPANT},
        "/participant/connection": {"ConnectionCredentials": credentials},
        "/participant/start-attachment-upload": {"AttachmentId": "a", "UploadMetadata": put},
        "/participant/message": {"Id": "m", "AbsoluteTime": "2027-01-15T07:59:50.123Z"},
    }
    return replies.get(path, {})


def _nothing(_: dict[str, Any]) -> dict[str, Any]:
    return {}


def _item(asked: dict[str, Any]) -> dict[str, Any]:
    """The state of a conversation whose last message is of now and was seen, and whose a contact is; nothing else is
    known, and nothing of the state of those that are new at Connect."""
    partition = asked["Key"]["pk"]["S"]
    if asked["Key"]["sk"]["S"] == "PROFILE" and f"{AT_CONNECT}#{MET}" in partition:
        return {"Item": {"body": {"S": '{"name": "Ada Lovelace"}'}, "expires_at": {"N": str(FAR)}}}
    if partition == f"SEAT#connect#{CONTACT}":
        names = {"channel": "instagram", "account": AT_CONNECT, "customer": KNOWN}
        return {"Item": {name: {"S": value} for name, value in names.items()}}
    if asked["Key"]["sk"]["S"] == f"SENT#{SENT}":
        return {"Item": {"expires_at": {"N": str(FAR)}}}
    if asked["Key"]["sk"]["S"] != "STATE":
        return {}
    far = {"N": f"{FAR}000"}
    item = {"desk": {"S": CONVERSATION}, "customer_ms": far, "seen_ms": far, "replies": {"N": "1"}}
    item |= {"said_ms": {"N": "1"}, "said": {"S": "0" * 32}}
    if AT_CONNECT not in partition:
        return {"Item": item}
    session = json.dumps([PARTICIPANT, CONNECTION, FAR])
    seat = {"seat_desk": {"S": "connect"}, "desk": {"S": CONTACT}, "seat_state": {"S": session}}
    return {"Item": item | seat} if f"#{KNOWN[:3]}" in partition else {}


def _updated(asked: dict[str, Any]) -> dict[str, Any]:
    """Every condition holds: what is begun or taken in a conversation's state is there from then on."""
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    taken = {":opening": "#item", ":took": "#by"}.items()
    told = {names[name]: values[value] for value, name in taken if value in values}
    return {"Attributes": _item(asked).get("Item", {}) | told} if told else {}


def _typed(value: str | bool) -> dict[str, Any]:
    return {"BOOL": value} if isinstance(value, bool) else {"S": value}


def _rows(asked: dict[str, Any]) -> dict[str, Any]:
    """The accounts, and that every chore ran at the upkeep's last start; of any other partition, and of the index,
    nothing is known."""
    partition = asked["ExpressionAttributeValues"].get(":pk", {}).get("S")
    items: list[dict[str, Any]] = []
    if partition == "ACCOUNT":
        items = [{name: _typed(value) for name, value in account.items()} for account in ACCOUNTS]
    if partition == "RAN":
        ran = {"N": str(time.time() - STARTS_S)}
        items = [{"pk": {"S": "RAN"}, "sk": {"S": name}, "ran": ran} for name in CHORES]
    return {"Items": items, "Count": len(items)}


_AWS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "GetItem": _item,
    "Query": _rows,
    "UpdateItem": _updated,
    "GetSecretValue": lambda asked: {"SecretString": json.dumps(SECRETS[asked["SecretId"]])},
    "SendMessageBatch": lambda asked: {
        "Successful": [
            {"Id": entry["Id"], "MessageId": entry["MessageDeduplicationId"][:36], "MD5OfMessageBody": "0" * 32}
            for entry in asked["Entries"]
        ],
        "Failed": [],
    },
}


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _Connection.after_s = float(sys.argv[1])
    asyncio.run(_serve())
