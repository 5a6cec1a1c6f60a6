"""What TikTok tells of the past, as the webhooks that should have told of it.

TikTok portal docs 1832184415059970 (conversations of the last 90 days) and 1832184425841170 (their messages).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.channels.tiktok.client import (
    CONTENT,
    CONVERSATIONS,
    HISTORY_S,
    NEWEST,
    TikTokClient,
    objects,
    open_client,
)
from chalicelib.channels.tiktok.schema import Fields, milliseconds
from chalicelib.credentials import Secrets
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Chats, History, Written
from chalicelib.vocabulary.records import Account

PAGE = 100
# Those that the account has answered, and those that it has not: each kind is a list of its own.
KINDS = ("STRANGER", "SINGLE")
# What a message holds, by the same names as in a webhook.
BLOCKS = ("text", "image", "video", "share_post", "sticker", "emoji", "template", "referenced_message_info",
          "reply_source_payload", "message_tag")  # fmt: skip


class TikTokArchive:
    """Third parties tell of 40 calls a minute of an account and endpoint; 10 a second are documented of an app."""

    apart_s = 1.5

    def __init__(self, client: TikTokClient) -> None:
        self._client = client

    def chats(self, account: Account, since_ms: int, cursor: str) -> Chats:
        """In TikTok's order, which is not documented, so that both lists are read to their ends. The cursor names the
        list, too."""
        kind, _, at = (cursor or f"{KINDS[0]}:0").partition(":")
        query = {"business_id": account.id, "conversation_type": kind, "limit": str(PAGE), "cursor": at}
        data = self._client.asked("history", account, CONVERSATIONS, query, HISTORY_S)
        listed = [Fields(one) for one in objects(data, "conversations")]
        ids = tuple(
            one.text("conversation_id")
            for one in listed
            if one.text("conversation_id") and milliseconds(one.text("update_time"), since_ms) >= since_ms
        )
        return Chats(ids=ids, cursor=_next(kind, at, Fields(data)))

    def history(self, account: Account, chat: str) -> History:
        """The 20 newest messages; there is no second page."""
        query = {"business_id": account.id, "conversation_id": chat}
        messages = objects(self._client.asked("history", account, CONTENT, query, HISTORY_S), "messages")
        read = [written for message in messages if (written := _written(account, chat, message))]
        return History(messages=tuple(sorted(read, key=lambda written: written.sent_ms)), whole=len(messages) < NEWEST)


def _next(kind: str, at: str, data: Fields) -> str:
    """Where the list goes on, or the next one begins."""
    if data.flag("has_more") and data.text("cursor") not in {"", at}:
        return f"{kind}:{data.text('cursor')}"
    return f"{KINDS[1]}:0" if kind == KINDS[0] else ""


def _written(account: Account, chat: str, message: dict[str, Any]) -> Written | None:
    """The message; None where it is none, or does not say which, whose, or when it was written."""
    seen = Fields(message)
    identifier, at_ms, who = seen.text("message_id"), milliseconds(seen.text("timestamp"), 0), seen.text("from_user.id")
    if not (identifier and at_ms and who) or seen.text("message_type") == "REACTION":
        return None
    ours = who == account.id
    return Written(
        id=identifier,
        customer=seen.text("to_user.id") if ours else who,
        own=ours,
        sent_ms=at_ms,
        text=seen.text("text.body"),
        delivery=b"" if ours else _delivery(account, chat, at_ms, seen),
    )


def _delivery(account: Account, chat: str, at_ms: int, seen: Fields) -> bytes:
    """The webhook that tells of a customer's message: types and roles are in capitals in the history only."""
    content: dict[str, Any] = {
        "timestamp": at_ms,
        "unique_identifier": seen.text("from_user.id"),
        "from_user": {"id": seen.text("from_user.id"), "role": seen.text("from_user.role").lower()},
        "to_user": {"id": seen.text("to_user.id"), "role": seen.text("to_user.role").lower()},
        "from": seen.text("sender"),
        "to": seen.text("recipient"),
        "conversation_id": seen.text("conversation_id") or chat,
        "message_id": seen.text("message_id"),
        "type": seen.text("message_type").lower(),
    }
    content |= {name: value for name in BLOCKS if (value := seen.value(name)) is not None}
    return msgspec.json.encode(
        {
            "event": "im_receive_msg",
            "create_time": at_ms // 1000,
            "user_openid": account.id,
            "content": msgspec.json.encode(content).decode(),
        }
    )


def open_archive(http: Outgoing, secrets: Secrets, setting: Callable[[str], str], *_: object) -> TikTokArchive:
    """The archive over that session. See `OpenArchive`."""
    return TikTokArchive(open_client(http, secrets, setting))
