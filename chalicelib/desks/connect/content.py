"""What flows and bots show beside words: Connect's interactive messages, as things to tap and cards.

docs.aws.amazon.com/connect/latest/adminguide/interactive-messages.html. Only their size is checked there, so every
reading is lenient. What comes back of a tap is what AWS' own client sends: the element's title; of a time its date as
it was given; of a carousel JSON that says which; all as text. Only who turns a page answers by an event.
github.com/amazon-connect/amazon-connect-chat-interface
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import msgspec

from chalicelib.errors import Malformed
from chalicelib.fields import Fields, read
from chalicelib.vocabulary.replies import Card, Choice

# How the payload of a choice begins that is answered by an event; what follows is the event.
EVENT = "interactive.response:"
_PAGES = {"SHOW_MORE", "PREVIOUS_OPTIONS"}
_OFFSETS = range(-14 * 60, 14 * 60 + 1)


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What was read; `unread` names what of it could not be."""

    lines: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    cards: tuple[Card, ...] = ()
    unread: str = ""


Words = Callable[[str], str]


def interactive(text: str, words: Words) -> Content:
    """What the message shows; titles may hold Markdown, of which `words` makes what is read."""
    try:
        template = Fields(read(text.encode(errors="replace"), "Connect template"))
    except Malformed:
        return Content(unread="interactive")
    name = template.text("templateType")
    reader = _READERS.get(name)
    if reader is not None:
        found = reader(template, words)
        if found != Content():
            return found
    content = template.at("data", "content")
    unread = name if name.isalnum() and len(name) <= 40 else "interactive"
    return Content(lines=_lines(words, content, "title", "subtitle"), unread=unread)


def _list(template: Fields, words: Words) -> Content:
    """ListPicker, Panel, QuickReply: pictures make cards of what would else be things to tap under a text."""
    content = template.at("data", "content")
    elements = content.each("elements")
    image = _image(content)
    if any(_image(element) for element in elements):
        head = (_card(content, (), words),) if image else ()
        lines = () if image else _lines(words, content, "title", "subtitle")
        return Content(lines=lines, cards=(*head, *(_element_card(template, one, words) for one in elements)))
    choices = tuple(_choice(template, element, words) for element in elements if _says(element))
    if image:
        return Content(cards=(_card(content, choices, words),))
    return Content(lines=_lines(words, content, "title", "subtitle"), choices=choices)


def _times(template: Fields, words: Words) -> Content:
    content = template.at("data", "content")
    offset = content.value("timeZoneOffset")
    stamps = [slot.text("date") for slot in content.each("timeslots")]
    choices = [Choice(text=_local(stamp, offset), payload=stamp, type="DatePicker") for stamp in stamps if stamp]
    place = content.at("location").text("title")
    lines = (*_lines(words, content, "title", "subtitle"), *filter(None, (words(place),)))
    return Content(lines=lines, choices=tuple(choices))


def _carousel(template: Fields, words: Words) -> Content:
    content = template.at("data", "content")
    cards = [_carousel_card(nested, words) for nested in content.each("elements")]
    return Content(lines=_lines(words, content, "title", "subtitle"), cards=tuple(cards))


def _carousel_card(nested: Fields, words: Words) -> Card:
    content = nested.at("data", "content")

    def answer(title: str) -> str:
        told = {"templateIdentifier": nested.text("templateIdentifier"), "listTitle": content.text("title")}
        return msgspec.json.encode(told | {"selectionText": title}).decode()

    choices = [_choice(nested, element, words, answer) for element in content.each("elements") if _says(element)]
    return _card(content, tuple(choices), words)


def _card(content: Fields, choices: tuple[Choice, ...], words: Words) -> Card:
    return Card(
        title=_title(words, content), description=_subtitle(words, content), image=_image(content), choices=choices
    )


def _element_card(template: Fields, element: Fields, words: Words) -> Card:
    """Of an element that has a picture, or stands beside one."""
    title = element.text("title")
    tapped = Fields({"title": title, "actionDetail": element.value("actionDetail"), "url": element.value("url")})
    return _card(element, (_choice(template, tapped, words),) if _says(tapped) else (), words)


def _choice(template: Fields, element: Fields, words: Words, answer: Callable[[str], str] = str) -> Choice:
    title = element.text("title")
    shown = " – ".join(part for part in (words(title), words(element.text("subtitle"))) if part)
    if element.text("url"):
        return Choice(text=shown or element.text("url"), url=element.text("url"))
    action = element.text("actionDetail")
    return Choice(text=shown, payload=_page(template, action) if action in _PAGES else answer(title or shown))


def _says(element: Fields) -> bool:
    return any(element.text(name) for name in ("title", "subtitle", "url"))


def _page(template: Fields, action: str) -> str:
    """What turns a long list's page."""
    data = template.at("data")
    told: dict[str, object] = {"actionName": action, "templateType": template.text("templateType")}
    for name in ("preIndex", "nextIndex", "listId"):
        told[name] = data.at("content").value(name)
    told["referenceId"] = data.at("content").value("referenceId") or data.value("referenceId")
    event = {"version": "1.0", "action": action, "data": {name: one for name, one in told.items() if one is not None}}
    return EVENT + msgspec.json.encode(event).decode()


def _lines(words: Words, content: Fields, *names: str) -> tuple[str, ...]:
    return tuple(filter(None, (words(content.text(name)) for name in names)))


def _title(words: Words, content: Fields) -> str:
    return words(content.text("title"))


def _subtitle(words: Words, content: Fields) -> str:
    return words(content.text("subtitle"))


def _image(content: Fields) -> str:
    """A picture's address; whatever else one may be given as is none that a channel shows."""
    return content.text("imageData") if content.text("imageData").lower().startswith(("https://", "http://")) else ""


def _local(stamp: str, offset: object) -> str:
    """The time in the zone that the template names, in minutes from UTC; as it is where either cannot be read."""
    if not isinstance(offset, int) or isinstance(offset, bool) or offset not in _OFFSETS:
        return stamp
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    if at.tzinfo is None:
        return stamp
    try:
        return at.astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="minutes")
    except OverflowError:
        return stamp


_READERS: dict[str, Callable[[Fields, Words], Content]] = {
    "ListPicker": _list,
    "Panel": _list,
    "QuickReply": _list,
    "TimePicker": _times,
    "Carousel": _carousel,
}
