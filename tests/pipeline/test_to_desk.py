"""A customer's event on its way to the agents: every branch that decides whether it is posted, again or never."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import AlreadyThere, Malformed, Refused, Retryable, Uncertain
from chalicelib.messages import Conversation, CustomerEvent, CustomerMessage, Echo, Event, Ignored, Thread, digest
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.to_desk import DOUBT_S, ECHO_ATTEMPTS, ECHO_WAIT_S, LEASE_S, ToDesk, desk_message
from tests.fakes import (
    INSTAGRAM,
    PAGE,
    START,
    TIKTOK,
    FakeClock,
    FakeDesk,
    FakeLedger,
    FakeMetrics,
    FakeQueue,
    FakeShelf,
)

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SAID = CustomerMessage(id="message:mid-1", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="Is it back?")
ITEM = "IN#message:mid-1"
MESSAGE = desk_message(INSTAGRAM, SAID)
EVENT = Event(
    source="instagram",
    account=INSTAGRAM.id,
    party="55501",
    id="message:mid-1",
    received_ms=int(START) * 1000,
    section="messaging",
    raw=msgspec.Raw(b'{"any": "thing"}'),
)


class Says:
    """A translator that reads whatever it is told to; keeps what it was given."""

    def __init__(self, *happened: CustomerEvent) -> None:
        self.happened = list(happened)
        self.error: Malformed | None = None
        self.given: list[Event] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        self.given.append(event)
        if self.error:
            raise self.error
        return self.happened


class Kit:
    def __init__(self, *happened: CustomerEvent) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.queue = FakeQueue()
        self.shelf = FakeShelf()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.says = Says(*happened)
        self.work = ToDesk(
            translators={"instagram": self.says, "tiktok": self.says},
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock),
            ledger=self.ledger,
            queue=self.queue,
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def handle(self, event: Event = EVENT, attempt: int = 1) -> None:
        self.work.handle(event, attempt)

    def later(self, event: Event = EVENT, attempt: int = 1) -> Retryable:
        """Handles an event that has to come again."""
        with pytest.raises(Retryable) as caught:
            self.handle(event, attempt)
        return caught.value

    @property
    def posted(self) -> int:
        return len(self.desk.delivered)


# A message


def test_a_fresh_message_is_posted_once_and_remembered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, platform_thread="thread-1"))
    kit.handle()
    assert kit.desk.delivered == [MESSAGE]
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    expected = Thread(desk="desk-conversation", platform="thread-1", customer_ms=SAID.sent_ms)
    assert kit.ledger.thread(CONVERSATION) == expected
    assert kit.metrics.totals() == {"delivered": 1}


def test_the_desk_message_carries_what_the_agent_needs() -> None:
    said = CustomerMessage(
        id="im_receive_msg:m",
        conversation=Conversation("tiktok", TIKTOK.id, "+c/1=="),
        sent_ms=1_799_999_999_007,
        text="hi",
        username="tea_lover",
        profile_url="https://www.tiktok.com/@tea_lover",
    )
    message = desk_message(TIKTOK, said)
    assert msgspec.to_builtins(message) == {
        "id": message.id,
        "customer": "+c/1==",
        "sent_ms": 1_799_999_999_007,
        "text": "hi",
        "nickname": "tea_lover",
        "attributes": {
            "source": "TikTok_DM",
            "accountId": "-000TeaShop",
            "sentAt": "2027-01-15T07:59:59.007Z",
            "profileUrl": "https://www.tiktok.com/@tea_lover",
            "username": "tea_lover",
        },
    }
    assert len(message.id) == 40
    assert MESSAGE.attributes["source"] == "Instagram_DM"


def test_the_message_id_is_the_same_on_every_try_and_differs_between_messages() -> None:
    assert desk_message(INSTAGRAM, SAID).id == MESSAGE.id
    others = [
        desk_message(INSTAGRAM, msgspec.structs.replace(SAID, id="message:mid-2")),
        desk_message(PAGE, SAID),
        desk_message(TIKTOK, SAID),
    ]
    assert len({MESSAGE.id, *(one.id for one in others)}) == 4


@pytest.mark.parametrize("end", ["done", "refused"])
def test_a_message_that_has_ended_is_a_duplicate(end: str) -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.ledger.claims[(CONVERSATION.key, ITEM)].state = end
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.totals() == {"duplicate": 1}


def test_the_same_event_three_times_is_posted_once() -> None:
    kit = Kit(SAID)
    for attempt in (1, 2, 3):
        kit.handle(attempt=attempt)
        kit.clock.advance(3600)
    assert kit.posted == 1
    assert kit.metrics.totals() == {"delivered": 1, "duplicate": 2}


def test_a_message_that_another_worker_holds_waits_for_the_end_of_its_lease() -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.clock.advance(30)
    assert kit.later().after_s == LEASE_S - 30
    kit.clock.advance(60)
    assert kit.later().after_s == 1.0
    assert kit.posted == 0


def test_a_known_not_done_call_is_released_and_posted_at_the_next_try() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Retryable("rate limit", 17)]
    assert kit.later().after_s == 17
    assert kit.ledger.state(CONVERSATION, ITEM) == ""
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_uncertain_post_is_read_back_and_not_sent_again_where_it_is_found() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    assert kit.later().after_s == DOUBT_S
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE.id: "desk-9"}
    kit.clock.advance(DOUBT_S)
    kit.handle(attempt=2)
    assert kit.posted == 1
    assert kit.desk.looked_for == [(MESSAGE.id, "", START)]
    assert kit.ledger.thread(CONVERSATION).desk == "desk-9"
    assert kit.metrics.totals() == {"uncertain": 1, "found_at_desk": 1, "delivered": 1}


def test_an_uncertain_post_that_is_not_found_is_sent_again_and_counted() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.desk.delivered[0] == kit.desk.delivered[1]
    assert kit.metrics.totals() == {"uncertain": 1, "sent_again": 1, "delivered": 1}


def test_a_doubt_stays_while_reading_back_fails() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.desk.find_error = Retryable("reading back: HTTP 500", 3)
    for attempt in (2, 3):
        assert kit.later(attempt=attempt).after_s == 3
        assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    assert kit.posted == 1


def test_a_doubt_is_not_forgotten_by_a_second_try_that_did_not_happen() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer"), Retryable("rate limit")]
    kit.later()
    kit.later(attempt=2)
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE.id: "desk-9"}
    kit.handle(attempt=3)
    assert kit.posted == 2
    assert kit.metrics.total("found_at_desk") == 1


@pytest.mark.parametrize("held", [True, False])
def test_a_worker_that_died_over_a_message_leaves_it_to_be_read_back(held: bool) -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.ledger.threads[CONVERSATION.key] = Thread(desk="desk-1")
    kit.desk.holds = {MESSAGE.id: "desk-1"} if held else {}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(attempt=2)
    assert kit.desk.looked_for == [(MESSAGE.id, "desk-1", START)]
    assert kit.posted == (0 if held else 1)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_retry_after_a_dead_worker_does_not_wait_for_another_lease() -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.clock.advance(LEASE_S + 1)
    kit.desk.answers = [Retryable("HTTP 429", 3)]
    assert kit.later(attempt=2).after_s == 3
    kit.handle(attempt=3)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_conflict_over_a_message_that_the_desk_holds_is_delivered() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409")]
    kit.desk.holds = {MESSAGE.id: "desk-3"}
    kit.handle()
    assert kit.posted == 1
    assert kit.ledger.thread(CONVERSATION).desk == "desk-3"
    assert kit.metrics.totals() == {"delivered": 1}


def test_a_conflict_over_an_unknown_message_is_tried_once_more_then_taken_as_delivered() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409"), AlreadyThere("HTTP 409")]
    assert kit.later().after_s == DOUBT_S
    kit.handle(attempt=2)
    assert kit.posted == 2
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    assert kit.metrics.total("conflict_taken_as_delivered") == 1


def test_a_passing_conflict_is_delivered_at_the_second_try() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409"), "desk-5"]
    kit.later()
    kit.handle(attempt=2)
    assert kit.ledger.thread(CONVERSATION).desk == "desk-5"
    assert kit.metrics.total("conflict_taken_as_delivered") == 0


def test_a_refused_message_is_buried_and_a_replay_is_no_duplicate() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("GeneralError", "HTTP 400 bad.request")]
    kit.handle()
    assert kit.queue.buried == [(EVENT, "GeneralError: HTTP 400 bad.request")]
    assert kit.ledger.state(CONVERSATION, ITEM) == ""
    assert kit.metrics.totals() == {"dead_letter": 1}
    kit.handle()
    assert kit.posted == 2
    assert kit.metrics.total("delivered") == 1


def test_a_refused_message_that_cannot_be_buried_is_kept() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("GeneralError", "HTTP 400")]
    kit.queue.refuses = True
    kit.later()
    assert kit.metrics.total("dead_letter") == 0


def test_a_ledger_that_is_down_means_later_and_nothing_is_posted() -> None:
    kit = Kit(SAID)
    kit.ledger.down = True
    kit.later()
    assert kit.posted == 0


def test_a_post_whose_end_could_not_be_written_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(SAID)

    def down(*_: object) -> None:
        raise Retryable("table busy")

    with monkeypatch.context() as patch:
        patch.setattr(kit.ledger, "delivered", down)
        kit.later()
    kit.desk.holds = {MESSAGE.id: "desk-conversation"}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(attempt=2)
    assert kit.posted == 1
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_event_of_several_messages_goes_on_where_it_stopped() -> None:
    second = msgspec.structs.replace(SAID, id="message:mid-2", text="And the white one?")
    kit = Kit(SAID, second)
    kit.desk.answers = ["desk-1", Retryable("rate limit")]
    kit.later()
    kit.handle(attempt=2)
    assert [one.text for one in kit.desk.delivered] == [SAID.text, second.text, second.text]


# What is not posted


def test_an_ignored_event_is_counted_with_its_reason() -> None:
    kit = Kit(Ignored("instagram_read"))
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "instagram_read"})]
    assert kit.posted == 0
    assert kit.ledger.reads == 0


def test_an_event_of_an_unknown_account_is_parked_whole() -> None:
    kit = Kit(SAID)
    stranger = msgspec.structs.replace(EVENT, account="999")
    kit.handle(stranger)
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unknown_account/instagram/2027-01-15/{stranger.dedup}"
    assert msgspec.json.decode(body, type=Event) == stranger
    assert kit.metrics.lines == [("parked", 1, {"reason": "unknown_account"})]
    assert kit.posted == 0


@pytest.mark.parametrize("identifier", [TIKTOK.id, PAGE.page])
def test_an_account_is_not_found_by_the_id_of_another_thing(identifier: str) -> None:
    kit = Kit(SAID)
    kit.handle(msgspec.structs.replace(EVENT, account=identifier))
    assert kit.metrics.total("parked", reason="unknown_account") == 1


def test_an_unreadable_event_is_parked_whole() -> None:
    kit = Kit()
    kit.says.error = Malformed("Instagram event: ValidationError")
    kit.handle()
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unreadable/instagram/2027-01-15/{EVENT.dedup}"
    assert msgspec.json.decode(body, type=Event) == EVENT
    assert kit.metrics.lines == [("parked", 1, {"reason": "unreadable"})]


def test_an_event_that_waits_in_the_bucket_is_fetched_and_parked_with_its_bytes() -> None:
    kit = Kit()
    kit.shelf.kept["aside/instagram/x"] = b'{"big": 1}'
    light = msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/instagram/x")
    kit.handle(light)
    assert bytes(kit.says.given[0].raw) == b'{"big": 1}'
    kit.says.error = Malformed("unreadable")
    kit.handle(light)
    parked: Any = msgspec.json.decode(kit.shelf.kept[f"parked/unreadable/instagram/2027-01-15/{light.dedup}"])
    assert parked["raw"] == {"big": 1}


# Echoes

ECHO = Echo(id="mid-9", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="It is, since Monday.")


def under_way(kit: Kit, text: str, item: str = "OUT#m#1", state: str = "leased") -> None:
    """A send that has begun and not ended."""
    kit.ledger.claim(CONVERSATION, item, kit.clock(), LEASE_S, digest(text))
    kit.ledger.claims[(CONVERSATION.key, item)].state = state


def test_our_own_echo_is_known_by_its_id() -> None:
    kit = Kit(ECHO)
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


@pytest.mark.parametrize("state", ["leased", "doubt"])
def test_an_echo_that_overtakes_its_send_ends_it(state: str) -> None:
    kit = Kit(ECHO)
    under_way(kit, ECHO.text, state=state)
    kit.handle()
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "done"
    assert kit.ledger.claims[(CONVERSATION.key, "OUT#m#1")].result == ECHO.id
    assert kit.ledger.is_ours(CONVERSATION, ECHO.id)
    assert kit.metrics.totals() == {"ignored": 1, "confirmed_by_echo": 1}


def test_two_sends_of_the_same_text_are_told_apart_by_two_echoes() -> None:
    kit = Kit(ECHO)
    under_way(kit, ECHO.text)
    under_way(kit, ECHO.text, "OUT#n#1")
    kit.handle()
    kit.handle()  # the same echo again
    assert sorted(work.state for work in kit.ledger.claims.values()) == ["done", "leased"]
    kit.says.happened = [msgspec.structs.replace(ECHO, id="mid-10")]
    kit.handle()
    assert [work.state for work in kit.ledger.claims.values()] == ["done", "done"]


def test_an_echo_of_another_text_waits_for_the_send_then_is_from_elsewhere() -> None:
    kit = Kit(ECHO)
    under_way(kit, "something else")
    for attempt in range(1, ECHO_ATTEMPTS):
        assert kit.later(attempt=attempt).after_s == ECHO_WAIT_S
    kit.handle(attempt=ECHO_ATTEMPTS)
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_elsewhere"})]
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "leased"


def test_an_echo_whose_send_ends_meanwhile_is_ours() -> None:
    kit = Kit(ECHO)
    under_way(kit, "the platform trimmed this text")
    kit.later()
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
    kit.handle(attempt=2)
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


def test_an_echo_whose_send_ends_between_the_two_looks_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(ECHO)

    def ended_just_now(*_: object) -> dict[str, str]:
        kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
        return {}

    monkeypatch.setattr(kit.ledger, "in_flight", ended_just_now)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


def test_an_echo_while_nothing_is_under_way_is_from_elsewhere() -> None:
    kit = Kit(ECHO)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_elsewhere"})]
    assert kit.posted == 0
    assert kit.ledger.claims == {}


def test_an_echo_does_not_end_a_send_of_another_conversation() -> None:
    kit = Kit(ECHO)
    other = Conversation("instagram", INSTAGRAM.id, "55502")
    kit.ledger.claim(other, "OUT#m#1", START, LEASE_S, digest(ECHO.text))
    kit.handle()
    assert kit.ledger.state(other, "OUT#m#1") == "leased"
    assert kit.metrics.total("ignored", reason="echo_elsewhere") == 1
