"""The words of a direct message: X shortens each link in them, and puts one of its own behind them for a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.fields import Fields

# A text of 10,000 characters has no more: a short link has 23.
_MOST_LINKS = 500


def words(text: str, links: Sequence[Fields], media: Fields) -> str:
    """The customer's words as they wrote them: links at full length, and without that of the file. `links` are the
    entities of the text, `media` is the file, which says nothing where there is none.

    docs.x.com/x-api/fundamentals/data-dictionary: entities.urls
    """
    said, at = "", 0
    for start, end, instead in sorted(_changes(text, [*links[:_MOST_LINKS], media], media)):
        if start >= at:
            said, at = said + text[at:start] + instead, end
    return said + text[at:]


def _changes(text: str, links: Sequence[Fields], media: Fields) -> Iterator[tuple[int, int, str]]:
    """From where to where something else stands in the text, and what."""
    for link in links:
        start, end = _place(text, link)
        full = link.text("expanded_url")
        if start < 0:
            continue
        if _is_of(link, media):
            yield start - (text[:start][-1:] == " "), end, ""  # X sets it apart from the words by a space
        elif full.startswith(("https://", "http://")):
            yield start, end, full


def _is_of(link: Fields, media: Fields) -> bool:
    """Whether the link is the one that X made for the file: a customer may have written one that looks like it."""
    own = media.text("url")
    return link.text("url") == own if own else bool(media.names()) and "/messages/media/" in link.text("expanded_url")


def _place(text: str, link: Fields) -> tuple[int, int]:
    """Where the link stands, -1 where it does not. X counts code points; should it count UTF-16 units, or not count
    right, the short link itself tells."""
    short, told = link.text("url"), link.value("indices")
    if not short:
        return -1, -1
    first = told[0] if isinstance(told, list) and told else -1
    if not isinstance(first, int) or not 0 <= first <= len(text) * 2:
        first = -1
    places = [first, _after_units(text, first)] if first >= 0 else []
    start = next((place for place in places if text.startswith(short, place)), text.find(short))
    return start, start + len(short)


def _after_units(text: str, units: int) -> int:
    """Behind how many characters of the text so many UTF-16 units are."""
    return len(text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore"))
