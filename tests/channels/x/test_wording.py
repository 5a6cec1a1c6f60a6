"""The words of a message without X's links: the short one is written back, that of the file is cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.wording import words
from chalicelib.fields import Fields

SHORT, OTHER, FILE = "https://t.co/AAAAbbbb11", "https://t.co/CCCCdddd22", "https://t.co/pHoToLink1"
FULL = "https://tea.example/oolong?size=100g"
MEDIA = "https://twitter.com/messages/media/2100000000000006006"


def link(text: str, short: str = SHORT, full: str = FULL, *, units: bool = False, nth: int = 0) -> dict[str, Any]:
    """The entity of the nth of the links, counted in code points or in UTF-16 units."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(short, at + 1)
    if units:
        at = len(text[:at].encode("utf-16-le")) // 2
    return {"url": short, "expanded_url": full, "display_url": "…", "indices": [at, at + len(short)]}


def told(text: str, *links: dict[str, Any], media: dict[str, Any] | None = None) -> str:
    return words(text, [Fields(one) for one in links], Fields(media))


def photo(text: str) -> dict[str, Any]:
    return link(text, FILE, MEDIA) | {"type": "photo"}


@pytest.mark.parametrize("units", [False, True])
@pytest.mark.parametrize("before", ["", "See ", "👋👩‍👩‍👧 مرحبا ", "a\n"])
@pytest.mark.parametrize("behind", ["", " and more", "?", "👋"])
def test_a_link_is_written_at_full_length_however_its_place_is_counted(before: str, behind: str, units: bool) -> None:
    text = f"{before}{SHORT}{behind}"
    assert told(text, link(text, units=units)) == f"{before}{FULL}{behind}"


@pytest.mark.parametrize("units", [False, True])
def test_of_two_that_are_spelt_alike_each_has_its_own_place(units: bool) -> None:
    text = f"👋👋👋 {SHORT}1 {SHORT} {SHORT}"
    longer = link(text, f"{SHORT}1", "https://tea.example/longer", units=units)
    links = [longer, link(text, nth=1, units=units), link(text, nth=2, units=units)]
    assert told(text, *links) == f"👋👋👋 https://tea.example/longer {FULL} {FULL}"


@pytest.mark.parametrize("before", ["", "Look", "👋 Look at this", "two spaces "])
def test_the_files_link_is_cut_with_the_space_before_it(before: str) -> None:
    text = f"{before} {FILE}"
    assert told(text, link(text, FILE, MEDIA), media=photo(text)) == before


def test_other_links_stay_beside_a_file() -> None:
    text = f"👋 {SHORT} {FILE}"
    assert told(text, link(text), link(text, FILE, MEDIA), media=photo(text)) == f"👋 {FULL}"


def test_a_link_that_only_looks_like_the_files_is_the_customers() -> None:
    text = f"{SHORT} {FILE}"
    theirs = "https://twitter.com/messages/media/1"
    assert told(text, link(text, SHORT, theirs), link(text, FILE, MEDIA), media=photo(text)) == theirs
    assert told(text, link(text, SHORT, theirs)) == f"{theirs} {FILE}"


def test_a_file_whose_link_no_entity_tells_is_told_by_itself() -> None:
    text = f"Look {FILE}"
    assert told(text, media=photo(text)) == "Look"


def test_a_file_that_tells_no_link_is_told_by_where_it_leads() -> None:
    text = f"Look {FILE}"
    assert told(text, link(text, FILE, MEDIA), media={"type": "photo"}) == "Look"


@pytest.mark.parametrize(
    "odd",
    [
        {"url": SHORT},
        {"url": SHORT, "expanded_url": "javascript:alert(1)", "indices": [4, 27]},
        {"url": SHORT, "expanded_url": 7, "indices": [4, 27]},
        {"url": "", "expanded_url": FULL, "indices": [0, 3]},
        {"url": "https://t.co/elsewhere", "expanded_url": FULL, "indices": [4, 27]},
        {"expanded_url": FULL, "indices": [4, 27]},
        {},
    ],
)
def test_an_entity_that_does_not_fit_changes_nothing(odd: dict[str, Any]) -> None:
    assert told(f"See {SHORT}", odd) == f"See {SHORT}"


@pytest.mark.parametrize("indices", [None, [], [-5, 3], [10**12, 1], ["4", "27"], [4.0, 27.0], "4", {"4": 27}, [0, 23]])
def test_a_link_is_found_by_itself_where_its_place_is_none(indices: object) -> None:
    assert told(f"See {SHORT}", {"url": SHORT, "expanded_url": FULL, "indices": indices}) == f"See {FULL}"


plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(parts=st.lists(plain, min_size=1, max_size=6), units=st.booleans(), data=st.data())
def test_what_was_written_comes_back_to_the_letter(parts: list[str], units: bool, data: st.DataObject) -> None:
    """X's half, played: each link of a text is made short, and a file's link may stand behind it."""
    numbers = range(len(parts) - 1)
    longs = [f"https://tea.example/{number}/{data.draw(st.integers(0, 9))}" for number in numbers]
    shorts = [f"https://t.co/{number:010d}" for number in numbers]
    text = parts[0] + "".join(short + part for short, part in zip(shorts, parts[1:], strict=True))
    written = parts[0] + "".join(long + part for long, part in zip(longs, parts[1:], strict=True))
    file = data.draw(st.booleans())
    if file:
        text = f"{text} {FILE}"
    links = [link(text, short, long, units=units) for short, long in zip(shorts, longs, strict=True)]
    media = link(text, FILE, MEDIA, units=units) if file else None
    entities = data.draw(st.permutations([*links, *([media] if media else [])]))
    assert told(text, *entities, media=media and media | {"type": "photo"}) == written


anything = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda one: st.lists(one, max_size=3))


@given(text=st.text(max_size=40), links=st.lists(st.fixed_dictionaries({}, optional={
    "url": st.sampled_from(["", "a", " ", SHORT]) | anything,
    "expanded_url": st.sampled_from([FULL, MEDIA, ""]) | anything,
    "indices": st.lists(st.integers() | st.none(), max_size=3) | anything,
}), max_size=4))  # fmt: skip
def test_no_entity_breaks_a_text(text: str, links: list[dict[str, Any]]) -> None:
    said = told(text, *links, media=links[0] if links else None)
    assert isinstance(said, str)
    if not any(isinstance(one.get("url"), str) and one["url"] in text and one["url"] for one in links):
        numbers = [one for one in links if isinstance(one.get("url"), int)]
        assert numbers or said == text
