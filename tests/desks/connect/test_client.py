"""What the bridge calls of Amazon Connect, in which order, and what becomes of each refusal."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chalicelib.desks.connect.problems import Absent
from chalicelib.desks.connect.session import read
from chalicelib.errors import Misconfigured, RateLimited, Refused, Retryable, Unreachable, Waiting
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import Tap
from chalicelib.vocabulary.records import Profile, Seat
from chalicelib.vocabulary.replies import File, Receipt
from tests.desks.connect.kit import (
    ACCOUNT,
    DAY_S,
    DENIED,
    FLOW,
    HEADERS,
    INSTANCE,
    TOPIC,
    Instance,
    error,
    picture,
    said,
    unknown,
)

FIRST = ["StartChatContact", "StartContactStreaming", "CreateParticipantConnection", "SendMessage"]


# Beginning


def test_a_first_message_begins_a_contact_streams_it_joins_it_and_says_it() -> None:
    connect = Instance()
    seat = connect.say(said())
    assert connect.http.names() == FIRST
    start, stream, join, message = (given for _, given in connect.http.calls)
    token = start.pop("ClientToken")
    assert start == {
        "InstanceId": INSTANCE,
        "ContactFlowId": FLOW,
        "ParticipantDetails": {"DisplayName": "Ada"},
        "Attributes": {"source": "Instagram_DM", "accountId": "1784"},
        "CustomerId": "55501",
        "ChatDurationInMinutes": 2880,
        "SupportedMessagingContentTypes": ["text/plain"],
        "ParticipantConfiguration": {"ResponseMode": "COMPLETE"},
    }
    assert stream["ChatStreamingConfiguration"] == {"StreamingEndpointArn": TOPIC}
    assert join == {
        "ParticipantToken": "participant:contact-1",
        "Type": ["CONNECTION_CREDENTIALS"],
        "ConnectParticipant": True,
    }
    assert (message["ContentType"], message["Content"]) == ("text/plain", "Is the oolong back?")
    assert message["ClientToken"] == "m" * 40
    assert token not in {stream["ClientToken"], message["ClientToken"]}
    session = read(seat.state)
    assert (seat.desk, seat.conversation) == ("connect", "contact-1")
    assert session is not None
    assert (session.participant, session.connection) == ("participant:contact-1", message["ConnectionToken"])
    assert session.ends_s == pytest.approx(connect.clock() + DAY_S)
    assert session.participant not in repr(session)


def test_one_call_begins_all_of_it_where_that_is_set() -> None:
    connect = Instance(connect_one_call="true")
    connect.say(said())
    assert connect.http.names() == ["StartChatContact", "SendMessage"]
    [start] = connect.http.given("StartChatContact")
    assert start["ConnectionTypes"] == ["CONNECTION_CREDENTIALS"]
    assert start["ChatStreamingConfiguration"] == {"StreamingEndpointArn": TOPIC}


def test_where_the_one_call_answers_without_a_connection_it_is_asked_for() -> None:
    connect = Instance(connect_one_call="true")
    body = {"ContactId": "contact-9", "ParticipantToken": "participant:contact-9"}
    connect.http.next["StartChatContact"] = [Answer(status=200, headers={}, body=json.dumps(body).encode())]
    connect.say(said())
    assert connect.http.names() == ["StartChatContact", "CreateParticipantConnection", "SendMessage"]


@pytest.mark.parametrize("call", FIRST)
@pytest.mark.parametrize(
    "failure", [error(500, "InternalServerException"), error(429, "ThrottlingException"), unknown()]
)
def test_whatever_fails_on_the_way_is_done_again_in_the_same_contact(call: str, failure: Any) -> None:
    connect = Instance()
    connect.http.next[call] = [failure]
    with pytest.raises(Retryable):
        connect.say(said())
    connect.clock.advance(60)
    seat = connect.say(said())
    assert seat.conversation == "contact-1"
    assert len({one["ClientToken"] for one in connect.http.given("StartChatContact")}) == 1
    assert len({one["ClientToken"] for one in connect.http.given("SendMessage")}) == 1


def test_each_generation_and_each_customer_begins_a_contact_of_its_own() -> None:
    connect = Instance()
    seats = [connect.say(said(), Seat("connect", generation=number)) for number in (0, 1)]
    seats.append(connect.say(said(customer="55502")))
    seats.append(connect.say(said(), account=msgspec.structs.replace(ACCOUNT, id="1785")))
    assert len({seat.conversation for seat in seats}) == 4
    assert connect.say(said(), Seat("connect", generation=1)).conversation == seats[1].conversation


def test_what_takes_a_contacts_place_is_one_contact_whether_its_end_is_told_by_now_or_not() -> None:
    connect = Instance()
    seat = msgspec.structs.replace(connect.opened(), generation=1)
    connect.http.ended.add("contact-1")
    first = connect.say(said(), seat)
    assert connect.say(said(), seat.moved()).conversation == first.conversation == "contact-2"
    later = msgspec.structs.replace(first, generation=2)  # as it is written, where the empty seat was read
    connect.http.ended.add("contact-2")
    assert connect.say(said(), later).conversation == "contact-3"


def test_a_contact_that_has_ended_since_an_earlier_try_is_followed_by_a_second_one() -> None:
    connect = Instance()
    connect.http.next["SendMessage"] = [unknown()]
    with pytest.raises(Retryable):
        connect.say(said())
    connect.http.ended.add("contact-1")
    assert connect.say(said()).conversation == "contact-2"
    assert connect.say(said()).conversation == "contact-2"


def test_where_a_flow_ends_each_contact_another_is_begun_an_hour_and_takes_the_message_once_that_is_mended() -> None:
    connect = Instance()
    connect.http.ended |= {f"contact-{number}" for number in range(1, 6)}
    for hour in range(3):
        for _ in range(20):
            with pytest.raises(Misconfigured, match="lets nobody in") as no:
                connect.say(said())
            assert "flow" in no.value.advice
            connect.clock.advance(60)
        assert len(connect.http.contacts) == 3 + hour
        connect.clock.advance(2400)
    # somebody has mended the flow by now: the sixth goes on
    assert connect.say(said()).conversation == connect.say(said()).conversation == "contact-6"
    assert connect.http.texts() == [("contact-6", "Is the oolong back?")]


def test_a_contact_that_has_ended_cannot_be_streamed_and_that_is_no_fault_of_anybodys() -> None:
    connect = Instance()
    connect.say(said())
    connect.http.ended.add("contact-1")
    connect.http.next["StartContactStreaming"] = [error(400, "InvalidRequestException")]
    assert connect.say(said()).conversation == "contact-2"


def test_a_contact_that_is_streamed_already_is_well() -> None:
    connect = Instance()
    connect.http.next["StartContactStreaming"] = [error(409, "ResourceConflictException")]
    assert connect.say(said()).conversation == "contact-1"


def test_a_contact_that_cannot_be_streamed_is_told() -> None:
    connect = Instance()
    connect.http.next["StartContactStreaming"] = [error(404, "ResourceNotFoundException")]
    with pytest.raises(Misconfigured) as told:
        connect.say(said())
    assert "connect_topic" in told.value.advice


@pytest.mark.parametrize("code", ["InvalidRequestException", "InvalidParameterException"])
def test_where_no_duration_may_be_set_the_chat_begins_without(code: str) -> None:
    connect = Instance()
    connect.http.next["StartChatContact"] = [error(400, code)]
    connect.say(said())
    first, second = connect.http.given("StartChatContact")
    assert first.pop("ChatDurationInMinutes") == 2880
    assert first == second


def test_what_is_refused_without_a_duration_too_is_refused() -> None:
    connect = Instance()
    connect.http.next["StartChatContact"] = [error(400, "InvalidParameterException")] * 2
    with pytest.raises(Refused, match="InvalidParameterException"):
        connect.say(said())
    assert connect.http.names() == ["StartChatContact"] * 2


def test_an_account_may_have_a_flow_of_its_own() -> None:
    connect = Instance()
    connect.say(said(), account=msgspec.structs.replace(ACCOUNT, options={"flow": "arn:aws:x/contact-flow/own"}))
    assert connect.http.given("StartChatContact")[0]["ContactFlowId"] == "own"


def test_attributes_that_connect_does_not_take_and_names_too_long_do_not_stop_a_chat() -> None:
    connect = Instance()
    attributes = {"source": "x", "with.dot": "y", "empty": "", "big": "b" * 33_000, "small": "s"}
    connect.say(said(attributes=attributes, nickname="\N{GRINNING FACE}" * 300, customer="c" * 200))
    [start] = connect.http.given("StartChatContact")
    assert start["Attributes"] == {"source": "x", "small": "s"}
    assert "CustomerId" not in start
    connect.say(said(nickname=" "), Seat("connect", generation=5))
    assert connect.http.given("StartChatContact")[1]["ParticipantDetails"] == {"DisplayName": "Customer"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"connect_chat_minutes": "59"}, "CHAT_MINUTES"),
        ({"connect_chat_minutes": "a day"}, "CHAT_MINUTES"),
        ({"connect_text_limit": "99999"}, "TEXT_LIMIT"),
        ({"connect_one_call": "yes"}, "ONE_CALL"),
        ({"connect_content_types": "text/markdown"}, "CONTENT_TYPES"),
    ],
)
def test_a_setting_that_cannot_be_read_waits_with_its_name(settings: dict[str, str], named: str) -> None:
    connect = Instance(**settings)
    with pytest.raises(Misconfigured) as told:
        connect.say(said())
    assert named in told.value.advice
    assert connect.http.calls == []


def test_a_topic_that_is_none_is_told() -> None:
    with pytest.raises(Misconfigured, match="topic"):
        Instance(connect_topic="dmdesk").say(said())


def test_a_chat_may_last_as_long_as_connect_says() -> None:
    connect = Instance(connect_chat_minutes="0")
    connect.say(said())
    assert "ChatDurationInMinutes" not in connect.http.given("StartChatContact")[0]


# The past


def test_a_customer_who_returns_brings_the_past_once_it_is_written_down() -> None:
    connect = Instance(connect_persistent="true")
    ended_ms = int(connect.clock() * 1000) - 20_000
    message = said(former="contact-0", former_ms=ended_ms)
    with pytest.raises(Waiting) as told:
        connect.say(message)
    assert told.value.after_s == pytest.approx(40)
    assert connect.http.calls == []
    connect.clock.advance(40)
    connect.say(message)
    [start] = connect.http.given("StartChatContact")
    assert start["PersistentChat"] == {"RehydrationType": "ENTIRE_PAST_SESSION", "SourceContactId": "contact-0"}
    assert connect.desk.capabilities.continues


def test_a_chat_whose_end_nobody_has_told_is_taken_to_have_ended_as_the_customer_wrote() -> None:
    connect = Instance(connect_persistent="true")
    seat = connect.opened()
    connect.http.ended.add("contact-1")
    connect.clock.advance(10)
    written = said(sent_ms=int(connect.clock() * 1000))
    connect.clock.advance(15)
    with pytest.raises(Waiting) as told:
        connect.say(written, seat)
    assert told.value.after_s == pytest.approx(45)
    connect.clock.advance(45)
    connect.say(written, seat)
    assert connect.http.given("StartChatContact")[-1]["PersistentChat"]["SourceContactId"] == "contact-1"


@pytest.mark.parametrize("status", [400, 404])
def test_a_past_that_cannot_be_had_keeps_nobody_waiting(status: int) -> None:
    connect = Instance(connect_persistent="true")
    code = "InvalidRequestException" if status == 400 else "ResourceNotFoundException"
    connect.http.next["StartChatContact"] = [error(status, code)]
    assert connect.say(said(former="contact-0", former_ms=1)).conversation == "contact-1"
    assert "PersistentChat" not in connect.http.given("StartChatContact")[1]


def test_the_past_is_not_asked_for_unless_that_is_set() -> None:
    connect = Instance()
    connect.say(said(former="contact-0", former_ms=int(connect.clock() * 1000)))
    assert "PersistentChat" not in connect.http.given("StartChatContact")[0]
    assert not connect.desk.capabilities.continues


# Going on


def test_a_later_message_is_one_call() -> None:
    connect = Instance()
    seat = connect.opened()
    assert connect.say(said(), seat) == seat
    assert connect.http.names() == ["SendMessage"]


def test_a_connection_that_ends_soon_is_renewed_before() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.clock.advance(DAY_S - 200)
    later = connect.say(said(), seat)
    assert connect.http.names() == ["CreateParticipantConnection", "SendMessage"]
    assert "ConnectParticipant" not in connect.http.given("CreateParticipantConnection")[0]
    assert (later.conversation, later.state != seat.state) == ("contact-1", True)
    connect.http.calls.clear()
    assert connect.say(said(), later) == later
    assert connect.http.names() == ["SendMessage"]


def test_a_connection_that_is_not_taken_is_renewed_once() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["SendMessage"] = [DENIED]
    later = connect.say(said(), seat)
    assert connect.http.names() == ["SendMessage", "CreateParticipantConnection", "SendMessage"]
    assert later.conversation == "contact-1"
    assert connect.http.given("SendMessage")[0]["ClientToken"] == connect.http.given("SendMessage")[1]["ClientToken"]


@pytest.mark.parametrize("twice", [False, True], ids=["no connection", "a connection that is not taken"])
def test_what_is_over_is_followed_by_another_contact_once_whoever_tries(twice: bool) -> None:
    connect = Instance()
    seat = connect.opened()
    seat = msgspec.structs.replace(seat, generation=1)
    for _ in range(2):
        if twice:
            connect.http.next["SendMessage"] = [DENIED, DENIED]
        else:
            connect.http.ended.add("contact-1")
        assert connect.say(said(), seat).conversation == "contact-2"
    assert len(connect.http.contacts) == 2


def test_a_line_of_the_bridges_own_opens_nothing() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.ended.add("contact-1")
    with pytest.raises(Refused, match="no_conversation"):
        connect.say(said(opens=False), seat)
    assert "StartChatContact" not in connect.http.names()


def test_a_contact_that_ends_as_it_begins_is_tried_again() -> None:
    connect = Instance()
    connect.http.next["SendMessage"] = [DENIED, DENIED]
    with pytest.raises(Retryable, match="ended as it began"):
        connect.say(said())


def test_a_seat_whose_keys_cannot_be_read_is_over() -> None:
    connect = Instance()
    assert connect.say(said(), Seat("connect", "lost", "{", 4)).conversation == "contact-1"


# Taps


def test_a_tap_is_said_as_amazons_own_client_says_it() -> None:
    connect = Instance()
    tap = Tap(message="m", type="QuickReply", text="Green – mild", payload="Green")
    connect.say(said("Green – mild", tap=tap), connect.opened())
    [message] = connect.http.given("SendMessage")
    assert (message["ContentType"], message["Content"]) == ("text/plain", "Green")


def test_a_tap_in_a_contact_that_never_made_the_offer_is_said_as_it_was_read() -> None:
    connect = Instance()
    tap = Tap(message="m", type="QuickReply", text="Green – mild", payload='{"listTitle": "Tea"}')
    connect.say(said("", tap=tap))
    assert connect.http.given("SendMessage")[0]["Content"] == "Green – mild"


def test_a_page_is_turned_by_an_event() -> None:
    connect = Instance()
    tap = Tap(message="m", type="QuickReply", text="More", payload='interactive.response:{"action": "SHOW_MORE"}')
    connect.say(said("More", tap=tap), connect.opened())
    [message] = connect.http.given("SendMessage")
    assert message["ContentType"] == "application/vnd.amazonaws.connect.message.interactive.response"
    assert json.loads(message["Content"]) == {"action": "SHOW_MORE"}


# Files


def test_a_file_is_uploaded_with_just_the_headers_that_are_signed_and_its_words_follow() -> None:
    connect = Instance()
    connect.say(said("Look", attachment=picture()), connect.opened())
    assert connect.http.names() == ["StartAttachmentUpload", "PUT", "CompleteAttachmentUpload", "SendMessage"]
    [begun], [done] = connect.http.given("StartAttachmentUpload"), connect.http.given("CompleteAttachmentUpload")
    told = (begun["AttachmentName"], begun["ContentType"], begun["AttachmentSizeInBytes"])
    assert told == ("cat.png", "image/png", 3)
    assert done["AttachmentIds"] == ["file-1"]
    assert connect.http.files == [(HEADERS, b"png")]


def test_a_file_alone_is_no_empty_message() -> None:
    connect = Instance()
    connect.say(said("", attachment=picture()), connect.opened())
    assert "SendMessage" not in connect.http.names()


def test_an_upload_that_an_earlier_try_completed_is_done() -> None:
    connect = Instance()
    connect.http.next["CompleteAttachmentUpload"] = [error(409, "ConflictException")]
    connect.say(said("Look", attachment=picture()), connect.opened())
    assert connect.http.names()[-1] == "SendMessage"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("StartAttachmentUpload", error(400, "ValidationException")),
        ("StartAttachmentUpload", error(402, "ServiceQuotaExceededException")),
        ("CompleteAttachmentUpload", error(400, "ValidationException")),
    ],
)
def test_a_file_that_is_refused_is_told_before_a_word_is_said(call: str, answer: Answer) -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next[call] = [answer]
    with pytest.raises(Refused):
        connect.say(said("Look", attachment=picture()), seat)
    assert "SendMessage" not in connect.http.names()


MISMATCH = Answer(status=403, headers={}, body=b"<Code>SignatureDoesNotMatch</Code>")


def test_a_file_that_the_bucket_refuses_is_refused_unless_an_earlier_try_has_put_it() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next |= {"PUT": [MISMATCH], "CompleteAttachmentUpload": [error(400, "ValidationException")]}
    with pytest.raises(Refused, match="the bucket answers 403"):
        connect.say(said("Look", attachment=picture()), seat)
    connect.http.next |= {"PUT": [MISMATCH], "CompleteAttachmentUpload": [error(409, "ConflictException")]}
    connect.say(said("Look", attachment=picture()), seat)
    assert connect.http.names()[-1] == "SendMessage"


@pytest.mark.parametrize(
    "failure", [*(Answer(status=status, headers={}, body=b"") for status in (408, 429, 500, 503)), unknown()]
)
def test_an_upload_that_fails_is_done_again_as_the_same(failure: Any) -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["PUT"] = [failure]
    with pytest.raises(Retryable):
        connect.say(said("Look", attachment=picture()), seat)
    connect.say(said("Look", attachment=picture()), seat)
    assert len({one["ClientToken"] for one in connect.http.given("StartAttachmentUpload")}) == 1


def test_an_agents_file_is_asked_for_when_it_is_fetched() -> None:
    connect = Instance()
    source = connect.desk.source(File(url="file-7"), connect.opened())
    assert source.url.startswith("https://files.s3.eu-central-1.amazonaws.com/file-7?")
    assert source.hosts == ("amazonaws.com",)
    assert source.headers == {}
    assert 5 <= connect.http.given("GetAttachment")[0]["UrlExpiryInSeconds"] <= 300


def test_a_file_of_a_contact_that_is_over_is_gone() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.ended.add("contact-1")
    for one in (seat, Seat("connect", "contact-1")):
        with pytest.raises(Refused, match="file_gone"):
            connect.desk.source(File(url="file-7"), one)


# Whether it is open, and what agents are told


def test_a_contact_is_open_as_long_as_its_transcript_is_shown() -> None:
    connect = Instance()
    seat = connect.opened()
    assert connect.desk.is_open(ACCOUNT, "55501", seat)
    assert connect.http.names() == ["GetTranscript"]
    connect.http.next["GetTranscript"] = [DENIED]
    assert connect.desk.is_open(ACCOUNT, "55501", seat)
    connect.http.ended.add("contact-1")
    assert not connect.desk.is_open(ACCOUNT, "55501", seat)
    assert not connect.desk.is_open(ACCOUNT, "55501", Seat("connect", "contact-1"))
    connect.http.next["GetTranscript"] = [error(500, "InternalServerException")]
    with pytest.raises(Unreachable):
        connect.desk.is_open(ACCOUNT, "55501", seat)


def test_a_reply_that_arrived_is_marked_as_delivered() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.desk.report(ACCOUNT, Receipt(message="reply-1", customer="55501", delivered=True), seat, connect.clock())
    [event] = connect.http.given("SendEvent")
    assert event["ContentType"] == "application/vnd.amazonaws.connect.event.message.delivered"
    assert json.loads(event["Content"]) == {"messageId": "reply-1"}


@pytest.mark.parametrize("answer", [DENIED, error(409, "ConflictException")])
def test_a_receipt_that_is_refused_is_let_go_and_reopens_nothing(answer: Answer) -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["SendEvent"] = [answer]
    connect.desk.report(ACCOUNT, Receipt(message="reply-1", customer="55501", delivered=True), seat, connect.clock())
    assert connect.http.names() == ["SendEvent"]


def test_connect_has_no_word_for_a_reply_that_failed() -> None:
    connect = Instance()
    told = Receipt(message="reply-1", customer="55501", delivered=False, reason="window_closed")
    connect.desk.report(ACCOUNT, told, connect.opened(), connect.clock())
    assert connect.http.calls == []


# Refusals


@pytest.mark.parametrize(
    ("answer", "raised", "advice"),
    [
        (error(403, "AccessDeniedException"), Misconfigured, "StartChatContact"),
        (error(403, "UnrecognizedClientException"), Misconfigured, "role"),
        (error(404, "ResourceNotFoundException"), Absent, "connect_instance"),
        (error(400, "InvalidActiveRegionException"), Misconfigured, "region"),
        (error(429, "LimitExceededException"), Misconfigured, "quota"),
        (error(429, "TooManyRequestsException"), RateLimited, ""),
        (error(429, ""), RateLimited, ""),
        (error(500, "InternalServiceException"), Unreachable, ""),
        (error(503, "ServiceUnavailable", **{"retry-after": "7"}), Unreachable, ""),
        (Answer(status=301, headers={}, body=b"<html>"), Unreachable, ""),
        (error(408, "RequestTimeoutException"), Retryable, ""),
        (error(418, "Teapot"), Refused, ""),
    ],
    ids=lambda value: str(getattr(value, "headers", value))[:40],
)
def test_what_each_refusal_of_a_contact_means(answer: Answer, raised: type[Exception], advice: str) -> None:
    connect = Instance(connect_chat_minutes="0")
    connect.http.next["StartChatContact"] = [answer]
    with pytest.raises(raised) as told:
        connect.say(said())
    assert type(told.value) is raised
    assert "words that change" not in str(told.value)
    assert advice in getattr(told.value, "advice", "")


def test_a_full_instance_is_told_from_a_hasty_one() -> None:
    connect = Instance(connect_chat_minutes="0")
    connect.http.next["StartChatContact"] = [
        error(429, "LimitExceededException"),
        error(429, "TooManyRequestsException"),
    ]
    with pytest.raises(Misconfigured) as full:
        connect.say(said())
    with pytest.raises(RateLimited) as hasty:
        connect.say(said())
    assert full.value.after_s is not None
    assert hasty.value.after_s is not None
    assert full.value.after_s >= 60 > hasty.value.after_s


def test_a_call_whose_rate_is_refused_rests_and_no_other_does() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["SendMessage"] = [error(429, "ThrottlingException")] * 2
    receipt = Receipt(message="r", customer="55501", delivered=True)
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimited) as told:
            connect.say(said(), seat)
        assert told.value.after_s is not None
        waits.append(told.value.after_s)
        with pytest.raises(Waiting):
            connect.say(said(), seat)
        with pytest.raises(Waiting):  # it counts with messages
            connect.desk.report(ACCOUNT, receipt, seat, connect.clock())
        assert connect.desk.is_open(ACCOUNT, "55501", seat)
        connect.clock.advance(told.value.after_s)
    assert waits == [1.0, 2.0]
    assert connect.http.names().count("SendMessage") == 2
    assert connect.say(said(), seat) == seat
    connect.http.next["SendMessage"] = [error(429, "ThrottlingException")]
    with pytest.raises(RateLimited) as again:
        connect.say(said(), seat)
    assert again.value.after_s == 1.0


def test_a_text_that_connect_refuses_is_refused() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["SendMessage"] = [error(400, "ValidationException")]
    with pytest.raises(Refused, match="ValidationException"):
        connect.say(said(), seat)


def test_who_is_not_let_in_for_another_reason_than_the_contacts_end_waits_for_an_operator() -> None:
    connect = Instance()
    seat = connect.opened()
    connect.http.next["SendMessage"] = [error(403, "ForbiddenException")]
    with pytest.raises(Misconfigured) as told:
        connect.say(said(), seat)
    assert "connect_participant_api" in told.value.advice


# What it can


@pytest.mark.parametrize(("limit", "unit"), [("1024", "characters"), ("16384", "bytes"), ("500", "characters")])
def test_how_long_a_text_may_be_is_a_setting(limit: str, unit: str) -> None:
    can = Instance(connect_text_limit=limit).desk.capabilities
    assert (can.text_limit, can.text_unit) == (int(limit), unit)


# The register of customers

WHO = Profile(name="Ada", username="ada.l", followers=12, verified=False)
DOMAIN = {"connect_profiles_domain": "tea-house"}


def test_a_customer_is_put_into_the_domain_under_a_key_of_their_own() -> None:
    connect = Instance(**DOMAIN)
    assert connect.desk.capabilities.registers
    connect.desk.introduce(ACCOUNT, "55501", WHO)
    [(name, given)] = connect.http.calls
    assert (name, given["DomainName"], given["ObjectTypeName"]) == ("PutProfileObject", "tea-house", "dmdesk")
    assert json.loads(given["Object"]) == {
        "key": "instagram#1784#55501",
        "name": "Ada",
        "username": "ada.l",
        "channel": "instagram",
        "account": "tea",
        "followers": "12",
        "verified": "false",
    }


def test_two_accounts_and_two_channels_never_share_a_customer() -> None:
    connect = Instance(**DOMAIN)
    for channel, identifier in (("instagram", "1784"), ("instagram", "1785"), ("tiktok", "1784")):
        account = msgspec.structs.replace(ACCOUNT, channel=channel, id=identifier)
        connect.desk.introduce(account, "55501", WHO)
    told = [json.loads(given["Object"])["key"] for given in connect.http.given("PutProfileObject")]
    assert len(set(told)) == 3


def test_ids_that_differ_at_their_end_are_two_customers() -> None:
    connect = Instance(**DOMAIN)
    for end in "ab":
        connect.desk.introduce(ACCOUNT, "5" * 400 + end, WHO)
    assert len({json.loads(given["Object"])["key"] for given in connect.http.given("PutProfileObject")}) == 2


def test_whatever_a_profile_holds_fits_the_domain() -> None:
    connect = Instance(**DOMAIN)
    connect.desk.introduce(ACCOUNT, "5" * 400, Profile(name="\U0001f375" * 400, username="a" * 400))
    [given] = connect.http.given("PutProfileObject")
    assert all(0 < len(value) <= 255 for value in json.loads(given["Object"]).values())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(403, "AccessDeniedException"), Misconfigured),
        (error(404, "ResourceNotFoundException"), Misconfigured),
        (error(429, "ThrottlingException"), RateLimited),
        (error(400, "BadRequestException"), Refused),
        (error(500, "InternalServerException"), Unreachable),
        (unknown(), Unreachable),
    ],
)
def test_a_domain_that_says_no_is_told_with_what_mends_it(answer: Any, kind: type[Exception]) -> None:
    connect = Instance(**DOMAIN)
    connect.http.next["PutProfileObject"] = [answer]
    with pytest.raises(kind) as no:
        connect.desk.introduce(ACCOUNT, "55501", WHO)
    assert not isinstance(no.value, Misconfigured) or "connect_profiles_domain" in no.value.advice


def test_a_register_that_throttles_slows_no_chat() -> None:
    connect = Instance(**DOMAIN)
    connect.http.next["PutProfileObject"] = [error(429, "ThrottlingException")]
    with pytest.raises(RateLimited):
        connect.desk.introduce(ACCOUNT, "55501", WHO)
    connect.say(said())
    assert connect.http.texts() == [("contact-1", "Is the oolong back?")]


def test_a_contact_bears_the_key_by_which_a_flow_finds_its_customer() -> None:
    connect = Instance(**DOMAIN)
    connect.say(said(attributes={"source": "x" * 400} | {f"a{number}": "x" * 500 for number in range(80)}))
    [begun] = connect.http.given("StartChatContact")
    assert begun["Attributes"]["profileKey"] == "instagram#1784#55501"


def test_without_a_domain_nobody_is_put_anywhere() -> None:
    connect = Instance()
    assert not connect.desk.capabilities.registers
    connect.say(said())
    [begun] = connect.http.given("StartChatContact")
    assert "profileKey" not in begun["Attributes"]


@pytest.mark.parametrize("domain", ["tea house", "a/../b", "x" * 65, "caf\u00e9", "tea\n"])
def test_a_domain_that_is_no_name_is_told_to_who_begins_a_contact(domain: str) -> None:
    connect = Instance(connect_profiles_domain=domain)
    assert not connect.desk.capabilities.registers
    with pytest.raises(Misconfigured, match="settings") as no:
        connect.say(said())
    assert "DMDESK_CONNECT_PROFILES_DOMAIN" in no.value.advice


# Files that the instance was set to take


def test_the_settings_widen_what_is_uploaded() -> None:
    can = Instance(connect_more_files="image/gif, audio/mpeg,application/pdf", connect_file_mb="25").desk.capabilities
    assert {kind: limit.size for kind, limit in can.media.items()} == dict.fromkeys(can.media, 25_000_000)
    assert can.media["image"].mimes == ("image/jpeg", "image/png", "image/heic", "image/gif")
    assert can.media["audio"].mimes == ("audio/wav", "audio/mpeg")
    assert can.media["file"].mimes.count("application/pdf") == 1
    before = Instance().desk.capabilities.media
    assert (before["image"].mimes, before["file"].size) == (("image/jpeg", "image/png", "image/heic"), 20_000_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("more_files", "gif"),
        ("more_files", "image/"),
        ("more_files", "image/gif;x"),
        ("file_mb", "0"),
        ("file_mb", "26"),
    ],
)
def test_a_widening_that_cannot_be_read_is_told_to_who_begins_a_contact(name: str, value: str) -> None:
    connect = Instance(**{f"connect_{name}": value})
    assert connect.desk.capabilities.media == Instance().desk.capabilities.media
    with pytest.raises(Misconfigured) as no:
        connect.say(said())
    assert f"DMDESK_CONNECT_{name.upper()}" in no.value.advice


@pytest.mark.parametrize(
    ("limit", "payload", "answered"),
    [
        ("1024", "Green tea " * 100, True),
        ("1024", "Green tea " * 200, False),
        ("2000", "\U0001f375" * 500, True),
        ("2000", "\U0001f375" * 501, False),
    ],
)
def test_a_tap_on_what_is_too_long_for_a_message_is_told_in_the_words_that_were_tapped(
    limit: str, payload: str, answered: bool
) -> None:
    connect = Instance(connect_text_limit=limit)
    seat = connect.opened()
    tap = Tap(message="m", type="QuickReply", text="Green tea…", payload=payload)
    connect.say(said("Green tea…", "tapped", tap=tap), seat)
    assert connect.http.texts()[-1] == ("contact-1", payload if answered else "Green tea…")
