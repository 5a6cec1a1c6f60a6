"""The ledger against DynamoDB's own conditions and transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import boto3
import msgspec
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from chalicelib.aws.states import SEATED_S
from chalicelib.aws.table import Table
from chalicelib.channels.instagram.about import options
from chalicelib.errors import Retryable
from chalicelib.pipeline.accounts import judged
from chalicelib.registry import CHANNELS, DESKS, abouts
from chalicelib.vocabulary.messages import Led, Tap
from chalicelib.vocabulary.records import (
    PREVENTED,
    Account,
    Conversation,
    Flight,
    Profile,
    Seat,
    Thread,
    Tried,
    Unreadable,
)
from sandbox.stage.aws import TABLE
from tests.aws.conftest import ACCOUNT, Cloud, Lossy

LEASE_S = 10.0


def somebody() -> Conversation:
    return Conversation("instagram", "1784", uuid4().hex)


def test_one_of_many_workers_gets_the_claim(cloud: Cloud) -> None:
    conversation = somebody()
    with ThreadPoolExecutor(16) as pool:
        claims = list(pool.map(lambda _: cloud.table.claim(conversation, "IN#1", 100, LEASE_S).state, range(16)))
    assert sorted(claims) == ["busy"] * 15 + ["fresh"]


def test_one_of_many_workers_takes_over_a_lapsed_claim(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    with ThreadPoolExecutor(16) as pool:
        claims = list(pool.map(lambda _: cloud.table.claim(conversation, "IN#1", 111, LEASE_S).state, range(16)))
    assert sorted(claims) == ["busy"] * 15 + ["lapsed"]


@pytest.mark.parametrize("before", ["nothing", "an edit", "released", "leased", "buried"])
def test_a_claim_whose_answer_was_lost_is_told_as_the_first_answer_had_it(cloud: Cloud, before: str) -> None:
    """Most of all a lapsed one: as a fresh one it would be done a second time without a look."""
    client: Any = Lossy(cloud.aws.client("dynamodb"))
    told = []
    for table in (cloud.table, Table(TABLE, client)):
        conversation = somebody()
        if before == "an edit":
            cloud.table.edited(conversation, "IN#1", 100, 1, "anew")
        elif before != "nothing":
            cloud.table.claim(conversation, "IN#1", 100, LEASE_S, "mark", folded=("2",))
        if before == "released":
            cloud.table.release(conversation, "IN#1")
        if before == "buried":
            cloud.table.buried(conversation, "IN#1", 101)
        claim = table.claim(conversation, "IN#1", 119, LEASE_S, "mark", folded=("3",))
        # the first answer tells the lease that was, and of what nobody has tried no time
        tried_s = claim.tried_s if claim.state == "lapsed" else 0.0
        told.append(msgspec.structs.replace(claim, until_s=0.0, tried_s=tried_s))
    assert told[0] == told[1]
    assert (told[0].state, told[0].buried) == ("lapsed" if before == "leased" else "fresh", before == "buried")


def test_a_lapsed_claim_tells_when_it_was_begun(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    assert cloud.table.claim(conversation, "IN#1", 150, LEASE_S).since_s == 100


def test_delivery_and_conversation_are_written_together(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    cloud.table.delivered(
        conversation, "IN#1", 101, Thread(seat=Seat(conversation="d"), platform="p", customer_ms=5000)
    )
    assert cloud.table.claim(conversation, "IN#1", 999, LEASE_S).state == "done"
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="d"), platform="p", customer_ms=5000)


def test_an_older_event_does_not_turn_back_the_customers_time(cloud: Cloud) -> None:
    conversation = somebody()
    for item, ms in (("IN#1", 5000), ("IN#2", 4000)):
        cloud.table.claim(conversation, item, 100, LEASE_S)
        cloud.table.delivered(conversation, item, 101, Thread(seat=Seat(conversation=f"d-{item}"), customer_ms=ms))
    assert cloud.table.claim(conversation, "IN#2", 999, LEASE_S).state == "done"
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="d-IN#2"), customer_ms=5000)


def test_an_unknown_desk_conversation_does_not_erase_the_known_one(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(
        conversation, "IN#1", 101, Thread(seat=Seat(conversation="known"), platform="p", customer_ms=1)
    )
    cloud.table.delivered(conversation, "IN#2", 102, Thread(customer_ms=2))
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="known"), platform="p", customer_ms=2)


# Seats

SESSION = Seat("counter", "session-1", "key", 1)


def row(cloud: Cloud, conversation: Conversation) -> dict[str, Any]:
    key = {"pk": {"S": f"CONV#{conversation.key}"}, "sk": {"S": "STATE"}}
    item: dict[str, Any] = cloud.aws.client("dynamodb").get_item(TableName="dmdesk", Key=key)["Item"]
    return item


def test_a_conversation_at_the_first_desk_is_written_as_it_always_was(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d"), customer_ms=1))
    assert set(row(cloud, conversation)) == {
        "pk", "sk", "expires_at", "desk", "customer_ms", "replies", "waits_at", "waits_since",
        "sits_at", "asks_at", "shown", "waits_shown", "begun_ms",
    }  # fmt: skip
    assert row(cloud, conversation)["desk"] == {"S": "d"}


def test_a_row_that_knew_no_seats_is_read_as_one_of_the_first_desks(cloud: Cloud) -> None:
    conversation = somebody()
    key = {"pk": {"S": f"CONV#{conversation.key}"}, "sk": {"S": "STATE"}}
    old = {"desk": {"S": "d"}, "customer_ms": {"N": "5"}, "expires_at": {"N": "9"}}
    cloud.aws.client("dynamodb").put_item(TableName="dmdesk", Item=key | old)
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="d"), customer_ms=5)
    assert cloud.table.delivered(
        conversation, "IN#1", 101, Thread(seat=SESSION, customer_ms=6), before=Seat(conversation="d")
    )
    assert cloud.table.thread(conversation).seat == SESSION


def test_a_seat_is_remembered_whole_and_whose_it_is(cloud: Cloud) -> None:
    conversation = somebody()
    session = msgspec.structs.replace(SESSION, conversation="é" * 300 + conversation.customer)
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=session), before=Seat(), listed=True)
    assert cloud.table.thread(conversation) == Thread(seat=session)
    assert cloud.table.seated("counter", session.conversation) == conversation
    assert cloud.table.seated("", session.conversation) is None
    assert cloud.table.seated("counter", "another") is None


@pytest.mark.parametrize("before", [None, Seat(), Seat("counter", "session-0", "", 7)])
@pytest.mark.parametrize("customer_ms", [0, 1, 9])
def test_a_seat_that_was_moved_meanwhile_is_not_overwritten(
    cloud: Cloud, before: Seat | None, customer_ms: int
) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=SESSION, customer_ms=5), before=Seat())
    cloud.table.claim(conversation, "IN#2", 102, LEASE_S)
    late = Thread(seat=Seat("", "d", "", 1), customer_ms=customer_ms)
    assert not cloud.table.delivered(conversation, "IN#2", 103, late, before=before, listed=True)
    assert cloud.table.thread(conversation) == Thread(seat=SESSION, customer_ms=5)
    assert cloud.table.claim(conversation, "IN#2", 104, LEASE_S).state == "busy"
    assert cloud.table.seated("", "d") is None
    # what names no seat moves nothing
    assert cloud.table.delivered(conversation, "IN#2", 105, Thread(customer_ms=7), before=before)
    assert cloud.table.thread(conversation) == Thread(seat=SESSION, customer_ms=7)


def test_the_same_seat_with_another_state_is_written(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=SESSION), before=Seat())
    for state in ("new key", ""):
        session = msgspec.structs.replace(SESSION, state=state)
        before = cloud.table.thread(conversation).seat
        assert cloud.table.delivered(conversation, "IN#2", 102, Thread(seat=session), before=before)
        assert cloud.table.thread(conversation).seat == session


def test_a_conversation_is_handed_over_once_and_emptied(cloud: Cloud) -> None:
    conversation = somebody()
    start = Seat(conversation="d")
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=start, customer_ms=5))
    there, elsewhere = start.moved("session-2", "counter", "key"), start.moved("session-3", "counter")
    assert cloud.table.seat(conversation, start, there, 102, listed=True)
    assert cloud.table.seat(conversation, start, there, 102, listed=True)  # the answer to the first was lost
    assert not cloud.table.seat(conversation, start, elsewhere, 102, listed=True)
    assert cloud.table.thread(conversation) == Thread(seat=there, customer_ms=5)
    assert cloud.table.seated("counter", "session-3") is None
    assert cloud.table.seat(conversation, there, there.moved(), 103)
    assert cloud.table.thread(conversation) == Thread(seat=Seat(generation=2), customer_ms=5)
    assert "desk" not in row(cloud, conversation)
    back = Thread(seat=Seat("", "e", "", 3))
    assert cloud.table.delivered(conversation, "IN#2", 104, back, before=Seat(generation=2))
    assert cloud.table.thread(conversation).seat == back.seat


def test_a_seat_of_which_another_conversation_was_known_is_not_moved(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d")))
    for known in (Seat(), Seat(conversation="c")):
        assert not cloud.table.seat(conversation, known, known.moved("x", "counter"), 102)
    assert cloud.table.thread(conversation).seat == Seat(conversation="d")


def test_a_doubt_tells_where_the_conversation_sat(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    for seat in (SESSION, Seat(conversation="d")):
        cloud.table.doubt(conversation, "IN#1", 101, 160, seat)
        assert cloud.table.claim(conversation, "IN#1", 102, LEASE_S).seat.place == seat.place


def test_whose_a_conversation_is_expires(cloud: Cloud) -> None:
    conversation = somebody()
    session = msgspec.structs.replace(SESSION, conversation=conversation.customer)
    cloud.table.delivered(conversation, "IN#1", 1_000_000, Thread(seat=session), before=Seat(), listed=True)
    key = {"pk": {"S": f"SEAT#counter#{conversation.customer}"}, "sk": {"S": "CONVERSATION"}}
    item = cloud.aws.client("dynamodb").get_item(TableName="dmdesk", Key=key)["Item"]
    assert int(item["expires_at"]["N"]) == 1_000_000 + SEATED_S


def test_a_sent_part_is_no_longer_in_flight_and_known_by_its_id(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "OUT#m#1", 100, LEASE_S, "fingerprint")
    assert cloud.table.in_flight(conversation, 101) == {"OUT#m#1": Flight(text="fingerprint")}
    cloud.table.sent(conversation, "OUT#m#1", 102, "x" * 3000)
    assert cloud.table.in_flight(conversation, 103) == {}
    assert cloud.table.is_ours(conversation, "x" * 3000)
    assert not cloud.table.is_ours(conversation, "another")


def test_when_the_newest_reply_was_written_is_remembered_until_another_tells(cloud: Cloud) -> None:
    conversation = somebody()
    for item, said_ms in (("OUT#m#1", 1_800_000_000_466), ("OUT#m#2", 0)):
        cloud.table.claim(conversation, item, 100, LEASE_S)
        cloud.table.sent(conversation, item, 102, item, said_ms=said_ms)
        assert cloud.table.thread(conversation).said_ms == 1_800_000_000_466


def test_an_echo_wins_over_what_the_sender_did_not_learn(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "OUT#m#1", 100, LEASE_S)
    cloud.table.sent(conversation, "OUT#m#1", 101, "mid")  # the echo came first
    cloud.table.doubt(conversation, "OUT#m#1", 101, 160)
    cloud.table.release(conversation, "OUT#m#1")
    assert cloud.table.refuse(conversation, "OUT#m#1", 102, "other", "late") is False
    assert cloud.table.claim(conversation, "OUT#m#1", 999, LEASE_S).result == "mid"


def test_a_refusal_whose_answer_was_lost_is_no_echo(cloud: Cloud) -> None:
    """botocore repeats the write, whose condition does not hold any more: by its own doing."""
    conversation = somebody()
    cloud.table.claim(conversation, "OUT#m#1", 100, LEASE_S)
    for _ in range(2):
        assert cloud.table.refuse(conversation, "OUT#m#1", 102, "unconfirmed", "") is True
    assert cloud.table.claim(conversation, "OUT#m#1", 999, LEASE_S).reason == "unconfirmed"


def test_a_part_whose_echo_comes_first_counts_once(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "OUT#m#1", 100, LEASE_S)
    for _ in range(3):
        cloud.table.sent(conversation, "OUT#m#1", 101, "mid")
    assert cloud.table.thread(conversation).replies == 1


def test_what_was_given_up_as_unconfirmed_is_still_looked_for(cloud: Cloud) -> None:
    conversation = somebody()
    for number, reason in enumerate(("unconfirmed", "window_closed"), start=1):
        cloud.table.claim(conversation, f"OUT#m#{number}", 100, LEASE_S, "text")
        cloud.table.refuse(conversation, f"OUT#m#{number}", 101, reason, "")
    assert cloud.table.in_flight(conversation, 102) == {"OUT#m#1": Flight(text="text", given_up=True)}


def test_begun_parts_are_told_by_their_message(cloud: Cloud) -> None:
    conversation = somebody()
    for item in ("OUT#m#1", "OUT#m#2", "OUT#mm#1"):
        cloud.table.claim(conversation, item, 100, LEASE_S)
    cloud.table.release(conversation, "OUT#m#2")
    assert cloud.table.begun(conversation, "OUT#m#") == {"OUT#m#1"}


@pytest.mark.parametrize("released", [False, True])
def test_an_edit_that_comes_first_is_told_to_whoever_claims_the_message(cloud: Cloud, released: bool) -> None:
    conversation = somebody()
    assert cloud.table.edited(conversation, "IN#1", 90, 2, "newest") == "held"
    assert cloud.table.edited(conversation, "IN#1", 91, 1, "older") == "older"
    claim = cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    assert (claim.state, claim.edited, claim.since_s) == ("fresh", "newest", 100)
    if released:
        cloud.table.release(conversation, "IN#1")
        assert cloud.table.edited(conversation, "IN#1", 101, 2, "newest") == "held"
        claim = cloud.table.claim(conversation, "IN#1", 110, LEASE_S)
        assert (claim.state, claim.edited) == ("fresh", "newest")
    cloud.table.delivered(conversation, "IN#1", 111, Thread(seat=Seat(conversation="d")))
    assert cloud.table.edited(conversation, "IN#1", 112, 3, "after") == "newest"
    assert cloud.table.claim(conversation, "IN#1", 113, LEASE_S).state == "done"


def test_an_unsend_of_a_message_that_was_only_edited_prevents_it(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.edited(conversation, "IN#1", 90, 1, "text")
    assert not cloud.table.forestall(conversation, "IN#1", 91)  # agents may have read the edit
    assert cloud.table.claim(conversation, "IN#1", 100, LEASE_S).result == PREVENTED


def test_a_message_that_was_taken_back_before_it_came_has_no_newer_text(cloud: Cloud) -> None:
    conversation = somebody()
    assert cloud.table.forestall(conversation, "IN#1", 91)
    assert cloud.table.edited(conversation, "IN#1", 92, 1, "text") == "older"


def test_a_message_is_known_by_how_it_begins(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#message:mid-1", 100, LEASE_S)
    cloud.table.delivered(conversation, "IN#message:mid-1", 101, Thread(seat=Seat(conversation="d")), "Is it back?")
    cloud.table.sent(conversation, "OUT#m#1", 102, "mid-2", words="It is")
    assert cloud.table.words(conversation, "message:mid-1", "mid-1") == "Is it back?"
    assert cloud.table.words(conversation, "message:mid-2", "mid-2") == "It is"
    assert cloud.table.words(conversation, "message:mid-3", "mid-3") == ""


def test_what_led_here_is_kept_until_it_is_told(cloud: Cloud) -> None:
    conversation = somebody()
    led = Led(id="r", conversation=conversation, sent_ms=1, attributes={"ref": "é😀"}, from_ad=True)
    assert cloud.table.led(conversation, 100) is None
    cloud.table.keep_led(conversation, 100, led)
    assert cloud.table.led(conversation, 101) == led
    assert cloud.table.led(conversation, 100 + 31 * 86_400) is None
    cloud.table.drop_led(conversation)
    assert cloud.table.led(conversation, 102) is None


@pytest.mark.parametrize("end", ["leased", "doubt", "done", "released"])
def test_a_first_message_is_under_way_until_it_has_ended(cloud: Cloud, end: str) -> None:
    conversation = somebody()
    assert not cloud.table.under_way(conversation, 99)
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    if end == "doubt":
        cloud.table.doubt(conversation, "IN#1", 101, 160)
    elif end == "done":
        cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d")))
    elif end == "released":
        cloud.table.release(conversation, "IN#1")
    assert cloud.table.under_way(conversation, 102) is (end in {"leased", "doubt"})


def test_tries_are_counted_by_life_and_by_what_was_tried(cloud: Cloud) -> None:
    life = somebody().customer
    assert cloud.table.tried(life, "file", 100.5) == Tried(count=1, first_s=100.5)
    assert cloud.table.tried(life, "file", 200.0) == Tried(count=2, first_s=100.5)
    assert cloud.table.tried(life, "call", 300.0) == Tried(count=1, first_s=300.0)
    assert cloud.table.tried(life + "x", "file", 400.0) == Tried(count=1, first_s=400.0)


class Conflicts:
    """DynamoDB, whose first transactions meet others."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def transact_write_items(self, **_: Any) -> dict[str, Any]:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return {}


def cancelled(*codes: str) -> ClientError:
    why: Any = [{"Code": one} for one in codes]
    return ClientError(
        {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": why}, "TransactWriteItems"
    )


@pytest.mark.parametrize(
    "errors",
    [
        [cancelled("TransactionConflict", "None")],
        [cancelled("None", "TransactionConflict")] * 3,
        [cancelled("ThrottlingError"), ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")],
        [EndpointConnectionError(endpoint_url="https://dynamodb")],
    ],
)
def test_what_has_happened_is_written_down_though_it_meets_another_write(errors: list[Exception]) -> None:
    client: Any = Conflicts(*errors)
    waits: list[float] = []
    Table("t", client, waits.append).sent(somebody(), "OUT#m#1", 100, "mid")
    assert client.calls == len(errors) + 1
    assert len(waits) == len(errors)
    assert sum(waits) < 1


def test_a_table_that_stays_busy_is_told(cloud: Cloud) -> None:
    client: Any = Conflicts(*[cancelled("TransactionConflict")] * 50)
    with pytest.raises(Retryable):
        Table("t", client, lambda seconds: None).delivered(somebody(), "IN#1", 100, Thread())
    assert client.calls < 10


def test_a_comment_is_remembered_until_a_newer_one_and_answered_once(cloud: Cloud) -> None:
    conversation = somebody()
    for item, comment, ms in (("IN#1", "c-2", 5000), ("IN#2", "c-1", 4000)):
        cloud.table.delivered(conversation, item, 101, Thread(comment=comment, comment_ms=ms))
    assert cloud.table.thread(conversation) == Thread(comment="c-2", comment_ms=5000)
    cloud.table.sent(conversation, "OUT#m#1", 102, "mid", "c-2")
    assert cloud.table.thread(conversation) == Thread(comment="c-2", comment_ms=5000, answered="c-2", replies=1)


def test_a_comment_and_a_message_do_not_overwrite_each_other(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(customer_ms=9000, ad_ms=9000))
    cloud.table.delivered(conversation, "IN#2", 102, Thread(comment="c-1", comment_ms=8000))
    expected = Thread(customer_ms=9000, ad_ms=9000, comment="c-1", comment_ms=8000)
    assert cloud.table.thread(conversation) == expected


def test_a_note_changes_nothing_but_the_desks_conversation(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(seat=Seat(conversation="d"), customer_ms=9000))
    cloud.table.delivered(conversation, "IN#2", 102, Thread(seat=Seat(conversation="e")))
    assert cloud.table.thread(conversation) == Thread(seat=Seat(conversation="e"), customer_ms=9000)


def test_replies_are_counted_from_the_customers_last_message(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.delivered(conversation, "IN#1", 101, Thread(customer_ms=1))
    for number in (1, 2, 3):
        cloud.table.sent(conversation, f"OUT#m#{number}", 102, f"mid-{number}")
    assert cloud.table.thread(conversation).replies == 3
    cloud.table.delivered(conversation, "IN#2", 103, Thread(customer_ms=2))
    assert cloud.table.thread(conversation).replies == 0


def test_what_was_seen_is_remembered(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.seen(conversation, 100, 9000)
    assert cloud.table.thread(conversation).seen_ms == 9000


def test_work_that_was_forestalled_is_found_done_and_why(cloud: Cloud) -> None:
    conversation = somebody()
    assert cloud.table.forestall(conversation, "IN#1", 100)
    claim = cloud.table.claim(conversation, "IN#1", 101, LEASE_S)
    assert (claim.state, claim.result) == ("done", PREVENTED)


def test_work_that_has_begun_is_not_forestalled(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    assert not cloud.table.forestall(conversation, "IN#1", 101)
    cloud.table.release(conversation, "IN#1")
    assert cloud.table.claim(conversation, "IN#1", 102, LEASE_S).state == "fresh"


def test_work_that_was_given_up_or_forestalled_before_is_forestalled(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S)
    cloud.table.buried(conversation, "IN#1", 101)
    assert cloud.table.forestall(conversation, "IN#1", 102)
    assert cloud.table.forestall(conversation, "IN#1", 103)  # the answer to the first was lost
    assert cloud.table.claim(conversation, "IN#1", 104, LEASE_S).result == PREVENTED


def test_an_offer_is_found_by_its_number(cloud: Cloud) -> None:
    conversation = somebody()
    taps = [Tap(message="gen-1", type="QuickReply", text=text, payload=text.upper()) for text in ("Sí", "No")]
    cloud.table.offer(conversation, "key", 100, taps)
    assert cloud.table.offered(conversation, "key", 1) == taps[1]
    assert cloud.table.offered(conversation, "key", 2) is None
    assert cloud.table.offered(conversation, "another", 0) is None


def test_a_profile_is_kept_for_a_week(cloud: Cloud) -> None:
    conversation = somebody()
    profile = Profile(name="Ana Núñez", followers=0, verified=False)
    assert cloud.table.profile(conversation, 100) is None
    cloud.table.keep_profile(conversation, 100, profile)
    assert cloud.table.profile(conversation, 100 + 7 * 86_400 - 1) == profile
    assert cloud.table.profile(conversation, 100 + 7 * 86_400) is None


def test_a_profile_is_kept_as_long_as_it_is_told(cloud: Cloud) -> None:
    conversation, profile = somebody(), Profile(name="Ana Núñez")
    table = Table(TABLE, cloud.aws.client("dynamodb"), profile_s=86_400)
    table.keep_profile(conversation, 100, profile)
    assert table.profile(conversation, 100 + 86_400 - 1) == profile
    assert table.profile(conversation, 100 + 86_400) is None


def test_the_newest_that_went_out_is_known_by_the_desks_id(cloud: Cloud) -> None:
    conversation = somebody()
    for number, (said_ms, said) in enumerate([(5000, "first"), (7000, "second"), (0, "")], start=1):
        cloud.table.claim(conversation, f"OUT#m#{number}", 100, LEASE_S)
        cloud.table.sent(conversation, f"OUT#m#{number}", 100, f"mid-{number}", said_ms=said_ms, said=said)
    thread = cloud.table.thread(conversation)
    assert (thread.said_ms, thread.said, thread.replies) == (7000, "second", 3)


def test_a_desks_register_has_a_customer_for_a_week_and_no_other_desks(cloud: Cloud) -> None:
    conversation = somebody()
    assert not cloud.table.introduced(conversation, "connect", 100)
    cloud.table.introduce(conversation, "connect", 100)
    assert cloud.table.introduced(conversation, "connect", 100 + 7 * 86_400 - 1)
    assert not cloud.table.introduced(conversation, "connect", 100 + 7 * 86_400)
    assert not cloud.table.introduced(conversation, "counter", 100)
    assert not cloud.table.introduced(somebody(), "connect", 100)
    cloud.table.erase(conversation)
    assert not cloud.table.introduced(conversation, "connect", 100)


def test_conversations_do_not_see_each_other(cloud: Cloud) -> None:
    one, other = somebody(), somebody()
    cloud.table.claim(one, "IN#1", 100, LEASE_S)
    assert cloud.table.claim(other, "IN#1", 100, LEASE_S).state == "fresh"
    assert cloud.table.in_flight(other, 100) == {}


def test_what_is_shown_together_is_written_on_the_first_claim_once_and_ends_with_it(cloud: Cloud) -> None:
    conversation = somebody()
    assert cloud.table.claim(conversation, "IN#1", 100, LEASE_S, folded=("2", "3")).folded == ("2", "3")
    assert cloud.table.claim(conversation, "IN#1", 101, LEASE_S, folded=("4",)).folded == ("2", "3")
    lapsed = cloud.table.claim(conversation, "IN#1", 111, LEASE_S, folded=("4",))
    assert (lapsed.state, lapsed.folded) == ("lapsed", ("2", "3"))
    cloud.table.doubt(conversation, "IN#1", 112, 120)
    assert cloud.table.claim(conversation, "IN#1", 113, LEASE_S).folded == ("2", "3")
    cloud.table.release(conversation, "IN#1")
    assert cloud.table.claim(conversation, "IN#1", 114, LEASE_S).folded == ()
    thread = Thread(seat=Seat(conversation="d"), customer_ms=1)
    assert cloud.table.delivered(conversation, "IN#1", 115, thread, "one", also={"IN#2": "two", "IN#3": ""})
    assert [cloud.table.claim(conversation, f"IN#{one}", 116, LEASE_S).state for one in (1, 2, 3)] == ["done"] * 3
    assert [cloud.table.words(conversation, one, "") for one in ("1", "2", "3")] == ["one", "two", ""]


def test_a_claim_that_is_given_up_forgets_with_what_it_was_shown(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "IN#1", 100, LEASE_S, folded=("2",))
    assert cloud.table.buried(conversation, "IN#1", 101)
    again = cloud.table.claim(conversation, "IN#1", 102, LEASE_S)
    assert (again.state, again.buried, again.folded) == ("fresh", True, ())


def test_everything_but_accounts_expires(cloud: Cloud) -> None:
    conversation = somebody()
    cloud.table.claim(conversation, "OUT#m#1", 1_000_000, LEASE_S)
    cloud.table.sent(conversation, "OUT#m#1", 1_000_000, "mid")
    cloud.table.delivered(conversation, "IN#1", 1_000_000, Thread(seat=Seat(conversation="d"), customer_ms=1))
    items = cloud.aws.client("dynamodb").query(
        TableName="dmdesk",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"CONV#{conversation.key}"}},
    )["Items"]
    assert len(items) == 4  # two claims, what was sent, the state
    assert all(int(item["expires_at"]["N"]) >= 1_000_000 + 15 * 86_400 for item in items)


def test_accounts_are_read_as_terraform_writes_them(cloud: Cloud) -> None:
    found = [one for one in cloud.table.accounts() if isinstance(one, Account)]
    assert [(one.channel, one.id, one.integration, one.secret, one.name) for one in found] == [tuple(ACCOUNT.values())]
    ours = options(found[0])
    assert (ours.login, ours.page, ours.human_agent) == ("instagram", "", False)


def test_an_accounts_former_integrations_are_a_set(cloud: Cloud) -> None:
    dynamodb = cloud.aws.client("dynamodb")
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": "instagram#1786"}}
    given = {"id": {"S": "1786"}, "former_integrations": {"SS": ["i-0", "i-00"]}, "outage_reply": {"BOOL": True},
             "fold_s": {"N": "5"}}  # fmt: skip
    dynamodb.put_item(TableName="dmdesk", Item=key | ROW | given)
    try:
        found = [one for one in cloud.table.accounts() if isinstance(one, Account)]
        [ours] = [one for one in found if one.id == "1786"]
        assert (set(ours.former_integrations), ours.outage_reply, ours.fold_s) == ({"i-0", "i-00"}, True, 5)
        assert (found[0].former_integrations, found[0].fold_s) == ((), 0)
    finally:
        dynamodb.delete_item(TableName="dmdesk", Key=key)


ROW: dict[str, Any] = {name: {"S": text} for name, text in (ACCOUNT | {"id": "1785"}).items()}
# One fault each, and the field that is told.
FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown value": (ROW | {"login": {"S": "google"}}, "$.login"),
    "a missing field": ({name: value for name, value in ROW.items() if name != "secret"}, "secret"),
    "a blank field": (ROW | {"integration": {"S": ""}}, "$.integration"),
    "a field with a line break": (ROW | {"id": {"S": "1785\n"}}, "$.id"),
    "a number for a text": (ROW | {"name": {"N": "5"}}, "$.name"),
    "a text for a number": (ROW | {"fold_s": {"S": "5"}}, "$.fold_s"),
    "half a second": (ROW | {"fold_s": {"N": "0.5"}}, "$.fold_s"),
    "too long": (ROW | {"fold_s": {"N": "21"}}, "$.fold_s"),
    "null": (ROW | {"integration": {"NULL": True}}, "$.integration"),
    "a text for a flag": (ROW | {"human_agent": {"S": "true"}}, "$.human_agent"),
    "a flag for a text": (ROW | {"language": {"BOOL": True}}, "$.language"),
    "a list": (ROW | {"page": {"L": [{"S": "1"}]}}, "$.page"),
    "nothing at all": ({}, "channel"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_row_that_cannot_be_read_is_no_other_accounts_trouble(cloud: Cloud, fault: str) -> None:
    row, field = FAULTY[fault]
    dynamodb = cloud.aws.client("dynamodb")
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": "instagram#1785"}}
    dynamodb.put_item(TableName="dmdesk", Item=key | row)
    try:
        good, faulty = (judged(row, abouts(CHANNELS), abouts(DESKS)) for row in cloud.table.accounts())
    finally:
        dynamodb.delete_item(TableName="dmdesk", Key=key)
    assert isinstance(good, Account)
    assert isinstance(faulty, Unreadable)
    assert faulty.key == "instagram#1785"
    assert field in faulty.problem


def test_what_a_row_holds_besides_is_passed_over(cloud: Cloud) -> None:
    dynamodb = cloud.aws.client("dynamodb")
    key = {"pk": {"S": "ACCOUNT"}, "sk": {"S": "instagram#1785"}}
    dynamodb.put_item(TableName="dmdesk", Item=key | ROW | {"colour": {"S": "red"}, "number": {"N": "5"}})
    try:
        assert [getattr(one, "id", None) for one in cloud.table.accounts()] == ["1784", "1785"]
    finally:
        dynamodb.delete_item(TableName="dmdesk", Key=key)


def test_an_unreachable_table_is_worth_a_retry() -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
    )
    with pytest.raises(Retryable):
        Table("dmdesk", client).claim(somebody(), "IN#1", 1, LEASE_S)


class ClaimLife(RuleBasedStateMachine):
    """Whatever the order of calls, the table agrees with the few lines below, and an end is an end."""

    cloud: Cloud
    items = Bundle("items")

    @initialize()
    def begin(self) -> None:
        self.conversation = somebody()
        self.now = 1000.0
        self.state: dict[str, str] = {}
        self.until: dict[str, float] = {}

    @rule(target=items, number=st.integers(1, 3))
    def some_item(self, number: int) -> str:
        return f"OUT#m#{number}"

    @rule(seconds=st.sampled_from([1.0, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(item=items)
    def claim(self, item: str) -> None:
        state = self.state.get(item, "absent")
        lapsed = state == "leased" and self.until[item] < self.now
        expected = {"absent": "fresh", "buried": "fresh", "leased": "lapsed" if lapsed else "busy"}.get(state, state)
        claim = self.cloud.table.claim(self.conversation, item, self.now, LEASE_S)
        assert (claim.state, claim.buried) == (expected, state == "buried")
        if expected in {"fresh", "lapsed"}:
            self.state[item], self.until[item] = "leased", self.now + LEASE_S

    @rule(item=items)
    def release(self, item: str) -> None:
        self.cloud.table.release(self.conversation, item)
        if self.state.get(item) in {"leased", "doubt"}:
            del self.state[item]

    @rule(item=items)
    def doubt(self, item: str) -> None:
        self.cloud.table.doubt(self.conversation, item, self.now, self.now + 60)
        if self.state.get(item) == "leased":
            self.state[item] = "doubt"

    @rule(item=items)
    def refuse(self, item: str) -> None:
        done = self.cloud.table.refuse(self.conversation, item, self.now, "GeneralError", "")
        assert done is (self.state.get(item) in {"leased", "doubt", "refused"})
        if done:
            self.state[item] = "refused"

    @rule(item=items)
    def sent(self, item: str) -> None:
        if self.state.get(item) in {"leased", "doubt", "refused", "done"}:  # an echo may come at any time
            self.cloud.table.sent(self.conversation, item, self.now, f"mid-{item}")
            self.state[item] = "done"

    @rule(item=items)
    def buried(self, item: str) -> None:
        ended = self.state.get(item) in {"done", "refused"}
        assert self.cloud.table.buried(self.conversation, item, self.now) is not ended
        if not ended:
            self.state[item] = "buried"


def test_the_life_of_claims(cloud: Cloud) -> None:
    ClaimLife.cloud = cloud
    check = ClaimLife.TestCase
    check.settings = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    check("runTest").runTest()
