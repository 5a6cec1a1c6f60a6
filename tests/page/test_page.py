"""The page that plays both sides, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, expect

from tests.page.conftest import Desk, Open

pytestmark = pytest.mark.xdist_group("page")
SCRIPT = "<script>document.title='owned';alert(1)</script><img src=x onerror=alert(2)>"
DRAWN = "async (picture) => { await picture.decode(); return picture.naturalWidth; }"


@pytest.mark.parametrize("channel", ["Instagram", "TikTok"])
def test_a_text_travels_both_ways(desk: Desk, channel: str) -> None:
    desk.page.get_by_role("tab", name=channel).click()
    desk.say("Is the green mug back? 🍵")
    expect(desk.talk).to_contain_text("Is the green mug back? 🍵")
    desk.answer("It is! 👍🏽")
    expect(desk.phone).to_contain_text("It is! 👍🏽")
    expect(desk.talk.locator(".receipt")).to_have_text("Delivered")


def test_a_customers_picture_is_rendered_at_the_agent(desk: Desk) -> None:
    desk.do("A picture")
    assert desk.talk.locator("img").evaluate(DRAWN) > 0


def test_an_agents_picture_is_rendered_on_the_phone(desk: Desk) -> None:
    desk.say("Show me")
    expect(desk.talk).to_contain_text("Show me")
    desk.attach("A picture")
    assert desk.phone.locator("img").evaluate(DRAWN) > 0


def test_a_card_is_tapped_and_the_tap_comes_back(desk: Desk) -> None:
    desk.say("What do you have?")
    expect(desk.talk).to_contain_text("What do you have?")
    desk.attach("A card …")
    desk.page.get_by_label("Title").fill("The blue mug")
    desk.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(desk.phone.locator(".card strong")).to_have_text("The blue mug")
    desk.phone.get_by_role("button", name="Put one aside").click()
    expect(desk.talk.locator(".theirs").last).to_contain_text("Put one aside")


def test_a_quick_reply_is_tapped_and_comes_back(desk: Desk) -> None:
    desk.say("I want a mug")
    expect(desk.talk).to_contain_text("I want a mug")
    desk.attach("Quick replies …")
    desk.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    desk.phone.get_by_role("button", name="Blue").click()
    expect(desk.talk.locator(".theirs").last).to_contain_text("Blue")


@pytest.mark.parametrize("channel", ["Instagram", "TikTok"])
def test_the_sandbox_takes_everything_in_the_customers_menu(desk: Desk, channel: str) -> None:
    desk.page.get_by_role("tab", name=channel).click()
    desk.say("Hello")
    expect(desk.talk).to_contain_text("Hello")
    desk.answer("Hello!")
    expect(desk.phone).to_contain_text("Hello!")
    desk.page.click("#do")
    offered = desk.page.get_by_role("menuitem").all_inner_texts()
    desk.page.keyboard.press("Escape")
    refused = []
    for words in offered:
        with desk.page.expect_response(re.compile("/do$")) as answered:
            desk.do(words)
        if answered.value.status != 200:
            refused.append(f"{words}: {answered.value.text()}")
    assert (len(offered) > 5, refused) == (True, [])
    assert desk.until_settled()["lost"] == 0


def test_a_message_is_edited_taken_back_and_answered_with_a_heart(desk: Desk) -> None:
    desk.say("A gren mug")
    expect(desk.talk).to_contain_text("A gren mug")
    desk.answer("Which one?")
    expect(desk.phone).to_contain_text("Which one?")
    own, theirs = desk.phone.locator(".own"), desk.phone.locator(".theirs")
    for bubble, words in ((theirs, "React with ❤️"), (own, "Edit")):
        bubble.get_by_role("button", name="What to do with this message").click()
        desk.page.get_by_role("menuitem", name=words).click()
    desk.say("A green mug")
    expect(theirs).to_contain_text("❤️")
    expect(own).to_contain_text("A green mug")
    expect(desk.talk).to_contain_text("It now says:")
    own.get_by_role("button", name="What to do with this message").click()
    desk.page.get_by_role("menuitem", name="Take back").click()
    expect(own).to_contain_text("Message taken back")
    expect(desk.talk).to_contain_text("[Took back: A gren mug]")


def test_a_storm_of_429_loses_nothing(desk: Desk) -> None:
    desk.switch("Genesys answers 429")
    sent = [f"Message {number}" for number in range(5)]
    for text in sent:
        desk.say(text)
        expect(desk.phone).to_contain_text(text)
    expect(desk.page.locator("#traces .throttled").first).to_be_visible()
    desk.switch("Genesys answers 429")
    expect(desk.talk.locator(".bubble")).to_have_text(sent)
    proof = desk.until_settled()
    assert (proof["customers_sent"], proof["agents_saw"], proof["lost"], proof["doubled"]) == (5, 5, 0, 0)


def test_a_refusal_after_25_hours_tells_its_reason(desk: Desk) -> None:
    desk.say("Anybody there?")
    expect(desk.talk).to_contain_text("Anybody there?")
    desk.page.get_by_role("button", name="+25 h").click()
    expect(desk.page.locator("#queue")).to_contain_text("window closed")
    desk.answer("Sorry for the wait")
    expect(desk.talk.locator(".receipt")).to_have_text("Failed")
    expect(desk.talk.locator(".operators").first).to_contain_text("MessageNotAllowed")
    expect(desk.talk).to_contain_text("[Your reply was not delivered. Instagram lets nobody write so long after")
    expect(desk.phone).not_to_contain_text("Sorry for the wait")


def test_a_script_is_shown_as_text(desk: Desk) -> None:
    dialogs: list[str] = []

    def alerted(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    desk.page.on("dialog", alerted)
    desk.say(SCRIPT)
    expect(desk.talk.locator(".bubble")).to_have_text(SCRIPT)
    desk.answer(SCRIPT)
    expect(desk.phone.locator(".bubble").last).to_have_text(SCRIPT)
    desk.road.first.click()
    desk.page.locator("#trace summary").first.click()
    expect(desk.page.locator("#trace pre").first).to_be_visible()
    assert desk.page.locator("main script, main img, #trace script, #trace img").count() == 0
    assert (dialogs, desk.page.title()) == ([], "dmdesk · sandbox")


def test_two_customers_at_once_read_only_their_own(desk: Desk) -> None:
    who, queue = desk.page.locator("#who"), desk.page.locator("#queue button")
    desk.say("From the first")
    expect(desk.talk).to_contain_text("From the first")
    who.select_option(index=1)
    desk.say("From the second")
    expect(queue).to_have_count(2)
    expect(desk.talk).to_contain_text("From the second")
    desk.answer("To the second")
    expect(desk.phone).to_contain_text("To the second")
    who.select_option(index=0)
    expect(desk.talk).to_contain_text("From the first")
    desk.answer("To the first")
    expect(desk.phone.locator(".bubble")).to_have_text(["From the first", "To the first"])
    expect(queue).to_contain_text(["Customer 0001", "Customer 0002"])


def test_a_line_of_the_road_tells_every_hop_and_no_secret(desk: Desk) -> None:
    desk.say("What happens to this?")
    expect(desk.talk).to_contain_text("What happens to this?")
    line = desk.road.filter(has_text="message").first
    for hop in ("webhook", "queue", "worker", "claim", "profile", "message"):
        expect(line).to_contain_text(hop)
    line.click()
    shown = desk.page.locator("#trace")
    for summary in shown.locator("summary").all():
        summary.click()
    expect(shown).to_contain_text("X-Hub-Signature-256")
    expect(shown).to_contain_text("/inbound/open/message")
    expect(shown).to_contain_text("•••")
    assert not re.search(r"sha256=[0-9a-f]{64}|Bearer [\w-]{8,}", shown.inner_text())


def test_a_forged_webhook_is_turned_away(desk: Desk) -> None:
    desk.page.get_by_role("button", name="Forge a webhook").click()
    expect(desk.page.locator("#toast")).to_have_text(re.compile(r"answered 40[13]\."))
    assert desk.proof()["agents_saw"] == 0


def test_a_link_brings_back_the_switches(desk: Desk, open_page: Open) -> None:
    desk.switch("Webhooks come twice")
    desk.page.get_by_role("button", name="+20 h").click()
    expect(desk.page).to_have_url(re.compile("#trouble=duplicates&clock=72000$"))
    link = desk.page.evaluate("location.hash")
    desk.page.get_by_role("button", name="Now").click()
    desk.switch("Webhooks come twice")
    again = open_page().enter(link)
    expect(again.page.get_by_role("switch", name="Webhooks come twice")).to_be_checked()
    expect(again.page).to_have_url(re.compile("clock=72000$"))


def test_the_keyboard_is_enough(desk: Desk) -> None:
    press = desk.page.keyboard.press
    desk.page.focus("#do")
    press("Enter")
    press("ArrowDown")
    expect(desk.page.get_by_role("menuitem", name="A video")).to_be_focused()
    press("Escape")
    expect(desk.page.locator("#menu")).to_be_hidden()
    press("Tab")
    desk.page.keyboard.type("By keyboard")
    press("Enter")
    expect(desk.talk).to_contain_text("By keyboard")
    desk.page.focus("#queue button")
    press("Enter")
    expect(desk.queue).to_be_focused()
    desk.page.focus(".line")
    press("Enter")
    expect(desk.page.locator("#trace")).to_be_visible()
    press("Escape")
    expect(desk.road.first).to_be_focused()


def test_a_phone_shows_one_part_at_a_time(open_page: Open) -> None:
    desk = open_page(viewport={"width": 390, "height": 780}).enter()
    desk.say("From a small screen")
    expect(desk.page.locator("#agent")).to_be_hidden()
    desk.page.locator("#panels").get_by_role("button", name="Agent").click()
    expect(desk.talk).to_contain_text("From a small screen")
    expect(desk.page.locator("#customer")).to_be_hidden()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
