"""What Amazon Connect's agent workspace shows, as events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.simulators.connect.contacts import DAY_S, DELIVERED, INTERACTIVE, READ, TYPING, Chat, File, Item
from sandbox.simulators.connect.hall import Hall
from sandbox.stage.lines import OTHER, line_of

Shown = dict[str, Any]
Offered = Callable[[Chat, Item], Shown]


class Workspace:
    """Tells `show`; `offered` reads what a reply offers as the bridge does."""

    def __init__(self, hall: Hall, show: Callable[[Shown], None], offered: Offered) -> None:
        self._hall, self._show, self._offered = hall, show, offered

    def item(self, chat: Chat, item: Item) -> None:
        if item.kind == "EVENT":
            self._event(chat, item)
            return
        ours = item.by is not None and item.by.role == "CUSTOMER"
        author = "customer" if ours else "human" if item.by and item.by.role == "AGENT" else "bot"
        told = {
            "kind": "message" if ours else "reply",
            "id": item.id,
            "at_ms": int(item.at * 1000),
            "text": "" if item.content_type == INTERACTIVE else item.content,
            "attachments": [self._file(one) for one in item.files],
            "nickname": item.by.name if item.by else "",
            "author": author,
            "line": _line(item) if ours else "",
            "status": "delivered" if ours else "sent",
        }
        self._tell(chat, told | ({} if ours else self._offered(chat, item)))

    def changed(self, chat: Chat) -> None:
        self._tell(chat, {"kind": "conversation", "id": chat.id})

    def _event(self, chat: Chat, item: Item) -> None:
        ours = item.by is not None and item.by.role == "CUSTOMER"
        if item.content_type == TYPING:
            self._tell(chat, {"kind": "typing", "id": chat.id, "author": "customer" if ours else "human"})
        elif ours and item.content_type in {DELIVERED, READ}:
            about = str(json.loads(item.content)["messageId"])
            self._tell(
                chat,
                {"kind": "receipt", "id": about, "status": "delivered", "author": "bot", "reason": "", "detail": ""},
            )

    def _file(self, file: File) -> dict[str, str]:
        kind = file.mime.partition("/")[0]
        kind = kind if kind in {"image", "video", "audio"} else "file"
        url = str(self._hall.shelf.link_to(file, DAY_S)["Url"]) if file.status == "APPROVED" else ""
        return {"kind": kind, "url": url, "mime": file.mime, "name": file.name}

    def _tell(self, chat: Chat, told: Shown) -> None:
        """Every event tells where its chat stands."""
        common = {
            "conversation_id": chat.id,
            "channel": chat.attributes.get("channel", ""),
            "account": chat.attributes.get("accountId", ""),
            "customer": chat.asked.get("CustomerId", ""),
            "at_ms": int(self._hall.clock() * 1000),
            "attributes": dict(chat.attributes),
            "state": "disconnected" if chat.ended_at else "connected",
            "waiting_since_ms": _waiting_since_ms(chat),
            "priority": 0,
        }
        self._show(common | told)


def _line(item: Item) -> str:
    """Which line of the bridge's own a customer's message is, "" for the customer's own words."""
    line = line_of(item.content) if item.content.startswith("[") else OTHER
    return "" if line == OTHER else line


def _waiting_since_ms(chat: Chat) -> int:
    """When the customer wrote what nobody has answered yet, 0 where all is answered or over."""
    since = 0.0
    for item in reversed(chat.items if not chat.ended_at else []):
        if item.kind == "EVENT" or item.by is None:
            continue
        if item.by.role != "CUSTOMER":
            break
        since = since if _line(item) else item.at
    return int(since * 1000)
