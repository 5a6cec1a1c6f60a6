"""Both workers with Amazon Connect as the desk: one contact a conversation, each message once, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.desks.connect.translate import TRANSLATOR
from chalicelib.desks.connect.webhook import WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.errors import Refused, Retryable, Waiting
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage, Fetched, Line, Media, Note
from chalicelib.vocabulary.records import Conversation, Event, Seat
from chalicelib.wire import iso
from tests.desks.connect.kit import Instance, error, unknown
from tests.desks.connect.test_translate import ITEM, notice
from tests.fakes import INSTAGRAM, START, FakeClient, FakeDesk, turn
from tests.kits import Bench

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
EVENTS = "application/vnd.amazonaws.connect.event."


class Says:
    """The channel's translator: reads what it is told to."""

    def __init__(self) -> None:
        self.happened: list[CustomerEvent] = []

    def parse(self, event: Event) -> list[CustomerEvent]:
        return self.happened


class Kit:
    """An account at Connect, in a deployment whose first desk is another."""

    def __init__(self, settings: dict[str, str] | None = None, **account: Any) -> None:
        self.instance = Instance(**(settings or {}))
        self.http = self.instance.http
        self.says, self.client = Says(), FakeClient()
        desks: dict[str, Desk] = {"genesys": FakeDesk(), "connect": self.instance.desk}
        bench = Bench({"instagram": self.client}, desks, clock=self.instance.clock)
        self.clock, self.metrics, self.ledger, self.fetch = bench.clock, bench.metrics, bench.ledger, bench.fetch
        self.ledger.listed = [msgspec.structs.replace(INSTAGRAM, desk="connect", **account)]
        self.to_desk = bench.to_desk({"instagram": self.says})
        self.to_customer = bench.to_customer({"genesys": TRANSLATOR, "connect": TRANSLATOR})
        self.outbound = bench.outbound
        self.number = 0

    def write(self, *happened: CustomerEvent) -> None:
        self.says.happened = list(happened)
        first: Any = happened[0]
        event = Event(
            source="instagram", account=INSTAGRAM.id, party="55501", id=first.id, received_ms=int(START) * 1000
        )
        self.to_desk.handle(event, turn(event.id))

    def tell(self, **changes: Any) -> None:
        """Something happens in the first contact."""
        self.number += 1
        contact = {"InitialContactId": "contact-1", "ContactId": "contact-1", "Id": f"item-{self.number}"}
        item = ITEM | contact | {"AbsoluteTime": iso(int(self.clock() * 1000))} | changes
        for event in events_of(WEBHOOK, notice(item), self.clock()):
            self.to_customer.handle(event, turn(event.id))

    def over(self) -> None:
        """The contact ends, and says so."""
        self.http.ended.add("contact-1")
        self.tell(Type="EVENT", ContentType=EVENTS + "chat.ended", ParticipantRole=None)

    @property
    def seat(self) -> Seat:
        return self.ledger.thread(CONVERSATION).seat

    def until(self, work: Callable[[], None]) -> None:
        """Tries again as the queue does."""
        for _ in range(10):
            try:
                work()
                return
            except Retryable:
                self.clock.advance(LEASE_S + 1)
        raise AssertionError("still not done")


def said(number: int = 1, **changes: Any) -> CustomerMessage:
    whole = CustomerMessage(
        id=f"message:mid-{number}", conversation=CONVERSATION, sent_ms=int(START) * 1000 + number, text=f"text {number}"
    )
    return msgspec.structs.replace(whole, **changes)


def note() -> Note:
    return Note(
        id="n-1", conversation=CONVERSATION, sent_ms=int(START) * 1000, kind="reaction", lines=(Line("theirs"),)
    )


def test_a_question_and_its_answer() -> None:
    kit = Kit()
    kit.write(said())
    kit.write(said(2))
    assert kit.http.texts() == [("contact-1", "text 1"), ("contact-1", "text 2")]
    assert (kit.seat.desk, kit.seat.conversation, kit.seat.generation) == ("connect", "contact-1", 1)
    kit.tell(Content="It is.")
    assert kit.client.texts == ["It is."]
    assert [json.loads(one["Content"]) for one in kit.http.given("SendEvent")] == [{"messageId": "item-1"}]


def test_what_comes_twice_is_sent_once() -> None:
    kit = Kit()
    kit.write(said())
    kit.tell(Content="It is.", Id="same")
    kit.tell(Content="It is.", Id="same")
    assert kit.client.texts == ["It is."]


def test_after_the_end_the_last_words_still_arrive_and_the_next_message_begins_another() -> None:
    kit = Kit()
    kit.write(said())
    kit.over()
    assert kit.seat == Seat(generation=2)
    kit.tell(Content="And goodbye.")
    assert kit.client.texts == ["And goodbye."]
    kit.write(said(2))
    assert kit.http.texts() == [("contact-1", "text 1"), ("contact-2", "text 2")]
    kit.over()  # of the first, once more
    assert kit.seat.conversation == "contact-2"


def test_an_end_that_nobody_has_told_is_met_by_the_next_message_and_told_later_it_ends_nothing() -> None:
    kit = Kit()
    kit.write(said())
    kit.http.ended.add("contact-1")
    kit.write(said(2))
    assert (kit.seat.conversation, kit.seat.generation) == ("contact-2", 2)
    kit.over()
    assert kit.seat.conversation == "contact-2"


STEPS = ["claim", "thread", "deliver", "delivered"]


class Killed(BaseException):
    """A worker dies."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("open_before", [False, True], ids=["first", "later"])
def test_a_worker_that_dies_at_any_step_leaves_one_message_in_one_contact(
    step: str, after: bool, open_before: bool
) -> None:
    kit = Kit()
    if open_before:
        kit.write(said(0))
    target: Any = kit.instance.desk if step == "deliver" else kit.ledger
    real = getattr(target, step)

    def dies(*given: Any, **named: Any) -> Any:
        if after:
            real(*given, **named)
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(target, step, dies)
        with pytest.raises(Killed):
            kit.write(said())
    kit.clock.advance(LEASE_S + 1)
    kit.until(lambda: kit.write(said()))
    assert [text for _, text in kit.http.texts()] == ["text 0"] * open_before + ["text 1"]
    assert list(kit.http.contacts.values()) == ["contact-1"]
    assert kit.metrics.total("sent_again") == 0


CALLS = ["StartChatContact", "StartContactStreaming", "CreateParticipantConnection", "SendMessage"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "failure",
    [unknown(), error(500, "InternalServerException"), error(429, "TooManyRequestsException"), error(503, "")],
    ids=["no answer", "500", "429", "503"],
)
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_call_that_fails_costs_nothing_but_time(
    call: str, failure: Any, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = Kit()
    real = kit.http._answered

    def failing(name: str, given: dict[str, Any]) -> Any:
        if name != call or kit.http.names().count(call):
            return real(name, given)
        if done:
            real(name, given)
        else:
            kit.http.calls.append((name, given))
        if isinstance(failure, Exception):
            raise failure
        return failure

    monkeypatch.setattr(kit.http, "_answered", failing)
    kit.until(lambda: kit.write(said()))
    kit.write(said(2))
    assert kit.http.texts() == [("contact-1", "text 1"), ("contact-1", "text 2")]
    assert list(kit.http.contacts.values()) == ["contact-1"]


def test_two_first_messages_beside_each_other_share_a_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    real = kit.instance.desk.deliver

    def beside(*given: Any) -> Seat:
        monkeypatch.setattr(kit.instance.desk, "deliver", real)
        kit.write(said(2))
        return real(*given)

    monkeypatch.setattr(kit.instance.desk, "deliver", beside)
    kit.write(said())
    assert sorted(kit.http.texts()) == [("contact-1", "text 1"), ("contact-1", "text 2")]
    assert kit.seat.conversation == "contact-1"


def test_a_note_is_a_line_of_an_open_contact_and_begins_none() -> None:
    kit = Kit()
    kit.write(note())
    assert kit.http.calls == []
    kit.write(said())
    kit.write(note())
    assert len(kit.http.texts()) == 2
    kit.over()
    kit.write(msgspec.structs.replace(note(), id="n-2"))
    assert len(kit.http.texts()) == 2
    assert len(kit.http.contacts) == 1


def test_a_note_begins_no_contact_where_that_ends_at_just_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.write(said())
    real = kit.instance.desk.is_open

    def ends(*given: Any) -> bool:
        was = real(*given)
        kit.http.ended.add("contact-1")
        return was

    monkeypatch.setattr(kit.instance.desk, "is_open", ends)
    kit.write(note())
    assert len(kit.http.contacts) == 1


def test_a_refusal_is_a_line_in_the_contact_and_no_receipt() -> None:
    kit = Kit()
    kit.write(said())
    kit.client.answers = [Refused("window_closed", "closed")]
    kit.tell(Content="Too late.")
    assert kit.http.given("SendEvent") == []
    [(_, first), (contact, line)] = kit.http.texts()
    assert (first, contact) == ("text 1", "contact-1")
    assert line.startswith("[")
    assert kit.outbound.events == []


def test_a_customers_file_is_uploaded_and_one_that_connect_does_not_take_is_linked() -> None:
    kit = Kit()
    kit.write(said(text="", media=Media(kind="image", url="https://cdn.example/a")))
    assert "CompleteAttachmentUpload" in kit.http.names()
    assert kit.http.texts() == []
    kit.fetch.answers = [Fetched(body=b"GIF89a" + bytes(40), mime="image/gif")]
    kit.write(said(2, media=Media(kind="image", url="https://cdn.example/b")))
    assert len(kit.http.files) == 1
    [(_, text)] = kit.http.texts()
    assert text.startswith("text 2\nhttps://bridge.example/")


def test_an_agents_file_is_fetched_with_a_new_address() -> None:
    kit = Kit()
    kit.write(said())
    file = {"AttachmentId": "f-1", "AttachmentName": "tea.png", "ContentType": "image/png", "Status": "APPROVED"}
    kit.tell(Type="ATTACHMENT", Content=None, ContentType=None, Attachments=[file])
    [(url, hosts, _)] = kit.fetch.asked
    assert url.startswith("https://files.s3.eu-central-1.amazonaws.com/f-1?")
    assert hosts == ("amazonaws.com",)
    assert len(kit.client.texts) == 1


def test_a_file_that_the_scanner_rejects_is_told_to_the_agent() -> None:
    kit = Kit()
    kit.write(said())
    file = {"AttachmentId": "f-1", "AttachmentName": "tea.png", "ContentType": "image/png", "Status": "REJECTED"}
    kit.tell(Type="ATTACHMENT", Content=None, ParticipantRole="CUSTOMER", Attachments=[file])
    assert kit.metrics.total("desk_receipt", reason="MediaTypeNotAllowed") == 1
    assert len(kit.http.texts()) == 2


@pytest.mark.parametrize("wanted", [False, True])
def test_what_a_flow_says_by_itself_goes_on_only_where_that_is_wanted(wanted: bool) -> None:
    kit = Kit(flow_texts=wanted)
    kit.write(said())
    kit.tell(Content="The agent has disconnected.", ParticipantRole="SYSTEM", DisplayName="SYSTEM_MESSAGE")
    kit.tell(Content="How can I help?", ParticipantRole="SYSTEM", DisplayName="BOT")
    assert kit.client.texts == ["The agent has disconnected."] * wanted + ["How can I help?"]
    assert kit.metrics.total("ignored", reason="flow_text") == (not wanted)


def test_who_returns_brings_the_past_after_a_minute_and_waits_on_the_queue() -> None:
    kit = Kit({"connect_persistent": "true"})
    kit.write(said())
    kit.over()
    with pytest.raises(Waiting):
        kit.write(said(2))
    kit.clock.advance(60)
    kit.write(said(2))
    begun = kit.http.given("StartChatContact")[-1]
    assert begun["PersistentChat"]["SourceContactId"] == "contact-1"
    assert kit.http.texts()[-1] == ("contact-2", "text 2")


def test_what_comes_after_a_newer_one_is_sent_all_the_same_and_counted() -> None:
    kit = Kit()
    kit.write(said())
    kit.clock.advance(10)
    for at, text in ((0, "One"), (5, "Three"), (3, "Two"), (6, "Four"), (4, "Between")):
        kit.tell(Content=text, AbsoluteTime=iso(int((kit.clock() + at) * 1000)))
    assert kit.client.texts == ["One", "Three", "Two", "Four", "Between"]
    assert kit.metrics.total("overtaken", channel="instagram") == 2


def test_an_agent_who_answers_before_it_is_written_whose_the_contact_is_is_heard_once_it_is() -> None:
    """The worker that began it has died, and its message lies on the queue for minutes."""
    kit = Kit()

    def dies(*given: Any, **named: Any) -> bool:
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kit.ledger, "delivered", dies)
        with pytest.raises(Killed):
            kit.write(said())
    for _ in range(8):
        with pytest.raises(Retryable):
            kit.tell(Content="Yes?", Id="early")
        kit.clock.advance(60)
    kit.write(said())
    kit.tell(Content="Yes?", Id="early")
    assert kit.client.texts == ["Yes?"]


# What was read


def read(at_s: float, **changes: Any) -> Note:
    whole = Note(
        id=f"read-{at_s}", conversation=CONVERSATION, sent_ms=int(at_s * 1000), kind="read", lines=(Line("read"),)
    )
    return msgspec.structs.replace(whole, **changes)


def told_as_read(kit: Kit) -> list[str]:
    """The agents' messages of which Connect knows that the customer has read them."""
    events = [one for one in kit.http.given("SendEvent") if one["ContentType"] == EVENTS + "message.read"]
    return [json.loads(one["Content"])["messageId"] for one in events]


@pytest.mark.parametrize("shows", [False, True])
def test_what_the_customer_has_read_is_marked_in_the_chat_and_a_line_only_where_that_is_wanted(shows: bool) -> None:
    kit = Kit(show_reads=shows)
    kit.write(said())
    kit.tell(Content="It is.", Id="answer")
    kit.write(read(kit.clock() + 1))
    assert told_as_read(kit) == ["answer"]
    assert len(kit.http.texts()) == 1 + shows
    assert kit.metrics.total("action", action="read", channel="instagram") == 1


def test_what_was_written_after_it_was_read_is_not_marked() -> None:
    kit = Kit()
    kit.write(said())
    kit.write(read(kit.clock()))
    kit.clock.advance(10)
    kit.tell(Content="It is.", Id="answer")
    kit.write(read(kit.clock() - 5))
    assert told_as_read(kit) == []
    kit.write(read(kit.clock() + 5))
    assert told_as_read(kit) == ["answer"]


def test_what_a_newer_answer_has_overtaken_does_not_take_its_place() -> None:
    kit = Kit()
    kit.write(said())
    kit.clock.advance(10)
    for at_s, name in ((0, "newer"), (-3, "older")):
        kit.tell(Content=name, Id=name, AbsoluteTime=iso(int((kit.clock() + at_s) * 1000)))
    kit.write(read(kit.clock() + 5))
    assert told_as_read(kit) == ["newer"]


def test_a_read_of_many_parts_and_one_that_comes_twice_are_one_to_connect() -> None:
    kit = Kit()
    kit.write(said())
    kit.tell(Content="Long. " * 400, Id="answer")
    kit.write(read(kit.clock() + 1))
    kit.write(read(kit.clock() + 2))
    events = [one for one in kit.http.given("SendEvent") if one["ContentType"] == EVENTS + "message.read"]
    assert len({one["ClientToken"] for one in events}) == 1


@pytest.mark.parametrize(
    "failure",
    [
        error(409, "ConflictException"),
        error(400, "ValidationException"),
        error(429, "ThrottlingException"),
        error(500, "InternalServerException"),
        error(403, "AccessDeniedException"),
        unknown(),
    ],
)
@pytest.mark.parametrize("shows", [False, True])
def test_a_read_that_is_not_taken_holds_up_nothing(failure: Any, shows: bool) -> None:
    kit = Kit(show_reads=shows)
    kit.write(said())
    kit.tell(Content="It is.")
    kit.http.next["SendEvent"] = [failure]
    kit.until(lambda: kit.write(read(kit.clock() + 1)))
    kit.until(lambda: kit.write(said(2)))  # a throttle is shared with messages, which wait for a second
    assert [text for _, text in kit.http.texts()][-1] == "text 2"
    assert len(kit.http.texts()) == 2 + shows
    assert kit.seat.conversation == "contact-1"  # no sign that it is over


def test_after_the_end_nothing_is_marked_as_read() -> None:
    kit = Kit()
    kit.write(said())
    kit.tell(Content="It is.")
    kit.over()
    kit.write(read(kit.clock() + 1))
    assert told_as_read(kit) == []


def test_a_table_that_fails_costs_the_mark_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.write(said())
    kit.tell(Content="It is.")

    def busy(conversation: Conversation) -> Any:
        raise Retryable("table busy")

    with monkeypatch.context() as patched:
        patched.setattr(kit.ledger, "thread", busy)
        kit.write(read(kit.clock() + 1))
    assert told_as_read(kit) == []
    assert kit.metrics.total("action_failed", action="read", channel="instagram") == 1


READ = {"Type": "EVENT", "ContentType": EVENTS + "message.read"}


def seen_kit(**account: Any) -> Kit:
    """A customer who has written, and whom nobody has answered."""
    kit = Kit(**account)
    kit.client._capabilities = msgspec.structs.replace(kit.client._capabilities, seen=True)
    kit.write(said())
    kit.clock.advance(5)
    return kit


def test_what_an_agent_has_read_the_customer_sees_as_seen_once() -> None:
    kit = seen_kit()
    kit.tell(**READ)
    kit.tell(**READ)
    kit.tell(Content="It is.")
    assert kit.client.acts == ["seen"]


@pytest.mark.parametrize(
    ("account", "changes", "reason"),
    [
        ({"mark_seen": False}, {}, "agent_read_not_shown"),
        ({}, {"ParticipantRole": "CUSTOMER"}, "connect_own"),
        ({}, {"ParticipantRole": "SYSTEM"}, "event_message_read"),
        ({}, {"ContentType": EVENTS + "message.delivered"}, "event_message_delivered"),
        ({}, {"InitialContactId": "another", "ContactId": "another"}, "agent_read_unknown_account"),
        ({}, {"AbsoluteTime": iso(int((START - 60) * 1000))}, "agent_read_overtaken"),
    ],
    ids=["not wanted", "customer", "system", "delivered", "nobody's", "before they wrote"],
)
def test_what_is_no_sign_that_an_agent_has_read_it_shows_nothing(
    account: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    kit = seen_kit(**account)
    kit.tell(**READ | changes)
    assert kit.client.acts == []
    assert kit.metrics.total("ignored", reason=reason) == 1


def test_a_read_in_a_chat_that_is_over_shows_nothing_of_the_next() -> None:
    kit = seen_kit()
    kit.over()
    kit.write(said(2, sent_ms=int(kit.clock() * 1000)))
    kit.clock.advance(5)
    kit.tell(**READ)
    assert kit.client.acts == []
    assert kit.metrics.total("ignored", reason="agent_read_overtaken") == 1
