"""What a template says: its words, what it offers to tap, and where it leads.

TikTok documents cards with a title and buttons, in webhooks as `elements` and in the API without them. Other
businesses send what they like, so every usual name is read. TikTok portal docs 1832190670631937, 1832184403754242
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chalicelib.channels.tiktok.schema import Fields

# TikTok's own cards have three buttons. What is beyond these is no card that anybody reads.
MOST = 40
_WORDS = ("title", "subtitle", "description", "text", "text.body", "body", "price")
_LINKS = ("url", "link", "link_url", "landing_page_url", "embed_url")
_TO_TAP = ("buttons", "quick_replies", "options")
_LABELS = ("text", "title", "label", "name")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """`links` have the words under which they stand, and where they lead. What is said once is not said again: a
    button like its title, a card like another; two cards may well have one price."""

    words: tuple[str, ...]
    offered: tuple[str, ...]
    links: tuple[tuple[str, str], ...]

    @property
    def says(self) -> bool:
        return bool(self.words or self.offered or self.links)


def card(template: Fields, text: str = "") -> Card:
    """What the template holds, in its order; `text` stands beside it."""
    elements = template.each("elements")
    parts = [template, *elements]
    above = dict.fromkeys(_once((text, *_words(template))))
    below = dict.fromkeys(tuple(word for word in _words(element) if word not in above) for element in elements)
    words = [*above, *(word for element in below for word in element)]
    known = set(words)
    buttons = [button for part in parts for name in _TO_TAP for button in part.each(name)]
    labelled = [(button.first(*_LABELS), button.first(*_LINKS)) for button in buttons]
    links: dict[str, str] = {}
    for label, url in [*labelled, *(("", part.first(*_LINKS)) for part in parts)]:
        if url:
            links.setdefault(url, "" if label in known else label)
    return Card(
        words=tuple(words[:MOST]),
        offered=_once(label for label, url in labelled if not url and label not in known)[:MOST],
        links=tuple((title, url) for url, title in links.items())[:MOST],
    )


def _words(part: Fields) -> tuple[str, ...]:
    return _once(part.text(name) for name in _WORDS)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text.strip()))
