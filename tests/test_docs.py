"""The pages of docs/ that say what the code does say what it does now."""

from __future__ import annotations

import pytest

from chalicelib.protocols.channel import Rendering
from tools.docs import DOCS, PAGES, _row, _table, errors, features, rendering


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_every_row_of_a_table_has_all_its_columns(name: str) -> None:
    widths: set[int] = set()
    for line in [*PAGES[name]().splitlines(), ""]:
        if line.startswith("|"):
            widths.add(line.replace("\\|", "").count("|"))
        else:
            assert len(widths) <= 1
            widths.clear()


def test_a_cell_holds_anything() -> None:
    assert _table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"


def test_what_is_ignored_tells_its_reason() -> None:
    assert _row(("kind", Rendering(shows="ignored", reason="why"))) == ["`kind`", "–", "–", "no: `why`"]


def test_the_pages_tell_limits_and_words() -> None:
    assert "1,000 bytes" in features()
    assert "[Te mencionó en una historia: {url}]" in rendering()
    assert "| `230` to a call for profile | the person has not consented by writing | refuse |" in errors()
    assert "| `60001` | maintenance | again after 60 s |" in errors()
