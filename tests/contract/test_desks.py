"""What holds for every desk that the registry names, as the workers know it (`protocols/desk.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from chalicelib.errors import Malformed, Refused
from chalicelib.pipeline.posting import Posting
from chalicelib.protocols.desk import DeskTranslator
from chalicelib.registry import DESKS, part
from chalicelib.vocabulary.messages import Attachment, DeskMessage, Ignored
from chalicelib.vocabulary.records import Event, Profile, Seat
from chalicelib.vocabulary.replies import AgentMessage, AgentRead, AgentTyping, DeskEnded, DeskReceipt, Receipt
from tests.contract.played import PLAYED, Played
from tests.contract.registered import FEEDS
from tests.contract.test_feeds import bodies
from tests.fakes import FakeClock, FakeMetrics

each_desk = pytest.mark.parametrize("name", DESKS)
WORDS = [
    "Is the oolong back?",
    "\N{FAMILY}\u200d\N{GRINNING FACE} e\u0301 مرحبا بالعالم <b>&amp;</b> *stars*",
    "line one\nline two\n\nline four",
    "x",
]


@pytest.fixture
def desk(name: str) -> Iterator[Played]:
    made = PLAYED[name]()
    yield made
    made.close()


def said(desk: Played, text: str = "Hello", identifier: str = "a" * 40, **more: Any) -> DeskMessage:
    told: dict[str, Any] = {
        "id": identifier, "customer": "55501", "sent_ms": int(desk.now() * 1000), "text": text, "nickname": "Ada",
        "attributes": {"source": "Instagram_DM"},
    }  # fmt: skip
    return DeskMessage(**(told | more))


def deliver(desk: Played, message: DeskMessage, seat: Seat | None = None) -> Seat:
    return desk.desk.deliver(desk.account, message, seat or desk.nowhere, desk.now())


def test_every_desk_is_played() -> None:
    assert set(PLAYED) == set(DESKS)


@each_desk
def test_a_first_message_opens_a_conversation_and_a_later_one_goes_on_with_it(desk: Played, name: str) -> None:
    seat = deliver(desk, said(desk))
    again = deliver(desk, said(desk, "And?", "b" * 40), seat)
    assert seat.conversation
    assert again.place == seat.place
    assert desk.read() == [(seat.conversation, "Hello"), (seat.conversation, "And?")]


@each_desk
@pytest.mark.parametrize("text", WORDS)
def test_words_arrive_to_the_letter(desk: Played, name: str, text: str) -> None:
    seat = deliver(desk, said(desk, text))
    assert desk.read() == [(seat.conversation, text)]


@each_desk
def test_what_may_have_been_taken_is_found_or_taken_once(desk: Played, name: str) -> None:
    message, since = said(desk), desk.now()
    seat = deliver(desk, message)
    if desk.desk.capabilities.idempotent:
        assert [deliver(desk, message, one).place for one in (desk.nowhere, seat)] == [seat.place] * 2
    else:
        desk.later(desk.desk.capabilities.lag_s)
        for one in (desk.nowhere, seat):
            found = desk.desk.find(desk.account, message.id, message.customer, one, since, desk.now())
            assert found is not None
            assert found.place == seat.place
    assert desk.read() == [(seat.conversation, "Hello")]


@each_desk
def test_a_conversation_is_open_until_it_is_ended_and_then_another_begins(desk: Played, name: str) -> None:
    seat = deliver(desk, said(desk))
    assert desk.desk.is_open(desk.account, "55501", seat)
    desk.end(seat.conversation)
    assert not desk.desk.is_open(desk.account, "55501", seat)
    after = deliver(desk, said(desk, "Still there?", "b" * 40), msgspec.structs.replace(seat, generation=1))
    assert after.conversation
    assert after.conversation != seat.conversation or desk.desk.capabilities.reopens
    assert desk.read()[-1] == (after.conversation, "Still there?")


@each_desk
def test_nobody_sits_at_a_seat_without_a_conversation(desk: Played, name: str) -> None:
    assert not desk.desk.is_open(desk.account, "55501", desk.nowhere)


@each_desk
def test_a_line_that_may_open_nothing_stands_in_an_open_conversation(desk: Played, name: str) -> None:
    seat = deliver(desk, said(desk))
    assert deliver(desk, said(desk, "[Liked it]", "b" * 40, opens=False), seat).place == seat.place
    assert desk.read()[-1] == (seat.conversation, "[Liked it]")


@each_desk
@pytest.mark.parametrize("became", ["delivered", "read", "failed"])
def test_what_became_of_a_reply_may_be_told_twice(desk: Played, name: str, became: str) -> None:
    can, delivered = desk.desk.capabilities, became != "failed"
    if not can.receipts or (became == "read" and not can.reads):
        pytest.skip("it takes none")
    seat = deliver(desk, said(desk))
    told = Receipt(
        message="reply-1", customer="55501", delivered=delivered, read=became == "read",
        reason="" if delivered else "other",
    )  # fmt: skip
    for _ in range(2):
        with suppress(Refused):  # of a reply that it never sent
            desk.desk.report(desk.account, told, seat, desk.now())
    assert len(desk.read()) == 1


@each_desk
def test_a_customer_may_be_introduced_twice_and_agents_read_nothing_of_it(desk: Played, name: str) -> None:
    if not desk.desk.capabilities.registers:
        pytest.skip("it keeps no register")
    deliver(desk, said(desk))
    for who in (Profile(name="Ada", username="ada"), Profile(username="ada", followers=3)):
        desk.desk.introduce(desk.account, "55501", who)
    assert len(desk.read()) == 1


@each_desk
def test_a_long_text_arrives_whole_and_in_order(desk: Played, name: str) -> None:
    text = " ".join(f"word{number}" for number in range(2_000))
    posting = Posting(lambda key: b"", FakeClock(), FakeMetrics())
    seat = posting.post(desk.desk, desk.account, said(desk, text), desk.nowhere)
    read = desk.read()
    assert "".join(words for _, words in read) == text
    assert {conversation for conversation, _ in read} == {seat.conversation}


@each_desk
def test_a_file_that_it_does_not_take_arrives_as_a_link(desk: Played, name: str) -> None:
    can = desk.desk.capabilities
    if not can.media:
        pytest.skip("it is offered everything, and refuses by itself")
    file = Attachment(kind="audio", url="https://bridge.example/x", mime="audio/amr", name="a.amr", key="k", size=10**9)
    posting = Posting(lambda key: b"", FakeClock(), FakeMetrics())
    posting.post(desk.desk, desk.account, said(desk, "Listen", attachment=file), desk.nowhere)
    assert desk.read()[-1][1] == "Listen\nhttps://bridge.example/x"


@each_desk
def test_each_fixture_is_something_that_the_workers_know_or_malformed(name: str) -> None:
    translator: DeskTranslator = part(DESKS[name], "translate", "TRANSLATOR")
    known: list[type] = []
    for body in bodies(name):
        for piece in FEEDS[name].split(body):
            event = Event(
                source=name, account=piece.account, party=piece.party, id=piece.id, received_ms=0,
                raw=msgspec.Raw(piece.raw),
            )  # fmt: skip
            try:
                told = translator.parse(event)
            except Malformed:
                continue
            known.append(type(told))
            if not isinstance(told, Ignored):
                assert told.customer or told.desk_conversation
    assert {AgentMessage, AgentTyping, Ignored} <= set(known) <= {
        AgentMessage, AgentRead, AgentTyping, DeskEnded, DeskReceipt, Ignored,
    }  # fmt: skip
