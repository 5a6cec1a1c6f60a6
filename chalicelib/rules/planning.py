"""How a channel carries what an agent or a bot says: pure, and the same on every try, since each part is sent once.

What the channel knows goes out as it is, the rest as text, with numbers in front of what could be tapped. A tap comes
back with a token of ours, by which the desk's own payload is found again; the numbers and tokens count everything in
the message that can be tapped (what opens a page cannot), its choices before those on its cards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from chalicelib.rules import spoken
from chalicelib.rules.catalogue import say
from chalicelib.rules.text import measure, split
from chalicelib.vocabulary.capabilities import Capabilities, CardsLimit, ChoicesLimit
from chalicelib.vocabulary.messages import Tap
from chalicelib.vocabulary.replies import AgentMessage, Card, CardsPart, Choice, ChoicesPart, Planned, TextPart
from chalicelib.wire import digest

# As many parts as a message goes out in. What a desk lets an agent write at once needs fewer on any channel; what a
# broken bot says, or a forger, must not become a thousand messages on a customer's phone.
MOST_PARTS = 25
_TOKEN = re.compile(r"dm\.([0-9a-f]{24})\.(0|[1-9][0-9]{0,5})")

_length = measure("characters")


def offer_key(message_id: str) -> str:
    """The name (24 characters) under which is kept what the desk's message offers."""
    return digest(message_id)[:24]


def token(message_id: str, number: int) -> str:
    """What a platform hands back when the choice of this number (from 0) is tapped.

    At most 40 characters, the least that a channel was seen to take.
    """
    return f"dm.{offer_key(message_id)}.{number}"


def read_token(payload: str) -> tuple[str, int] | None:
    """The offer's key and the choice's number; None where the payload is not one of ours."""
    match = _TOKEN.fullmatch(payload)
    return (match[1], int(match[2])) if match else None


def offers(message: AgentMessage) -> list[Tap]:
    """What can be tapped in the message, each at the place of its number."""
    return [
        Tap(message=message.id, type=choice.type, text=choice.text, payload=choice.payload)
        for choice in _tappable(message)
    ]


def worded(message: AgentMessage, language: str) -> AgentMessage:
    """The message with the times that it offers in the language's words."""
    speech = spoken.SPEECHES.get(language, spoken.ENGLISH)

    def told(choice: Choice) -> Choice:
        dated = choice.type == "DatePicker"
        return msgspec.structs.replace(choice, text=spoken.appointment(speech, choice.text)) if dated else choice

    return msgspec.structs.replace(message, choices=tuple(map(told, message.choices)))


def plan(can: Capabilities, message: AgentMessage, language: str) -> list[Planned]:
    """The parts in which the channel carries the message, in order; none for one that says nothing.

    A file is one part, as the desk has it. What is tapped under a text comes last: quick replies belong to the newest
    message, and nothing says that they stay when another follows. `language` is what the bridge's own words are said
    in.
    """
    choices, cards = _with_tokens(message)
    text = message.text
    if len(cards) == 1 and not choices and not _carries(can, cards[0]):
        text, choices, cards = _joined(text, _described(can, cards[0])), cards[0].choices, ()
    words = _asked(can, text, choices, say(language, "choose")) if choices else _texts(can, text)
    asking = [words.pop()] if words and isinstance(words[-1], ChoicesPart) else []
    return [*words, *message.files, *_shown(can, cards), *asking]


def left_out(message: AgentMessage, parts: Sequence[Planned]) -> tuple[str, ...]:
    """Names of what the message holds and none of its planned parts carries: what the desk could not read, and links
    and pictures of a channel that takes none. Whoever wrote it is told, also where everything else went out."""
    links, pictures = _addresses(message.choices, message.cards)
    carried = "".join(map(_said_in, parts))
    names = [*message.unsupported.split(", ")]
    names += ["link"] * any(link not in carried for link in links)
    names += ["picture"] * any(picture not in carried for picture in pictures)
    return tuple(dict.fromkeys(filter(None, names)))


def _addresses(choices: Iterable[Choice], cards: Sequence[Card]) -> tuple[list[str], list[str]]:
    """Where choices and cards lead, and what the cards show."""
    every = [*choices, *(choice for card in cards for choice in card.choices)]
    links = [*(choice.url for choice in every), *(card.url for card in cards)]
    return [link for link in links if link], [card.image for card in cards if card.image]


def _said_in(part: Planned) -> str:
    if isinstance(part, TextPart):
        return part.text
    cards = part.cards if isinstance(part, CardsPart) else ()
    links, pictures = _addresses(part.choices if isinstance(part, ChoicesPart) else (), cards)
    return "\n".join((*links, *pictures, part.text if isinstance(part, ChoicesPart) else ""))


def _tappable(message: AgentMessage) -> list[Choice]:
    groups = [message.choices, *(card.choices for card in message.cards)]
    return [choice for group in groups for choice in group if not choice.url]


def _with_tokens(message: AgentMessage) -> tuple[tuple[Choice, ...], tuple[Card, ...]]:
    """The message's choices and cards with our tokens in place of the desk's payloads."""
    tokens = (token(message.id, number) for number in range(len(_tappable(message))))

    def ours(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        return tuple(msgspec.structs.replace(choice, payload="" if choice.url else next(tokens)) for choice in choices)

    choices = ours(message.choices)
    return choices, tuple(msgspec.structs.replace(card, choices=ours(card.choices)) for card in message.cards)


def _asked(can: Capabilities, text: str, choices: Sequence[Choice], intro: str) -> list[Planned]:
    """A text with choices: all carried, or the links put into the text, or everything."""
    words = text if text.strip() else intro
    taps = [choice for choice in choices if not choice.url]
    links = [_line(can, choice) for choice in choices if choice.url]
    for asking, offered in ((words, choices), (_joined(words, *links), taps)):
        for limit in (can.quick_replies, can.buttons):
            if limit is not None and _takes(limit, offered, intro):
                return _carried(can, limit, asking, offered, intro)
    return _texts(can, _joined(words, *(_line(can, choice) for choice in choices)))


def _carried(can: Capabilities, limit: ChoicesLimit, text: str, choices: Sequence[Choice], intro: str) -> list[Planned]:
    """The text with the choices under its last part, or under a part of their own where that is too long."""
    parts = split(text, can.text_limit, can.text_unit)
    under = parts.pop() if _length(parts[-1]) <= limit.text else intro
    return [*map(TextPart, parts), ChoicesPart(text=under, choices=tuple(choices))]


def _shown(can: Capabilities, cards: Iterable[Card]) -> list[Planned]:
    """The cards side by side, as many as fit; those that the channel does not carry as one text."""
    parts: list[Planned] = []
    for carried, run in groupby(cards, lambda card: _carries(can, card)):
        row = tuple(run)
        if carried and can.cards is not None:
            some = can.cards.count
            parts += [CardsPart(cards=tuple(map(_cleaned, row[at : at + some]))) for at in range(0, len(row), some)]
        else:
            texts = (_joined(_described(can, card), *(_line(can, choice) for choice in card.choices)) for card in row)
            parts += _texts(can, "\n\n".join(text for text in texts if text))
    return parts


def _takes(limit: ChoicesLimit, choices: Sequence[Choice], intro: str) -> bool:
    return (
        0 < len(choices) <= limit.count
        and _length(intro) <= limit.text
        and all(_fits(choice, limit.title, limit.links) for choice in choices)
    )


def _carries(can: Capabilities, card: Card) -> bool:
    return can.cards is not None and _is_card(can.cards, card)


def _is_card(limit: CardsLimit, card: Card) -> bool:
    return (
        bool(card.title.strip())
        and _length(card.title) <= limit.title
        and _length(card.description) <= limit.description
        and len(card.choices) <= limit.choices
        and all(_fits(choice, limit.choice, True) for choice in card.choices)
        # developers.facebook.com/docs/messenger-platform/reference/templates/generic: a title is not enough
        and bool(card.description.strip() or _web(card.image) or _web(card.url) or card.choices)
    )


def _fits(choice: Choice, title: int, links: bool) -> bool:
    opens = links and bool(_web(choice.url)) if choice.url else True
    return opens and bool(choice.text.strip()) and _length(choice.text) <= title


def _cleaned(card: Card) -> Card:
    return msgspec.structs.replace(card, image=_web(card.image), url=_web(card.url))


def _described(can: Capabilities, card: Card) -> str:
    addresses = (_web(card.url), _web(card.image)) if can.links else ()
    return _joined(card.title, card.description, *addresses)


def _line(can: Capabilities, choice: Choice) -> str:
    """The choice in a text: its number, from 1, which its token has from 0; or where it leads."""
    known = read_token(choice.payload)
    if known is not None:
        return f"{known[1] + 1}. {choice.text}"
    return ": ".join(part for part in (choice.text, choice.url if can.links else "") if part)


def _web(url: str) -> str:
    return url if url.lower().startswith(("https://", "http://")) else ""


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line.strip())


def _texts(can: Capabilities, text: str) -> list[Planned]:
    return [TextPart(part) for part in split(text, can.text_limit, can.text_unit)]
