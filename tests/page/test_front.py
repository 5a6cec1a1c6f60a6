"""What stands in front of the desk: switches of an account, and what operators see before an agent is asked."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import Locator, expect

from tests.page.conftest import Desk

pytestmark = pytest.mark.xdist_group("page")
HOURS = "We are open from 9 to 17."


def fronted(desk: Desk, *features: str) -> None:
    """Turn these on in the page, for the account that the shown customer writes to."""
    desk.page.click("#fronts-open")
    for words in features:
        with desk.page.expect_response(re.compile("/front/switch$")):
            desk.page.get_by_role("switch", name=words, exact=True).click()
        expect(desk.page.get_by_role("switch", name=words, exact=True)).to_be_checked()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#fronts-box")).to_be_hidden()


def standing(desk: Desk) -> Locator:
    return desk.page.locator("#talk-front")


def test_every_feature_has_a_switch_that_says_what_happens(desk: Desk) -> None:
    features = requests.get(f"{desk.control}/front", timeout=30).json()["features"]
    box = desk.page.locator("#fronts-box")
    for language in ("es", "en"):
        desk.page.get_by_label(re.compile("Language|Idioma")).select_option(language)
        desk.page.locator("#fronts-open").click()
        switches = box.locator("input")
        assert [one.get_attribute("name") for one in switches.all()] == features
        hints = {box.locator(f"#{one.get_attribute('aria-describedby')}").inner_text() for one in switches.all()}
        assert len(hints) == len(features)
        assert all(len(hint) > 40 for hint in hints)
        desk.page.keyboard.press("Escape")
    expect(box).to_contain_text("Terraform")


def test_a_switch_is_of_the_account_that_the_customer_writes_to(desk: Desk) -> None:
    fronted(desk, "Guards", "CRM")
    told = requests.get(f"{desk.control}/front", timeout=30).json()["accounts"]
    assert [sorted(one["front"]) for one in told if one["front"]] == [["crm", "guards"]]
    checked = desk.page.locator("#fronts input:checked")
    expect(checked).to_have_count(2)
    desk.page.get_by_role("tab", name="TikTok").click()
    expect(checked).to_have_count(0)
    desk.page.get_by_role("tab", name="Instagram").click()
    expect(checked).to_have_count(2)
    desk.page.get_by_role("button", name="Reset all").click()
    expect(checked).to_have_count(0)


def test_what_a_bot_says_is_the_operators_until_people_take_over(desk: Desk) -> None:
    fronted(desk, "Bot first")
    desk.say("When are you open?")
    expect(desk.queue).to_have_count(1)
    expect(desk.queue).to_contain_text("with the bot")
    expect(desk.page.locator("#queue-size")).to_have_text("0 open, 0 waiting")
    desk.queue.click()
    expect(standing(desk)).to_contain_text("Has the conversation: the bot")
    expect(desk.talk.locator('[data-by="customer"]')).to_have_text(re.compile("When are you open"))
    expect(desk.talk.locator('[data-by="bot"]')).to_have_text(re.compile(re.escape(HOURS)))
    expect(desk.talk.locator('[data-by="agent"]')).to_have_count(0)
    expect(desk.page.locator("#ended")).to_contain_text("The desk has none of this")
    expect(desk.page.locator("#reply")).to_be_hidden()
    operator = desk.page.get_by_role("switch", name="Operator's view")
    operator.click()
    expect(desk.queue).to_have_count(0)
    expect(desk.page.locator("#talk")).to_be_hidden()
    operator.click()
    expect(desk.queue).to_have_count(1)

    desk.say("I want to talk to a human")
    expect(desk.page.locator("#queue-size")).to_have_text("1 open, 1 waiting")
    expect(desk.talk).to_contain_text("[The bot: We are open from 9 to 17.]")
    expect(standing(desk)).to_contain_text("Has the conversation: Genesys")
    expect(desk.queue).to_have_count(2)
    before = desk.page.locator("#queue .before")
    expect(before).to_contain_text("people took over")
    before.click()
    expect(desk.talk).to_contain_text("People took over here: request")


def test_two_bots_are_held_and_the_page_tells_how_to_let_them_go_on(desk: Desk) -> None:
    fronted(desk, "Guards", "Bot first")
    desk.switch("Customers are bots")
    expect(desk.page.locator("#alarm")).to_contain_text("Customers are bots")
    desk.say("When are you open?")
    expect(desk.queue).to_contain_text("held")
    desk.queue.click()
    expect(standing(desk)).to_contain_text(re.compile(r"Held until .* at the latest \(loop:"))
    command = "dmdesk held release '1000000000000001' --account='17841400000000001'"
    expect(standing(desk).locator("code")).to_have_text(command)
    expect(desk.talk.locator("li").last).to_contain_text("Waits on the queue")
    expect(desk.road.filter(has_text="a guard: held (loop)")).to_have_count(1)
    expect(desk.road.filter(has_text="a guard: marked (loop)").first).to_be_visible()
    expect(desk.count("lost")).to_have_text("0")


def test_triage_stands_above_the_conversation_unless_the_model_fails(desk: Desk) -> None:
    fronted(desk, "Triage")
    desk.asked("URGENT: my order is late")
    expect(standing(desk)).to_contain_text("Triage: order · negative · en · urgency high · spam 1 of 100")
    desk.switch("The model answers nonsense")
    desk.page.locator("#who").select_option(index=1)
    desk.asked("URGENT: where is it?")
    expect(standing(desk)).to_contain_text("Has the conversation: Genesys")
    expect(standing(desk)).not_to_contain_text("Triage")
