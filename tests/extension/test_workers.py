"""A made-up channel and a made-up desk go through the app, the edge and both workers, with each other and with ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chalicelib import http
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Seat
from sandbox.stage.files import png
from tests.extension.pigeon.simulator.vendor import Pigeon
from tests.extension.town import Town, entered
from tests.fakes import FakeTopic

PAIRS = [("pigeon", "counter"), ("pigeon", "genesys"), ("instagram", "counter"), ("tiktok", "counter")]


@pytest.fixture(autouse=True)
def _entered(monkeypatch: pytest.MonkeyPatch) -> None:
    entered(monkeypatch)


@pytest.fixture
def town() -> Iterator[Town]:
    """Pigeons come to the counter."""
    with Town({"pigeon": "counter"}) as made:
        yield made


def words(town: Town, session: int = 0) -> str:
    """All that the counter's agents read in a session, in one text: what is long comes in parts."""
    return "|".join(one["text"] for one in town.sessions[session].messages)


def letters(town: Town) -> list[dict[str, Any]]:
    return [one["body"] for one in town.pigeon.sent()]


# Messages


@pytest.mark.parametrize(("channel", "desk"), PAIRS)
def test_a_question_and_its_answer(channel: str, desk: str) -> None:
    with Town({channel: desk}) as town:
        town.say("Is the oolong back?", channel)
        played = town.desk(desk)
        [seen] = played.seen(town.rows[channel].integration)
        assert seen.text == "Is the oolong back?"
        assert seen.facts["source"] == f"{product_title(channel)}_DM"
        reply = played.reply(seen.conversation, "Since Monday.")
        town.told()
        vendor = town.channel(channel)
        said = [one for one in vendor.simulator.sent() if one["message_id"]]
        assert [vendor.text(one["body"]) for one in said if "typing" not in str(one["body"])] == ["Since Monday."]
        receipts = list(played.receipts(reply))
        assert receipts == (["Delivered"] if desk == "genesys" else [])
        assert town.metrics.total("sent") == 1


def product_title(channel: str) -> str:
    return {"pigeon": "Pigeon", "instagram": "Instagram", "tiktok": "TikTok"}[channel]


def test_a_talk_stays_in_its_session(town: Town) -> None:
    town.say("One")
    town.say("Two")
    assert words(town) == "One|Two"
    assert town.seat == Seat("counter", "session-1", town.sessions[0].key, 1)


@pytest.mark.parametrize("desk", ["counter", "genesys"])
def test_a_note_is_shown_where_the_talk_is_open(desk: str) -> None:
    with Town({"pigeon": desk}) as town:
        town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="coo", text="!")
        town.work()
        assert town.metrics.total("delivered") == 0
        town.say("Hello")
        town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="coo", text="!")
        town.work()
        assert town.metrics.total("delivered") == 2
        assert "!" in [*town.desk(desk).seen(town.rows["pigeon"].integration)][-1].text


def test_an_event_of_a_kind_that_is_new_is_left_out(town: Town) -> None:
    town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="moult")
    town.work()
    assert town.sessions == []
    assert town.metrics.total("ignored", reason="event_unknown") == 1


# Files


def test_a_customers_file_is_uploaded_to_the_counter(town: Town) -> None:
    town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="picture", picture=town.pigeon.media()["image"])
    town.work()
    [message] = town.sessions[0].messages
    assert town.counter.files[message["file"]][1:] == ("image/png", png())


def test_a_customers_file_is_linked_for_ours() -> None:
    with Town({}) as town:
        town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="picture", picture=town.pigeon.media()["image"])
        town.work()
        [call] = [one for one in town.desk("genesys").calls() if one["kind"] == "message"]
        assert call["body"]["content"][0]["attachment"]["mime"] == "image/png"


def test_a_file_that_the_counter_refuses_goes_as_a_link(town: Town) -> None:
    town.faults.add("counter", "status", status=413, path="/files", count=1)
    town.pigeon.tell(town.rows["pigeon"].id, Pigeon.customer, kind="picture", picture=town.pigeon.media()["image"])
    town.work()
    assert town.gateway.url in words(town).replace("|", "")
    assert town.metrics.total("media", outcome="linked") == 1


@pytest.mark.parametrize("channel", ["pigeon", "instagram", "tiktok"])
def test_an_agents_file_is_fetched_with_the_sessions_key(channel: str) -> None:
    with Town({channel: "counter"}) as town:
        town.say("Show me", channel)
        town.counter.reply("session-1", "There", file="mug")
        town.told()
        assert png() in town.shelf.kept.values()
        assert town.metrics.total("sent") == 2


# Taps


def test_a_tap_comes_back_as_the_answer_to_what_was_offered(town: Town) -> None:
    town.say("Which?")
    reply = town.counter.reply("session-1", "Green or black?", choices=("Green", "Black"))
    town.told()
    [letter] = town.pigeon.sent()
    town.pigeon.tap(town.rows["pigeon"].id, Pigeon.customer, letter["message_id"], "Black")
    town.work()
    assert town.sessions[0].messages[-1]["answers"] == {"message": reply, "choice": "Black"}


# Refusals


def test_what_the_pigeon_refuses_is_told_by_a_line_and_by_nothing_else(town: Town) -> None:
    town.say("Hello")
    town.faults.add("pigeon", "status", status=403, code=3, path="/letters", count=1)
    town.counter.reply("session-1", "Late")
    town.told()
    assert letters(town) == []
    assert "[Your reply was not delivered." in words(town).replace("|", "")
    assert [one.failed for one in town.desk("counter").replies()] == [True]
    assert town.metrics.total("receipt") == 0
    assert town.outbound.events == []


def test_what_the_counter_refuses_is_kept_for_its_return(town: Town) -> None:
    town.faults.add("counter", "status", status=422, path="/sessions", count=1)
    town.say("Hello")
    assert "Hello" not in words(town)
    assert words(town).endswith("administrators have been alarmed.]")
    [(event, reason)] = town.inbound.buried
    assert (b"Hello" in bytes(event.raw), reason) == (True, "other: the counter answers 422")


def test_a_forged_delivery_is_refused(town: Town) -> None:
    body, headers = town.channel("pigeon").forged(town.clock())
    request = http.Request(
        method="POST",
        headers={"content-type": "application/json"} | {name.lower(): value for name, value in headers.items()},
        query={},
        body=body,
    )
    assert town.runtime.edge.social(request).status == 401
    assert town.inbound.events == []


# The end of a talk


def test_after_the_end_the_next_message_opens_another_session(town: Town) -> None:
    town.say("One")
    town.counter.end("session-1")
    town.told()
    assert town.seat == Seat(generation=2)
    town.say("Two")
    assert (words(town, 0), words(town, 1)) == ("One", "Two")
    town.counter.reply("session-2", "Yes?")
    town.told()
    assert [one["words"] for one in letters(town)] == ["Yes?"]


def test_a_session_whose_end_is_not_told_yet_takes_nothing_more(town: Town) -> None:
    town.say("One")
    town.sessions[0].open = False
    town.say("Two")
    assert (words(town, 0), words(town, 1)) == ("One", "Two")


# Another seat


def test_there_and_back(town: Town) -> None:
    town.say("One")
    town.move("genesys")
    town.say("Two")
    town.move("counter")
    town.say("Three")
    assert [words(town, number) for number in range(len(town.sessions))] == ["One", "Three"]
    assert [one.text for one in town.desk("genesys").seen(town.rows["pigeon"].integration)] == ["Two"]
    assert town.seat.place == ("counter", "session-2")


@pytest.mark.parametrize(("first", "then"), [("counter", "genesys"), ("genesys", "counter")])
def test_a_message_under_way_is_shown_where_the_talk_was_taken(
    first: str, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Town({"pigeon": first}) as town:
        town.say("One")
        desk = type(town.runtime.desks[town.seat.desk or "genesys"])
        real = desk.deliver

        def beside(*given: Any) -> Seat:
            monkeypatch.setattr(desk, "deliver", real)
            after: Seat = real(*given)
            town.move(then)
            # somebody else's message opens it there meanwhile
            assert town.ledger.seat(town.conversation, town.seat, _elsewhere(town, then), town.clock())
            return after

        monkeypatch.setattr(desk, "deliver", beside)
        town.say("Two")
        integration = town.rows["pigeon"].integration
        assert "Two" in [one.text for one in town.desk(then).seen(integration)]
        assert town.seat.desk == ("counter" if then == "counter" else "")
        assert town.metrics.total("moved_meanwhile") == 1


def _elsewhere(town: Town, desk: str) -> Seat:
    """A talk that is open at that desk already."""
    before = town.seat
    if desk == "genesys":
        return before.moved("another-talk")
    opened = town.runtime.desks["counter"]
    hello = DeskMessage(id="h", customer=Pigeon.customer, sent_ms=0, text="Beside", nickname="", attributes={})
    seat = opened.deliver(town.rows["pigeon"], hello, Seat("counter"), town.clock())
    return before.moved(seat.conversation, "counter", seat.state)


# Retries, and deaths


@pytest.mark.parametrize(("status", "retry_after"), [(429, 2), (503, 2), (500, None), (502, None)])
def test_what_fails_at_the_counter_is_shown_once_in_the_end(town: Town, status: int, retry_after: int | None) -> None:
    town.faults.add("counter", "status", status=status, retry_after=retry_after, path="/sessions", count=2)
    town.say("Hello")
    assert [words(town, number) for number in range(len(town.sessions))] == ["Hello"]


def test_an_answer_that_never_comes_is_read_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town.runtime.http, "_read_s", 0.3)
    town.faults.add("counter", "timeout_after_accept", count=1)
    town.say("Hello")
    assert [words(town, number) for number in range(len(town.sessions))] == ["Hello"]
    assert town.metrics.total("found_at_desk") == 1


def test_a_letter_whose_number_never_comes_is_found_in_the_lofts_book(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.say("Hello")
    monkeypatch.setattr(town.runtime.http, "_read_s", 0.3)
    town.faults.add("pigeon", "timeout_after_accept", count=1)
    town.counter.reply("session-1", "Once")
    town.told()
    assert [one["words"] for one in letters(town)] == ["Once"]
    assert town.metrics.total("confirmed_by_history") == 1


class Killed(BaseException):
    """A worker dies."""


@pytest.mark.parametrize("first", [True, False], ids=["a new session", "an open one"])
def test_a_death_between_the_counters_answer_and_the_transaction(
    town: Town, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not first:
        town.say("Before")

    def dies(*given: Any) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(town.ledger, "delivered", dies)
        with pytest.raises(Killed):
            town.say("Hello")
    town.work()
    assert [words(town, number) for number in range(len(town.sessions))] == ["Hello" if first else "Before|Hello"]
    assert town.seat.conversation == "session-1"
    town.counter.reply("session-1", "Yes?")
    town.told()
    assert [one["words"] for one in letters(town)] == ["Yes?"]


# Upkeep


def test_at_a_desk_that_raises_nobody_supervisors_are_warned_and_no_more(town: Town) -> None:
    topic = FakeTopic()
    vars(town.runtime)["supervisors"] = topic
    account = msgspec.structs.replace(town.rows[town.conversation.channel], closing="raise")
    town.ledger.listed = [account]
    town.say("Hello")
    thread = town.ledger.thread(town.conversation)
    assert not town.runtime.desks[thread.seat.desk].capabilities.priorities
    town.windows.wrote(town.conversation, thread, town.clock())
    lasts_s = town.runtime.clients[account.channel].window(account).open_s
    assert lasts_s
    town.clock.offset_s += lasts_s - 1800
    town.runtime.upkeep.run()
    assert [labels["kind"] for _, _, labels in topic.told] == ["closing"]
    assert f"conversation {thread.seat.conversation}" in topic.told[0][1]
    assert town.metrics.total("window_raised") == 0


def test_a_lofts_key_is_renewed_without_the_secret_of_an_app(town: Town) -> None:
    account = town.rows["pigeon"]
    town.secrets.put(account.secret, {"access_token": f"token-{account.id}", "expires_at": town.clock() + 60})
    town.runtime.upkeep.run()
    assert town.secrets.read(account.secret)["access_token"] != f"token-{account.id}"
    assert town.metrics.total("token_renewed", channel="pigeon") == 1
    town.say("Hello")
    town.counter.reply("session-1", "Yes?")
    town.told()
    assert [one["words"] for one in letters(town)] == ["Yes?"]
