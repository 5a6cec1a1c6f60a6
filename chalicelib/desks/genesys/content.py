"""What an agent's or a bot's message holds besides its text: files, things to tap, cards, templates.

SDK model ConversationMessageContent. Everything in it is optional, and every reading lenient: what is odd is left
out, and content of which nothing could be read is named to the caller, so that the agent hears of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from chalicelib.messages import Kind
from chalicelib.replies import Card, Choice, File

Fields = dict[str, Any]
"""A JSON object."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. `lines` are words that stand with the message's own text."""

    lines: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    choices: tuple[Choice, ...] = ()
    cards: tuple[Card, ...] = ()

    def __add__(self, other: Content) -> Content:
        return Content(
            lines=self.lines + other.lines,
            files=self.files + other.files,
            choices=self.choices + other.choices,
            cards=self.cards + other.cards,
        )


NOTHING = Content()
MEDIA: dict[str, Kind] = {"Image": "image", "Video": "video", "Audio": "audio", "File": "file"}


def string(fields: Fields, name: str) -> str:
    """The field's text, "" where there is none or it is something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def inner(fields: Fields, name: str) -> Fields:
    """The object in the field, an empty one where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def objects(fields: Fields, name: str) -> list[Fields]:
    """The objects of the field's list."""
    value = fields.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read(item: Fields) -> tuple[str, Content]:
    """A content item's type and what it holds: NOTHING where it is unknown, or holds nothing that can be shown."""
    kind = string(item, "contentType") or next((kind for kind, (name, _) in _READERS.items() if name in item), "")
    if kind not in _READERS:
        return kind, NOTHING
    name, reader = _READERS[kind]
    return kind, reader(inner(item, name))


def joined(text: str, lines: tuple[str, ...]) -> str:
    """The text and then the lines; a text that is one of the lines stands once, in its place among them."""
    return "\n".join(lines if text in lines else (text, *lines)) if text else "\n".join(lines)


def moment(stamp: str) -> str:
    """An ISO-8601 time as "Tue 24 Nov 2026, 10:00 UTC", in the offset that it names; anything else as it is."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} {at.tzname() or ''}".rstrip()


def _attachment(said: Fields) -> Content:
    url, name, media, mime = (string(said, field) for field in ("url", "filename", "mediaType", "mime"))
    if not url:
        return NOTHING
    caption = _lines(string(said, "text") if string(said, "text") != name else "")
    if media == "Link":
        return Content(lines=(*caption, url))
    kind = MEDIA.get(media) or MEDIA.get(mime.partition("/")[0].capitalize(), "file")
    size = said.get("contentSizeBytes")
    known = size if isinstance(size, int) and size > 0 else 0
    return Content(lines=caption, files=(File(url=url, kind=kind, mime=mime, name=name, size=known),))


def _quick_reply(said: Fields) -> Content:
    return Content(choices=_choice(said, "QuickReply"))


def _quick_replies(said: Fields) -> Content:
    choices = [choice for action in objects(said, "actions") for choice in _choice(action, "QuickReply")]
    return Content(lines=_lines(string(said, "title")), choices=tuple(choices))


def _card(said: Fields) -> Content:
    default = inner(said, "defaultAction")
    actions = objects(said, "actions")
    if string(default, "type") == "Postback" and default not in actions:
        actions.append(default)
    choices = tuple(choice for action in actions for choice in _choice(action, "Button"))
    # a bot's card may have a description alone; no channel shows a card without a title
    words = _lines(string(said, "title"), string(said, "description"), string(said, "video"))
    image, url = string(said, "image"), string(default, "url")
    if not (words or image or choices):
        return NOTHING
    title, description = (words[0], "\n".join(words[1:])) if words else ("", "")
    return Content(cards=(Card(title=title, description=description, image=image, url=url, choices=choices),))


def _carousel(said: Fields) -> Content:
    return sum((_card(card) for card in objects(said, "cards")), NOTHING)


def _date_picker(said: Fields) -> Content:
    stamps = [string(time, "dateTime") for time in objects(said, "availableTimes")]
    choices = tuple(Choice(text=moment(stamp), payload=stamp, type="DatePicker") for stamp in stamps if stamp)
    return Content(lines=_lines(string(said, "title"), string(said, "subtitle")), choices=choices)


def _list_picker(said: Fields) -> Content:
    """An item's id comes back as a quick reply: the answers that Open Messaging takes know no list picker."""
    shown = inner(said, "receivedMessage")
    sections = objects(said, "sections")
    lines = _lines(string(shown, "title"), string(shown, "subtitle"), *(string(one, "title") for one in sections))
    items = [item for section in sections for item in objects(section, "items")]
    titles = [" – ".join(_lines(string(item, "title"), string(item, "subtitle"))) for item in items]
    choices = [
        Choice(text=title, payload=string(item, "id") or title)
        for item, title in zip(items, titles, strict=True)
        if title
    ]
    return Content(lines=lines, choices=tuple(choices))


def _template(said: Fields) -> Content:
    """A canned response. Its body is the message's text, already filled; header and footer are here only."""
    header, body, footer = (inner(said, name) for name in ("header", "body", "footer"))
    buttons = objects(said, "buttons")
    phones = [f"{string(one, 'text')}: {string(one, 'phoneNumber')}" for one in buttons if string(one, "phoneNumber")]
    choices = [choice for one in buttons if not string(one, "phoneNumber") for choice in _choice(one, "QuickReply")]
    lines = _lines(_filled(header), _filled(body), _filled(footer), *phones)
    media = _attachment(inner(header, "media"))
    return Content(lines=lines, choices=tuple(choices)) + media


def _text(said: Fields) -> Content:
    return Content(lines=_lines(string(said, "body")))


def _choice(action: Fields, kind: Literal["Button", "QuickReply"]) -> tuple[Choice, ...]:
    """The thing to tap; none where it has no words, no payload and no page."""
    text, payload, url = (string(action, name) for name in ("text", "payload", "url"))
    words = text or payload or url
    if not words:
        return ()
    return (Choice(text=words, url=url, type=kind) if url else Choice(text=words, payload=payload or text, type=kind),)


_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def _filled(part: Fields) -> str:
    """A template's text with its parameters in their places; a place that has none stays as it is."""
    known = {string(one, "name"): string(one, "text") for one in objects(part, "parameters")}
    return _PLACE.sub(lambda place: known.get(place[1], place[0]), string(part, "text"))


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


_READERS: dict[str, tuple[str, Callable[[Fields], Content]]] = {
    "Attachment": ("attachment", _attachment),
    "QuickReply": ("quickReply", _quick_reply),
    "QuickReplyV2": ("quickReplyV2", _quick_replies),
    "Card": ("card", _card),
    "Carousel": ("carousel", _carousel),
    "DatePicker": ("datePicker", _date_picker),
    "ListPicker": ("listPicker", _list_picker),
    "Notification": ("template", _template),
    "Text": ("text", _text),
}
