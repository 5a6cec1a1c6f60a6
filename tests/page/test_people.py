"""Who is who: on the phone, in the roster, in the drafts."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import Route, expect

from sandbox.stage.people import display_name
from tests.page.conftest import Desk, Open
from tests.page.replay import Event, heard, replay, seen

pytestmark = pytest.mark.xdist_group("people")
PLAYS = """async (player) => {
  player.muted = true;
  await player.play();
  return [player.duration, player.error];
}"""


def test_a_draft_stays_with_the_customer_it_was_begun_for(desk: Desk) -> None:
    who, field = desk.page.locator("#who"), desk.page.locator("#say-text")
    field.fill("Half a quest")
    who.select_option(index=1)
    expect(field).to_have_value("")
    field.fill("Another")
    desk.page.get_by_role("tab", name="TikTok").click()
    expect(field).to_have_value("")
    desk.page.get_by_role("tab", name="Instagram").click()
    expect(field).to_have_value("Half a quest")
    who.select_option(index=1)
    expect(field).to_have_value("Another")


def test_an_agents_draft_stays_with_its_conversation(desk: Desk) -> None:
    field = desk.page.locator("#reply-text")
    desk.asked("From the first")
    field.fill("Half an answ")
    desk.page.locator("#who").select_option(index=1)
    desk.asked("From the second")
    expect(field).to_have_value("")
    desk.queue.filter(has_text="Customer 0001").click()
    expect(field).to_have_value("Half an answ")


def test_a_draft_that_was_not_sent_comes_back_to_whom_it_was_for(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/instagram/do", lambda route: held.append(route))
    with desk.page.expect_request("**/instagram/do"):
        desk.write("For the first")
    desk.page.locator("#who").select_option(index=1)
    expect(desk.page.locator("#say-text")).to_have_value("")
    held[0].abort()
    expect(desk.page.locator("#toast")).to_contain_text("The sandbox does not answer")
    expect(desk.page.locator("#say-text")).to_have_value("")
    desk.page.locator("#who").select_option(index=0)
    expect(desk.page.locator("#say-text")).to_have_value("For the first")
    desk.wrong.clear()  # Chromium tells of what was aborted


def test_an_edit_gives_the_draft_back(desk: Desk) -> None:
    desk.asked("A gren mug")
    field = desk.page.locator("#say-text")
    field.fill("Half a quest")
    desk.phone.get_by_role("button", name="What to do with this message").click()
    desk.page.get_by_role("menuitem", name="Edit").click()
    expect(field).to_have_value("A gren mug")
    desk.page.get_by_role("button", name="Cancel").click()
    expect(field).to_have_value("Half a quest")


def test_ones_own_message_is_in_view_wherever_one_was(desk: Desk) -> None:
    tall = "\n".join(f"line {number}" for number in range(40))
    desk.asked(tall[-7:])
    for log, write, text in ((desk.phone, desk.say, tall), (desk.talk, desk.answer, tall)):
        write(text)
        expect(log.locator(".own").last).to_contain_text("line 39")
        log.evaluate("log => { log.scrollTop = 0; }")
        write("The newest of all")
        expect(log.locator(".own").last).to_contain_text("The newest of all")
        expect(log.locator(".own").last).to_be_in_viewport()


def test_a_click_on_a_conversation_shows_its_customers_phone(desk: Desk) -> None:
    desk.asked("From Instagram")
    desk.page.get_by_role("tab", name="TikTok").click()
    desk.asked("From TikTok")
    desk.queue.filter(has_text="From Instagram").click()
    expect(desk.page.get_by_role("tab", name="Instagram")).to_have_attribute("aria-selected", "true")
    expect(desk.phone).to_contain_text("From Instagram")
    desk.queue.filter(has_text="From TikTok").click()
    expect(desk.phone).to_contain_text("From TikTok")


def test_who_has_no_conversation_is_shown_nobody_elses(desk: Desk) -> None:
    desk.asked("From the first")
    desk.page.locator("#who").select_option(index=1)
    expect(desk.page.locator("#talk")).to_be_hidden()
    expect(desk.page.locator("#talk-none")).to_contain_text("This customer has none yet")


@pytest.mark.parametrize("channel", ["Instagram", "TikTok"])
def test_a_customer_has_one_name_everywhere(desk: Desk, channel: str) -> None:
    desk.page.get_by_role("tab", name=channel).click()
    name = desk.page.locator("#who option:checked").inner_text()
    desk.asked()
    expect(desk.page.locator("#talk-who")).to_have_text(name)
    expect(desk.queue.locator(".name")).to_contain_text(name)
    expect(desk.road.first.locator(".whom")).to_contain_text(name)
    figures = [
        desk.page.locator(f"{where} .avatar").first.evaluate("node => node.outerHTML")
        for where in ("#who-figure", "#queue", "#talk-figure")
    ]
    assert figures[0] == figures[1] == figures[2]
    assert name == display_name("1000000000000001")


@pytest.mark.parametrize("channel", ["Instagram", "TikTok"])
def test_a_mention_is_on_the_phone_of_who_made_it_and_leads_back_to_it(desk: Desk, channel: str) -> None:
    desk.page.get_by_role("tab", name=channel).click()
    desk.do("A mention in a comment")
    expect(desk.phone.locator(".own")).to_contain_text("Mentioned the brand in public")
    expect(desk.phone.locator(".own")).to_contain_text("Look at this, @our.shop!")
    expect(desk.talk).to_contain_text("Mentioned you in a")
    desk.page.locator("#who").select_option(index=1)
    expect(desk.talk).to_be_hidden()
    desk.queue.click()
    expect(desk.phone).to_contain_text("Look at this, @our.shop!")


@pytest.mark.parametrize(("channel", "words", "player"), [
    ("Instagram", "A video", "video"), ("Instagram", "A voice message", "audio"), ("TikTok", "A video", "video"),
])  # fmt: skip
def test_what_is_recorded_can_be_played_on_both_sides(desk: Desk, channel: str, words: str, player: str) -> None:
    desk.page.get_by_role("tab", name=channel).click()
    desk.do(words)
    for log in (desk.phone, desk.talk):
        [duration, error] = log.locator(player).evaluate(PLAYS)
        assert (round(duration, 1), error) == (2.0, None)


def test_an_agents_video_can_be_played_on_the_phone(desk: Desk) -> None:
    desk.asked()
    desk.attach("A video")
    [duration, error] = desk.phone.locator("video").evaluate(PLAYS)
    assert (round(duration, 1), error) == (2.0, None)


def test_channels_that_the_page_has_not_met_have_their_place(open_page: Open) -> None:
    desk, channels = open_page(), ["wechat", "whatsapp", "something-new"]
    about = requests.get(f"{desk.control}/", timeout=30).json()
    about["accounts"] += [{"channel": channel, "id": channel, "name": f"our.{channel}"} for channel in channels]
    desk.page.route(f"{desk.control}/", lambda route: route.fulfill(json=about))
    past: list[Event] = []
    for number, channel in enumerate(channels):
        said = {"channel": channel, "account": channel, "customer": f"somebody-{number}"}
        past.append(("customer", heard(number, f"From {channel}")[1] | said))
        past.append(("desk", seen(number, f"From {channel}", who=number)[1] | said | {"nickname": ""}))
    replay(desk, past)
    for number, channel in enumerate(channels):
        desk.queue.filter(has_text=f"somebody-{number}").click()
        expect(desk.page.get_by_role("tab", name=channel)).to_have_attribute("aria-selected", "true")
        expect(desk.page.locator("#brand")).to_have_text(f"our.{channel}")
        expect(desk.phone).to_contain_text(f"From {channel}")
        expect(desk.page.locator("#talk-state")).to_have_text(f"{channel} · our.{channel}")


def test_nothing_can_be_read_before_something_was_written(desk: Desk) -> None:
    desk.page.click("#do")
    item = desk.page.get_by_role("menuitem", name="Read everything (nothing to read yet)")
    expect(item).to_have_attribute("aria-disabled", "true")
    item.click(force=True)
    expect(desk.page.locator("#toast")).to_have_text("")


def test_that_the_sandbox_is_gone_is_said_in_words(desk: Desk) -> None:
    desk.page.route("**/instagram/do", lambda route: route.abort())
    desk.write("Anybody there?")
    expect(desk.page.locator("#toast")).to_have_text("The sandbox does not answer. Does it still run in its terminal?")
    expect(desk.page.locator("#say-text")).to_have_value("Anybody there?")
    desk.wrong.clear()  # Chromium tells of what was aborted


def test_a_reload_keeps_what_was_said_and_its_order(desk: Desk) -> None:
    sent = [f"Message {number}" for number in range(8)]
    for number, text in enumerate(sent):
        desk.say(text)
        expect(desk.phone.locator(".own")).to_have_count(number + 1)
    expect(desk.talk.locator(".bubble")).to_have_text(sent)
    lines = desk.road.count()
    desk.reload()
    expect(desk.phone.locator(".bubble")).to_have_text(sent)
    expect(desk.talk.locator(".bubble")).to_have_text(sent)
    expect(desk.road).to_have_count(lines)


def test_everything_is_forgotten_at_a_reset(desk: Desk) -> None:
    desk.asked()
    desk.page.locator("#reply-text").fill("Half an answ")
    desk.page.get_by_role("button", name="Reset all").click()
    expect(desk.page.locator("#toast")).to_have_text("Everything is empty again.")
    expect(desk.queue).to_have_count(0)
    expect(desk.phone.locator(".said")).to_have_count(0)
    expect(desk.page.locator("#talk")).to_be_hidden()
    desk.asked("Once more")
    expect(desk.page.locator("#reply-text")).to_have_value("")


@pytest.mark.parametrize(("on", "words"), [(False, "A link to this page"), (True, "A link with these switches")])
def test_the_link_says_what_it_holds(open_page: Open, on: bool, words: str) -> None:
    desk = open_page(permissions=["clipboard-read", "clipboard-write"]).enter()
    if on:
        desk.switch("Webhooks come twice")
        expect(desk.page).to_have_url(re.compile("trouble="))
    desk.page.get_by_role("button", name="Copy link").click()
    expect(desk.page.locator("#toast")).to_contain_text(words)
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    assert copied == desk.page.url
    assert ("trouble=" in copied) is on


def test_what_is_new_on_another_phone_is_marked(open_page: Open) -> None:
    desk = replay(open_page(), [heard(1, who=2), heard(2, "An answer", side="brand", who=2), seen(1, who=2)])
    expect(desk.page.locator("#who option").nth(1)).to_have_text("Customer 0002 (1 new)")
    expect(desk.page.get_by_role("tab", name="Instagram")).to_have_class(re.compile("has-news"))
    desk.page.locator("#who").select_option(index=1)
    expect(desk.phone.locator(".divider.new")).to_have_text("New")
    expect(desk.page.locator("#who option").nth(1)).to_have_text("Customer 0002")
    desk.page.locator("#who").select_option(index=0)
    expect(desk.page.locator("#who option").nth(1)).to_have_text("Customer 0002")
