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

from chalicelib import fields
from chalicelib.vocabulary.messages import Kind
from chalicelib.vocabulary.replies import Card, Choice, File


class Fields(fields.Fields):
    """A JSON object of Genesys'. `fileName`, `filename` and `file_name` are one name, and only a text is one."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __or__(self, other: Fields) -> Fields:
        return Fields(self._fields | other._fields)

    def value(self, *names: str) -> Any:
        """The first of the fields that is there and is not null."""
        for name in names:
            if self._fields.get(name) is not None:
                return self._fields[name]
        known = {_folded(name): value for name, value in self._fields.items() if value is not None}
        return next((known[name] for name in map(_folded, names) if name in known), None)

    def text(self, *names: str) -> str:
        """The text of the first of the fields that is there; "" where that is something else."""
        value = self.value(*names)
        return value if isinstance(value, str) else ""

    def same(self, other: Fields) -> bool:
        """Whether both hold the same."""
        return self._fields == other._fields

    def hollow(self) -> bool:
        """See `hollow`."""
        return hollow(self._fields)


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
    spelled = item.text("contentType")
    kind = _KINDS.get(_folded(spelled), "")
    others = [field for name, field in _FIELDS.items() if field != kind and item.at(name)]
    if not kind:
        kind = others.pop(0) if others else "Attachment" if item.text("url") else ""
    held = sum((_READERS[field][1](item.at(_READERS[field][0])) for field in others), NOTHING)
    if kind:
        name, reader = _READERS[kind]
        held = reader(item | item.at(name)) + held  # what belongs inside also comes beside
    word = kind or spelled
    # of any other kind even an empty item is something that somebody sent
    if held != NOTHING or (word in {"", "Text"} and item.hollow()):
        return held, ""
    return NOTHING, word if word.isalnum() and len(word) <= 40 else "content"


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def joined(text: str, lines: tuple[str, ...]) -> str:
    """The text and then the lines; a text that is one of the lines stands once, in its place among them."""
    return "\n".join(lines if text in lines else (text, *lines)) if text else "\n".join(lines)


def _attachment(item: Fields) -> Content:
    url, name, media = item.text("url"), item.text("filename"), item.text("mediaType").capitalize()
    if not url:
        return NOTHING
    # Genesys' word for the type is `mime`; a contentType here may be one, or the item's
    mime = next((word for word in (item.text("mime", "mimeType"), item.text("contentType")) if "/" in word), "")
    caption = _lines(item.text("text") if item.text("text") != name else "")
    if media == "Link":
        return Content(lines=(*caption, url))
    kind = MEDIA.get(media) or MEDIA.get(mime.partition("/")[0].capitalize(), "file")
    size = item.value("contentSizeBytes")
    known = size if isinstance(size, int) and size > 0 else 0
    return Content(lines=caption, files=(File(url=url, kind=kind, mime=mime, name=name, size=known),))


def _quick_reply(item: Fields) -> Content:
    return Content(choices=_choice(item, "QuickReply"))


def _quick_replies(item: Fields) -> Content:
    choices = [choice for action in item.each("actions") for choice in _choice(action, "QuickReply")]
    return Content(lines=_lines(item.text("title")), choices=tuple(choices))


def _card(item: Fields) -> Content:
    default = item.at("defaultAction")
    actions = item.each("actions")
    if default.text("type") == "Postback" and not any(map(default.same, actions)):
        actions.append(default)
    choices = tuple(choice for action in actions for choice in _choice(action, "Button"))
    # a bot's card may have a description alone; no channel shows a card without a title
    words = _lines(item.text("title"), item.text("description"), item.text("video"))
    image, url = item.text("image"), default.text("url")
    if not (words or image or choices):
        return NOTHING
    title, description = (words[0], "\n".join(words[1:])) if words else ("", "")
    return Content(cards=(Card(title=title, description=description, image=image, url=url, choices=choices),))


def _carousel(item: Fields) -> Content:
    return sum((_card(card) for card in item.each("cards")), NOTHING)


def _date_picker(item: Fields) -> Content:
    stamps = [time.text("dateTime") for time in item.each("availableTimes")]
    choices = tuple(Choice(text=stamp, payload=stamp, type="DatePicker") for stamp in stamps if stamp)
    return Content(lines=_lines(item.text("title"), item.text("subtitle")), choices=choices)


def _list_picker(picker: Fields) -> Content:
    """An item's id comes back as a quick reply: the answers that Open Messaging takes know no list picker."""
    shown = picker.at("receivedMessage")
    sections = picker.each("sections")
    lines = _lines(shown.text("title"), shown.text("subtitle"), *(section.text("title") for section in sections))
    items = [item for section in sections for item in section.each("items")]
    titles = [" – ".join(_lines(item.text("title"), item.text("subtitle"))) for item in items]
    choices = [
        Choice(text=title, payload=item.text("id") or title) for item, title in zip(items, titles, strict=True) if title
    ]
    return Content(lines=lines, choices=tuple(choices))


def _template(item: Fields) -> Content:
    """A canned response. Its body is the message's text, already filled; header and footer are here only."""
    header, body, footer = (item.at(name) for name in ("header", "body", "footer"))
    buttons = item.each("buttons")
    phones = [
        f"{button.text('text')}: {button.text('phoneNumber')}" for button in buttons if button.text("phoneNumber")
    ]
    choices = [
        choice for button in buttons if not button.text("phoneNumber") for choice in _choice(button, "QuickReply")
    ]
    lines = _lines(_filled(header), _filled(body), _filled(footer), *phones)
    media = _attachment(header.at("media"))
    return Content(lines=lines, choices=tuple(choices)) + media


def _text(item: Fields) -> Content:
    return Content(lines=_lines(words(item.text("body", "text"))))


def _location(item: Fields) -> Content:
    place = [item.value(name) for name in ("latitude", "longitude")]
    point = ", ".join(
        str(degrees) for degrees in place if isinstance(degrees, (int, float)) and not isinstance(degrees, bool)
    )
    lines = _lines(item.text("text"), item.text("address"), item.text("url"))
    return Content(lines=lines or _lines(point if point.count(",") == 1 else ""))


def _rich_link(item: Fields) -> Content:
    return Content(lines=_lines(*(item.text(name) for name in ("title", "text", "url", "footer"))))


def _choice(action: Fields, kind: Literal["Button", "QuickReply"]) -> tuple[Choice, ...]:
    """The thing to tap; none where it has no words, no payload and no page."""
    text, payload, url = (action.text(name) for name in ("text", "payload", "url"))
    words = text or payload or url
    if not words:
        return ()
    return (Choice(text=words, url=url, type=kind) if url else Choice(text=words, payload=payload or text, type=kind),)


_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def _filled(part: Fields) -> str:
    """A template's text with its parameters in their places; a place that has none stays as it is."""
    known = {parameter.text("name"): parameter.text("text") for parameter in part.each("parameters")}
    return words(_PLACE.sub(lambda place: known.get(place[1], place[0]), part.text("text")))


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
