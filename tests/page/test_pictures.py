"""The README's pictures of the page: what they show, made anew with DMDESK_SCREENSHOTS=write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.conftest import ROOT, Open

pytestmark = pytest.mark.xdist_group("people")
LARGEST = 300_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_shows_a_conversation_and_its_road(open_page: Open, tmp_path: Path, scheme: str) -> None:
    desk = open_page(color_scheme=scheme).enter()
    desk.page.get_by_role("tab", name="TikTok").click()
    desk.asked("¿Tienen envío a Lima? 🚚")
    desk.page.get_by_role("tab", name="Instagram").click()
    desk.asked("Hi! Is the green mug back in stock? 🍵")
    answer = "It is! Shall I put one aside for you?"
    desk.answer(answer)
    desk.phone.locator(".theirs").get_by_role("button", name="What to do with this message").click()
    desk.page.get_by_role("menuitem", name="React with ❤️").click()
    expect(desk.talk.locator('[data-by="bridge"]')).to_contain_text(
        "[Reacted with ❤️ to: It is! Shall I put one aside for you?]"
    )
    desk.asked("Yes, please!")
    desk.answer("Done! See you on Saturday.")
    expect(desk.talk.locator(".receipt.delivered")).to_have_count(2)
    expect(desk.phone.locator(".theirs").last).to_contain_text("Saturday")
    expect(desk.road.locator(".echoed")).to_have_count(2)
    expect(desk.count("out")).to_have_text("2 → 2")
    desk.until_settled()
    folder = ROOT / "docs" / "pictures" if os.environ.get("DMDESK_SCREENSHOTS") == "write" else tmp_path
    path = folder / f"page-{scheme}.png"
    desk.page.screenshot(path=path)
    assert path.stat().st_size < LARGEST
