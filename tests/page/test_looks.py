"""Looks that a test can hold: few sizes of type, a colour per side and channel, every width used and none overflown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import ROOT, Desk, Open
from tests.page.replay import heard, hop, replay, seen

pytestmark = pytest.mark.xdist_group("looks")
PAGE = ROOT / "sandbox" / "page"
COLOUR = "(node) => getComputedStyle(node).backgroundColor"
SIZES = """() => [...new Set([...document.querySelectorAll('body *')]
  .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
  .map((node) => getComputedStyle(node).fontSize))].sort()"""
PARTS = "body, .top, .panel, .log, .scroll, .bar, .line, .talk-head, .composer"
OVERFLOWN = """(parts) => [...document.querySelectorAll(parts)]
  .filter((node) => node.offsetParent && node.scrollWidth > node.clientWidth + 1)
  .map((node) => node.id || node.className)"""
# WCAG's relative luminance of an rgb() colour
LUMINANCE = """(node) => {
  const parts = getComputedStyle(node).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
  const [r, g, b] = parts.map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}"""


def _conversation(desk: Desk) -> Desk:
    return replay(
        desk,
        [
            heard(1),
            heard(2, "Yes", side="brand"),
            seen(1),
            seen(2, "Yes", kind="reply"),
            hop("t", "webhook", 0),
            hop("t", "queue", 3),
        ],
    )


def test_type_has_three_sizes(open_page: Open) -> None:
    desk = _conversation(open_page())
    desk.queue.click()
    desk.road.click()
    assert desk.page.evaluate(SIZES) == ["13px", "15px", "18px"]


def test_type_follows_the_readers_own_size(open_page: Open) -> None:
    styles = "".join(file.read_text(encoding="utf-8") for file in (PAGE / "style").glob("*.css"))
    assert re.findall(r"font(?:-size)?:[^;]*\dpx", styles) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_side_and_each_channel_has_a_colour_of_its_own(open_page: Open, scheme: str) -> None:
    desk = open_page(color_scheme=scheme).enter()
    colours = {}
    for channel in ("Instagram", "TikTok"):
        desk.page.get_by_role("tab", name=channel).click()
        desk.asked(f"From {channel}")
        desk.answer(f"To {channel}")
        expect(desk.talk.locator(".receipt.delivered")).to_be_visible()
        desk.until_settled()
        colours[channel] = desk.phone.locator(".own .bubble").evaluate(COLOUR)
        colours["agent"] = desk.talk.locator(".own .bubble").evaluate(COLOUR)
        expect(desk.talk.locator(".theirs .bubble")).to_have_css("background-color", colours[channel])
        expect(desk.phone.locator(".theirs .bubble")).to_have_css("background-color", colours["agent"])
    assert len(set(colours.values())) == 3


def test_bubbles_are_calm_in_the_dark(open_page: Open) -> None:
    desk = _conversation(open_page(color_scheme="dark"))
    desk.queue.click()
    bubbles = desk.page.locator(".bubble")
    assert bubbles.count() == 4
    assert all(bubble.evaluate(LUMINANCE) < 0.06 for bubble in bubbles.all())


def test_figures_and_marks_are_drawn_here(desk: Desk) -> None:
    fetched: list[str] = []
    desk.page.on("request", lambda request: fetched.append(request.url))
    desk.reload()
    desk.asked()
    for figure in ("#who-figure .avatar", "#queue .avatar", "#queue .mark", "#talk-figure .mark", "#channels .mark"):
        expect(desk.page.locator(f"{figure} path").first).to_be_visible()
    assert {url for url in fetched if not url.startswith(desk.control)} == set()


@pytest.mark.parametrize("width", [320, 375, 768, 1024, 1440, 1920])
def test_no_width_scrolls_sideways_and_each_uses_its_room(open_page: Open, width: int) -> None:
    desk = _conversation(open_page(viewport={"width": width, "height": 900}))
    panels = desk.page.locator("#panels button")
    for number in range(panels.count()) if panels.first.is_visible() else [-1]:
        if number >= 0:
            panels.nth(number).click()
        assert desk.page.evaluate(OVERFLOWN, PARTS) == []
    shown = desk.page.locator(".panel:visible")
    assert shown.count() == (1 if width < 900 else 4)
    boxes = [box for panel in shown.all() if (box := panel.bounding_box())]
    assert max(box["x"] + box["width"] for box in boxes) >= width - 20


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_narrow_screen_tells_whole_that_the_sandbox_does_not_answer(open_page: Open, language: str) -> None:
    desk = open_page(viewport={"width": 320, "height": 720}, locale=language)
    desk.page.route("**/events", lambda route: route.fulfill(status=503))
    desk.page.goto(f"{desk.control}/page/")
    expect(desk.page.locator("#live")).to_contain_text("…", timeout=5000)
    assert desk.page.evaluate(OVERFLOWN, PARTS) == []
    desk.wrong.clear()  # the console says so, too


def test_a_wide_screen_shows_a_whole_phone_and_the_whole_desktop(open_page: Open) -> None:
    desk = open_page(viewport={"width": 1920, "height": 1080}).enter()
    phone = desk.page.locator("#phone").bounding_box()
    assert phone
    assert phone["height"] > 800
    desk.asked()
    for part in ("#roster", "#talk", "#aside"):
        expect(desk.page.locator(part)).to_be_visible()


def test_a_narrow_screen_leads_from_the_roster_to_a_conversation_and_back(open_page: Open) -> None:
    desk = replay(open_page(viewport={"width": 375, "height": 720}), [seen(1, who=2), seen(2, who=3)])
    desk.page.locator("#panels").get_by_role("button", name="Agent").click()
    desk.queue.filter(has_text="Customer 0003").click()
    expect(desk.page.locator("#talk-who")).to_have_text("Customer 0003")
    expect(desk.page.locator("#roster")).to_be_hidden()
    desk.page.get_by_role("button", name="Script, profile, notes").click()
    expect(desk.page.get_by_role("tab", name="Profile")).to_be_visible()
    desk.page.get_by_role("button", name="Back to the conversations").click()
    expect(desk.queue.filter(has_text="Customer 0003")).to_be_focused()
    expect(desk.page.locator("#talk")).to_be_hidden()


def test_no_style_or_script_comes_from_elsewhere_and_none_stands_in_the_markup() -> None:
    files = [file for kind in ("html", "css", "js") for file in PAGE.rglob(f"*.{kind}")]
    text = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert len(text) > 20
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script>", text["index.html"])
    assert [
        name for name, source in text.items() if re.search(r"(?:src|href|import|url)[=( ]*[\"']https?:", source)
    ] == []
    longest = {
        name: source.count("\n") for name, source in text.items() if name.endswith(".js") and source.count("\n") > 200
    }
    assert longest == {}
