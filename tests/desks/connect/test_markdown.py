"""What an agent's editor wrote as Markdown reads as a person would have typed it, and nothing that was said is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.connect.markdown import LONGEST, typed

SIGNS = "ab1Z é*_`~#>-+=.()[]!<|\\:/\"'\n\t "
RUN = re.compile(r"[a-zA-Z0-9]+")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain words", "plain words"),
        ("**bold** and *slanted* and ***both***", "bold and slanted and both"),
        ("see [our shop](https://tea.example/a_b*c) now", "see our shop: https://tea.example/a_b*c now"),
        ("[https://tea.example](https://tea.example/)", "https://tea.example"),
        ("<https://tea.example/x>", "https://tea.example/x"),
        ('[tea](https://tea.example "Green")', "tea (Green): https://tea.example"),
        ("![a cup](https://tea.example/cup.png)", "a cup: https://tea.example/cup.png"),
        ("[mail](mailto:tea@tea.example)", "mail: mailto:tea@tea.example"),
        ("[tap](javascript:alert(1))", "[tap](javascript:alert(1))"),
        ("- green\n- black\n  - strong", "- green\n- black\n  - strong"),
        ("3. three\n4. four\n\nand so on", "3. three\n4. four\n\nand so on"),
        ("1) one\n\n2) two", "1) one\n\n2) two"),
        ("2026. It was a good year", "2026. It was a good year"),
        ("# Title\ntext\n\n\nmore  \nbroken", "Title\ntext\n\nmore\nbroken"),
        ("> quoted\n> twice\n\nanswer", "> quoted\n> twice\n\nanswer"),
        ("```sh\nmake *tea*\n```", "sh\nmake *tea*"),
        ("`a*b` and `c`", "a*b and c"),
        ("5*3 and 4*2 make 23", "5*3 and 4*2 make 23"),
        ("5 * 3 = 15 and 2*3*4", "5 * 3 = 15 and 2*3*4"),
        ("snake_case_name", "snake_case_name"),
        ("a \\*star\\* &amp; <b>more</b> <3", "a *star* & <b>more</b> <3"),
        ("[1]: https://tea.example", "[1]: https://tea.example"),
        ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
        ("-", "-"),
        ("one\n***\ntwo", "one\n***\ntwo"),
        ("", ""),
        (" \n", " \n"),
    ],
)
def test_it_reads_as_it_was_meant(written: str, read: str) -> None:
    assert typed(written) == read


@given(st.text(SIGNS, max_size=120))
def test_no_letter_and_no_figure_is_lost(text: str) -> None:
    read = typed(text)
    assert [run for run in RUN.findall(text) if run not in read] == []


words = st.lists(st.text("abcxyz09", min_size=1, max_size=6), min_size=1, max_size=5).map(" ".join)
addresses = words.map(lambda text: "https://tea.example/" + text.replace(" ", "/"))
pieces = st.recursive(
    words.map(lambda text: (text, [text])),
    lambda inner: st.one_of(
        inner.map(lambda one: (f"**{one[0]}**", one[1])),
        inner.map(lambda one: (f"*{one[0]}*", one[1])),
        words.map(lambda text: (f"`{text}`", [text])),
        st.tuples(inner, addresses).map(lambda two: (f"[{two[0][0]}]({two[1]})", [*two[0][1], two[1]])),
    ),
    max_leaves=4,
)
blocks = st.one_of(
    pieces,
    pieces.map(lambda one: (f"## {one[0]}", one[1])),
    pieces.map(lambda one: (f"> {one[0]}", one[1])),
    st.lists(pieces, min_size=1, max_size=3).map(
        lambda many: ("\n".join(f"- {one[0]}" for one in many), [said for one in many for said in one[1]])
    ),
)


@given(st.lists(blocks, min_size=1, max_size=4))
def test_all_that_is_said_is_read_in_its_order(many: list[tuple[str, list[str]]]) -> None:
    read = typed("\n\n".join(text for text, _ in many))
    place = 0
    for said in (said for _, all_said in many for said in all_said):
        place = read.find(said, place)
        assert place >= 0, said
        place += len(said) if not said.startswith("https:") else 0


@pytest.mark.parametrize(
    "hostile",
    ["> " * 3_000 + "x", "- " * 2_000 + "x", "[" * 10_000, "*a " * 3_000, "`a" * 5_000, "x" * (LONGEST + 1) + "**"],
    ids=["quotes", "lists", "brackets", "stars", "ticks", "too long"],
)
def test_a_hostile_text_is_read_and_loses_nothing(hostile: str) -> None:
    read = typed(hostile)
    assert [run for run in RUN.findall(hostile) if run not in read] == []
