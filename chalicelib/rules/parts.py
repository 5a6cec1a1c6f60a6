"""By which words a part of an agent's message is known: to its echo, to a later quote, to the agent who wrote it."""

from __future__ import annotations

from chalicelib.rules.quoting import beginning
from chalicelib.vocabulary.replies import CardsPart, ChoicesPart, File, MediaPart, Part, Planned, TextPart

LONGEST_WORDS = 60


def echoed(part: object) -> str:
    """The text by which the part's echo is told, "" where it has none: media, cards and what opens a page come back
    without one."""
    if not isinstance(part, (TextPart, ChoicesPart)):
        return ""
    if isinstance(part, ChoicesPart) and any(choice.url for choice in part.choices):
        return ""
    return part.text


def remembered(language: str, part: Part) -> str:
    """How the part begins, by which a quote or a reaction names it later."""
    if isinstance(part, MediaPart):
        return beginning(language, "", part.kind)
    return beginning(language, part.cards[0].title if isinstance(part, CardsPart) else part.text)


def begins(part: Planned) -> str:
    """How the part begins, for the agent who wrote it."""
    if isinstance(part, File):
        return part.name
    text = part.cards[0].title if isinstance(part, CardsPart) else part.text
    return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS].rstrip() + "…"
