"""What customers send besides texts, as the platforms deliver it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.scenarios.conftest import INSTAGRAM, TIKTOK

PERSON = "1000000000000001"
TIKTOK_PERSON = "+SandboxCustomer000000000000000000000000000001"
THREAD = "sandboxThread1=="
_number = itertools.count(1)


def mid() -> str:
    """A new message id."""
    return f"m-kind-{next(_number)}"


def instagram(what: dict[str, Any], now_ms: int, account: str = INSTAGRAM, person: str = PERSON) -> bytes:
    """A delivery with one `messaging` event of the person's."""
    event = {"sender": {"id": person}, "recipient": {"id": account}, "timestamp": now_ms} | what
    return json.dumps(
        {"object": "instagram", "entry": [{"id": account, "time": now_ms, "messaging": [event]}]}
    ).encode()


def message(now_ms: int, identifier: str = "", account: str = INSTAGRAM, **fields: Any) -> bytes:
    """An Instagram message with these fields."""
    return instagram({"message": {"mid": identifier or mid()} | fields}, now_ms, account)


def attachment(kind: str, url: str) -> dict[str, Any]:
    return {"type": kind, "payload": {"url": url}}


def comment(now_ms: int, identifier: str, text: str) -> bytes:
    """A comment under a post of the Instagram account."""
    value = {
        "id": identifier,
        "from": {"id": PERSON, "username": "tea.lover"},
        "text": text,
        "media": {"id": "17918195224117851", "media_product_type": "FEED"},
    }
    change = {"field": "comments", "value": value}
    return json.dumps(
        {"object": "instagram", "entry": [{"id": INSTAGRAM, "time": now_ms // 1000, "changes": [change]}]}
    ).encode()


def tiktok(event: str, now_ms: int, **fields: Any) -> bytes:
    """A TikTok delivery with this content."""
    content = {
        "from": "tea_lover",
        "to": "our_shop",
        "from_user": {"id": TIKTOK_PERSON, "role": "personal_account"},
        "to_user": {"id": TIKTOK, "role": "business_account"},
        "unique_identifier": TIKTOK_PERSON,
        "conversation_id": THREAD,
        "timestamp": now_ms,
    } | fields
    envelope = {
        "client_key": "7600000000000000001",
        "event": event,
        "create_time": now_ms // 1000,
        "user_openid": TIKTOK,
        "content": json.dumps(content),
    }
    return json.dumps(envelope).encode()
