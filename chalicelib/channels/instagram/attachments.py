"""What is attached to Instagram's messages, in the bridge's words: files, shares, places, cards.

developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages and .../message-echoes; what cards
hold is on the pages of their templates: .../docs/messenger-platform/reference/templates
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from chalicelib.channels.instagram.renderings import RENDERINGS, lines
from chalicelib.channels.instagram.schema import ATTACHMENTS, Fields
from chalicelib.vocabulary.messages import UNNAMED, Kind, Line, Media

InText = frozenset[str]
"""What the message's text says already: itself, and the links in it."""
LONGEST_KIND = 60
# developers.google.com/maps/documentation/urls/get-started
MAP = "https://www.google.com/maps/search/?api=1&query={},{}"

# What is read of a card, in this order.
_WORDS = (
    "title", "name", "merchant_name", "text", "subtitle", "description", "order_number", "coupon_code", "media_type",
)  # fmt: skip
_LINKS = ("url", "order_url", "coupon_url", "item_url")
# What belongs to a card and is none. Everything else that a template holds may be one, or hold some.
_PARTS = {"buttons", "default_action", "address", "summary", "adjustments"}
_DEEPEST = 4  # the attachment, its payload, the template's name, `elements`, a card


class Shown(msgspec.Struct, frozen=True):
    """One of the agent's messages: the bridge's lines, the customer's text, the customer's file."""

    lines: tuple[Line, ...] = ()
    text: str = ""
    media: Media | None = None


def told(message: Fields) -> tuple[str, list[Shown]]:
    """The message's text, and what agents see of its attachments; what the text says is not said again.

    The text of a template with buttons may stand beside it, or in it only; it is the message's own.
    """
    attachments = list(_distinct(message.each("attachments")))
    text = message.text("text") or next(filter(None, map(_text, attachments)), "")
    if not attachments:
        return text, []
    in_text = frozenset({text.strip(), *(word for word in text.split() if word.startswith("http"))})
    shown = [_shown(attachment, in_text) for attachment in attachments]
    return text, [part for part in shown if part.lines or part.media]


def post_of(message: Fields) -> str:
    """The id of the first post that is shared, "" where none is named."""
    return next(filter(None, map(_post, message.each("attachments"))), "")


def mentioning(message: Fields) -> str:
    """The story in which the message mentions the brand (`CustomerMessage.story`), by what is the same in every webhook
    of it: of its address neither a signature nor a time is."""
    mention = next((one for one in message.each("attachments") if one.text("type") == "story_mention"), None)
    if mention is None:
        return ""
    try:
        address = urlsplit(_url(mention))
        asset = parse_qs(address.query).get("asset_id", [""])[0]
    except ValueError:
        return UNNAMED
    if asset or not address.netloc:
        return mention.at("payload").text("id") or asset or UNNAMED
    # a CDN's path names the file, lookaside's is the same for all
    return address.geturl() if address.path.endswith("/") else f"{address.netloc}{address.path}"


def unreadable(kind: str) -> tuple[Line, ...]:
    """Something that is new to us, under the name that Meta gives it."""
    return lines("unknown", kind=kind[:LONGEST_KIND])


def _shown(attachment: Fields, in_text: InText) -> Shown:
    kind = attachment.text("type")
    if kind not in ATTACHMENTS:
        new, (title, url) = kind[:LONGEST_KIND] or "attachment", _named(attachment, in_text)
        link = lines("unknown:link", kind=new, title=title, url=url) if title or url else ()
        return Shown(unreadable(new) + link)
    if RENDERINGS[kind].shows == "media":
        url = _url(attachment)
        media = Media(kind=cast("Kind", kind), url=url) if url else None
        return Shown(() if media else lines("media_gone", kind=kind), media=media)
    return Shown(_READERS.get(kind, _share)(attachment, in_text))


def _distinct(attachments: list[Fields]) -> Iterator[Fields]:
    """Without second forms of one thing, of which Meta sends both while it moves from one to the other: `share` and
    `ig_post` of a post, of which only the newer names it; `image` and `sticker` of a sticker.
    developers.facebook.com/docs/messenger-platform/instagram/features/webhook and .../webhook-events/messages"""
    named = {_post(attachment) for attachment in attachments if attachment.text("type") == "ig_post"}
    pictures = {mark for attachment in attachments if attachment.text("type") == "image" for mark in _marks(attachment)}
    seen: set[str] = set()
    for attachment in attachments:
        kind, post = attachment.text("type"), _post(attachment)
        older = kind == "share" and bool(named) and (post in named or not post)
        if older or post in seen or (kind == "sticker" and _marks(attachment) & pictures):
            continue
        seen |= {post} if post else set()
        yield attachment


def _post(attachment: Fields) -> str:
    return attachment.at("payload").text("ig_post_media_id")


def _marks(attachment: Fields) -> set[str]:
    """By what a sticker is known."""
    return {attachment.at("payload").text("sticker_id"), _url(attachment)} - {""}


def _url(attachment: Fields) -> str:
    """Where it is; of old, and for links still, the address stands beside the payload."""
    payload = attachment.at("payload")
    return payload.text("url") or payload.text("story_media_url") or attachment.text("url")


def _named(attachment: Fields, in_text: InText) -> tuple[str, str]:
    """Its title and its address, as far as they are not said already."""
    title, url = attachment.at("payload").text("title") or attachment.text("title"), _url(attachment)
    return ("" if title == url or title.strip() in in_text else title), ("" if url in in_text else url)


def _share(attachment: Fields, in_text: InText) -> tuple[Line, ...]:
    title, url = _named(attachment, in_text)
    return lines(attachment.text("type"), title=title, url=url)


def _story(attachment: Fields, _: InText) -> tuple[Line, ...]:
    url = _url(attachment)
    return lines(attachment.text("type"), url=url) if url else lines("story_gone")


def _sticker(attachment: Fields, _: InText) -> tuple[Line, ...]:
    """A heart is a sticker that is always the same, and may come without its picture."""
    kind = attachment.text("type")
    return lines(kind, url=_url(attachment) or ("❤️" if kind == "like_heart" else ""))


def _link(attachment: Fields, in_text: InText) -> tuple[Line, ...]:
    """A preview of a link. What Meta does not hand out comes as one that holds nothing."""
    kind = attachment.text("type")
    title, url = _named(attachment, in_text)
    if title or url:
        return lines(kind, kind={"fallback": "link"}.get(kind, kind), title=title, url=url)
    return () if any(_named(attachment, frozenset())) else _withheld(attachment, in_text)


def _location(attachment: Fields, in_text: InText) -> tuple[Line, ...]:
    title, url = _named(attachment, in_text)
    point = attachment.at("payload", "coordinates")
    latitude, longitude = point.number("lat"), point.number("long")
    if not (_is_within(latitude, 90) and _is_within(longitude, 180)):
        return lines("location", title=title, url=url)
    return lines("location", title=title, place=f"{latitude}, {longitude}", url=MAP.format(latitude, longitude))


def _is_within(number: str, most: float) -> bool:
    try:
        return abs(float(number)) <= most
    except ValueError:
        return False


def _withheld(_: Fields, __: InText) -> tuple[Line, ...]:
    return lines("unsupported_type", platform="Instagram")


def _ephemeral(_: Fields, __: InText) -> tuple[Line, ...]:
    return lines("ephemeral")


# --- cards


def _text(attachment: Fields) -> str:
    """The text over a template's buttons."""
    payload = attachment.at("payload")
    if attachment.text("type") != "template":
        return ""
    own = payload.text("text") or payload.at("button").text("text")
    return own or (attachment.text("title") if payload.has("buttons") else "")


def _template(attachment: Fields, in_text: InText) -> tuple[Line, ...]:
    """The words of each card, and under them what can be tapped; a shared comment is a template with an empty list."""
    beside, *held = [(_words(card), _choices(card)) for card in _cards(attachment, _DEEPEST)]
    inner = {word for words, _ in held for word in words}
    whole = [word for word in beside[0] if word not in inner], beside[1]
    cards = [(words, choices) for words, choices in [whole, *held] if words or choices]
    if not cards:
        payload = attachment.at("payload")
        empty = payload.has("generic") and not payload.each("generic")
        return lines("template:comment") if empty else _withheld(attachment, in_text)
    rows: dict[tuple[str, str], tuple[Line, ...]] = {}
    for words, choices in cards:
        unsaid = " · ".join(word for word in dict.fromkeys(words) if word.strip() not in in_text)
        rows["template", unsaid] = lines("template", words=unsaid) if unsaid else ()
        offered = " · ".join(choices)
        rows["template:buttons", offered] = lines("template:buttons", choices=offered) if offered else ()
    return tuple(line for row in rows.values() for line in row)


def _cards(holder: Fields, depth: int) -> Iterator[Fields]:
    """The holder, and what it holds: cards stand in `elements`, or under their template's name, one or several."""
    yield holder
    for name in holder.names() if depth else ():
        if name not in _PARTS:
            for held in holder.each(name):
                yield from _cards(held, depth - 1)


def _words(card: Fields) -> list[str]:
    """What a card says: its words, what it costs, where it leads; else its picture."""
    currency = card.text("currency")
    quantity, amounts = card.number("quantity"), (card.number("price"), card.at("summary").number("total_cost"))
    words = [card.text(name) for name in _WORDS]
    words += [f"× {quantity}" if quantity else "", *(f"{amount} {currency}".strip() for amount in amounts if amount)]
    words += [*(card.text(name) for name in _LINKS), card.at("default_action").text("url")]
    return [word for word in words if word] or [url for url in [card.text("image_url")] if url]


def _choices(card: Fields) -> list[str]:
    """What can be tapped: a button's title and where it leads, or whom it calls."""
    return [choice for choice in map(_choice, card.each("buttons")) if choice]


def _choice(button: Fields) -> str:
    kind = button.text("type")
    leads = button.text("url") or (button.text("payload") if kind == "phone_number" else "")
    return f"{button.text('title') or kind} {leads}".strip()


_READERS: dict[str, Callable[[Fields, InText], tuple[Line, ...]]] = {
    **dict.fromkeys(("story_mention", "ig_story", "story"), _story),
    **dict.fromkeys(("sticker", "like_heart"), _sticker),
    **dict.fromkeys(("fallback", "media"), _link),
    "location": _location,
    "template": _template,
    "ephemeral": _ephemeral,
    "unsupported_type": _withheld,
}
"""Attachments that are told of, not copied; all others are shares."""
