"""What a customer's X shows of a conversation with a brand: both sides, as events for whoever looks. What is encrypted
their app has opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.simulators.x.chats import Chat, Entry
from sandbox.simulators.x.dms import Message
from sandbox.stage.screen import Screen, Shown, Side
from sandbox.stage.sources import json_object

FILE_PATH = "/x/file"
_MEDIA = "/messages/media/"
_KINDS = {"image": "image", "gif": "image", "svg": "image", "video": "video", "audio": "audio"}
_LISTS = ("direct_message_events", "direct_message_mark_read_events", "direct_message_indicate_typing_events")
Opened = Callable[[str, str], tuple[Chat, Entry] | None]


class XPhone:
    """Fills the screen. `opened` answers an event of an encrypted conversation as its members' apps know it."""

    def __init__(self, screen: Screen, opened: Opened) -> None:
        self._screen, self._opened = screen, opened

    def customer(self, raw: bytes) -> None:
        """What the customer did, by the webhook that tells of it; whatever its shape, it never fails."""
        told = json_object(raw)
        data = _object(told.get("data"))
        around = _object(data.get("payload")) if data else told
        account = str(_object(data.get("filter")).get("user_id") or told.get("for_user_id") or "")
        if isinstance(around.get("encoded_event"), str):
            self._sealed(account, around)
        for name in _LISTS:
            found = around.get(name)
            for event in found if isinstance(found, list) else []:
                self._plain(account, name, _object(event))

    def author(self, identifier: str, customer: str, text: str) -> None:
        """X tells who wrote."""

    def brand(self, account: str, customer: str, message_id: str, said: dict[str, Any]) -> None:
        """What the brand sent by the API: a plain message, an encrypted event, or that it types or has seen."""
        if "message" in said:
            for shown in _of_message(said["message"]):
                self._screen.tell("brand", account, customer, shown)
        elif "entry" in said:
            for shown in _of_entry(said["chat"], said["entry"]):
                self._screen.tell("brand", account, customer, shown)
        elif "seen" in said:
            self._screen.tell("brand", account, customer, {"kind": "seen", "about": said["seen"]})
        else:
            self._screen.tell("brand", account, customer, {"kind": "typing"})

    def _plain(self, account: str, name: str, event: dict[str, Any]) -> None:
        created = _object(event.get("message_create"))
        spoken = created or event
        sender = str(spoken.get("sender_id", ""))
        recipient = str(_object(spoken.get("target")).get("recipient_id", ""))
        group = event.get("dm_conversation_id")
        side: Side = "brand" if sender == account else "customer"
        customer = f"g{group}" if group else recipient if sender == account else sender
        if created:
            bubbles = _bubbles(str(event.get("id", "")), _object(created.get("message_data")))
        elif "read" in name:
            bubbles = iter([{"kind": "seen", "about": str(event.get("last_read_event_id", ""))}])
        else:
            bubbles = iter([{"kind": "typing"}])
        for shown in bubbles:
            self._screen.tell(side, account, customer, shown)

    def _sealed(self, account: str, payload: dict[str, Any]) -> None:
        conversation, sender = str(payload.get("conversation_id", "")), str(payload.get("sender_id", ""))
        known = self._opened(conversation, payload["encoded_event"])
        side: Side = "brand" if sender == account else "customer"
        if known is None:  # it was encrypted elsewhere
            others = [one for one in conversation.replace("-", ":").split(":") if one != account]
            shown: Shown = {"kind": "text", "id": str(payload.get("id", "")), "text": "🔒", "encrypted": True}
            self._screen.tell(side, account, next(iter(others), sender), shown)
            return
        for shown in _of_entry(*known):
            self._screen.tell(side, account, known[0].other(account), shown)


def file_url(name: str) -> str:
    """Where the control API shows a file of X's."""
    return f"{FILE_PATH}?{urlencode({'id': name})}"


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


# --- plain


def _of_message(message: Message) -> Iterator[Shown]:
    text = message.text
    for short, long in message.links:
        text = text.replace(short, "" if _MEDIA in long else long)
    yield from _shown(message.id, text.strip(), message.picture and (message.picture.film or message.picture.url))


def _bubbles(identifier: str, said: dict[str, Any]) -> Iterator[Shown]:
    """A message as a webhook has it: what stands for a file is cut, other links are whole."""
    text = str(said.get("text", ""))
    urls = _object(said.get("entities")).get("urls")
    for url in urls if isinstance(urls, list) else []:
        short, long = (str(_object(url).get(name, "")) for name in ("url", "expanded_url"))
        if short:
            text = text.replace(short, "" if _MEDIA in long else long)
    media = _object(_object(said.get("attachment")).get("media"))
    variants = _object(media.get("video_info")).get("variants")
    films = [one for one in variants if isinstance(one, dict)] if isinstance(variants, list) else []
    film = next((str(one.get("url")) for one in films if one.get("content_type") == "video/mp4"), "")
    yield from _shown(identifier, text.strip(), film or str(media.get("media_url_https", "")))


def _shown(identifier: str, text: str, url: str | None) -> Iterator[Shown]:
    if text or not url:
        yield {"kind": "text", "id": identifier, "text": text}
    if url:
        kind = "video" if urlsplit(url).path.endswith(".mp4") else "image"
        yield {"kind": kind, "id": f"{identifier}#1" if text else identifier, "url": file_url(urlsplit(url).path)}


# --- encrypted


def _of_entry(chat: Chat, entry: Entry) -> Iterator[Shown]:
    """What an event looks like once it is opened; nothing of what is only for the app."""
    opened = entry.opened
    kind = opened.get("type")
    if kind == "Message":
        yield from _of_content(chat, entry, _object(opened.get("content")))
    elif kind == "MessageDeleted":
        for one in opened.get("message_ids", ()):
            yield {"kind": "unsend", "about": _named(chat, one)}
    elif kind == "ReadReceipt":
        yield {"kind": "seen", "about": _named(chat, str(opened.get("seen_until_id", "")))}
    elif kind == "Typing":
        yield {"kind": "typing"}


def _of_content(chat: Chat, entry: Entry, content: Mapping[str, Any]) -> Iterator[Shown]:
    kind, about = content.get("content_type"), str(content.get("target_message_id", ""))
    if kind in ("Reaction", "ReactionRemoved"):
        given = str(content.get("emoji", "")) if kind == "Reaction" else ""
        yield {"kind": "reaction", "about": _named(chat, about), "text": given}
    elif kind == "Edit":
        yield {"kind": "edit", "about": _named(chat, about), "text": str(content.get("new_text", ""))}
    elif kind == "Text":
        yield from _of_text(chat, entry, content)


def _of_text(chat: Chat, entry: Entry, content: Mapping[str, Any]) -> Iterator[Shown]:
    text, attachments = str(content.get("text", "")), entry.opened.get("attachments") or []
    offered = _object(_object(_object(content.get("quick_reply")).get("request")).get("options"))
    choices = [
        {"text": one["label"], "payload": one["id"], "url": ""} for one in offered.get("options", ()) if "label" in one
    ]
    quoted = _object(content.get("replying_to_preview"))
    about = _named(chat, str(quoted.get("replying_to_message_sequence_id", ""))) if quoted else ""
    number = 0
    if text or not attachments:
        shown: Shown = {"kind": "choices" if choices else "text", "id": entry.message_id, "text": text, "about": about}
        yield {**shown, "choices": choices, "encrypted": True}
        number = 1
    for attachment in attachments:
        if attachment.get("attachment_type") != "Media":
            continue
        where = "|".join((chat.id, str(attachment["media_hash_key"]), entry.key_version))
        kind = _KINDS.get(str(attachment.get("media_type")).lower(), "file")
        identifier = f"{entry.message_id}#{number}" if number else entry.message_id
        yield {"kind": kind, "id": identifier, "url": file_url(where), "encrypted": True}
        number += 1


def _named(chat: Chat, sequence_id: str) -> str:
    """What the phone calls the message of this sequence id."""
    entry = chat.named(sequence_id)
    return entry.message_id if entry else sequence_id
