"""The basics of a chat: days, what is new, links, a field that grows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Desk, Open
from tests.page.replay import heard, replay, seen

pytestmark = pytest.mark.xdist_group("looks")
LONG = "https://example.com/a/path/that/is/long?and=has&more=behind&it=all"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def test_days_are_separated_and_named(open_page: Open) -> None:
    today = datetime.now(UTC).replace(hour=12, minute=0)
    days = [today - timedelta(days=9), today - timedelta(days=1), today, today + timedelta(minutes=1)]
    past = [heard(number, at_ms=_ms(day)) for number, day in enumerate(days)]
    desk = replay(open_page(timezone_id="UTC"), past)
    older = f"{days[0]:%A} {days[0].day} {days[0]:%B}"
    expect(desk.phone.locator(".divider")).to_have_text([older, "Yesterday", "Today"])


def test_days_are_named_in_spanish_too(open_page: Open) -> None:
    past = [heard(1, at_ms=_ms(datetime.now(UTC)))]
    desk = replay(open_page(timezone_id="UTC", locale="es-PE"), past)
    expect(desk.phone.locator(".divider")).to_have_text("Hoy")


def test_a_conversation_that_nobody_looked_at_is_marked_until_somebody_does(open_page: Open) -> None:
    past = [
        seen(1, "Old", who=2),
        seen(2, "Our answer", kind="reply", who=2),
        seen(3, "New", who=2),
        seen(4, "Newer", who=2),
    ]
    desk = replay(open_page(), past)
    expect(desk.queue.locator(".badge")).to_have_text("2 New")
    desk.queue.click()
    shown = [re.compile(one) for one in ("September", "Old", "Our answer", "New", "New", "Newer")]
    expect(desk.talk.locator("li")).to_have_text(shown)
    expect(desk.talk.locator("li").nth(3)).to_have_class("divider new")
    expect(desk.queue.locator(".badge")).to_have_count(0)


def test_what_was_looked_at_is_not_new_after_a_reload(desk: Desk) -> None:
    desk.asked("From the first")
    desk.page.locator("#who").select_option(index=1)
    expect(desk.page.locator("#talk")).to_be_hidden()
    desk.reload()
    expect(desk.queue).to_have_count(1)
    expect(desk.queue.locator(".badge")).to_have_count(0)


def test_who_reads_what_is_earlier_is_told_of_what_is_new(open_page: Open) -> None:
    desk = replay(open_page(), [heard(number) for number in range(60)])
    newer = desk.page.locator("#phone-box .newer")
    expect(desk.phone.locator(".bubble").last).to_be_in_viewport()
    expect(newer).to_be_hidden()
    desk.phone.evaluate("log => { log.scrollTop = 0; }")
    expect(newer).to_have_text("To the newest")
    first = desk.phone.locator(".bubble").first
    desk.post("/instagram/webhook", **_echo("From the brand, elsewhere"))
    expect(newer).to_have_text("New messages: 1")
    expect(first).to_be_in_viewport()
    newer.click()
    expect(desk.phone.locator(".bubble").last).to_have_text("From the brand, elsewhere")
    expect(desk.phone.locator(".bubble").last).to_be_in_viewport()
    expect(newer).to_be_hidden()


def _echo(text: str) -> dict[str, object]:
    said = {"mid": "echo-1", "text": text, "is_echo": True}
    parties = {"sender": {"id": "17841400000000001"}, "recipient": {"id": "1000000000000001"}}
    event = parties | {"timestamp": 1_790_000_000_000, "message": said}
    return {"object": "instagram", "entry": [{"id": "17841400000000001", "time": 1, "messaging": [event]}]}


@pytest.mark.parametrize("field", ["#say-text", "#reply-text"])
def test_the_field_grows_with_its_text_up_to_a_point(desk: Desk, field: str) -> None:
    desk.asked()
    box = desk.page.locator(field)
    heights = []
    for text in ("", "1\n2\n3", "\n".join("12345678901234567890")):
        box.fill(text)
        heights.append(box.evaluate("field => field.offsetHeight"))
    assert heights[0] < heights[1] < heights[2] < 200
    box.press("Enter")
    expect(box).to_have_value("")
    assert box.evaluate("field => field.offsetHeight") == heights[0]


def test_shift_and_enter_begin_a_line(desk: Desk) -> None:
    desk.page.focus("#say-text")
    desk.page.keyboard.type("One")
    desk.page.keyboard.press("Shift+Enter")
    desk.page.keyboard.type("Two")
    desk.page.keyboard.press("Enter")
    expect(desk.talk.locator(".bubble")).to_have_text("One\nTwo", use_inner_text=True)


ADDRESSES = {
    "See https://example.com/mug.": ["https://example.com/mug"],
    "(http://example.com/a_(b)) and https://example.org!": ["http://example.com/a_(b)", "https://example.org"],
    "No link: javascript:alert(1) or example.com": [],
    "“https://example.com/ñ?q=té” works": ["https://example.com/ñ?q=té"],
    "https://example.com/a,https://example.com/b": ["https://example.com/a,https://example.com/b"],
    "http:// is none": [],
}


def test_addresses_can_be_clicked_and_nothing_else(open_page: Open) -> None:
    desk = replay(open_page(), [heard(number, text) for number, text in enumerate(ADDRESSES)])
    expect(desk.phone.locator(".bubble")).to_have_text(list(ADDRESSES))
    for bubble, links in zip(desk.phone.locator(".bubble").all(), ADDRESSES.values(), strict=True):
        found = bubble.locator("a").all()
        assert [one.get_attribute("href") for one in found] == links
        assert {one.get_attribute("rel") for one in found} <= {"noopener noreferrer"}


def test_a_long_address_is_its_host_with_the_rest_at_a_click(open_page: Open) -> None:
    desk = replay(open_page(), [heard(1, f"Look: {LONG}, please"), seen(1, LONG)])
    desk.queue.click()
    link, rest = desk.phone.locator(".bubble a"), desk.phone.locator(".bubble .rest")
    expect(link).to_have_text("example.com/…")
    expect(link).to_have_attribute("href", LONG)
    rest.click()
    expect(link).to_have_text(LONG)
    expect(rest).to_have_attribute("aria-expanded", "true")
    rest.click()
    expect(link).to_have_text("example.com/…")
    expect(desk.talk.locator(".bubble a")).to_have_text("example.com/…")
