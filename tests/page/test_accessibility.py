"""Access: axe finds nothing at all, and what axe cannot see is tried by hand."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Desk, Open
from tests.page.replay import hop, replay, seen

pytestmark = pytest.mark.xdist_group("looks")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = "{ resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }"
LEAST_PX = 24
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "forced colours, dark": {"forced_colors": "active", "color_scheme": "dark"},
}
PLAIN = {"color_scheme": "light", "forced_colors": "none"}
# On which screen the page is looked at, and how at each step; a desktop's at 200 % has half its size
SCREENS: dict[str, dict[str, Any]] = {
    "wide": {},
    "narrow": {"viewport": {"width": 375, "height": 720}},
    "a desktop's at 200 %": {"viewport": {"width": 720, "height": 450}},
}
EVERY, SOME, ONE = list(LOOKS), ["light", "dark", "forced colours"], ["light"]


def _findings(page: Page, looks: list[str] = ONE) -> list[str]:
    """Whatever axe complains of, however little, in any of these looks."""
    told = []
    for look in looks:
        page.emulate_media(**PLAIN | LOOKS[look])
        found: dict[str, Any] = page.evaluate(f"axe.run({RULES})")
        told += [
            f"{look}: {one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}"
            for one in found["violations"]
        ]
    return told


def _open(open_page: Open, screen: str) -> Desk:
    # axe comes from the test, which the page's own policy rightly does not let in
    desk = open_page(bypass_csp=True, **SCREENS[screen]).enter()
    desk.page.add_script_tag(content=AXE)
    return desk


def _part(desk: Desk, name: str) -> None:
    """Bring a part of the page forward, where they do not all fit."""
    button = desk.page.locator("#panels").get_by_role("button", name=name)
    if button.is_visible():
        button.click()


@pytest.mark.parametrize(("screen", "looks"), [("wide", EVERY), ("narrow", ONE), ("a desktop's at 200 %", ONE)])
def test_axe_finds_nothing_in_any_part(open_page: Open, screen: str, looks: list[str]) -> None:
    desk = _open(open_page, screen)
    assert _findings(desk.page, looks) == []
    desk.say("Hello! See https://example.com/a/path/that/is/long?and=has&more=behind&it=all")
    desk.do("A picture")
    _part(desk, "Agent")
    expect(desk.talk.locator("img")).to_be_visible()
    desk.answer("Hello!")
    desk.attach("A card …")
    assert _findings(desk.page, looks) == []
    desk.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(desk.talk.locator(".receipt.delivered")).to_have_count(2)
    assert _findings(desk.page, looks) == []
    _part(desk, "Trouble")
    desk.switch("The platform refuses")
    expect(desk.page.locator("#alarm")).to_be_visible()
    assert _findings(desk.page, looks) == []
    _part(desk, "Agent")
    desk.answer("This fails")
    expect(desk.talk.locator(".receipt.failed")).to_be_visible()
    expect(desk.talk).to_contain_text("[Your reply was not delivered")
    assert _findings(desk.page, looks) == []
    _part(desk, "Road")
    assert _findings(desk.page, looks) == []
    desk.road.first.click()
    for summary in desk.page.locator("#trace summary").all():
        summary.click()
    assert _findings(desk.page, looks) == []


@pytest.mark.parametrize(("screen", "looks"), [("wide", SOME), ("narrow", ONE)])
def test_axe_finds_nothing_in_an_open_menu(open_page: Open, screen: str, looks: list[str]) -> None:
    desk = _open(open_page, screen)
    desk.say("Anybody there?")
    opened = desk.page.locator("#menu:popover-open, #settings:popover-open")
    for button in ("#do", "#phone-log .more", "#attach", "#settings-open"):
        part = "Agent" if button == "#attach" else "Customer"
        _part(desk, part)
        if part == "Agent":
            expect(desk.talk).to_contain_text("Anybody there?")
        if button == "#settings-open" and screen != "narrow":  # where there is room the settings stand in the header
            continue
        desk.page.locator(button).click()
        expect(opened).to_be_visible()
        assert _findings(desk.page, looks) == []
        desk.page.keyboard.press("Escape")
        expect(opened).to_have_count(0)


@pytest.mark.parametrize(("screen", "looks"), [("wide", SOME), ("narrow", ONE)])
def test_axe_finds_nothing_in_front_of_the_desk(open_page: Open, screen: str, looks: list[str]) -> None:
    desk = _open(open_page, screen)
    _part(desk, "Trouble")
    desk.page.click("#fronts-open")
    for words in ("Guards", "Bot first"):
        desk.page.get_by_role("switch", name=words, exact=True).click()
        expect(desk.page.get_by_role("switch", name=words, exact=True)).to_be_checked()
    assert _findings(desk.page, looks) == []
    assert desk.page.evaluate(SMALL, [LEAST_PX]) == []
    desk.page.get_by_role("button", name="Close", exact=True).click()
    expect(desk.page.locator("#fronts-open")).to_be_focused()
    desk.switch("Customers are bots")
    _part(desk, "Customer")
    desk.say("When are you open?")
    _part(desk, "Agent")
    expect(desk.queue).to_contain_text("held")
    assert _findings(desk.page, looks) == []
    desk.queue.click()
    expect(desk.page.locator("#talk-front code")).to_be_visible()
    assert _findings(desk.page, looks) == []
    assert desk.page.evaluate(SMALL, [LEAST_PX]) == []


def test_axe_finds_nothing_beside_the_conversation(open_page: Open) -> None:
    desk = _open(open_page, "wide")
    desk.asked()
    for tab in ("Script", "Profile", "Notes"):
        desk.page.get_by_role("tab", name=tab).click()
        assert _findings(desk.page) == []


def test_axe_finds_nothing_in_the_tour_and_among_many(open_page: Open) -> None:
    desk = replay(open_page(bypass_csp=True, first_visit=True), [seen(number, who=number) for number in range(1, 300)])
    desk.page.add_script_tag(content=AXE)
    expect(desk.page.locator("#queue-more")).to_be_visible()
    assert _findings(desk.page) == []
    desk.page.get_by_role("button", name="Take the tour").click()
    assert _findings(desk.page) == []


# --- targets


SMALL = """([least]) => [...document.querySelectorAll('button, a[href], input, select, textarea, summary, [role=tab]')]
  .filter((node) => node.offsetParent !== null && !node.closest('.skip') && !node.closest('.bubble p'))
  .map((node) => [node.closest('label') ?? node, node])
  .map(([target, node]) => [node.id || node.className || node.textContent, target.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < least || box.height < least))
  .map(([name, box]) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


@pytest.mark.parametrize("screen", SCREENS)
def test_every_target_can_be_hit(open_page: Open, screen: str) -> None:
    desk = _open(open_page, screen)
    desk.say("Hello")
    for part in ("Customer", "Agent", "Trouble", "Road"):
        _part(desk, part)
        if part == "Agent":
            expect(desk.talk).to_contain_text("Hello")
        assert desk.page.evaluate(SMALL, [LEAST_PX]) == []
    desk.road.first.click()
    assert desk.page.evaluate(SMALL, [LEAST_PX]) == []


# --- the keyboard


@pytest.mark.parametrize("list_", ["#channels", "#aside-tabs"])
def test_tabs_rove(desk: Desk, list_: str) -> None:
    desk.asked()
    tabs, press = desk.page.locator(f"{list_} [role=tab]"), desk.page.keyboard.press
    count = tabs.count()
    tabs.first.focus()
    for key, place in (("ArrowRight", 1), ("End", count - 1), ("ArrowRight", count - 1), ("Home", 0), ("ArrowLeft", 0)):
        press(key)
        expect(tabs.nth(place)).to_be_focused()
        expect(tabs.nth(place)).to_have_attribute("aria-selected", "true")
        assert [one.get_attribute("tabindex") for one in tabs.all()] == [
            "0" if at == place else "-1" for at in range(count)
        ]
        expect(desk.page.locator(f"#{tabs.nth(place).get_attribute('aria-controls')}")).to_be_visible()
    press("Tab")
    assert desk.page.locator(f"{list_} :focus").count() == 0


def test_the_rosters_arrows_move_and_enter_opens(open_page: Open) -> None:
    desk = replay(open_page(), [seen(number, who=number) for number in range(1, 6)])
    desk.queue.first.focus()
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("ArrowDown")
    expect(desk.queue.nth(2)).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#talk-who")).to_have_text("Customer 0003")
    expect(desk.queue.nth(2)).to_be_focused()


def test_the_skip_link_leads_to_the_conversations(desk: Desk) -> None:
    desk.page.keyboard.press("Tab")
    expect(desk.page.get_by_role("link", name="Skip to the conversations")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#customer")).to_be_focused()


# --- what is said aloud


def test_the_counters_are_said_when_they_come_to_rest(desk: Desk) -> None:
    spoken = desk.page.locator("#proof-spoken")
    expect(spoken).to_have_role("status")
    expect(spoken).to_have_text("")
    desk.asked()
    expect(spoken).to_have_text(
        "Agents saw 1 of 1, customers got 0 of 0. Lost: 0. Doubled: 0. Out of order: 0."
    )  # fmt: skip


def test_what_changes_by_itself_is_a_live_region(desk: Desk) -> None:
    for region in ("#alarm-words", "#throttled-words", "#queue-shown", "#road-shown", "#live", "#proof-spoken"):
        expect(desk.page.locator(region)).to_have_role("status")


# --- forced colours and zoom


def _differ(name: str, *nodes: Locator) -> bool:
    """Whether a style is another for each."""
    return len({node.evaluate(f"node => getComputedStyle(node).{name}") for node in nodes}) == len(nodes)


def test_forced_colours_leave_states_to_be_seen(open_page: Open) -> None:
    past = [seen(1, who=1), seen(2, who=2), hop("t", "genesys", 0, what="message")]
    desk = replay(open_page(forced_colors="active"), past)
    desk.queue.nth(1).click()
    expect(desk.queue.nth(1)).to_have_attribute("aria-current", "true")
    assert _differ("borderLeftColor", desk.queue.nth(0), desk.queue.nth(1))
    tabs = desk.page.locator("#channels [role=tab]")
    assert _differ("borderTopColor", tabs.nth(0), tabs.nth(1))
    desk.switch("Webhooks come twice")
    switches = desk.page.locator("#switches")
    off, on = switches.locator("input").first, switches.locator("input:checked")
    expect(on).to_have_count(1)
    assert _differ("backgroundColor", off, on)
    expect(desk.talk.locator(".bubble").first).to_have_css("border-top-style", "solid")
    desk.road.click()
    assert _differ("backgroundColor", desk.page.locator(".bar-fill"), desk.page.locator("#trace"))


# A laptop's and a desktop's screen at 200 %
@pytest.mark.parametrize("size", [(640, 360), (720, 450), (960, 540)], ids=str)
def test_at_200_percent_more_than_one_message_is_in_view(open_page: Open, size: tuple[int, int]) -> None:
    desk = open_page(viewport={"width": size[0], "height": size[1]}).enter()
    for number in range(4):
        desk.say(f"Question {number}")
        expect(desk.phone.locator(".own")).to_have_count(number + 1)
    for part, log in (("Customer", desk.phone), ("Agent", desk.talk)):
        _part(desk, part)
        bubbles = log.locator(".bubble")
        expect(bubbles).to_have_count(4)
        expect(bubbles.last).to_be_in_viewport(ratio=1)
        expect(bubbles.nth(2)).to_be_in_viewport(ratio=1)
