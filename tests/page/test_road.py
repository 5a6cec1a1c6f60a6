"""The road: what each hop does, a waterfall at a click, echoes where they belong, throttling in words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Desk, Open
from tests.page.replay import hop, replay

pytestmark = pytest.mark.xdist_group("people")


def test_each_hop_is_named_by_what_it_does(desk: Desk) -> None:
    desk.asked()
    desk.answer("We are here")
    expect(desk.talk.locator(".receipt.delivered")).to_be_visible()
    inward, outward = desk.road.filter(has_text="to agent"), desk.road.filter(has_text="to customer")
    for word in ("webhook", "queue", "claim", "profile", "token", "message"):
        expect(inward.locator(".hop", has_text=word).first).to_be_visible()
    for word in ("webhook", "queue", "claim", "message", "receipt"):
        expect(outward.locator(".hop", has_text=word).first).to_be_visible()


def test_own_echoes_are_grey_in_the_line_of_their_reply(desk: Desk) -> None:
    desk.asked()
    desk.answer("We are here")
    outward = desk.road.filter(has_text="to customer")
    expect(outward.locator(".echoed")).to_contain_text("own echo")
    desk.until_settled()
    expect(desk.road).to_have_count(2)  # the question and the answer; no echo has a line of its own


@pytest.mark.parametrize("first", ["echo", "answer"])
def test_an_echo_finds_its_reply_whichever_comes_first(open_page: Open, first: str) -> None:
    reply = [
        hop("r1", "webhook", 0, direction="out"),
        hop("r1", "platform", 10, direction="out", what="message", message="mid-1"),
    ]
    echo = [hop("echo:mid-1", name, 12, echo=True, message="mid-1") for name in ("webhook", "edge", "worker")]
    past = [*reply, *echo] if first == "answer" else [reply[0], *echo[:2], reply[1], echo[2]]
    desk = replay(open_page(), past)
    expect(desk.road).to_have_count(1)
    expect(desk.road.locator(".echoed")).to_have_count(1)
    desk.road.click()
    expect(desk.page.locator("#trace .fall")).to_have_count(5)


def test_what_was_written_elsewhere_keeps_a_line_of_its_own(open_page: Open) -> None:
    desk = replay(open_page(), [hop("echo:mid-2", "webhook", 0, echo=True, message="mid-2")])
    expect(desk.page.locator("#traces > li")).to_have_class("echo")


def test_a_long_line_leaves_out_its_middle(open_page: Open) -> None:
    kinds = ["first", "second", *(f"middle{number}" for number in range(15)), "last"]
    desk = replay(open_page(), [hop("t", "genesys", number, what=kind) for number, kind in enumerate(kinds)])
    chips = desk.road.locator(".hop")
    expect(chips.first).to_contain_text("first")
    expect(chips.last).to_contain_text("last")
    expect(chips.nth(4)).to_have_text("+6 between")
    desk.road.click()
    expect(desk.page.locator("#trace .fall")).to_have_count(len(kinds))


def test_a_click_opens_a_waterfall_in_the_order_of_beginnings(open_page: Open) -> None:
    desk = replay(
        open_page(),
        [
            hop("t", "webhook", 0, took_ms=20),
            hop("t", "queue", 20, took_ms=60),
            hop("t", "genesys", 90, took_ms=10, what="message"),
            hop("t", "table", 82, took_ms=5, what="claim"),
            hop("t", "worker", 80, took_ms=20),
        ],
    )
    desk.road.click()
    shown = desk.page.locator("#trace")
    expect(shown.get_by_role("heading", level=2)).to_have_text("to agent · Instagram · Customer 0001 · 100 ms")
    expect(shown.locator(".fall-name")).to_have_text(
        [re.compile(one) for one in ("webhook", "queue", "worker", "claim", "message")]
    )
    drawn = shown.locator(".bar-fill").evaluate_all("all => all.map((one) => [one.style.left, one.style.width])")
    assert drawn == [["0%", "20%"], ["20%", "60%"], ["80%", "20%"], ["82%", "5%"], ["90%", "10%"]]


def test_a_line_that_changes_under_the_pointer_still_opens(desk: Desk) -> None:
    desk.asked("The first")
    desk.until_settled()
    desk.road.hover()
    desk.page.mouse.down()
    desk.post("/instagram/do", action="text", text="The second")
    expect(desk.count("in")).to_have_text("2 → 2")
    expect(desk.road).to_have_count(1)
    desk.page.mouse.up()
    expect(desk.page.locator("#trace-title")).to_contain_text("to agent · Instagram")
    expect(desk.road).to_have_count(2)


def test_the_focus_comes_back_to_a_line_that_was_drawn_anew_under_its_waterfall(open_page: Open) -> None:
    desk = replay(open_page(), [hop("t", "webhook", 0), hop("t", "worker", 80)])
    desk.road.focus()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#trace")).to_be_visible()
    later = hop("t", "genesys", 90, what="message")[1]
    desk.page.evaluate(
        """async (later) => {
            (await import("./traces.js")).take(later);
            (await import("./road.js")).render();
        }""",
        later,
    )
    expect(desk.road).to_contain_text("message")
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#trace")).to_be_hidden()
    expect(desk.road).to_be_focused()


def test_a_hop_of_the_waterfall_opens_to_the_exact_request_and_answer(desk: Desk) -> None:
    desk.asked("What is exact?")
    desk.road.filter(has_text="message").click()
    call = desk.page.locator("#trace details.genesys", has_text="message")
    expect(call.locator("pre")).to_have_count(2)
    expect(call.locator("pre").first).to_be_hidden()
    call.locator("summary").click()
    expect(call.locator("pre").first).to_contain_text("/inbound/open/message")
    expect(call.locator("pre").first).to_contain_text("What is exact?")


def test_throttling_is_explained_with_how_much_waits(open_page: Open) -> None:
    desk = open_page()
    proof = desk.proof() | {"customers_sent": 400, "agents_saw": 94, "in_flight": 306}
    desk.page.route("**/proof", lambda route: route.fulfill(json=proof))
    replay(
        desk,
        [
            hop("t", "webhook", 0),
            hop("t", "genesys", 5, what="message", outcome="throttled", detail="message 429"),
            hop("t", "worker", 4, outcome="throttled", detail="Genesys rate limit"),
        ],
    )
    expect(desk.page.locator("#throttled")).to_contain_text("Waits for Genesys' minute: 306 under way")
    expect(desk.road.locator(".throttled").first).to_contain_text("throttled")


def test_a_platforms_limit_is_not_taken_for_genesys(open_page: Open) -> None:
    desk = open_page()
    proof = desk.proof() | {"agents_sent": 2, "in_flight": 2}
    desk.page.route("**/proof", lambda route: route.fulfill(json=proof))
    replay(
        desk,
        [
            hop("t", "platform", 5, what="message", outcome="throttled", detail="messages 429", direction="out"),
            hop("t", "worker", 4, outcome="throttled", detail="rate limit", direction="out"),
        ],
    )
    expect(desk.count("in_flight")).to_have_text("2")
    expect(desk.page.locator("#throttled")).to_be_hidden()


def test_what_is_lost_doubled_or_out_of_order_stands_out(open_page: Open) -> None:
    desk = open_page()
    desk.page.route(
        "**/proof", lambda route: route.fulfill(json=desk.proof() | {"out_of_order": 3, "customers_sent": 9})
    )
    desk.enter()
    expect(desk.count("out_of_order")).to_have_text("3")
    expect(desk.page.locator('#proof [data-count="out_of_order"]')).to_have_class("bad")
    expect(desk.page.locator('#proof [data-count="lost"]')).to_have_class("good")
    expect(desk.page.locator("#proof-spoken")).to_contain_text("Out of order: 3.")
