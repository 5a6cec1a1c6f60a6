"""A customer's event on its way to the agents: every branch that decides whether it is posted, again or never."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import (
    AlreadyThere,
    Malformed,
    Misconfigured,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
    Waiting,
)
from chalicelib.pipeline import delivering
from chalicelib.pipeline.inbound.echoes import ECHO_WAIT_S
from chalicelib.pipeline.outbound import finding_out
from chalicelib.pipeline.presenting import desk_id
from chalicelib.rules.budgets import BUDGETS
from chalicelib.rules.catalogue import say
from chalicelib.rules.echoes import mark_of
from chalicelib.rules.planning import offer_key, token
from chalicelib.rules.scanning import Policy
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    Echo,
    Ignored,
    Led,
    Line,
    Media,
    Mention,
    Mentioned,
    Note,
    Tap,
    Trouble,
    Unseen,
)
from chalicelib.vocabulary.records import Conversation, Event, Flight, Parked, Profile, Seat, Thread
from chalicelib.wire import digest
from tests.fakes import (
    INSTAGRAM,
    PAGE,
    START,
    TIKTOK,
    FakeClient,
    FakeDesk,
    FakeFetch,
    FakeSecrets,
    turn,
)
from tests.kits import Bench

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SAID = CustomerMessage(id="message:mid-1", conversation=CONVERSATION, sent_ms=int(START) * 1000, text="Is it back?")
ITEM = "IN#message:mid-1"
MESSAGE_ID = desk_id(INSTAGRAM, SAID.id)
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
        self.error: Exception | None = None
        self.given: list[Event] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        self.given.append(event)
        if self.error:
            raise self.error
        return self.happened


class Kit:
    def __init__(self, *happened: CustomerEvent, scan: Policy | None = None) -> None:
        self.desk = FakeDesk()
        self.says = Says(*happened)
        self.client = FakeClient()
        self.secrets = FakeSecrets()
        bench = Bench({"instagram": self.client, "tiktok": self.client}, self.desk, self.secrets, scan=scan)
        self.clock, self.metrics, self.ledger = bench.clock, bench.metrics, bench.ledger
        self.shelf, self.fetch, self.queue = bench.shelf, bench.fetch, bench.inbound
        self.work = bench.to_desk({"instagram": self.says, "tiktok": self.says})
        self.life = "life-1"

    def handle(self, event: Event = EVENT, *, again: bool = False) -> None:
        self.work.handle(event, turn(self.life, received=2 if again else 1))

    def later(self, event: Event = EVENT) -> Retryable:
        """Handles an event that has to come again."""
        with pytest.raises(Retryable) as caught:
            self.handle(event)
        return caught.value

    def until(self, what: str, event: Event = EVENT) -> int:
        """Handles an event until the budget is used up; answers how often it had to come again."""
        tries = 0
        while True:
            try:
                self.handle(event)
            except Retryable:
                tries += 1
                assert tries < 100
                self.clock.advance(max(1.0, BUDGETS[what].for_s / 7))
            else:
                return tries

    @property
    def posted(self) -> int:
        return len(self.desk.delivered)


# A message


def test_a_fresh_message_is_posted_once_and_remembered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, platform_thread="thread-1"))
    kit.handle()
    assert [(one.id, one.text) for one in kit.desk.delivered] == [(MESSAGE_ID, "Is it back?")]
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    expected = Thread(seat=Seat(conversation="desk-conversation"), platform="thread-1", customer_ms=SAID.sent_ms)
    assert kit.ledger.thread(CONVERSATION) == expected
    assert kit.metrics.totals() == {"delivered": 1}


def test_the_desk_message_carries_what_the_agent_needs() -> None:
    said = CustomerMessage(
        id="im_receive_msg:m",
        conversation=Conversation("tiktok", TIKTOK.id, "+c/1=="),
        sent_ms=int(START) * 1000 + 7,
        text="hi",
        username="tea_lover",
        profile_url="https://www.tiktok.com/@tea_lover",
    )
    kit = Kit(said)
    kit.handle(msgspec.structs.replace(EVENT, source="tiktok", account=TIKTOK.id))
    [message] = kit.desk.delivered
    assert (message.customer, message.sent_ms, message.text) == ("+c/1==", said.sent_ms, "hi")
    assert message.nickname == "tea_lover"
    assert message.attributes == {
        "source": "TikTok_DM",
        "channel": "tiktok",
        "accountId": "-000TeaShop",
        "username": "tea_lover",
        "profileUrl": "https://www.tiktok.com/@tea_lover",
        "sentAt": "2027-01-15T08:00:00.007Z",
        "windowExpiresAt": "2027-01-16T08:00:00.007Z",
        "windowState": "open",
        "language": "en",
    }
    assert len(message.id) == 40


def test_the_message_id_is_the_same_on_every_try_and_differs_between_messages() -> None:
    assert desk_id(INSTAGRAM, SAID.id) == MESSAGE_ID
    others = [desk_id(INSTAGRAM, "message:mid-2"), desk_id(PAGE, SAID.id), desk_id(TIKTOK, SAID.id)]
    assert len({MESSAGE_ID, *others}) == 4


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
    for again in (False, True, True):
        kit.handle(again=again)
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
    kit.handle(again=True)
    assert kit.posted == 2
    assert kit.desk.looked_for == []
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_uncertain_post_is_read_back_and_not_sent_again_where_it_is_found() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    assert kit.later().after_s == delivering.DOUBT_S
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE_ID: "desk-9"}
    kit.clock.advance(delivering.DOUBT_S)
    kit.handle(again=True)
    assert kit.posted == 1
    assert kit.desk.looked_for == [(MESSAGE_ID, "", START)]
    assert kit.ledger.thread(CONVERSATION).seat.conversation == "desk-9"
    assert kit.metrics.totals() == {"uncertain": 1, "found_at_desk": 1, "delivered": 1}


def test_an_uncertain_first_post_is_sent_again_once_the_desks_search_must_show_it() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    looks = 0
    while kit.clock() - START < kit.desk.lag_s:
        assert isinstance(kit.later(), Waiting)
        looks += 1
        kit.clock.advance(kit.desk.lag_s / 8)
    kit.handle(again=True)
    assert looks == len(kit.desk.looked_for) - 1
    assert kit.posted == 2
    assert kit.metrics.total("sent_again") == 1


@pytest.mark.parametrize("share", [0.0, 0.04, 0.2, 0.5, 0.9])
def test_a_first_message_that_the_search_shows_late_is_not_sent_again(share: float) -> None:
    lag_s = share * FakeDesk.lag_s
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    delay: float | None = kit.later().after_s
    for _ in range(30):
        kit.clock.advance(delay or 1.0)
        kit.desk.holds = {MESSAGE_ID: "desk-9"} if kit.clock() - START >= lag_s else {}
        try:
            kit.handle(again=True)
        except Retryable as later:
            delay = later.after_s
        else:
            break
    assert kit.posted == 1
    assert kit.metrics.total("found_at_desk") == 1


def test_each_unknown_outcome_begins_the_search_anew() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer"), Uncertain("no answer")]
    kit.later()
    kit.clock.advance(kit.desk.lag_s)
    kit.later()  # sent again, and again without an answer
    kit.clock.advance(kit.desk.lag_s - 1)
    assert isinstance(kit.later(), Waiting)
    assert kit.posted == 2


def test_an_uncertain_post_that_an_open_conversation_does_not_hold_is_sent_again_and_counted() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.handle(again=True)
    assert kit.posted == 2
    assert kit.desk.delivered[0] == kit.desk.delivered[1]
    assert kit.metrics.totals() == {"uncertain": 1, "sent_again": 1, "delivered": 1}


def test_a_doubt_stays_while_reading_back_fails() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer")]
    kit.later()
    kit.desk.find_error = Retryable("reading back: HTTP 500", 3)
    for _ in range(2):
        assert kit.later().after_s == 3
        assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    assert kit.posted == 1


def test_a_doubt_is_not_forgotten_by_a_second_try_that_did_not_happen() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Uncertain("no answer"), Retryable("rate limit")]
    kit.later()
    kit.clock.advance(kit.desk.lag_s)
    kit.later()
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.desk.holds = {MESSAGE_ID: "desk-9"}
    kit.handle(again=True)
    assert kit.posted == 2
    assert kit.metrics.total("found_at_desk") == 1


@pytest.mark.parametrize("held", [True, False])
def test_a_worker_that_died_over_a_message_leaves_it_to_be_read_back(held: bool) -> None:
    kit = Kit(SAID)
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.holds = {MESSAGE_ID: "desk-1"} if held else {}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(again=True)
    assert kit.desk.looked_for == [(MESSAGE_ID, "desk-1", START)]
    assert kit.posted == (0 if held else 1)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_retry_after_a_dead_worker_does_not_wait_for_another_lease() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.ledger.claim(CONVERSATION, ITEM, START, LEASE_S)
    kit.clock.advance(LEASE_S + 1)
    kit.desk.answers = [Retryable("HTTP 429", 3)]
    assert kit.later().after_s == 3
    kit.handle(again=True)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_a_conflict_over_a_message_that_the_desk_holds_is_delivered() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [AlreadyThere("HTTP 409")]
    kit.desk.holds = {MESSAGE_ID: "desk-3"}
    kit.handle()
    assert kit.posted == 1
    assert kit.ledger.thread(CONVERSATION).seat.conversation == "desk-3"
    assert kit.metrics.totals() == {"delivered": 1}


def test_a_conflict_over_an_unknown_message_is_tried_once_more_then_taken_as_delivered() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.answers = [AlreadyThere("HTTP 409"), AlreadyThere("HTTP 409")]
    assert kit.later().after_s == delivering.DOUBT_S
    kit.handle(again=True)
    assert kit.posted == 2
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"
    assert kit.metrics.total("conflict_taken_as_delivered") == 1


def test_a_passing_conflict_is_delivered_at_the_second_try() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.answers = [AlreadyThere("HTTP 409"), "desk-5"]
    kit.later()
    kit.handle(again=True)
    assert kit.ledger.thread(CONVERSATION).seat.conversation == "desk-5"
    assert kit.metrics.total("conflict_taken_as_delivered") == 0


def test_a_refused_message_is_buried_the_agents_read_that_it_is_missing_and_later_that_it_is_late() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("other", "HTTP 400 bad.request")]
    kit.handle()
    assert kit.queue.buried == [(EVENT, "other: HTTP 400 bad.request")]
    assert kit.ledger.state(CONVERSATION, ITEM) == "buried"
    assert kit.metrics.total("dead_letter") == 1
    assert kit.desk.delivered[1].text.startswith("[A message of the customer's could not be shown here.")
    kit.life = "the replay"
    kit.handle()
    assert kit.desk.delivered[2].text == "[This message comes late:]\nIs it back?"
    assert kit.desk.delivered[2].id == MESSAGE_ID
    kit.handle()
    assert kit.posted == 3
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


@pytest.mark.parametrize(("behind_s", "text"), [(60, "[This message comes late:]\nIs it back?"), (-60, "Is it back?")])
def test_what_was_parked_is_told_to_be_late_where_agents_have_read_what_was_written_behind_it(
    behind_s: int, text: str
) -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(customer_ms=SAID.sent_ms + behind_s * 1000)
    kit.handle(msgspec.structs.replace(EVENT, order="7"))
    assert [one.text for one in kit.desk.delivered] == [text]


def test_what_waited_on_the_queue_is_not_told_to_be_late() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(customer_ms=SAID.sent_ms + 1)
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["Is it back?"]


def test_a_replay_while_the_cause_holds_is_buried_again_and_told_once() -> None:
    kit = Kit(SAID)
    for life in ("first", "second", "third"):
        kit.life = life
        kit.desk.answers = [Refused("other", "HTTP 400")]
        kit.handle()
        kit.clock.advance(10)
    assert [event for event, _ in kit.queue.buried] == [EVENT] * 3
    assert sum(one.text.startswith("[A message") for one in kit.desk.delivered) == 1


def test_the_missing_line_that_is_refused_too_stops_nothing() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("other", "HTTP 400"), Refused("other", "HTTP 400")]
    kit.handle()
    assert len(kit.queue.buried) == 1


@pytest.mark.parametrize("error", [KeyError("surprise"), RecursionError(), ValueError("odd")])
def test_an_unforeseen_error_before_the_post_gives_the_message_back(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = Kit(PICTURE)
    kit.fetch.answers = [error]
    with pytest.raises(type(error)):
        kit.handle()
    assert kit.ledger.state(CONVERSATION, ITEM) == ""
    kit.handle()
    assert kit.posted == 1


def test_an_unforeseen_error_of_the_post_is_an_unknown_outcome() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.answers = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        kit.handle()
    assert kit.ledger.state(CONVERSATION, ITEM) == "doubt"
    kit.handle()
    assert len(kit.desk.looked_for) == 1
    assert kit.posted == 2


def test_what_is_given_up_is_buried_as_it_came_and_told() -> None:
    kit = Kit(SAID, msgspec.structs.replace(SAID, id="message:mid-2"))
    kit.shelf.kept["aside/instagram/x"] = b'{"big": 1}'
    light = msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/instagram/x")
    kit.ledger.delivered(
        CONVERSATION, ITEM, START, Thread(seat=Seat(conversation="desk-1"))
    )  # the first of the two was shown
    kit.work.give_up(light, turn(), "KeyError at somewhere:1")
    assert kit.queue.buried == [(light, "KeyError at somewhere:1")]
    assert [one.text[:10] for one in kit.desk.delivered] == ["[A message"]
    assert kit.ledger.state(CONVERSATION, "IN#message:mid-2") == "buried"


@pytest.mark.parametrize("error", [Malformed("odd"), KeyError("surprise")])
def test_what_cannot_even_be_read_is_buried_all_the_same(error: Exception) -> None:
    kit = Kit()
    kit.says.error = error
    kit.work.give_up(EVENT, turn(), "reason")
    assert kit.queue.buried == [(EVENT, "reason")]


def test_a_message_over_which_workers_die_is_buried_in_the_end() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))

    class Killed(BaseException): ...

    deaths = 0
    while not kit.queue.buried:
        kit.desk.answers = [Killed()] if deaths < BUDGETS["died"].tries else []
        try:
            kit.handle()
        except Killed:
            deaths += 1
            assert deaths < 20
            kit.clock.advance(LEASE_S + 1)
    assert deaths >= BUDGETS["died"].tries


def test_whoever_dies_while_burying_a_message_that_workers_died_over_has_it_buried_and_not_shown_again() -> None:
    kit = Kit(SAID)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))

    class Killed(BaseException): ...

    kit.queue.refuses = True
    for _ in range(BUDGETS["died"].tries):
        kit.desk.answers = [Killed()]  # it was posted, and nobody knows
        with pytest.raises(Killed):
            kit.handle()
        kit.clock.advance(LEASE_S + 1)
    tried = kit.posted
    kit.later()  # its place is taken by a line, and the queue does not take the letter
    kit.queue.refuses = False
    kit.handle()
    shown = [message.text for message in kit.desk.delivered[tried:]]
    assert len(shown) == 1
    assert "could not be shown" in shown[0]
    assert len(kit.queue.buried) == 1


def test_a_refused_message_that_cannot_be_buried_is_kept() -> None:
    kit = Kit(SAID)
    kit.desk.answers = [Refused("other", "HTTP 400")]
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
    kit.desk.holds = {MESSAGE_ID: "desk-conversation"}
    kit.clock.advance(LEASE_S + 1)
    kit.handle(again=True)
    assert kit.posted == 1
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


def test_an_event_of_several_messages_goes_on_where_it_stopped() -> None:
    second = msgspec.structs.replace(SAID, id="message:mid-2", text="And the white one?")
    kit = Kit(SAID, second)
    kit.desk.answers = ["desk-1", Retryable("rate limit")]
    kit.later()
    kit.handle(again=True)
    assert [one.text for one in kit.desk.delivered] == [SAID.text, second.text, second.text]


# What is not posted


def test_an_ignored_event_is_counted_with_its_reason() -> None:
    kit = Kit(Ignored("instagram_read"))
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "instagram_read"})]
    assert kit.posted == 0
    assert kit.ledger.reads == 0


def parked(kit: Kit) -> Parked:
    [body] = [body for key, body in kit.shelf.kept.items() if key.startswith("parked/")]
    return msgspec.json.decode(body, type=Parked)


def test_an_event_of_an_unknown_account_waits_for_minutes_then_is_parked_whole() -> None:
    kit = Kit(SAID)
    stranger = msgspec.structs.replace(EVENT, account="999")
    assert kit.until("account", stranger) > 3
    assert kit.clock() - START >= BUDGETS["account"].for_s
    [key] = kit.shelf.kept
    assert key.startswith("parked/unknown_account/instagram/2027-01-15/1800000000000-00000000000000000001-")
    assert (parked(kit).event, parked(kit).reason, parked(kit).order) == (stranger, "unknown_account", "1")
    assert parked(kit).queue == "inbound"
    assert kit.metrics.total("parked", reason="unknown_account") == 1
    assert kit.posted == 0


@pytest.mark.parametrize("after_s", [0.5, 30.0, 110.0])
def test_an_account_that_is_added_a_little_later_gets_what_came_before_it(after_s: float) -> None:
    kit = Kit(SAID)
    listed, kit.ledger.listed = kit.ledger.listed, []
    kit.later()
    kit.clock.advance(after_s)
    kit.ledger.listed = listed
    kit.clock.advance(61)
    kit.handle()
    assert kit.posted == 1
    assert kit.shelf.kept == {}


@pytest.mark.parametrize("identifier", [TIKTOK.id, PAGE.options["page"]])
def test_an_account_is_not_found_by_the_id_of_another_thing(identifier: str) -> None:
    kit = Kit(SAID)
    kit.until("account", msgspec.structs.replace(EVENT, account=identifier))
    assert kit.metrics.total("parked", reason="unknown_account") == 1


def test_an_unreadable_event_is_parked_whole() -> None:
    kit = Kit()
    kit.says.error = Malformed("Instagram event: ValidationError")
    kit.handle()
    assert parked(kit).event == EVENT
    assert kit.metrics.lines == [("parked", 1, {"reason": "unreadable"})]


def test_an_event_that_waits_in_the_bucket_is_fetched_and_parked_with_its_bytes() -> None:
    kit = Kit()
    kit.shelf.kept["aside/instagram/x"] = b'{"big": 1}'
    light = msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/instagram/x")
    kit.handle(light)
    assert bytes(kit.says.given[0].raw) == b'{"big": 1}'
    kit.says.error = Malformed("unreadable")
    kit.handle(light)
    event = parked(kit).event
    assert event is not None
    assert (bytes(event.raw), event.aside) == (b'{"big": 1}', "")


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
    assert kit.later().after_s == ECHO_WAIT_S
    assert kit.until("echo") > 1
    assert kit.metrics.total("echo_elsewhere") == 1
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "leased"


def test_an_echo_whose_send_ends_meanwhile_is_ours() -> None:
    kit = Kit(ECHO)
    under_way(kit, "the platform trimmed this text")
    kit.later()
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
    kit.handle(again=True)
    assert kit.metrics.totals() == {"ignored": 1}


def test_the_echo_of_a_file_waits_until_its_sends_outcome_is_found_out() -> None:
    kit = Kit(msgspec.structs.replace(ECHO, text=""))
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    under_way(kit, "", state="doubt")
    kit.ledger.claims[(CONVERSATION.key, "OUT#m#1")].text = ""
    kit.later()
    kit.clock.advance(finding_out.ECHO_WAIT_S + finding_out.HISTORY_S)  # the last time that the history is asked
    kit.later()
    kit.ledger.sent(CONVERSATION, "OUT#m#1", kit.clock(), ECHO.id)
    kit.handle(again=True)
    assert kit.posted == 0
    assert kit.metrics.total("ignored", reason="echo_own") == 1


def test_an_echo_whose_send_ends_between_the_two_looks_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(ECHO)

    def ended_just_now(*_: object) -> dict[str, Flight]:
        kit.ledger.sent(CONVERSATION, "OUT#m#1", START, ECHO.id)
        return {}

    monkeypatch.setattr(kit.ledger, "in_flight", ended_just_now)
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "echo_own"})]


def test_an_echo_while_nothing_is_under_way_is_from_elsewhere() -> None:
    kit = Kit(ECHO)
    kit.handle()
    assert kit.metrics.totals() == {"echo_elsewhere": 1, "ignored": 1}
    assert kit.metrics.total("ignored", reason="echo_no_open_conversation") == 1
    assert kit.posted == 0
    assert kit.ledger.claims == {}


def test_an_echo_does_not_end_a_send_of_another_conversation() -> None:
    kit = Kit(ECHO)
    other = Conversation("instagram", INSTAGRAM.id, "55502")
    kit.ledger.claim(other, "OUT#m#1", START, LEASE_S, digest(ECHO.text))
    kit.handle()
    assert kit.ledger.state(other, "OUT#m#1") == "leased"
    assert kit.metrics.total("echo_elsewhere") == 1


def test_an_echo_from_elsewhere_is_shown_in_an_open_conversation_once() -> None:
    kit = Kit(msgspec.structs.replace(ECHO, lines=(Line("echo_app", {"platform": "Instagram"}),)))
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.handle()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == [
        "[Sent from the Instagram app, not from here:]\nIt is, since Monday."
    ]
    assert kit.ledger.thread(CONVERSATION).customer_ms == 0


def test_an_echo_with_our_mark_is_of_that_part_whatever_it_holds() -> None:
    marked = msgspec.structs.replace(ECHO, text="trimmed by the platform", mark=mark_of(CONVERSATION, "OUT#n#2"))
    kit = Kit(marked)
    under_way(kit, marked.text)
    under_way(kit, "another text", "OUT#n#2")
    kit.handle()
    assert [kit.ledger.state(CONVERSATION, item) for item in ("OUT#m#1", "OUT#n#2")] == ["leased", "done"]


@pytest.mark.parametrize("mark", ["", "of another tool", "0" * 32])
def test_a_colleagues_picture_confirms_no_send_of_ours(mark: str) -> None:
    kit = Kit(msgspec.structs.replace(ECHO, text="", mark=mark))
    under_way(kit, "", state="doubt")
    kit.ledger.claims[(CONVERSATION.key, "OUT#m#1")].text = ""
    kit.until("echo")
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "doubt"
    assert kit.metrics.total("echo_elsewhere") == 1


def given_up(kit: Kit, text: str) -> None:
    under_way(kit, text)
    kit.ledger.refuse(CONVERSATION, "OUT#m#1", START, "unconfirmed", "")


def test_an_echo_that_comes_after_the_agent_was_told_says_that_it_did_arrive() -> None:
    kit = Kit(msgspec.structs.replace(ECHO, mark=mark_of(CONVERSATION, "OUT#m#1")))
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    given_up(kit, ECHO.text)
    kit.handle()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == [
        "[It did arrive, although it could not be confirmed at first:]\nIt is, since Monday."
    ]
    assert kit.metrics.total("arrived_after_all") == 1


def test_the_same_words_typed_in_the_app_after_a_failure_are_a_colleagues() -> None:
    kit = Kit(ECHO)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    given_up(kit, ECHO.text)
    kit.handle()
    assert kit.metrics.total("echo_elsewhere") == 1
    assert kit.ledger.state(CONVERSATION, "OUT#m#1") == "refused"


# Media

PICTURE = msgspec.structs.replace(
    SAID, text="", media=Media(kind="image", url="https://cdn.platform.example/1"), origin="mid-1"
)


def test_a_customers_picture_is_copied_and_shown_by_our_url() -> None:
    kit = Kit(PICTURE)
    kit.handle()
    [message] = kit.desk.delivered
    assert message.attachment is not None
    assert (message.text, message.attachment.kind, message.attachment.mime) == ("", "image", "image/png")
    assert message.attachment.url.startswith("https://bridge.example/v1/api/media/")
    assert list(kit.shelf.kept.values()) == [FakeFetch.PICTURE]


def test_a_picture_is_fetched_once_though_the_desk_refuses_at_first() -> None:
    kit = Kit(PICTURE)
    kit.desk.answers = [Retryable("rate limit")]
    kit.later()
    kit.handle(again=True)
    assert len(kit.fetch.asked) == 1
    assert kit.desk.delivered[0] == kit.desk.delivered[1]


@pytest.mark.parametrize("reason", ["media_gone", "media_too_big", "media_not_allowed", "media_type"])
def test_a_file_that_cannot_be_had_becomes_a_line_that_says_why(reason: str) -> None:
    kit = Kit(PICTURE)
    kit.fetch.answers = [Unfetched(reason)]
    kit.handle()
    [message] = kit.desk.delivered
    assert message.attachment is None
    assert message.text.startswith("[A file (image) that")
    assert kit.metrics.total("media", outcome=reason) == 1


def test_a_file_that_fails_in_passing_is_tried_again_then_told() -> None:
    kit = Kit(PICTURE)
    kit.fetch.answers = [Retryable("HTTP 503")] * 100
    assert kit.until("file") + 1 >= BUDGETS["file"].tries
    assert kit.clock() - START >= BUDGETS["file"].for_s
    assert [one.text for one in kit.desk.delivered] == ["[A file (image) that could not be fetched]"]


# and whether another value of the account's secret may help
TROUBLES = [
    (TokenRefused("refused"), True), (Misconfigured("no token", "store it"), True),
    (Uncertain("no answer"), False), (Retryable("no connection"), False),
]  # fmt: skip


@pytest.mark.parametrize(("error", "mended"), TROUBLES)
def test_a_platform_that_does_not_say_where_the_file_is_is_asked_again(error: Exception, mended: bool) -> None:
    kit = Kit(PICTURE)
    kit.client.source_error = error
    kit.later()
    assert kit.secrets.refreshed == ([INSTAGRAM.secret] if mended else [])
    assert kit.posted == 0


def test_a_file_that_the_desk_refuses_goes_as_a_link() -> None:
    kit = Kit(PICTURE)
    kit.desk.answers = [Refused("other", "HTTP 400 media")]
    kit.handle()
    refused, linked = kit.desk.delivered
    assert refused.attachment is not None
    assert (linked.id, linked.attachment, linked.text) == (refused.id, None, refused.attachment.url)
    assert kit.ledger.state(CONVERSATION, ITEM) == "done"


# Who and what


def test_the_profile_names_the_customer_and_is_asked_for_once() -> None:
    kit = Kit(SAID)
    kit.client.profiles = [Profile(name="Ana Núñez", username="ana.n", avatar="https://a", followers=7, verified=True)]
    kit.handle()
    kit.says.happened = [msgspec.structs.replace(SAID, id="message:mid-2")]
    kit.handle()
    first, second = kit.desk.delivered
    assert (first.nickname, first.first_name, first.avatar) == ("Ana Núñez", "Ana", "https://a")
    assert (first.attributes["followers"], first.attributes["verified"]) == ("7", "true")
    assert first.attributes["profileUrl"] == "https://www.instagram.com/ana.n/"
    assert second.attributes["username"] == "ana.n"
    assert kit.client.asked_profiles == 1


@pytest.mark.parametrize("error", [Retryable("HTTP 429"), Refused("other", "10/1"), Uncertain("no answer")])
def test_a_profile_that_fails_delays_nothing_and_is_left_alone_for_a_minute(error: Exception) -> None:
    kit = Kit(SAID)
    kit.client.profiles = [error, Profile(name="Ana")]
    for number, wait in ((1, 0.0), (2, 59.0), (3, 2.0)):
        kit.clock.advance(wait)
        kit.says.happened = [msgspec.structs.replace(SAID, id=f"message:{number}")]
        kit.handle()
    assert [one.nickname for one in kit.desk.delivered] == ["", "", "Ana"]
    assert kit.metrics.total("profile_failed") == 1


def test_a_person_that_the_platform_does_not_tell_of_is_asked_for_again_in_an_hour() -> None:
    kit = Kit(SAID)
    kit.client.profiles = [None, Profile(name="Ana")]
    for number, wait in ((1, 0.0), (2, 3599.0), (3, 2.0)):
        kit.clock.advance(wait)
        kit.says.happened = [msgspec.structs.replace(SAID, id=f"message:{number}")]
        kit.handle()
    assert [one.nickname for one in kit.desk.delivered] == ["", "", "Ana"]
    assert kit.ledger.profile(CONVERSATION, START) == Profile(name="Ana")


def test_a_tap_comes_back_as_the_choice_that_was_offered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, text="Yes", tap=token("gen-1", 1)))
    tap = Tap(message="gen-1", type="QuickReply", text="Yes", payload="YES")
    kit.ledger.offer(CONVERSATION, offer_key("gen-1"), START, [msgspec.structs.replace(tap, text="No"), tap])
    kit.handle()
    assert kit.desk.delivered[0].tap == tap


@pytest.mark.parametrize("payload", ["ICE_HOURS", "", token("gen-2", 0)])
def test_a_tap_on_something_that_we_did_not_offer_is_a_text(payload: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text="Hours?", tap=payload))
    kit.handle()
    assert (kit.desk.delivered[0].text, kit.desk.delivered[0].tap) == ("Hours?", None)


def test_a_comment_is_remembered_for_its_answer_and_opens_no_window() -> None:
    kit = Kit(msgspec.structs.replace(SAID, comment="c-1", starts_window=False))
    kit.handle()
    thread = kit.ledger.thread(CONVERSATION)
    assert (thread.customer_ms, thread.comment, thread.comment_ms) == (0, "c-1", SAID.sent_ms)


@pytest.mark.parametrize(
    ("closing", "late_h", "told"), [("raise", 23.5, "true"), ("raise", 22, None), ("warn", 23.5, None)]
)
def test_a_flow_is_told_that_a_message_comes_too_late(closing: Any, late_h: float, told: str | None) -> None:
    kit = Kit(msgspec.structs.replace(SAID, sent_ms=int((START - late_h * 3600) * 1000)))
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, closing=closing)]
    kit.handle()
    assert kit.desk.delivered[0].attributes.get("late") == told


def test_a_notice_that_nobody_can_answer_says_that_it_is_closed() -> None:
    kit = Kit(msgspec.structs.replace(SAID, starts_window=False))
    kit.handle()
    attributes = kit.desk.delivered[0].attributes
    assert (attributes["windowState"], attributes.get("windowExpiresAt")) == ("closed", None)


COMMENT = msgspec.structs.replace(
    SAID,
    comment="c-1",
    starts_window=False,
    lines=(Line("comment", post="179"),),
    attributes={"postId": "179", "adId": "7"},
)


def test_a_comments_post_is_told_by_its_address_which_is_asked_for_once() -> None:
    kit = Kit(COMMENT)
    kit.client.posts = ["https://www.instagram.com/p/179/", "https://elsewhere.example"]
    kit.handle()
    kit.says.happened = [msgspec.structs.replace(COMMENT, id="comment:c-2")]
    kit.handle()
    for message in kit.desk.delivered:
        assert message.text.splitlines()[0] == "[Commented on your post https://www.instagram.com/p/179/]"
        assert message.attributes["postUrl"] == "https://www.instagram.com/p/179/"
        assert message.attributes["adId"] == "7"
        assert "postId" not in message.attributes


@pytest.mark.parametrize("error", [Retryable("HTTP 429"), Refused("other", "10/1"), Uncertain("no answer")])
def test_a_post_that_cannot_be_asked_for_delays_nothing(error: Exception) -> None:
    kit = Kit(COMMENT)
    kit.client.posts = [error]
    kit.handle()
    assert kit.desk.delivered[0].text.splitlines()[0] == "[Commented on your post]"
    assert kit.desk.delivered[0].attributes["postId"] == "179"
    assert kit.metrics.total("post_failed") == 1


def test_an_ad_is_remembered() -> None:
    kit = Kit(msgspec.structs.replace(SAID, from_ad=True))
    kit.handle()
    assert kit.ledger.thread(CONVERSATION).ad_ms == SAID.sent_ms


# Notes

NOTE = Note(
    id="reaction:mid-1",
    conversation=CONVERSATION,
    sent_ms=int(START) * 1000,
    kind="reaction",
    lines=(Line("reacted", {"emoji": "❤️"}),),
)


def test_a_note_is_shown_in_an_open_conversation_and_extends_no_window() -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"), customer_ms=5)
    kit.handle()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["[Reacted with ❤️ to a message]"]
    assert kit.ledger.thread(CONVERSATION).customer_ms == 5


@pytest.mark.parametrize("thread", [Thread(), Thread(seat=Seat(conversation="desk-1"))])
def test_a_note_never_opens_a_conversation(thread: Thread) -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = thread
    kit.desk.open = False
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.lines == [("ignored", 1, {"reason": "reaction_no_open_conversation"})]


@pytest.mark.parametrize("error", [Misconfigured("HTTP 403", "the role lacks a permission"), Refused("other", "404")])
def test_a_note_that_nobody_may_look_for_holds_nothing_up(error: Exception) -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.open_error = error
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.total("ignored", reason="reaction_no_open_conversation") == 1


def test_a_note_that_cannot_be_looked_for_now_is_let_go_after_seconds() -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.open_error = Retryable("HTTP 503")
    kit.until("note")
    assert kit.clock() - START <= 2 * BUDGETS["note"].for_s
    assert kit.metrics.total("ignored", reason="reaction_no_open_conversation") == 1


def test_a_note_that_the_desk_refuses_is_counted_and_not_buried() -> None:
    kit = Kit(NOTE)
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.desk.answers = [Refused("other", "HTTP 400")]
    kit.handle()
    assert kit.queue.buried == []
    assert kit.metrics.total("ignored", reason="reaction_refused") == 1


@pytest.mark.parametrize("kind", ["read", "typing"])
@pytest.mark.parametrize(("settings", "shown"), [({}, 0), ({"show_reads": False}, 0), ({"show_reads": True}, 1)])
def test_what_a_customer_does_is_shown_where_the_account_asks_for_it(
    settings: dict[str, bool], shown: int, kind: str
) -> None:
    kit = Kit(msgspec.structs.replace(NOTE, kind=kind, lines=(Line(kind),)))
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, **settings)]
    kit.ledger.threads[CONVERSATION.key] = Thread(seat=Seat(conversation="desk-1"))
    kit.handle()
    assert kit.posted == shown
    assert kit.metrics.total("ignored", reason=kind) == 1 - shown


UNSENT = msgspec.structs.replace(
    NOTE, id="deleted:mid-1", kind="unsend", lines=(Line("unsent"),), removes="mid-1", prevents="message:mid-1"
)


def test_what_is_taken_back_takes_our_copies_along() -> None:
    kit = Kit(PICTURE)
    kit.handle()
    kit.says.happened = [UNSENT]
    kit.handle()
    assert (kit.shelf.kept, kit.shelf.files) == ({}, {})
    assert [one.text for one in kit.desk.delivered][1:] == ["[Took back a message]"]


def test_what_is_taken_back_before_it_came_is_never_shown_with_any_of_its_parts() -> None:
    kit = Kit(UNSENT)
    kit.handle()
    kit.says.happened = [SAID, msgspec.structs.replace(PICTURE, id="message:mid-1#1", part=1)]
    kit.handle()
    assert kit.posted == 0
    assert kit.fetch.asked == []
    assert kit.metrics.total("ignored", reason="unsent_before_shown") == 1


# What was only mentioned

MISSING = Unseen(id="message:mid-1", account=INSTAGRAM.id, origin="mid-1", sent_ms=int(START) * 1000)


def test_a_message_that_was_only_mentioned_is_looked_up_and_shown_once() -> None:
    kit = Kit(MISSING)
    kit.client.found = SAID
    kit.handle()
    kit.says.happened = [SAID]  # its own delivery comes late
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["Is it back?"]


@pytest.mark.parametrize("found", [None, Refused("wrong_person", "100/33")])
def test_a_mentioned_message_that_cannot_be_read_is_counted(found: Exception | None) -> None:
    kit = Kit(MISSING)
    kit.client.found = found
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "unseen_unreadable"})]


def test_a_lookup_that_fails_is_repeated_a_few_times() -> None:
    kit = Kit(MISSING)
    kit.client.found = Uncertain("no answer")
    assert kit.until("unseen") + 1 >= BUDGETS["unseen"].tries
    assert kit.metrics.total("ignored", reason="unseen_unreadable") == 1


@pytest.mark.parametrize(("error", "mended"), TROUBLES)
def test_a_lookup_that_fails_is_made_again_with_what_the_secret_holds_then(error: Exception, mended: bool) -> None:
    kit = Kit(MISSING)
    kit.client.found = error
    kit.later()
    assert kit.secrets.refreshed == ([INSTAGRAM.secret] if mended else [])


def test_a_withdrawn_authorisation_is_an_alarm() -> None:
    kit = Kit(Trouble("authorization_removed", "log the account in again"))
    kit.handle()
    assert kit.metrics.lines == [("account_stopped", 1, {"account": INSTAGRAM.id})]


# What led them here

LED = Led(
    id="referral:1",
    conversation=CONVERSATION,
    sent_ms=int(START) * 1000,
    attributes={"ref": "spring-leaflet", "adId": "77", "adTitle": "Tea for two"},
    from_ad=True,
)


def write(kit: Kit, number: int, **changes: Any) -> None:
    """The customer writes another message."""
    kit.says.happened = [msgspec.structs.replace(SAID, id=f"message:w-{number}", **changes)]
    kit.handle()


def test_what_led_them_here_opens_nothing_and_is_told_with_the_first_message_only() -> None:
    kit = Kit(LED)
    kit.handle()
    kit.handle()  # told twice by the platform
    assert kit.posted == 0
    assert kit.ledger.threads == {}
    for number in range(3):
        write(kit, number)
    first, *others = kit.desk.delivered
    assert (first.attributes["ref"], first.attributes["adId"]) == ("spring-leaflet", "77")
    assert first.text.splitlines()[0] == "[Came from the ad: Tea for two]"
    assert all("ref" not in one.attributes and one.text == SAID.text for one in others)
    assert kit.ledger.thread(CONVERSATION).ad_ms == SAID.sent_ms


def test_a_messages_own_referral_stands_over_what_was_remembered() -> None:
    kit = Kit(LED)
    kit.handle()
    write(kit, 1, attributes={"ref": "its own"})
    assert kit.desk.delivered[0].attributes["ref"] == "its own"


def test_what_another_worker_remembered_is_found_within_a_minute() -> None:
    kit = Kit(SAID)
    kit.handle()
    kit.ledger.keep_led(CONVERSATION, START, LED)
    kit.clock.advance(61)
    write(kit, 1)
    assert kit.desk.delivered[1].attributes["ref"] == "spring-leaflet"


def test_who_writes_on_and_on_costs_no_read_per_message() -> None:
    kit = Kit(SAID)
    for number in range(20):
        write(kit, number)
        kit.clock.advance(1)
    assert kit.ledger.led_reads == 1


def test_a_message_does_not_wait_for_what_led_here(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit(SAID)

    def down(*_: object) -> None:
        raise Retryable("table busy")

    monkeypatch.setattr(kit.ledger, "led", down)
    kit.handle()
    assert kit.posted == 1


def test_what_led_here_is_kept_until_the_message_is_shown() -> None:
    kit = Kit(LED)
    kit.handle()
    kit.desk.answers = [Retryable("HTTP 503")]
    kit.says.happened = [SAID]
    kit.later()
    kit.handle()
    assert [one.attributes["ref"] for one in kit.desk.delivered] == ["spring-leaflet"] * 2
    assert kit.ledger.leds == {}


# What a message is about


def test_a_quote_shows_the_words_that_it_quotes() -> None:
    kit = Kit(SAID)
    kit.handle()
    kit.ledger.sent(CONVERSATION, "OUT#m#1", START, "mid-ours", words="It is, since Monday.")
    write(kit, 1, lines=(Line("quotes"),), quotes="mid-1")
    write(kit, 2, lines=(Line("quotes"),), quotes="mid-ours")
    write(kit, 3, lines=(Line("quotes"),), quotes="mid-unknown")
    _, customers, ours, unknown = [one.text.splitlines()[0] for one in kit.desk.delivered]
    assert "Is it back?" in customers
    assert "It is, since Monday." in ours
    assert unknown == say("en", "quotes")


def test_a_quoted_picture_is_named_by_its_kind_in_the_accounts_language() -> None:
    kit = Kit(PICTURE)
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, language="es")]
    kit.handle()
    write(kit, 1, lines=(Line("quotes"),), quotes="mid-1")
    assert "imagen" in kit.desk.delivered[1].text


@pytest.mark.parametrize(("key", "kind"), [("reacted", "reaction"), ("unreacted", "reaction"), ("unsent", "unsend")])
def test_a_note_names_the_message_that_it_is_about(key: str, kind: str) -> None:
    kit = Kit(SAID)
    kit.handle()
    note = Note(id=f"{kind}:1", conversation=CONVERSATION, sent_ms=SAID.sent_ms, kind=kind,
                lines=(Line(key, {"emoji": "❤️"}),), about="mid-1")  # fmt: skip
    kit.says.happened = [note]
    kit.handle()
    assert "Is it back?" in kit.desk.delivered[1].text


# Edits


def edit(number: int, text: str) -> Note:
    return Note(
        id=f"edit:mid-1:{number}", conversation=CONVERSATION, sent_ms=SAID.sent_ms + number, kind="edit",
        lines=(Line("edited"),), text=text, about="mid-1", edit=number,
    )  # fmt: skip


@pytest.mark.parametrize("order", [[1], [1, 2], [2, 1], [3, 1, 2]])
def test_edits_that_overtake_their_message_are_what_it_says(order: list[int]) -> None:
    kit = Kit()
    for number in order:
        kit.says.happened = [edit(number, f"text {number}")]
        kit.handle()
    assert kit.posted == 0
    kit.says.happened = [SAID]
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == [f"text {max(order)}"]


@pytest.mark.parametrize(("order", "shown"), [([1, 2], [1, 2]), ([2, 1], [2]), ([1, 3, 2], [1, 3]), ([1, 1], [1])])
def test_in_an_open_conversation_the_newest_edit_is_the_last_that_is_read(order: list[int], shown: list[int]) -> None:
    kit = Kit(SAID)
    kit.handle()
    for number in order:
        kit.says.happened = [edit(number, f"text {number}")]
        kit.handle()
    assert [one.text.splitlines()[-1] for one in kit.desk.delivered[1:]] == [f"text {number}" for number in shown]


OTHER = msgspec.structs.replace(SAID, id="message:other", text="another", origin="other")
TAKEN_BACK = Note(
    id="deleted:mid-1", conversation=CONVERSATION, sent_ms=SAID.sent_ms + 9, kind="unsend", lines=(Line("unsent"),),
    about="mid-1", removes="mid-1", prevents=SAID.id,
)  # fmt: skip


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        ((TAKEN_BACK, edit(1, "text 1"), SAID), ["another"]),
        ((TAKEN_BACK, edit(2, "text 2"), edit(1, "text 1")), ["another"]),
        ((SAID, TAKEN_BACK, edit(1, "text 1")), ["another", "Is it back?", "took back"]),
        ((SAID, edit(1, "text 1"), TAKEN_BACK, edit(2, "text 2")), ["another", "Is it back?", "text 1", "took back"]),
        ((edit(1, "text 1"), TAKEN_BACK, SAID), ["another", "text 1", "took back"]),
    ],
)
def test_nothing_is_shown_of_a_message_after_it_was_taken_back(
    order: tuple[Note | CustomerMessage, ...], shown: list[str]
) -> None:
    kit = Kit(OTHER)
    kit.handle()
    for one in order:
        kit.says.happened = [one]
        kit.handle()
    texts = [one.text.lower() for one in kit.desk.delivered]
    assert len(texts) == len(shown)
    assert all(words.lower() in text for words, text in zip(shown, texts, strict=True))


def test_an_edit_that_came_first_is_kept_over_a_try_that_failed() -> None:
    kit = Kit(edit(1, "new text"))
    kit.handle()
    kit.says.happened = [SAID]
    kit.desk.answers = [Retryable("HTTP 503")]
    kit.later()
    kit.handle()
    assert [one.text for one in kit.desk.delivered] == ["new text"] * 2


# Mentions, own comments, what cannot be read

MENTION = msgspec.structs.replace(
    SAID, starts_window=False, lines=(Line("mention_comment"),), text="", mention=Mention(post="179", comment="55")
)


def test_a_mention_shows_who_wrote_what_and_where() -> None:
    kit = Kit(MENTION)
    kit.client.mentions = [Mentioned(text="Love @tea.shop", username="ana.n", url="https://www.instagram.com/p/x/")]
    kit.handle()
    [shown] = kit.desk.delivered
    assert shown.text.endswith("Love @tea.shop")
    assert "https://www.instagram.com/p/x/" in shown.text
    assert shown.nickname == "ana.n"


@pytest.mark.parametrize("error", [None, Refused("other", "10/1"), Retryable("HTTP 500"), KeyError("surprise")])
def test_a_mention_that_cannot_be_read_is_shown_without(error: Exception | None) -> None:
    kit = Kit(MENTION)
    kit.client.mentions = [error]
    kit.handle()
    assert kit.posted == 1


@pytest.mark.parametrize(
    ("username", "customer"), [("tea.shop", "1"), ("@Tea.Shop", "1"), ("", INSTAGRAM.id), ("TEA.SHOP", "")]
)
def test_the_accounts_own_comment_is_not_shown_however_it_is_told(username: str, customer: str) -> None:
    account = Conversation("instagram", INSTAGRAM.id, customer)
    said = msgspec.structs.replace(
        SAID, starts_window=False, comment="c-1", username=username.removeprefix("@"), conversation=account
    )
    kit = Kit(said)
    kit.handle()
    assert kit.posted == 0
    assert kit.metrics.total("ignored", reason="instagram_own") == 1


def test_a_direct_message_is_never_dropped_by_its_senders_name() -> None:
    kit = Kit(msgspec.structs.replace(SAID, username="tea.shop"))
    kit.handle()
    assert kit.posted == 1


@pytest.mark.parametrize("found", [None, Refused("wrong_person", "100/33")])
def test_a_mentioned_message_that_holds_words_is_parked_where_it_cannot_be_read(found: Exception | None) -> None:
    kit = Kit(msgspec.structs.replace(MISSING, told=True))
    kit.client.found = found
    kit.handle()
    assert parked(kit).reason == "unseen_unreadable"
