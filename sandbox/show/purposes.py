"""What a worker's call is for, in one word: as the road names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from sandbox.show.naming import json_object

Purpose = Literal[
    "", "message", "tap", "receipt", "typing", "seen", "token", "profile", "post", "file", "upload", "abilities",
    "is_open", "read_back", "search", "claim", "remember", "call",
]  # fmt: skip
# By the end of the path: Genesys Cloud's, Meta's and TikTok's calls.
_TAILS: tuple[tuple[str, Purpose], ...] = (
    ("/inbound/open/message", "message"),
    ("/structured/response", "tap"),
    ("/inbound/open/receipt", "receipt"),
    ("/inbound/open/event", "typing"),
    ("/messages/bulk", "read_back"),
    ("/conversations/details/query", "search"),
    ("/oauth/token", "token"),
    ("/access_token", "token"),
    ("/refresh_access_token", "token"),
    ("/refresh_token", "token"),
    ("/media/upload", "upload"),
    ("/media/download", "file"),
    ("/capabilities/get", "abilities"),
    ("/content/list", "profile"),
    ("/message/send", "message"),
    ("/messages", "message"),
)
_ACTIONS: Mapping[str, Purpose] = {"typing": "typing", "typing_on": "typing", "mark_seen": "seen", "mark_read": "seen"}


def purpose(url: str, body: bytes | None) -> Purpose:
    """Of a call that goes out over HTTP."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if "/conversations/messages/" in path and "/inbound/" not in path and not path.endswith("/bulk"):
        return "is_open"
    found = next((name for tail, name in _TAILS if path.endswith(tail)), None)
    if found == "message" and (action := str(json_object(body).get("sender_action", "")).lower()):
        return _ACTIONS.get(action, "call")
    if found:
        return found
    if path.rpartition("/")[2].isdigit():  # a node of Meta's graph: a post has a permalink, a person none
        return "post" if "permalink" in parts.query else "profile"
    return "call"


def of_table(operation: str, asked: Mapping[str, Any]) -> Purpose:
    """Of a write to DynamoDB, by the API's name of the operation in snake case."""
    key = asked.get("Key")
    name = str(key.get("sk", {}).get("S", "")) if isinstance(key, dict) else ""
    owned = ":owner" in asked.get("ExpressionAttributeValues", {})
    return "claim" if operation == "update_item" and owned and name.startswith(("IN#", "OUT#")) else "remember"
