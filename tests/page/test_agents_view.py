"""What agents see and what they do not: as Genesys shows it, with what only operators learn marked as such."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.page.conftest import Desk, Open
from tests.page.replay import replay, seen

pytestmark = pytest.mark.xdist_group("looks")
READS_ARE_SHOWN = "Customer 0003 → our.other.shop"


def test_a_failure_is_bare_to_agents_and_its_reason_is_the_operators(desk: Desk) -> None:
    desk.asked()
    desk.switch("The platform refuses")
    desk.answer("We are here")
    receipt, operators = desk.talk.locator(".receipt"), desk.talk.locator(".operators")
    expect(receipt).to_have_text("Failed")
    expect(operators.first).to_contain_text("RecipientOptedOut")
    desk.page.get_by_role("switch", name="Operator's view").click()
    expect(operators.first).to_be_hidden()
    expect(receipt).to_be_visible()
    assert "RecipientOptedOut" not in desk.talk.inner_text()


def test_the_operators_view_is_remembered(desk: Desk) -> None:
    desk.page.get_by_role("switch", name="Operator's view").click()
    desk.reload()
    expect(desk.page.get_by_role("switch", name="Operator's view")).not_to_be_checked()


# How many looks a list of bubbles has
LOOKS = "(all) => new Set(all.map((one) => getComputedStyle(one)).map((one) => one.border + one.backgroundColor)).size"
LINES = {
    "": "customer",
    "reacted": "bridge",
    "notice": "bridge",
    "line": "bridge",
    "echo_app": "app",
    "echo_automation": "app",
}
MARKED = {"bridge": "A line of dmdesk's", "app": "Written by the brand, elsewhere"}


def test_what_is_not_the_customers_is_marked_for_operators_only(open_page: Open) -> None:
    desk = replay(open_page(), [seen(number, f"[{line}]", line=line) for number, line in enumerate(LINES)])
    desk.queue.click()
    said = desk.talk.locator(".said")
    expect(said).to_have_count(len(LINES))
    for one, by in zip(said.all(), LINES.values(), strict=True):
        expect(one).to_have_attribute("data-by", by)
        expect(one).to_have_class(re.compile("theirs"))  # Genesys takes all of them for the customer's
        if by in MARKED:
            expect(one.locator(".bubble")).to_have_css("border-top-style", "dashed")
            expect(one.locator(".operators")).to_contain_text(MARKED[by])
            expect(one.locator(".operators")).to_contain_text("Genesys shows it as the customer's")
        else:
            expect(one.locator(".bubble")).to_have_css("border-top-style", "solid")
            expect(one.locator(".operators")).to_have_count(0)
    desk.page.get_by_role("switch", name="Operator's view").click()
    assert said.locator(".bubble").evaluate_all(LOOKS) == 1
    assert said.locator(".operators:visible").count() == 0


def test_what_the_brand_writes_in_the_app_is_told_apart(desk: Desk) -> None:
    desk.asked()
    desk.do("The brand writes in the app")
    expect(desk.talk.locator('[data-by="app"]')).to_contain_text("Written in the app, not in the desktop")
    expect(desk.talk.locator('[data-by="customer"]')).to_have_count(1)


def test_bots_and_people_are_told_apart_by_word_and_colour(desk: Desk) -> None:
    desk.asked()
    desk.answer("From a person")
    expect(desk.phone).to_contain_text("From a person")
    desk.page.get_by_role("switch", name="as a bot").click()
    desk.answer("From a bot")
    bot, person = desk.talk.locator('[data-by="bot"]'), desk.talk.locator('[data-by="agent"]')
    expect(bot.locator(".under")).to_contain_text("Bot")
    colour = "node => getComputedStyle(node).backgroundColor"
    assert len({one.locator(".bubble").evaluate(colour) for one in (bot, person)}) == 2


def test_the_script_says_what_the_docs_make_it_say(desk: Desk) -> None:
    desk.asked()
    script = desk.page.get_by_role("tabpanel", name="Script")
    expect(script.locator("#script-line")).to_have_text(
        re.compile(r"^Instagram_DM: customer_0001, \d+ \w+ \d{4}, \d\d:\d\d$")
    )
    expect(script.get_by_role("link")).to_have_attribute("href", "https://www.instagram.com/customer_0001/")
    expect(script.locator("#script-until")).to_have_text(re.compile(r"^Answer until .*: 23 h \d+ min left$"))
    for name in ("source", "username", "profileUrl", "sentAt", "windowExpiresAt", "windowState", "language"):
        expect(script.locator("#script-data dt", has_text=re.compile(f"^{name}$"))).to_be_visible()


def test_the_profile_tells_who_it_is(desk: Desk) -> None:
    desk.asked()
    desk.page.get_by_role("tab", name="Profile").click()
    profile = desk.page.get_by_role("tabpanel", name="Profile")
    for words in ("Customer 0001", "customer_0001", "1000000000000001", "our.shop", "Instagram"):
        expect(profile).to_contain_text(words)


def test_notes_belong_to_their_conversation(desk: Desk) -> None:
    desk.asked("From the first")
    desk.page.get_by_role("tab", name="Notes").click()
    notes = desk.page.get_by_label("Notes on this conversation")
    notes.fill("Likes green")
    desk.page.locator("#who").select_option(index=1)
    desk.asked("From the second")
    expect(notes).to_have_value("")
    desk.queue.filter(has_text="Customer 0001").click()
    expect(notes).to_have_value("Likes green")


def test_a_read_is_no_line_unless_the_account_asks_for_it(desk: Desk) -> None:
    desk.asked()
    desk.answer("We are here")
    expect(desk.phone).to_contain_text("We are here")
    desk.do("Read everything")
    expect(desk.count("ignored")).to_have_text("1")
    expect(desk.talk.locator(".said")).to_have_count(2)
    expect(desk.queue).to_contain_text("answered")


def test_a_read_that_is_shown_makes_nobody_wait(desk: Desk) -> None:
    desk.page.locator("#who").select_option(label=READS_ARE_SHOWN)
    desk.asked()
    expect(desk.page.locator("#queue-size")).to_have_text("1 open, 1 waiting")
    desk.answer("We are here")
    expect(desk.phone).to_contain_text("We are here")
    desk.do("Read everything")
    expect(desk.talk).to_contain_text("[Has read your message]")
    expect(desk.queue).to_contain_text("answered")
    expect(desk.page.locator("#queue-size")).to_have_text("1 open, 0 waiting")


def test_a_notice_makes_nobody_wait(desk: Desk) -> None:
    desk.asked()
    desk.switch("The platform refuses")
    desk.answer("We are here")
    expect(desk.talk).to_contain_text("[Your reply was not delivered.")
    expect(desk.queue).to_contain_text("answered")


def test_an_ended_conversation_has_no_composer(desk: Desk) -> None:
    desk.asked()
    desk.page.get_by_role("button", name="End conversation").click()
    expect(desk.page.locator("#ended")).to_contain_text("The customer's next message opens another")
    expect(desk.page.locator("#reply")).to_be_hidden()
    expect(desk.page.get_by_role("button", name="End conversation")).to_be_disabled()
    desk.asked("And another thing")
    expect(desk.page.locator("#reply")).to_be_visible()
    expect(desk.queue).to_have_count(2)


def test_a_conversation_that_genesys_gave_up_has_no_composer_either(open_page: Open) -> None:
    desk = replay(open_page(), [seen(1, state="disconnected")])
    desk.queue.click()
    expect(desk.page.locator("#reply")).to_be_hidden()


def test_what_ends_meanwhile_is_told_in_words(desk: Desk) -> None:
    desk.asked()
    [conversation] = requests.get(f"{desk.control}/genesys/conversations", timeout=30).json()
    desk.page.route(
        "**/genesys/reply", lambda route: route.fulfill(status=409, json={"error": f"{conversation['id']} failed"})
    )
    desk.answer("Too late")
    expect(desk.page.locator("#toast")).to_contain_text("This conversation is over")
    expect(desk.page.locator("#reply-text")).to_have_value("Too late")
    desk.wrong.clear()  # Chromium tells of the 409
