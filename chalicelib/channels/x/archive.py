"""What X tells of the past, as the webhooks that should have told of it: plain messages of the last 30 days, and what
encrypted conversations hold, which stays sealed. docs.x.com/x-api/direct-messages/lookup, docs.x.com/xchat
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec

from chalicelib.channels.x import past
from chalicelib.channels.x.api import Api
from chalicelib.channels.x.heads import SAID, Head, head_of
from chalicelib.channels.x.schema import conversation_of, milliseconds, other_party
from chalicelib.credentials import Secrets
from chalicelib.errors import AccountStopped, Malformed, Refused, Throttled
from chalicelib.fields import Fields
from chalicelib.http import Outgoing
from chalicelib.protocols.archive import Chats, History, Written
from chalicelib.protocols.memory import Memory
from chalicelib.vocabulary.records import Account

PLAIN, SEALED = "dm", "chat"
CHATS = "/2/chat/conversations"
# X lets an account read its messages 15 times in a quarter of an hour; so many are read at once.
PAGES = 10
READ_S = 8.0
EVENT_FIELDS = "conversation_id,conversation_token,created_at,encoded_event,id,message_event_signature,sender_id"


class _Listed(msgspec.Struct, frozen=True):
    """What the list of an account's messages held, from a cursor on: its conversations, and the messages of each."""

    since_ms: int
    cursor: str
    chats: Chats
    messages: dict[str, tuple[Written, ...]]


class XArchive:
    """X lists messages, not conversations: those of a thousand messages cost ten calls, and none of their own."""

    apart_s = 1.0

    def __init__(self, api: Api) -> None:
        self._api = api
        self._listed: dict[str, _Listed] = {}

    def chats(self, account: Account, since_ms: int, cursor: str) -> Chats:
        """First those of plain messages, then the encrypted ones; the cursor says which."""
        kind, _, token = cursor.partition(":")
        if kind == SEALED:
            return self._sealed(account, since_ms, token)
        held = self._listed.get(account.key)
        if held is None or (held.since_ms, held.cursor) != (since_ms, cursor):
            held = self._list(account, since_ms, cursor, token)
            self._listed[account.key] = held
        return held.chats

    def history(self, account: Account, chat: str) -> History:
        """The conversation's messages as they were listed, else its 100 newest."""
        kind, _, name = chat.partition(":")
        if kind == SEALED:
            return self._events(account, name)
        held = self._listed.get(account.key)
        if held is not None and chat in held.messages:
            return History(messages=held.messages[chat], whole=True)
        path = f"/2/dm_conversations/{quote(name, safe='')}/dm_events"
        page = Fields(self._api.get("history", account, "dm_events_of", path, past.QUERY, READ_S))
        return History(messages=_oldest_first(_read(account, page)), whole=not page.at("meta").has("next_token"))

    # --- plain

    def _list(self, account: Account, since_ms: int, cursor: str, token: str) -> _Listed:
        """Page by page, the newest first, until one reaches back far enough. Raises as `chats`."""
        found: defaultdict[str, list[Written]] = defaultdict(list)
        for number in range(PAGES):
            query = past.QUERY | ({"pagination_token": token} if token else {})
            try:
                page = Fields(self._api.get("history", account, "dm_events", "/2/dm_events", query, READ_S))
            except Throttled:
                if not number:
                    raise
                break  # what has been read is not read again
            read = _read(account, page)
            for event, written in zip(past.messages(page), read, strict=True):
                if written is not None and written.sent_ms >= since_ms:
                    found[f"{PLAIN}:{event.text('dm_conversation_id')}"].append(written)
            before, token = token, page.at("meta").text("next_token")
            if token == before or any(written is not None and written.sent_ms < since_ms for written in read):
                token = ""
            if not token:
                break
        chats = Chats(ids=tuple(found), cursor=f"{PLAIN}:{token}" if token else f"{SEALED}:")
        return _Listed(since_ms, cursor, chats, {chat: _oldest_first(read) for chat, read in found.items()})

    # --- encrypted

    def _sealed(self, account: Account, since_ms: int, token: str) -> Chats:
        query = {"max_results": "100", "chat_conversation.fields": "id,type,updated_at"}
        query |= {"pagination_token": token} if token else {}
        try:
            page = Fields(self._api.get("history", account, "chat_list", CHATS, query, READ_S))
        except AccountStopped:
            raise
        except Refused:  # an account that never had one
            return Chats(ids=())
        listed = [(one.text("id"), milliseconds(one.text("updated_at"))) for one in page.each("data")]
        ids = tuple(f"{SEALED}:{name}" for name, at_ms in listed if name and not 0 < at_ms < since_ms)
        following = page.at("meta").text("next_token")
        return Chats(ids=ids, cursor=f"{SEALED}:{following}" if following not in {"", token} else "")

    def _events(self, account: Account, name: str) -> History:
        """The 100 newest. A path has the two ids with a hyphen between them, the rest of X's a colon."""
        path = f"{CHATS}/{quote(name.replace(':', '-'), safe='')}/events"
        query = {"max_results": "100", "chat_message_event.fields": EVENT_FIELDS}
        page = Fields(self._api.get("history", account, "chat_events", path, query, READ_S))
        told = page.at("meta").value("conversation_key_events")
        keys = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        key = keys[0] if len(keys) == 1 else ""
        read = [written for event in page.each("data") if (written := _said(account, event, key))]
        gaps = _gaps([*keys, *(event.text("encoded_event") for event in page.each("data"))])
        return History(messages=_oldest_first(read), whole=not gaps and not page.at("meta").has("next_token"))


def _oldest_first(read: list[Written] | list[Written | None]) -> tuple[Written, ...]:
    return tuple(sorted((one for one in read if one is not None), key=lambda one: one.sent_ms))


def _read(account: Account, page: Fields) -> list[Written | None]:
    media = {one.text("media_key"): one for one in page.at("includes").each("media")}
    users = {one.text("id"): one for one in page.at("includes").each("users")}
    return [_written(account, event, media, users) for event in past.messages(page)]


def _written(account: Account, event: Fields, media: dict[str, Fields], users: dict[str, Fields]) -> Written | None:
    """The message; None where it does not say which, whose, where, or when it was written."""
    identifier, who, where = event.text("id"), event.text("sender_id"), event.text("dm_conversation_id")
    at_ms = milliseconds(event.text("created_at"))
    pair = conversation_of(where)
    customer = other_party(pair, account.id) if ":" in pair else f"g{where.removeprefix('g')}"
    if not (identifier and who and where and at_ms and customer):
        return None
    own = who == account.id
    file = next((media[key] for key in past.media_keys(event) if key in media), Fields())
    return Written(
        id=identifier,
        customer=customer,
        own=own,
        sent_ms=at_ms,
        text=past.own_words(event),
        delivery=b"" if own else _delivery(account, event, at_ms, file, users.get(who, Fields())),
    )


def _delivery(account: Account, event: Fields, at_ms: int, file: Fields, user: Fields) -> bytes:
    """The webhook of X Activity's that tells of a customer's plain message."""
    said: dict[str, Any] = {"text": event.text("text"), "entities": {"urls": _links(event)}}
    if file.names():
        said["attachment"] = {"type": "media", "media": _file(file)}
    who, where = event.text("sender_id"), event.text("dm_conversation_id")
    message = {"target": {"recipient_id": account.id}, "sender_id": who, "message_data": said}
    one = {"type": "message_create", "id": event.text("id"), "created_timestamp": str(at_ms), "message_create": message}
    if "-" not in where:  # a group's
        one["dm_conversation_id"] = where
    told = {name: user.value(name) for name in user.names()}
    return _activity(account, "dm.received", {"direct_message_events": [one], "users": {who: {"data": told}}})


def _links(event: Fields) -> list[dict[str, Any]]:
    return [
        {
            "url": link.text("url"),
            "expanded_url": link.text("expanded_url"),
            "display_url": link.text("display_url"),
            "indices": [link.value("start"), link.value("end")],
        }
        for link in event.at("entities").each("urls")
    ]


def _file(file: Fields) -> dict[str, Any]:
    """In the words of the webhook: the second API has other names for the same."""
    forms = [
        {"content_type": form.text("content_type"), "url": form.text("url"), "bitrate": form.value("bit_rate")}
        for form in file.each("variants")
    ]
    return {
        "id_str": file.text("media_key").rpartition("_")[2],
        "type": file.text("type"),
        "media_url_https": file.text("url"),
        "video_info": {"duration_millis": file.value("duration_ms"), "variants": forms},
    }


def _said(account: Account, event: Fields, key: str) -> Written | None:
    """What somebody said, sealed; None for anything else, and for what has no head. `key` is the conversation's, as X
    sends it along, where it has had only one."""
    encoded = event.text("encoded_event")
    try:
        head = head_of(encoded)
    except Malformed:
        return None
    customer = other_party(conversation_of(head.conversation), account.id)
    at_ms = head.sent_ms or milliseconds(event.text("created_at"))
    if head.about != SAID or not customer or not at_ms:
        return None
    own = head.sender == account.id
    payload: dict[str, Any] = {
        "id": head.message,
        "created_at_msec": str(at_ms),
        "sender_id": head.sender,
        "conversation_id": head.conversation,
        "encoded_event": encoded,
        "conversation_token": event.text("conversation_token"),
        "conversation_key_change_event": key,
        "message_event_signature": event.value("message_event_signature"),
    }
    payload = {name: value for name, value in payload.items() if value}
    return Written(
        id=head.message,
        customer=customer,
        own=own,
        sent_ms=at_ms,
        delivery=b"" if own else _activity(account, "chat.received", payload),
    )


def _gaps(events: list[str]) -> bool:
    """Whether X leaves out what was before one of the events: each names the one before it. Before the oldest there may
    be a page more, of which X tells by itself. github.com/mautrix/twitter: lists have holes"""
    heads = sorted(_heads(events), key=lambda head: (len(head.sequence), head.sequence))
    known = {head.sequence for head in heads}
    return any(head.previous and head.previous not in known for head in heads[1:])


def _heads(events: list[str]) -> Iterator[Head]:
    for encoded in events:
        with suppress(Malformed):
            yield head_of(encoded)


def _activity(account: Account, kind: str, payload: dict[str, Any]) -> bytes:
    data = {"event_type": kind, "filter": {"user_id": account.id}, "payload": payload}
    return msgspec.json.encode({"data": data})


def open_archive(
    http: Outgoing, secrets: Secrets, setting: Callable[[str], str], memory: Memory, clock: Callable[[], float], /
) -> XArchive:
    """The archive over that session. See `Open`."""
    return XArchive(Api(http, secrets, setting, memory, clock))
