"""axe-core finds nothing serious: light and dark, on a desktop and on a phone."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open

pytestmark = pytest.mark.xdist_group("page")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
SERIOUS = {"serious", "critical"}


def _findings(page: Page) -> list[str]:
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_serious(open_page: Open, scheme: str, width: int) -> None:
    # axe comes from the test, which the page's own policy rightly does not let in
    desk = open_page(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}).enter()
    desk.say("Hello")
    desk.page.add_script_tag(content=AXE)
    panels = desk.page.locator("#panels button")
    for number in range(4 if width < 860 else 1):
        if width < 860:
            panels.nth(number).click()
        if number == 1 or width > 860:
            expect(desk.talk).to_contain_text("Hello")
            desk.answer("Hello!")
            desk.attach("A card …")
            desk.page.get_by_role("dialog").get_by_role("button", name="Send").click()
            expect(desk.talk.locator(".receipt.delivered")).to_have_count(2)
        assert _findings(desk.page) == []
    desk.page.locator(".line").first.click()
    assert _findings(desk.page) == []
