"""A text that an editor wrote as HTML, as a person would have typed it.

Genesys passes on what people and bots write, and no channel shows markup, so words go out to the letter: `<3`, `a < b`,
`*stars*`, `[web](https://…)` and `&amp;` stay as they are. Only a text that is HTML from its first character to its
last was not typed by anybody; its customer would read tags.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = (
    "html", "body", "div", "p", "section", "article", "blockquote", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5",
    "h6",
)  # fmt: skip
_ONE = "|".join(_BLOCKS)
_WHOLE = re.compile(rf"\s*<(?:{_ONE})(?:\s[^<>]*)?>.*(?:</(?:{_ONE})\s*>|<br\s*/?>)\s*", re.DOTALL | re.IGNORECASE)
_LINES = frozenset({*_BLOCKS, "br", "dl", "dt", "hr", "tbody", "thead", "tr"})
_WORDS = frozenset(
    {"abbr", "b", "big", "cite", "code", "dd", "del", "em", "font", "i", "ins", "kbd", "label", "li", "mark", "meta",
     "pre", "s", "small", "span", "strike", "strong", "sub", "sup", "td", "th", "u"}
)  # fmt: skip
_UNSAID = frozenset({"head", "script", "style", "title"})
# Longer than any message of a person's or a bot's; the parser takes its time with hostile ones.
LONGEST = 10_000


def typed(text: str) -> str:
    """The words of a text that is HTML as a whole, with its lines, bullets and links; any other text as it is."""
    if len(text) > LONGEST or not _WHOLE.fullmatch(text):
        return text
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except AssertionError:  # how the parser says that it cannot
        return text
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.said).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects what is said. A tag that HTML does not have was typed, and stays."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unsaid = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNSAID:
            self._unsaid += 1
        elif tag == "a":
            self._links.append((_address(given.get("href")), len(self.said)))
        elif tag == "img":
            self._say(" ".join((" ", given.get("alt") or "", _address(given.get("src")), " ")))
        elif tag == "li":
            self._say("\n- ")
        elif tag in _LINES:
            self._say("\n")
        elif tag not in _WORDS:
            self._say(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSAID:
            self._unsaid = max(0, self._unsaid - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in _LINES:
            self._say("\n")
        elif tag not in _WORDS:
            self._say(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._say(re.sub(r"\s+", " ", data))

    def _end_link(self, address: str, start: int) -> None:
        """The address after its words, unless they are the address."""
        words = "".join(self.said[start:])
        if address and address.rstrip("/") not in words:
            self._say(f": {address}" if words.strip() else address)

    def _say(self, words: str) -> None:
        if not self._unsaid:
            self.said.append(words)


def _address(link: str | None) -> str:
    """Where a person could go or write to; "" where the link is good for a page's own code only."""
    match = re.fullmatch(r"\s*(?:(?:mailto|tel):([^\s?]+).*|(https?://\S+))\s*", link or "", re.IGNORECASE)
    return (match[1] or match[2]) if match else ""
