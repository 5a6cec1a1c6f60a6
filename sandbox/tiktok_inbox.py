"""What a simulated TikTok remembers of the webhooks it delivered, and the events it makes itself."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.web import to_json


@dataclass
class Conversation:
    """A thread of a business with one person; `wrote`: when the person last wrote (epoch seconds)."""

    id: str
    business_id: str
    customer_id: str
    customer_name: str
    wrote: float | None = None


@dataclass
class Inbox:
    """The conversations by business and conversation id."""

    conversations: dict[tuple[str, str], Conversation] = field(default_factory=dict)

    def note(self, payload: Any, now: float) -> None:
        """Learn from a webhook about to be delivered; whatever its shape, it never fails."""
        business_id, content = _opened(payload)
        event = payload.get("event") if isinstance(payload, dict) else None
        conversation_id = content.get("conversation_id")
        person = content.get("from_user")
        if event not in ("im_receive_msg", "im_referral_msg") or not isinstance(conversation_id, str):
            return
        fresh = Conversation(
            conversation_id,
            business_id,
            str(person.get("id", "")) if isinstance(person, dict) else "",
            str(content.get("from", "")),
        )
        conversation = self.conversations.setdefault((business_id, conversation_id), fresh)
        if event == "im_receive_msg" and content.get("type") != "reaction":
            conversation.wrote = now


def _opened(payload: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(payload, dict):
        return "", {}
    content = payload.get("content")
    try:
        inner = json.loads(content) if isinstance(content, str) else content
    except ValueError:
        inner = None
    return str(payload.get("user_openid", "")), inner if isinstance(inner, dict) else {}


def new_message_id() -> str:
    """A message id of the real form: 28 characters of base64 with + / and = in it."""
    return base64.b64encode(b"\xfb\xf0" + secrets.token_bytes(17)).decode()


def conversation_id_of(business_id: str, customer_id: str) -> str:
    """The one conversation id of a business and a person, also with + / and = in it."""
    digest = hashlib.sha256(f"{business_id}:{customer_id}".encode()).digest()
    return base64.b64encode(b"\xfb\xf0" + digest[:17]).decode()


def webhook(client_key: str, business_id: str, event: str, content: dict[str, Any], now: float) -> bytes:
    """A webhook as TikTok writes it: `content` is JSON in a string, in UTF-8. `now` in epoch seconds."""
    envelope = {
        "client_key": client_key,
        "event": event,
        "create_time": int(now),
        "user_openid": business_id,
        "content": to_json(content).decode(),
    }
    return to_json(envelope)


def message(
    conversation: Conversation, brand: str, message_id: str, said: dict[str, Any], now: float, *, echo: bool
) -> dict[str, Any]:
    """The content of im_receive_msg, or of im_send_msg for an `echo` of what was sent through the API."""
    customer = {"id": conversation.customer_id, "role": "personal_account"}
    business = {"id": conversation.business_id, "role": "business_account"}
    return {
        "timestamp": int(now * 1000),
        "unique_identifier": conversation.customer_id,
        "from_user": business if echo else customer,
        "to_user": customer if echo else business,
        "from": brand if echo else conversation.customer_name,
        "to": conversation.customer_name if echo else brand,
        "conversation_id": conversation.id,
        "message_id": message_id,
        **said,
        "scene_type": 0,
        "is_follower": True,
        "message_tag": {"source": "API" if echo else "APP"},
    }
