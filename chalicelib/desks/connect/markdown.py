"""A text that an agent's editor wrote as Markdown, as a person would have typed it: no channel shows markup.

Connect's editor writes CommonMark's basics (bold, italic, lists, links):
docs.aws.amazon.com/connect/latest/adminguide/text-formatting-chat.html. Nothing that is said gets lost: a link keeps
its address, a list its numbers, a picture its words; a sign that only marks goes, and stays where that is not certain,
as between figures: 5*3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Longer than any message of Connect's (16,384 bytes): a hostile one is not parsed for ever.
LONGEST = 20_000
# Blocks before which an empty line stays where somebody left one.
_BLOCKS = {
    "paragraph_open", "heading_open", "blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open",
    "fence", "code_block", "hr",
}  # fmt: skip
_QUOTE, _INSIDE = "> ", "  "


def typed(text: str) -> str:
    """The words of the text, with its lines, bullets, numbers and addresses."""
    if len(text) > LONGEST or not text.strip():
        return text
    writer = _Writer()
    try:
        for token in _parser().parse(text):
            writer.take(token)
    except RecursionError:  # nested as nobody writes
        return text
    return "\n".join(line.rstrip() for line in writer.lines).strip("\n")


@cache
def _parser() -> MarkdownIt:
    # who writes `[1]: https://…` means to say it; HTML is not Markdown's here, and stays as it was typed
    return MarkdownIt("commonmark", {"html": False, "maxNesting": LONGEST}).disable(["reference"])


class _Writer:
    """Says block after block, each line behind what the lists and quotes around it put before it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._before: list[str] = []
        self._ended = 0

    def take(self, token: Token) -> None:
        """The next of the parser's tokens, in order."""
        if token.map and token.type in _BLOCKS and token.map[0] > self._ended and self.lines and self.lines[-1]:
            self.lines.append("")
        if token.type in _SAID:
            self._say(_SAID[token.type](token))
        elif token.type == "list_item_open":
            self._before.append(f"{token.info}{token.markup} " if token.info else "- ")
        elif token.type == "blockquote_open":
            self._before.append(_QUOTE)
        elif token.type in {"list_item_close", "blockquote_close"}:
            self._closed()
        if token.map and token.nesting == 0:
            self._ended = token.map[1]

    def _closed(self) -> None:
        if self._before[-1] not in {_QUOTE, _INSIDE}:  # an item without a word
            self._say("")
        self._before.pop()

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            self.lines.append("".join(self._before) + line)
            self._before = [one if one == _QUOTE else _INSIDE for one in self._before]


def _inline(pieces: Sequence[Token]) -> str:
    """What the pieces of a line say. A mark between two letters or figures stays, with the one it belongs to."""
    said: list[str] = []
    marks: list[tuple[int, bool]] = []
    links: list[tuple[int, Token]] = []
    for number, piece in enumerate(pieces):
        match piece.type:
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "link_open":
                links.append((len(said), piece))
            case "link_close":
                start, opened = links.pop()
                said[start:] = [_linked("".join(said[start:]), opened, "href")]
            case "image":
                said.append(_linked(_inline(piece.children or []), piece, "src"))
            case "em_open" | "strong_open":
                marks.append((len(said), _within(pieces, number)))
                said.append("")
            case "em_close" | "strong_close":
                opened_at, within = marks.pop()
                stays = piece.markup if within or _within(pieces, number) else ""
                said[opened_at] = stays
                said.append(stays)
            case _:
                said.append(piece.content)
    return "".join(said)


def _fenced(token: Token) -> str:
    return "\n".join(filter(None, (token.info.strip(), token.content.rstrip("\n"))))


def _linked(words: str, piece: Token, name: str) -> str:
    """The words, and the address unless they are it, with what is read when somebody points at it."""
    address, title = str(piece.attrs.get(name, "")), str(piece.attrs.get("title", ""))
    if address.removeprefix("mailto:").rstrip("/") in words:
        address = ""
    told = f"{words} ({title})" if title else words
    return ": ".join(part for part in (told, address) if part)


def _within(pieces: Sequence[Token], number: int) -> bool:
    """Whether letters or figures stand on both sides of the piece."""
    before = next((one.content for one in reversed(pieces[:number]) if one.content), "")
    after = next((one.content for one in pieces[number + 1 :] if one.content), "")
    return before[-1:].isalnum() and after[:1].isalnum()


_SAID: dict[str, Callable[[Token], str]] = {
    "inline": lambda token: _inline(token.children or []),
    "fence": _fenced,
    "code_block": lambda token: token.content.rstrip("\n"),
    "hr": lambda token: token.markup[:3],
}
