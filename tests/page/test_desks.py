"""Two desks on one page: which one a conversation sits at is seen, and its agents are played as that desk has it."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import expect

from tests.page.conftest import Desk

pytestmark = pytest.mark.xdist_group("page")
AT_CONNECT = "Customer 0003 → our_help"


def at_connect(desk: Desk, question: str = "Is the oolong back?") -> None:
    """TikTok's customer who writes to the account at Amazon Connect has asked."""
    desk.page.get_by_role("tab", name="TikTok").click()
    desk.page.locator("#who").select_option(label=AT_CONNECT)
    desk.asked(question)


def test_a_conversation_says_at_which_desk_it_sits(desk: Desk) -> None:
    desk.asked("At Genesys")
    state = desk.page.locator("#talk-state")
    expect(state).to_have_text("Instagram · our.shop · Genesys")
    at_connect(desk)
    expect(state).to_have_text("TikTok · our_help · Amazon Connect")
    expect(desk.queue).to_have_count(2)
    expect(desk.queue.filter(has_text="Amazon Connect")).to_have_count(1)
    expect(desk.queue.filter(has_text="Is the oolong back?")).to_contain_text("Amazon Connect")
    desk.page.get_by_role("tab", name="Profile").click()
    expect(desk.page.locator("#profile-data")).to_contain_text("Amazon Connect")


def test_agents_at_connect_answer_offer_and_attach(desk: Desk) -> None:
    at_connect(desk)
    desk.answer("Since Monday.")
    expect(desk.phone).to_contain_text("Since Monday.")
    desk.attach("Quick replies …")
    desk.page.locator("#offer").get_by_role("button", name="Send", exact=True).click()
    offer = desk.phone.get_by_role("button", name="Blue", exact=True)
    expect(desk.talk).to_contain_text("Which colour would you like?")
    offer.click()
    expect(desk.talk.locator('[data-by="customer"]').last).to_contain_text("Blue")
    desk.attach("A picture")
    expect(desk.phone.locator("img")).to_have_count(1)
    assert desk.until_settled() | {"lost": 0, "doubled": 0, "agents_sent": 3, "customers_got": 3} == desk.proof()


def test_what_customers_send_to_connect_is_seen_and_the_end_is_the_end(desk: Desk) -> None:
    at_connect(desk)
    desk.do("A picture")
    expect(desk.talk.locator("img")).to_have_count(1)
    desk.page.click("#disconnect")
    expect(desk.page.locator("#ended")).to_be_visible()
    desk.say("One more thing")
    expect(desk.queue).to_have_count(2)
    states = [one["state"] for one in requests.get(f"{desk.control}/connect/contacts", timeout=30).json()]
    assert states == ["ended", "queued"]


def test_the_road_goes_to_connect_and_shows_no_token(desk: Desk) -> None:
    at_connect(desk)
    desk.road.first.click()
    calls = desk.page.locator("#trace details.connect")
    expect(calls.first).to_be_visible()
    expect(desk.page.locator("#trace-hops")).to_contain_text("Amazon Connect")
    told = "".join(desk.page.locator("#trace-hops pre").all_text_contents())
    assert '"ParticipantToken":"•••"' in told.replace(" ", "")
