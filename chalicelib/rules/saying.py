"""What a bot answers, read strictly, and what of it may be said to a customer: data of a shape that we know, or none.

Whoever writes the answer may do so at the customer's dictation: nothing of it leads to where the account does not let
it, pretends to be formatted, or is longer than an answer is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from chalicelib.rules.answers import only_object
from chalicelib.vocabulary.replies import Card, Choice

# An answer is a message on any channel: the shortest takes 1,000 bytes, and the words by which the bot says what it is
# stand before it.
LONGEST = 700
MOST_REPLIES, MOST_CARDS = 5, 5
_SHORT = Annotated[str, msgspec.Meta(max_length=80)]
_LINE = Annotated[str, msgspec.Meta(max_length=200)]
_ADDRESS = Annotated[str, msgspec.Meta(max_length=1000)]


class SaidCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product: what it is called, a word on it, its picture and its page."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    description: _LINE = ""
    image: _ADDRESS = ""
    url: _ADDRESS = ""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer. `confidence` is how sure the bot is (0 to 100), `intent` and `summary` are for whoever takes over."""

    text: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    quick_replies: tuple[_SHORT, ...] = ()
    cards: tuple[SaidCard, ...] = ()
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)]
    sentiment: Literal["negative", "neutral", "positive"] = "neutral"
    intent: Annotated[str, msgspec.Meta(max_length=100)] = ""
    summary: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    hand_over: bool = False


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
SCHEMA: dict[str, Any] = _object(
    text=_TEXT,
    quick_replies={"type": "array", "items": _TEXT},
    cards={"type": "array", "items": _object(title=_TEXT, description=_TEXT, image=_TEXT, url=_TEXT)},
    confidence={"type": "integer"},
    sentiment={"type": "string", "enum": ["negative", "neutral", "positive"]},
    intent=_TEXT,
    summary=_TEXT,
    hand_over={"type": "boolean"},
)
"""The shape as a JSON Schema of the few words that all models take.
docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html"""


def read(answer: object, links: Sequence[str]) -> Said | None:
    """The answer, an object or the JSON text of one, as it may be said; None where it is none, or one that may not be.
    `links` are the hosts to which it may lead, they and what is below them."""
    value = only_object(answer) if isinstance(answer, str) else answer
    try:
        said = msgspec.convert(value, Said, strict=True)
    except (msgspec.ValidationError, RecursionError):
        return None
    said = msgspec.structs.replace(
        said,
        text=plain(said.text),
        quick_replies=tuple(title for reply in said.quick_replies if (title := plain(reply).replace("\n", " "))),
        cards=tuple(_plain_card(card) for card in said.cards),
    )
    return said if _may_be_said(said, links) else None


def choices(said: Said) -> tuple[Choice, ...]:
    """Its quick replies: a tap says what stands on it."""
    return tuple(Choice(text=reply, payload=reply) for reply in said.quick_replies)


def cards(said: Said) -> tuple[Card, ...]:
    """Its cards."""
    return tuple(
        Card(title=card.title, description=card.description, image=card.image, url=card.url) for card in said.cards
    )


def leads_only_to(text: str, links: Sequence[str]) -> bool:
    """Whether each address in the text is one of the hosts', over TLS where it says how."""
    return all(_admitted(found[0], links) for found in _ADDRESSES.finditer(_seen(text)))


def plain(text: str) -> str:
    """The text without Markdown, which no channel shows, and without what cannot be seen."""
    text = _FENCE.sub("", _seen(text))
    text = _LINKED.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]}: {link[2]}", text)
    text = _HEADING.sub("", text)
    for mark in _MARKS:
        text = mark.sub(r"\1", text)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


_FENCE = re.compile(r"^```[a-z]*\n?|```", re.MULTILINE)
_LINKED = re.compile(r"!?\[([^\]\n]{0,200})\]\(([^)\s]{1,1000})\)")
_HEADING = re.compile(r"^ {0,3}(?:#{1,6}|>) +", re.MULTILINE)
_MARKS = [
    re.compile(mark)
    for mark in (r"\*\*([^*\n]+)\*\*", r"__([^_\n]+)__", r"(?<![*\w])\*([^*\n]+)\*(?!\w)", r"`([^`\n]+)`")
]

# What an app makes an address of: with its scheme, with www, or a host with a path or of a common ending.
_ADDRESSES = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,15}://\S+|\b(?:mailto|javascript|data|tel):\S+|\bwww\.\S+"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.)+(?:[a-z]{2,18}(?=[/?#:])\S*"
    r"|(?:com|net|org|info|biz|io|co|me|app|dev|ai|shop|store|online|site|xyz|top|link|click|ly|gg|tv|tk|ru|cn"
    r"|de|es|fr|it|pt|nl|pl|uk|eu|us|mx|ar|cl|br|ch|at|in|jp)\b\S*)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")


def _may_be_said(said: Said, links: Sequence[str]) -> bool:
    if len(said.quick_replies) > MOST_REPLIES or len(said.cards) > MOST_CARDS or len(said.text) > LONGEST:
        return False
    if not (said.text or said.cards or said.hand_over):
        return False
    texts = [said.text, *said.quick_replies, *(f"{card.title} {card.description}" for card in said.cards)]
    addresses = [address for card in said.cards for address in (card.image, card.url) if address]
    return all(leads_only_to(text, links) for text in texts) and all(
        address.startswith("https://") and _admitted(address, links) for address in addresses
    )


def _admitted(address: str, links: Sequence[str]) -> bool:
    """Whether it leads, over TLS, to one of the hosts or below it."""
    scheme, mark, _ = address.partition("://")
    if mark and scheme.lower() != "https":
        return False
    try:
        where = urlsplit(address if mark else f"https://{address}").netloc.lower()
    except ValueError:
        return False
    host = where.partition(":")[0].rstrip(".,;!?)") if "@" not in where else ""
    return bool(_HOST.fullmatch(host)) and any(host == known or host.endswith(f".{known}") for known in links)


def _plain_card(card: SaidCard) -> SaidCard:
    title, description = (plain(words).replace("\n", " ") for words in (card.title, card.description))
    return msgspec.structs.replace(card, title=title or card.title, description=description)


def _seen(text: str) -> str:
    """What can be seen of it, in line breaks of one kind."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = {"\n", "\t", "\u200d", "\ufe0f"}  # lines, and what joins emoji
    return "".join(sign for sign in lines if sign in kept or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"})
