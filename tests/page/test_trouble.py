"""Trouble: a hint per switch, a banner while anything is on, and the forger at hand."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import expect

from tests.page.conftest import Desk, Open

pytestmark = pytest.mark.xdist_group("people")


def test_every_switch_says_what_happens(desk: Desk) -> None:
    switches = desk.page.locator("#switches input")
    names = list(requests.get(f"{desk.control}/trouble", timeout=30).json())
    names = [name for name in names if name not in {"forged", "others"}]
    for language in ("en", "es"):
        desk.page.get_by_label("Language").select_option(language)
        assert [one.get_attribute("name") for one in switches.all()] == names
        hints = {desk.page.locator(f"#{one.get_attribute('aria-describedby')}").inner_text() for one in switches.all()}
        assert len(hints) == len(names)
        assert all(len(hint) > 40 for hint in hints)


def test_a_banner_stands_while_anything_is_on(desk: Desk) -> None:
    banner = desk.page.locator("#alarm")
    expect(banner).to_be_hidden()
    desk.switch("Webhooks come twice")
    expect(banner).to_contain_text("Trouble is on: Webhooks come twice")
    desk.page.get_by_role("button", name="+20 h").click()
    expect(banner).to_contain_text("the clock is 20 h 0 min ahead")
    desk.switch("Webhooks come twice")
    expect(banner).not_to_contain_text("Webhooks come twice")
    desk.page.get_by_role("button", name="Now").click()
    expect(banner).to_be_hidden()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"target": "tiktok", "kind": "reset"}, "faults set by the control API"),
        ({"target": "genesys", "kind": "delay", "delay_ms": 5}, "faults set by the control API"),
        ({"target": "genesys", "kind": "status", "status": 503}, "Genesys is down"),
    ],
    ids=["another", "a delay", "the same as a switch's"],
)
def test_faults_from_elsewhere_raise_the_banner_too(desk: Desk, fault: dict[str, object], words: str) -> None:
    desk.post("/faults", **fault)
    desk.reload()
    expect(desk.page.locator("#alarm")).to_contain_text(words)


def test_a_clock_that_is_behind_raises_the_banner_too(desk: Desk) -> None:
    desk.post("/clock", offset_s=-7200)
    desk.reload()
    expect(desk.page.locator("#alarm")).to_contain_text("the clock is 2 h 0 min behind")


def test_one_button_turns_everything_off(desk: Desk) -> None:
    desk.switch("Genesys answers 429")
    desk.switch("Webhooks come twice")
    desk.post("/faults", target="instagram", kind="delay")
    desk.post("/clock", offset_s=3600)
    desk.reload()
    desk.page.get_by_role("button", name="Turn all off").click()
    expect(desk.page.locator("#alarm")).to_be_hidden()
    expect(desk.page.locator("#switches input:checked")).to_have_count(0)
    expect(desk.page).not_to_have_url("#")


@pytest.mark.parametrize("size", [(1440, 900), (1024, 640), (375, 667)], ids=str)
def test_the_forger_is_at_hand_without_scrolling(open_page: Open, size: tuple[int, int]) -> None:
    desk = open_page(viewport={"width": size[0], "height": size[1]}).enter()
    trouble = desk.page.locator("#panels").get_by_role("button", name="Trouble")
    if trouble.is_visible():
        trouble.click()
    expect(desk.page.get_by_role("button", name="Forge a webhook")).to_be_in_viewport(ratio=1)
