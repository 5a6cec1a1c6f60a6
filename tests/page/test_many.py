"""A thousand messages, a thousand conversations: what is drawn stays small, what is left out is announced."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Open
from tests.page.replay import Event, heard, hop, replay, seen

pytestmark = pytest.mark.xdist_group("page")
MANY = 1000
# How many elements are put into the log, until one with this text is
RECORD = """() => {
  window.added = 0;
  const count = (records) => records.forEach((one) => (window.added += one.addedNodes.length));
  for (const id of ['phone-log', 'talk-log', 'queue', 'traces']) {
    new MutationObserver(count).observe(document.getElementById(id), { childList: true, subtree: true });
  }
}"""


def _messages() -> list[Event]:
    past: list[Event] = []
    for number in range(MANY):
        past += [heard(number), seen(number)]
        past += [hop(f"t{number}", name, number) for name in ("webhook", "queue", "worker")]
    return past


def test_a_thousand_messages_keep_their_order_and_are_drawn_in_part(open_page: Open) -> None:
    desk = replay(open_page(), _messages())
    newest = [f"Message {number}" for number in range(MANY - 80, MANY)]
    for log in (desk.phone, desk.talk):
        if log is desk.talk:
            desk.queue.click()
        expect(log.locator(".bubble")).to_have_text(newest)
        earlier = log.get_by_role("button", name="Show earlier messages (920)")
        earlier.click()
        expect(log.locator(".bubble").first).to_have_text(f"Message {MANY - 160}")
        expect(log.get_by_role("button", name="Show earlier messages (840)")).to_be_visible()
    expect(desk.page.locator("#road-shown")).to_have_text("The newest 60 of 1000 lines")
    assert desk.page.locator("main li").count() < 500


def test_one_more_message_draws_one_more_bubble(open_page: Open) -> None:
    desk = replay(open_page(), _messages())
    expect(desk.phone.locator(".bubble").last).to_have_text(f"Message {MANY - 1}")
    desk.page.evaluate(RECORD)
    desk.say("And one more")
    expect(desk.phone.locator(".bubble").last).to_have_text("And one more")
    expect(desk.phone.locator(".bubble").last).to_be_in_viewport()
    desk.until_settled()
    # a bubble on each side, a row, some lines of the road as its hops come in; and not the eighty that were there
    assert desk.page.evaluate("window.added") < 80


def test_a_thousand_conversations_are_announced_searched_and_shown_bit_by_bit(open_page: Open) -> None:
    desk = replay(open_page(), [seen(number, f"Question {number}", who=number) for number in range(1, MANY + 1)])
    expect(desk.page.locator("#queue-size")).to_have_text("1000 open, 1000 waiting")
    expect(desk.page.locator("#queue-shown")).to_have_text("100 of 1000 shown")
    expect(desk.queue).to_have_count(100)
    desk.page.get_by_role("button", name="Show more", exact=True).click()
    expect(desk.queue).to_have_count(200)
    expect(desk.queue.nth(100)).to_be_focused()
    expect(desk.page.locator("#queue-shown")).to_have_text("200 of 1000 shown")
    desk.page.get_by_label("Search conversations").fill("question 777")
    expect(desk.queue).to_have_count(1)
    expect(desk.page.locator("#queue-shown")).to_have_text("1 of 1 shown")
    desk.queue.click()
    expect(desk.talk).to_contain_text("Question 777")
    desk.page.get_by_label("Search conversations").fill("nobody said this")
    expect(desk.page.locator("#queue-empty")).to_have_text("No conversation is like that.")


def test_a_conversation_is_found_by_name_id_and_words(open_page: Open) -> None:
    desk = replay(open_page(), [seen(number, f"Question {number}", who=number) for number in range(1, MANY + 1)])
    for wanted in ("customer 0423", "1000000000000423", "QUESTION 423"):
        desk.page.get_by_label("Search conversations").fill(wanted)
        expect(desk.queue).to_have_text(re.compile("Question 423"))
        desk.page.get_by_label("Search conversations").fill("")
        expect(desk.queue).to_have_count(100)


def test_all_customers_can_be_chosen(open_page: Open) -> None:
    desk = replay(open_page(), [heard(number, who=number) for number in range(1, MANY)])
    who = desk.page.locator("#who")
    expect(who.locator("option")).to_have_count(MANY - 1 + 1)
    who.select_option(label="Customer 0777")
    expect(desk.phone).to_contain_text("Message 777")
