"""What the platforms and the desk deliver, as their pages word it."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.vocabulary.records import Account
from chalicelib.wire import iso
from tests.chaos.world import PICTURE


def instagram(account: Account, customer: str, now_ms: int, happened: dict[str, Any], *, echo: bool = False) -> bytes:
    """A delivery of one event: `happened` is what stands beside its parties."""
    return instagram_batch(account, [instagram_item(account, customer, now_ms, happened, echo=echo)])


def instagram_item(
    account: Account, customer: str, now_ms: int, happened: dict[str, Any], *, echo: bool = False
) -> dict[str, Any]:
    """One event of a delivery."""
    parties = [customer, account.id][:: -1 if echo else 1]
    return {"sender": {"id": parties[0]}, "recipient": {"id": parties[1]}, "timestamp": now_ms} | happened


def instagram_batch(account: Account, items: list[dict[str, Any]]) -> bytes:
    """A delivery of several events."""
    entry = {"id": account.id, "time": items[0]["timestamp"], "messaging": items}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


def instagram_comment(account: Account, customer: str, now_ms: int, identifier: str, text: str) -> bytes:
    """A delivery of a comment on a post of the account's."""
    value = {"id": identifier, "text": text, "from": {"id": customer, "username": "ana"}, "media": {"id": "9001"}}
    entry = {"id": account.id, "time": now_ms // 1000, "changes": [{"field": "comments", "value": value}]}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


def instagram_message(identifier: str, text: str) -> dict[str, Any]:
    """A message's fields."""
    if text != PICTURE:
        return {"message": {"mid": identifier, "text": text}}
    url = f"https://lookaside.fbsbx.com/{identifier}"
    return {"message": {"mid": identifier, "attachments": [{"type": "image", "payload": {"url": url}}]}}


def tiktok(account: Account, customer: str, now_ms: int, said: dict[str, Any], *, echo: bool = False) -> bytes:
    """A delivery of one message: `said` is what stands beside its parties."""
    parties = [{"id": customer, "role": "personal_account"}, {"id": account.id, "role": "business_account"}]
    sender, recipient = parties[:: -1 if echo else 1]
    content = {
        "timestamp": now_ms, "from_user": sender, "to_user": recipient, "from": "someone",
        "conversation_id": f"conv-{customer}", "message_tag": {"source": "API" if echo else "APP"},
    } | said  # fmt: skip
    event = "im_send_msg" if echo else "im_receive_msg"
    told = {"client_key": "1", "event": event, "create_time": now_ms // 1000, "user_openid": account.id}
    return json.dumps(told | {"content": json.dumps(content)}).encode()


def tiktok_message(identifier: str, text: str) -> dict[str, Any]:
    """A message's fields."""
    if text == PICTURE:
        return {"message_id": identifier, "type": "image", "image": {"media_id": f"media-{identifier}"}}
    return {"message_id": identifier, "type": "text", "text": {"body": text}}


def genesys(account: Account, customer: str, identifier: str, text: str, files: int, now_ms: int = 0) -> bytes:
    """An agent's message with so many pictures, which tells when it was written unless that is 0."""
    pictures = [
        {
            "contentType": "Attachment",
            "attachment": {
                "mediaType": "Image", "mime": "image/png", "filename": f"{number}.png",
                "url": f"https://api-downloads.genesys.example/{identifier}/{number}",
            },
        }
        for number in range(files)
    ]  # fmt: skip
    told = {"type": "Text"} | ({"text": text} if text else {}) | ({"content": pictures} if pictures else {})
    return _genesys(account, customer, identifier, told, now_ms)


def genesys_choices(account: Account, customer: str, identifier: str, text: str, choices: list[str]) -> bytes:
    """An agent's message with choices."""
    content = [
        {"contentType": "QuickReply", "quickReply": {"text": one, "payload": one, "action": "Message"}}
        for one in choices
    ]
    return _genesys(account, customer, identifier, {"type": "Structured", "text": text, "content": content})


def genesys_typing(account: Account, customer: str, identifier: str) -> bytes:
    """An agent types."""
    happened = {"eventType": "Typing", "typing": {"type": "On", "duration": 5000}}
    return _genesys(account, customer, identifier, {"type": "Event", "events": [happened]})


def genesys_ended(conversation: str, integration: str = "", customer: str = "") -> bytes:
    """The desk's conversation is over; whose it was, where the desk tells that."""
    told = {"id": f"end-{conversation}", "type": "Ended", "conversationId": conversation}
    return json.dumps(told | {"addressTo": integration, "addressFrom": customer}).encode()


def _genesys(account: Account, customer: str, identifier: str, told: dict[str, Any], now_ms: int = 0) -> bytes:
    channel = {"id": account.integration, "to": {"id": customer}} | ({"time": iso(now_ms)} if now_ms else {})
    whose = {
        "id": identifier, "direction": "Outbound", "originatingEntity": "Human", "channel": channel,
        "conversationId": f"desk-{customer}",
    }  # fmt: skip
    return json.dumps(whose | told).encode()
