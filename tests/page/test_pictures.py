"""The README's pictures of the page, made anew with DMDESK_SCREENSHOTS=write."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from tests.page.conftest import ROOT, Open

pytestmark = pytest.mark.xdist_group("page")
LARGEST = 300_000


@pytest.mark.skipif(os.environ.get("DMDESK_SCREENSHOTS") != "write", reason="DMDESK_SCREENSHOTS=write makes them")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_are_made(open_page: Open, scheme: str) -> None:
    desk = open_page(color_scheme=scheme).enter()
    desk.page.get_by_role("tab", name="TikTok").click()
    desk.say("¿Tienen envío a Lima? 🚚")
    expect(desk.talk).to_contain_text("Lima")
    desk.page.get_by_role("tab", name="Instagram").click()
    desk.say("Hi! Is the green mug back in stock? 🍵")
    expect(desk.talk).to_contain_text("green mug")
    desk.attach("A card …")
    desk.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    desk.phone.get_by_role("button", name="Put one aside").click()
    expect(desk.talk.locator(".theirs").last).to_contain_text("Put one aside")
    desk.answer("Done! See you on Saturday.")
    expect(desk.talk.locator(".receipt.delivered")).to_have_count(2)
    expect(desk.phone).to_contain_text("Saturday")
    desk.until_settled()
    path = ROOT / "docs" / "pictures" / f"page-{scheme}.png"
    path.parent.mkdir(exist_ok=True)
    desk.page.screenshot(path=path)
    assert path.stat().st_size < LARGEST
