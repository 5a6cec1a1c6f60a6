"""The tour: offered once, never in the way, and everything as it was when it ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Desk, Open

pytestmark = pytest.mark.xdist_group("people")
COVERED = """(tour) => {
  const mine = tour.getBoundingClientRect();
  return [...document.querySelectorAll('.panel')].filter((panel) => panel.offsetParent).some((panel) => {
    const box = panel.getBoundingClientRect();
    return box.top < mine.bottom && mine.top < box.bottom && box.left < mine.right && mine.left < box.right;
  });
}"""


def test_it_is_offered_at_the_first_visit_only(open_page: Open) -> None:
    desk = open_page(first_visit=True).enter()
    expect(desk.page.locator("#tour")).to_contain_text("First time here?")
    desk.page.get_by_role("button", name="Not now").click()
    expect(desk.page.locator("#tour")).to_be_hidden()
    desk.reload()
    expect(desk.page.locator("#live")).to_have_attribute("data-word", "live")
    expect(desk.page.locator("#tour")).to_be_hidden()


def test_the_offer_leads_into_it(open_page: Open) -> None:
    desk = open_page(first_visit=True).enter()
    desk.page.get_by_role("button", name="Take the tour").click()
    expect(desk.page.locator("#tour-title")).to_have_text("1 of 6 · A customer writes")
    expect(desk.page.locator("#tour-title")).to_be_focused()


def test_it_does_its_six_steps_and_the_clock_goes_back(desk: Desk) -> None:
    desk.page.get_by_role("button", name="Tour").click()
    do, on = (desk.page.get_by_role("button", name=name, exact=True) for name in ("Do it for me", "Next"))
    do.click()
    expect(desk.talk).to_contain_text("green mug")
    on.click()
    do.click()
    expect(desk.page.locator("#script-line")).to_contain_text("Instagram_DM")
    on.click()
    do.click()
    expect(desk.phone).to_contain_text("Shall I put one aside")
    expect(desk.road.locator(".echoed")).to_be_visible()
    on.click()
    do.click()
    # the message that agents saw, and not what happened to be the last: its echo
    expect(desk.page.locator("#trace-title")).to_contain_text("to agent · Instagram")
    expect(desk.page.locator("#trace .fall.genesys", has_text="message")).to_be_visible()
    desk.page.get_by_role("button", name="Close").click()
    on.click()
    do.click()
    expect(desk.talk).to_contain_text("Message 3 through the storm")
    expect(desk.page.get_by_role("switch", name="Genesys answers 429")).not_to_be_checked()
    on.click()
    do.click()
    expect(desk.talk.locator(".receipt.failed")).to_be_visible()
    expect(desk.page.locator("#alarm")).to_contain_text("the clock is 1 d 1 h ahead")
    end = desk.page.locator("#tour").get_by_role("button", name="End", exact=True)
    expect(end).to_have_count(1)
    expect(on).to_be_hidden()
    end.click()
    expect(desk.page.locator("#tour")).to_be_hidden()
    expect(desk.page.locator("#alarm")).to_be_hidden()


@pytest.mark.parametrize("key", ["Escape", "End"])
def test_it_can_be_left_at_any_step_and_puts_back_what_it_moved(desk: Desk, key: str) -> None:
    desk.post("/clock", offset_s=3600)
    desk.reload()
    expect(desk.page.locator("#alarm")).to_contain_text("1 h 0 min ahead")
    desk.page.get_by_role("button", name="Tour").click()
    desk.page.get_by_role("button", name="Do it for me").click()
    expect(desk.talk).to_contain_text("green mug")
    for _ in range(5):
        desk.page.get_by_role("button", name="Next", exact=True).click()
    desk.page.get_by_role("button", name="Do it for me").click()
    expect(desk.page.locator("#alarm")).to_contain_text("1 d 1 h ahead")
    if key == "Escape":
        desk.page.focus("#tour-title")
        desk.page.keyboard.press("Escape")
    else:
        desk.page.locator("#tour-end").click()
    expect(desk.page.locator("#alarm")).to_contain_text("1 h 0 min ahead")
    expect(desk.page.get_by_role("button", name="Tour")).to_be_focused()


@pytest.mark.parametrize("size", [(1440, 900), (375, 720)], ids=str)
def test_no_step_covers_what_it_tells_of(open_page: Open, size: tuple[int, int]) -> None:
    desk = open_page(viewport={"width": size[0], "height": size[1]}, first_visit=True).enter()
    tour = desk.page.locator("#tour")
    assert tour.evaluate(COVERED) is False
    desk.page.get_by_role("button", name="Take the tour").click()
    for part in ("customer", "agent", "agent", "road", "trouble", "agent"):
        expect(desk.page.locator(".pointed")).to_have_id(part)
        expect(desk.page.locator(".pointed")).to_be_in_viewport()
        assert tour.evaluate(COVERED) is False
        if desk.page.locator("#tour-next").is_visible():
            desk.page.locator("#tour-next").click()
