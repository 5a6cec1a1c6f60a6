"""The table of budgets in docs/architecture.md is the one that the code goes by."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.rules.budgets import BUDGETS

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"


def test_the_page_tells_every_budget_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) s \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: (int(tries), float(seconds)) for name, tries, seconds in rows}
    assert told == {name: (budget.tries, budget.for_s) for name, budget in BUDGETS.items()}
