"""What the registry names is everywhere at once, and the product names neither the pigeon nor the counter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.extension.town import entered
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("chalicelib", "ops", "sandbox", "terraform", "bench", "tools", "app.py")
# `collections.Counter` is nobody's desk.
NAMED = re.compile(r"(?i:pigeon)|\bcounter\b")
READABLE = {".py", ".tf", ".hcl", ".js", ".css", ".html", ".md", ".yaml", ".json", ".txt", ".example", ".tfvars"}


def files() -> list[Path]:
    found = [path for name in PRODUCT for path in ([ROOT / name] if "." in name else (ROOT / name).rglob("*"))]
    return [path for path in found if path.is_file() and path.suffix in READABLE and ".terraform" not in path.parts]


def test_no_file_of_the_product_had_to_name_them() -> None:
    looked_at = files()
    assert {path.relative_to(ROOT).parts[0] for path in looked_at} == set(PRODUCT)
    naming = [path.relative_to(ROOT) for path in looked_at if NAMED.search(path.read_text(encoding="utf-8"))]
    assert naming == []


@pytest.mark.parametrize("word", ["pigeon", "Pigeons", "a counter", 'DESKS["counter"]'])
def test_a_name_would_be_seen(word: str) -> None:
    assert NAMED.search(word)
    assert not NAMED.search("from collections import Counter; encounter, counters")


# --- the pages that are written from data


@pytest.fixture
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    entered(monkeypatch)


@pytest.mark.usefixtures("_entered")
@pytest.mark.parametrize(
    ("page", "rows"),
    [
        ("features", ["| Instagram | TikTok | X | Pigeon |", "200 characters; a longer one in several |"]),
        ("rendering", ["## Pigeon", "| `coo` |", "| `picture` |"]),
        ("errors", ["## Pigeon", "the customer's loft is closed", "the key does not fit the loft"]),
        (
            "participant_data",
            ["`X_Comment`, `Pigeon_DM` or `Pigeon_Comment`; a mention", "`instagram`, `tiktok`, `x` or `pigeon`"],
        ),
    ],
)
def test_a_page_tells_of_the_pigeon(page: str, rows: list[str]) -> None:
    written = getattr(docs, page)()
    assert [row for row in rows if row not in written] == []


@pytest.mark.parametrize("page", ["features", "rendering", "errors", "participant_data"])
def test_without_its_line_no_page_does(page: str) -> None:
    assert "igeon" not in getattr(docs, page)()
