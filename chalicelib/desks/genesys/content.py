"""What an agent's or a bot's message holds besides its text: files, things to tap, cards, templates.

SDK model ConversationMessageContent. Everything in it is optional, and every reading lenient: fields are known however
their names are written, what is odd is left out, and content of which nothing could be read is named to the caller, so
that the agent hears of it. What holds nothing is nothing, and is not named. An attachment has up to 25 MB, whichever
way it goes: help.genesys.cloud, "Supported content profiles".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.replies import Card, Choice, File

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


def field(fields: Fields, *names: str) -> Any:
    """The first of the fields that is there and is not null: `fileName`, `filename` and `file_name` are one name."""
    for name in names:
        if fields.get(name) is not None:
            return fields[name]
    known = {_folded(name): value for name, value in fields.items() if value is not None}
    return next((known[name] for name in map(_folded, names) if name in known), None)


def string(fields: Fields, *names: str) -> str:
    """The field's text, "" where there is none or it is something else."""
    value = field(fields, *names)
    return value if isinstance(value, str) else ""


def inner(fields: Fields, name: str) -> Fields:
    """The object in the field, an empty one where there is none."""
    value = field(fields, name)
    return value if isinstance(value, dict) else {}


def objects(fields: Fields, name: str) -> list[Fields]:
    """The objects of the field's list; an object alone is a list of one."""
    value = field(fields, name)
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def hollow(value: Any, deep: int = 8) -> bool:
    """Whether it holds nothing that anybody could miss: null, white space, or nothing but names of types, down to so
    many levels."""
    if isinstance(value, dict | list) and not deep:
        return False
    if isinstance(value, dict):
        return all(hollow(inside, deep - 1) for name, inside in value.items() if _folded(name) not in _TYPES)
    if isinstance(value, list):
        return all(hollow(inside, deep - 1) for inside in value)
    return value is None or (isinstance(value, str) and not value.strip())


def words(text: str) -> str:
    """What a person reads: the text to the letter, but for one that is HTML from its first character to its last."""
    if not text.lstrip().startswith("<"):
        return text
    from chalicelib.desks.genesys.markup import typed  # only for the rare text that may be

    return typed(text)


def read(item: Fields) -> tuple[Content, str]:
    """What a content item holds, and its name where it is something of which nothing can be shown: Genesys' word for
    it where it is one."""
    said = string(item, "contentType")
    kind = _KINDS.get(_folded(said), "")
    others = [one for name, one in _FIELDS.items() if one != kind and inner(item, name)]
    if not kind:
        kind = others.pop(0) if others else "Attachment" if string(item, "url") else ""
    held = sum((_READERS[one][1](inner(item, _READERS[one][0])) for one in others), NOTHING)
    if kind:
        name, reader = _READERS[kind]
        held = reader(item | inner(item, name)) + held  # what belongs inside also comes beside
    word = kind or said
    # of any other kind even an empty item is something that somebody sent
    if held != NOTHING or (word in {"", "Text"} and hollow(item)):
        return held, ""
    return NOTHING, word if word.isalnum() and len(word) <= 40 else "content"


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def joined(text: str, lines: tuple[str, ...]) -> str:
    """The text and then the lines; a text that is one of the lines stands once, in its place among them."""
    return "\n".join(lines if text in lines else (text, *lines)) if text else "\n".join(lines)


def _attachment(said: Fields) -> Content:
    url, name, media = string(said, "url"), string(said, "filename"), string(said, "mediaType").capitalize()
    if not url:
        return NOTHING
    # Genesys' word for the type is `mime`; a contentType here may be one, or the item's
    mime = next((one for one in (string(said, "mime", "mimeType"), string(said, "contentType")) if "/" in one), "")
    caption = _lines(string(said, "text") if string(said, "text") != name else "")
    if media == "Link":
        return Content(lines=(*caption, url))
    kind = MEDIA.get(media) or MEDIA.get(mime.partition("/")[0].capitalize(), "file")
    size = field(said, "contentSizeBytes")
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
    choices = tuple(Choice(text=stamp, payload=stamp, type="DatePicker") for stamp in stamps if stamp)
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
    return Content(lines=_lines(words(string(said, "body", "text"))))


def _location(said: Fields) -> Content:
    place = [field(said, name) for name in ("latitude", "longitude")]
    point = ", ".join(str(one) for one in place if isinstance(one, (int, float)) and not isinstance(one, bool))
    lines = _lines(string(said, "text"), string(said, "address"), string(said, "url"))
    return Content(lines=lines or _lines(point if point.count(",") == 1 else ""))


def _rich_link(said: Fields) -> Content:
    return Content(lines=_lines(*(string(said, name) for name in ("title", "text", "url", "footer"))))


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
    return words(_PLACE.sub(lambda place: known.get(place[1], place[0]), string(part, "text")))


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
    "Location": ("location", _location),
    "RichLink": ("richLink", _rich_link),
}
_KINDS = {_folded(kind): kind for kind in _READERS}
_FIELDS = {_folded(name): kind for kind, (name, _) in _READERS.items() if kind != "Text"}
_TYPES = frozenset({"type", "contenttype"})
