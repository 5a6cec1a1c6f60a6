"""What Instagram tells of the past, as the webhooks that should have told of it.

developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api, and of a message:
developers.facebook.com/docs/graph-api/reference/message
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from chalicelib.channels.instagram.about import own
from chalicelib.channels.instagram.client import (
    MARK,
    NEWEST,
    InstagramClient,
    Unwanted,
    created_ms,
    is_person,
    objects,
    open_client,
    sender,
    words,
)
from chalicelib.credentials import Secrets
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Chats, History, Written
from chalicelib.vocabulary.records import Account

# A page of conversations.
PAGE = 50
FIELDS = ("id", "created_time", "from", "to", "message")
# What a message is told without, where Meta does not know the field: its pages do not agree on which Instagram has.
MORE = ("attachments", "shares", "story", "reply_to", "is_unsupported", MARK)


class InstagramArchive:
    """Meta takes two of these calls a second of an account, one of which is left to the workers' own questions."""

    apart_s = 1.0

    def __init__(self, client: InstagramClient) -> None:
        self._client = client
        self._unknown: set[tuple[str, str]] = set()

    def chats(self, account: Account, since_ms: int, cursor: str) -> Chats:
        """The newest first. Of those in the requests folder, Meta tells none that has been quiet for 30 days."""
        query = {"fields": "id,updated_time", "limit": str(PAGE)} | ({"after": cursor} if cursor else {})
        page = self._client.conversations(account, query)
        listed = [
            (words(one.get("id")), created_ms(one.get("updated_time"), since_ms)) for one in objects(page, "data")
        ]
        ids = tuple(name for name, changed_ms in listed if name and changed_ms >= since_ms)
        return Chats(ids=ids, cursor=_next(page) if ids else "")

    def history(self, account: Account, chat: str) -> History:
        """The 20 newest messages: of older ones Meta tells the ids only."""
        more = [name for name in MORE if (account.id, name) not in self._unknown]
        fields = ",".join((*FIELDS, *more))
        try:
            held = self._client.told(
                account, quote(chat, safe=""), {"fields": f"messages.limit({NEWEST}){{{fields}}}"}, more
            )
        except Unwanted as no:
            self._unknown.add((account.id, no.field))
            return self.history(account, chat)
        messages = objects(held.get("messages"), "data")
        read = [written for message in reversed(messages) if (written := _written(account, message))]
        return History(messages=tuple(read), whole=len(messages) < NEWEST)


def _next(page: dict[str, Any]) -> str:
    """Where the next page begins; Meta names a cursor on the last one, too."""
    paging = page.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return words(cursors.get("after")) if isinstance(cursors, dict) else ""


def _written(account: Account, message: dict[str, Any]) -> Written | None:
    """The message; None where it does not say what it is, whose, or when it was written."""
    mid, at_ms = words(message.get("id")), created_ms(message.get("created_time"), 0)
    who, username = sender(message)
    if not (mid and who and at_ms):
        return None
    ours = own(account, who, username)
    to = next(iter(objects(message.get("to"), "data")), {})
    customer = words(to.get("id")) if ours else who
    return Written(
        id=mid,
        customer=customer if is_person(customer) else "",
        own=ours,
        sent_ms=at_ms,
        mark=words(message.get(MARK)),
        text=words(message.get("message")),
        delivery=b"" if ours else _delivery(account, who, at_ms, mid, message),
        # a tap that came as a postback is an ordinary message in the history
        also=(f"postback:{mid}:",),
    )


def _delivery(account: Account, who: str, at_ms: int, mid: str, message: dict[str, Any]) -> bytes:
    """The webhook that tells of a customer's message."""
    said: dict[str, Any] = {"mid": mid}
    if text := words(message.get("message")):
        said["text"] = text
    if attachments := [*_files(message), *_shares(message), *_mention(message)]:
        said["attachments"] = attachments
    if answered := _answered(message):
        said["reply_to"] = answered
    if message.get("is_unsupported") is True:
        said["is_unsupported"] = True
    event = {"sender": {"id": who}, "recipient": {"id": account.id}, "timestamp": at_ms, "message": said}
    return msgspec.json.encode(
        {"object": "instagram", "entry": [{"id": account.id, "time": at_ms, "messaging": [event]}]}
    )


def _files(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Attachments: what of a picture and a video stands in an object of its own, of anything else beside its type."""
    for file in objects(message.get("attachments"), "data"):
        for kind in ("image", "video"):
            data = file.get(f"{kind}_data")
            if isinstance(data, dict) and data.get("url"):
                yield _attachment(kind, url=data["url"])
                break
        else:
            if template := file.get("generic_template"):
                yield _attachment("template", generic=template)
            elif url := file.get("file_url"):
                yield _attachment("audio" if words(file.get("mime_type")).startswith("audio/") else "file", url=url)
            else:
                yield _attachment("unsupported_type")


def _shares(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for share in objects(message.get("shares"), "data"):
        yield _attachment("share", url=share.get("link"), title=share.get("name"))


def _mention(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The story in which the customer mentioned the brand."""
    mention = _part(message.get("story"), "mention")
    if mention:
        yield _attachment("story_mention", url=mention.get("link"))


def _answered(message: dict[str, Any]) -> dict[str, Any]:
    """What the message answers: a story, or another message."""
    story, reply = _part(message.get("story"), "reply_to"), message.get("reply_to")
    if story:
        return {"story": {"url": story.get("link"), "id": story.get("id")}}
    mid = words(reply.get("mid")) or words(reply.get("id")) if isinstance(reply, dict) else ""
    return {"mid": mid} if mid else {}


def _attachment(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": {name: value for name, value in payload.items() if value}}


def _part(whole: Any, name: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}


def open_archive(http: Outgoing, secrets: Secrets, setting: Callable[[str], str], *_: object) -> InstagramArchive:
    """The archive over that session. See `OpenArchive`."""
    return InstagramArchive(open_client(http, secrets, setting))
