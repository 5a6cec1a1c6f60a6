"""Where the bridge is measured: its environment, and what the platforms and the queues bring it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
import zlib
from datetime import UTC, datetime
from email.message import Message
from functools import cache
from typing import Any

from chalicelib.registry import CHANNELS, DESKS, abouts

INSTAGRAM, TIKTOK = "17841400000000001", "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0"
KEY = "the-webhook-secret-of-the-bench"
INTEGRATION = "6a1f2c3e-0000-4000-8000-000000000001"
AT_CONNECT = "17841400000000003"
# At Connect only those customers are known whose ids begin as this one's does; the profile is known of those that begin
# as below.
KNOWN, MET = "7772000000000001", "7773"
CONTACT = "c0a1b2c3-0000-4000-8000-000000000001"
READS_SHOWN = "17841400000000004"
# The id that the platform gives what is sent.
SENT = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAw"
ACCOUNTS: list[dict[str, str | bool]] = [
    {"channel": "instagram", "id": INSTAGRAM, "name": "our.shop", "integration": INTEGRATION, "secret": "account"},
    {"channel": "tiktok", "id": TIKTOK, "integration": INTEGRATION[:-1] + "2", "secret": "account"},
    {"channel": "instagram", "id": AT_CONNECT, "integration": INTEGRATION[:-1] + "3", "secret": "account",
     "desk": "connect"},
    {"channel": "instagram", "id": READS_SHOWN, "integration": INTEGRATION[:-1] + "4", "secret": "account",
     "show_reads": True},
]  # fmt: skip
SECRETS: dict[str, dict[str, Any]] = {
    "instagram": {"secrets": [KEY]},
    "tiktok": {"secrets": [KEY]},
    "genesys-webhook": {"secrets": [KEY]},
    "genesys-oauth": {"clients": [{"id": "client-1", "secret": "secret-1"}]},
    "media": {"keys": ["a-key-of-the-bench-of-more-than-32-characters"]},
    "front": {"keys": ["whsec_" + base64.b64encode(bytes(range(32))).decode()]},
    "account": {"access_token": "an-access-token-" + "x" * 150},
}
TEXT = "Hi! Is the green mug back in stock? I would like two of them, gift-wrapped. 🍵"


def environment(url: str) -> dict[str, str]:
    """The variables of a function whose AWS and vendors are all at one address, and that knows one desk."""
    queue = f"{url}/000000000000/dmdesk-"
    ours = {
        "table": "dmdesk",
        "bucket": "dmdesk",
        "inbound_queue": f"{queue}inbound.fifo",
        "inbound_dead_letters": f"{queue}inbound-dead-letters.fifo",
        "outbound_queue": f"{queue}outbound.fifo",
        "outbound_dead_letters": f"{queue}outbound-dead-letters.fifo",
        "media_secret": "media",
        "public_url": "https://dmdesk.example",
        "media_hosts": url,
    }
    first = next(iter(DESKS))
    for about in abouts(CHANNELS | {first: DESKS[first]}).values():
        ours |= {name: name.removesuffix("_secret").replace("_", "-") for name in about.secrets}
        ours |= {name: url for name, real in about.settings.items() if real is None or real.startswith("https:")}
    aws = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "eu-west-1"}
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return {f"DMDESK_{name.upper()}": value for name, value in ours.items()} | aws | credentials


def connect(url: str) -> dict[str, str]:
    """The variables of a function that knows Amazon Connect, too."""
    ours = {
        "instance": "i0a1b2c3-0000-4000-8000-000000000001",
        "flow": "f0a1b2c3-0000-4000-8000-000000000001",
        "topic": "arn:aws:sns:eu-west-1:000000000000:dmdesk-connect",
        "api": url,
        "participant_api": url,
    }
    return {f"DMDESK_CONNECT_{name.upper()}": value for name, value in ours.items()}


class Context:
    """As much of Lambda's context as the handlers read."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


def messaging(customer: str, mid: str, picture: str = "", account: str = INSTAGRAM) -> dict[str, Any]:
    """One of Meta's messaging events: a text, or the picture at the URL."""
    said = {"attachments": [{"type": "image", "payload": {"url": picture}}]} if picture else {"text": TEXT}
    return {
        "sender": {"id": customer},
        "recipient": {"id": account},
        "timestamp": int(time.time() * 1000),
        "message": {"mid": f"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAw{mid}", **said},
    }


def echo(customer: str) -> dict[str, Any]:
    """Meta's messaging event of what the account has sent through us."""
    said = messaging(customer, "")
    turned = {"sender": said["recipient"], "recipient": said["sender"]}
    return said | turned | {"message": {"mid": SENT, "text": TEXT, "is_echo": True}}


def seen(customer: str, mid: str, account: str) -> dict[str, Any]:
    """Meta's messaging event of a customer who has read a message."""
    said = messaging(customer, mid, account=account)
    return {name: said[name] for name in ("sender", "recipient", "timestamp")} | {
        "read": {"mid": said["message"]["mid"]}
    }


def delivery(events: list[dict[str, Any]]) -> bytes:
    """A body as Meta sends it."""
    entry = {"time": int(time.time() * 1000), "id": INSTAGRAM, "messaging": events}
    return json.dumps({"object": "instagram", "entry": [entry]}, separators=(",", ":")).encode()


def webhook(body: bytes) -> dict[str, Any]:
    """The proxy event of a signed delivery, with the headers that API Gateway adds."""
    from sandbox.stage.gateway import proxy_event
    from sandbox.stage.web import Call

    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    headers = Message()
    for name, value in {
        "Accept": "*/*",
        "Accept-Encoding": "deflate, gzip",
        "Content-Type": "application/json",
        "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
        "User-Agent": "facebookexternalua",
        "X-Amzn-Trace-Id": "Root=1-65000000-000000000000000000000000",
        "X-Forwarded-For": "173.252.127.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "X-Hub-Signature": f"sha1={'0' * 40}",
        "X-Hub-Signature-256": f"sha256={signature}",
    }.items():
        headers[name] = value
    return proxy_event(Call("POST", "/api/social/webhook", {}, headers, body), "/api/social/webhook", None)


def reply(customer: str, number: int) -> bytes:
    """An agent's text as Genesys' webhook tells it."""
    identifier = f"{number:032x}"
    channel = {
        "id": INTEGRATION,
        "platform": "Open",
        "type": "Private",
        "messageId": identifier,
        "from": {"nickname": "our.shop", "id": INTEGRATION, "idType": "Opaque"},
        "to": {"id": customer, "idType": "Opaque"},
        "time": _now(),
    }
    body = {"id": identifier, "channel": channel, "conversationId": "d06cb41e-0000-4000-8000-000000000001"}
    said = {"direction": "Outbound", "type": "Text", "originatingEntity": "Human", "text": "It is! Shall I wrap it?"}
    return json.dumps(body | said | {"content": [], "reasons": []}).encode()


def item(number: int) -> bytes:
    """An agent's text as Connect streams it, read off a notification of its topic."""
    said = {
        "AbsoluteTime": _now(),
        "Content": "It is! Shall I wrap it?",
        "ContentType": "text/plain",
        "Id": f"{number:032x}",
        "Type": "MESSAGE",
        "ParticipantId": "p",
        "DisplayName": "Ada",
        "ParticipantRole": "AGENT",
        "InitialContactId": CONTACT,
        "ContactId": CONTACT,
    }
    return json.dumps({"message": json.dumps(said), "attributes": {"MessageVisibility": "ALL"}}).encode()


def _now() -> str:
    """What was written tomorrow is parked."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.123Z"


def record(body: str, group: str) -> dict[str, Any]:
    """What Lambda hands over of a FIFO queue."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    return {
        "messageId": f"{digest[:8]}-0000-4000-8000-{digest[8:20]}",
        "receiptHandle": base64.b64encode(digest.encode() * 3).decode(),
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": group, "MessageDeduplicationId": digest},
        "messageAttributes": {},
        "md5OfBody": digest[:32],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:dmdesk-inbound.fifo",
        "awsRegion": "eu-west-1",
    }


def _png(side: int) -> bytes:
    """A picture of noise, so that it has the size of a photograph."""
    rows = b"".join(b"\0" + hashlib.shake_128(b"%d" % row).digest(3 * side) for row in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


PICTURE = _png(200)


@cache
def large() -> bytes:
    """A picture of nearly 25 MB, more than which the bridge does not take."""
    return _png(2_870)
