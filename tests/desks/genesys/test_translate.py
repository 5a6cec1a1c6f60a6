"""The bodies that Genesys gets, exactly, and against its own SDK's models."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desks.genesys.translate import (
    ATTRIBUTES_LIMIT,
    CODES,
    fitting,
    inbound_message,
    receipt,
    structured_response,
)
from chalicelib.errors import Reason
from chalicelib.vocabulary.messages import Attachment, DeskMessage, Kind, Tap
from chalicelib.vocabulary.replies import Receipt
from tests.fakes import START
from tests.oracle import accepted

pytestmark = pytest.mark.xdist_group("sdk")  # its import takes a process three seconds

MESSAGE = DeskMessage(
    id="b" * 40,
    customer="+CuStOmEr/==",
    sent_ms=1_799_999_990_007,
    text="Is it back? 🍵",
    nickname="tea_lover",
    attributes={"source": "TikTok_DM", "accountId": "-000TeaShop", "profileUrl": "", "username": "tea_lover"},
)
BODY = {
    "channel": {
        "messageId": "b" * 40,
        "from": {"id": "+CuStOmEr/==", "idType": "Opaque", "nickname": "tea_lover"},
        "time": "2027-01-15T07:59:50.007Z",
        "metadata": {
            "customAttributes": {"source": "TikTok_DM", "accountId": "-000TeaShop", "username": "tea_lover"},
        },
    },
    "text": "Is it back? 🍵",
}
DELIVERED = Receipt(message="gen-1", customer="55501", delivered=True)
FAILED = Receipt(message="gen-1", customer="55501", delivered=False, reason="window_closed", detail="24 h")
RECEIPT_BODY = {
    "id": "gen-1",
    "channel": {"to": {"id": "55501", "idType": "Opaque"}, "time": "2027-01-15T08:00:00.250Z"},
    "status": "Delivered",
    "isFinalReceipt": True,
}


def test_a_message() -> None:
    body = inbound_message(MESSAGE, START)
    assert body == BODY
    assert accepted("message", body) == []


def test_a_message_without_a_nickname_names_none() -> None:
    body = inbound_message(msgspec.structs.replace(MESSAGE, nickname=""), START)
    assert body["channel"]["from"] == {"id": "+CuStOmEr/==", "idType": "Opaque"}
    assert accepted("message", body) == []


def test_a_message_tells_what_is_known_of_the_customer() -> None:
    known = msgspec.structs.replace(MESSAGE, first_name="Ana", avatar="https://cdn.example/ana.jpg")
    body = inbound_message(known, START)
    assert body["channel"]["from"] == {
        "id": "+CuStOmEr/==",
        "idType": "Opaque",
        "nickname": "tea_lover",
        "firstName": "Ana",
        "image": "https://cdn.example/ana.jpg",
    }
    assert accepted("message", body) == []


# Files and taps


def with_file(kind: Kind, name: str = "cup.jpg", text: str = "") -> DeskMessage:
    file = Attachment(kind=kind, url="https://bridge.example/api/media/token", mime="image/jpeg", name=name)
    return msgspec.structs.replace(MESSAGE, text=text, attachment=file)


@pytest.mark.parametrize(
    ("kind", "named"), [("image", "Image"), ("video", "Video"), ("audio", "Audio"), ("file", "File")]
)
def test_a_file_goes_without_a_text(kind: Kind, named: str) -> None:
    body = inbound_message(with_file(kind), START)
    file = {"mediaType": named, "url": "https://bridge.example/api/media/token", "mime": "image/jpeg"}
    assert body["content"] == [{"attachment": file | {"filename": "cup.jpg"}}]
    assert "text" not in body
    assert accepted("message", body) == []


def test_a_file_goes_with_its_text() -> None:
    body = inbound_message(with_file("image", text="My cup"), START)
    assert (body["text"], len(body["content"])) == ("My cup", 1)
    assert accepted("message", body) == []


def test_a_file_without_a_name_names_none() -> None:
    assert "filename" not in inbound_message(with_file("image", name=""), START)["content"][0]["attachment"]


TAP = Tap(message="gen-7", type="QuickReply", text="Yes", payload="SEND")


def test_a_tap_answers_what_was_offered() -> None:
    body = structured_response(MESSAGE, TAP, START)
    assert body == {
        "channel": BODY["channel"],
        "buttonResponse": {"type": "QuickReply", "text": "Yes", "payload": "SEND"},
        "originatingMessageId": "gen-7",
    }
    assert accepted("structured", body) == []


@pytest.mark.parametrize("kind", ["Button", "QuickReply", "DatePicker"])
def test_every_kind_of_tap_is_one_that_genesys_takes(kind: Any) -> None:
    assert accepted("structured", structured_response(MESSAGE, msgspec.structs.replace(TAP, type=kind), START)) == []


@pytest.mark.parametrize(("text", "told"), [("Yes please", "Yes please"), ("", "Yes")])
def test_a_tap_told_as_a_message_has_words(text: str, told: str) -> None:
    body = inbound_message(msgspec.structs.replace(MESSAGE, text=text, tap=TAP), START)
    assert body["text"] == told
    assert accepted("message", body) == []


# Times


@pytest.mark.parametrize(
    ("sent_ms", "now", "time"),
    [
        (1_799_999_990_007, START, "2027-01-15T07:59:50.007Z"),
        (1_799_999_990_000, START, "2027-01-15T07:59:50.000Z"),
        (0, START, "1970-01-01T00:00:00.000Z"),
        (-(10**18), START, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000_000, START, "2027-01-15T08:00:00.000Z"),
        (1_800_000_000_001, START, "2027-01-15T08:00:00.000Z"),
        (4_000_000_000_000, START + 0.25, "2027-01-15T08:00:00.250Z"),
    ],
)
def test_times_are_written_in_milliseconds_and_never_lie_ahead(sent_ms: int, now: float, time: str) -> None:
    body = inbound_message(msgspec.structs.replace(MESSAGE, sent_ms=sent_ms), now)
    assert body["channel"]["time"] == time
    assert accepted("message", body) == []


# Receipts


def test_a_delivered_receipt() -> None:
    body = receipt(DELIVERED, START + 0.25)
    assert body == RECEIPT_BODY
    assert accepted("receipt", body) == []


def test_a_failed_receipt_tells_why() -> None:
    body = receipt(FAILED, START + 0.25)
    reasons = [{"code": "MessageNotAllowed", "message": "24 h"}]
    assert body == RECEIPT_BODY | {"status": "Failed", "reasons": reasons}
    assert accepted("receipt", body) == []


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_a_code_of_genesys(reason: str) -> None:
    body = receipt(msgspec.structs.replace(FAILED, reason=reason), START)
    assert body["reasons"][0]["code"] == CODES[reason]
    assert accepted("receipt", body) == []


def test_no_code_stands_for_a_reason_that_is_none() -> None:
    assert set(CODES) == set(get_args(Reason))


def test_an_unknown_reason_is_a_general_error() -> None:
    body = receipt(msgspec.structs.replace(FAILED, reason="by some older bridge", detail=""), START)
    assert body["reasons"] == [{"code": "GeneralError", "message": "by some older bridge"}]


def test_a_long_detail_is_shortened() -> None:
    body = receipt(msgspec.structs.replace(FAILED, detail="x" * 10_000), START)
    assert body["reasons"][0]["message"] == "x" * 300


# Attributes


def weight(attributes: dict[str, str]) -> int:
    return len(msgspec.json.encode(attributes))


def one_of(size: int) -> dict[str, str]:
    """An attribute that weighs so much, alone."""
    return {"name": "x" * (size - weight({"name": ""}))}


words = st.text(max_size=900) | st.sampled_from(["x" * 500, "\n" * 500, "é" * 500])


@given(st.dictionaries(st.text(max_size=60), words, max_size=12))
def test_attributes_fit_in_order_and_unchanged(attributes: dict[str, str]) -> None:
    kept = fitting(attributes)
    assert weight(kept) <= ATTRIBUTES_LIMIT
    assert kept.items() <= attributes.items()
    assert all(kept.values())
    assert list(kept) == [name for name in attributes if name in kept]
    if weight(attributes) < ATTRIBUTES_LIMIT:
        assert kept == {name: value for name, value in attributes.items() if value}


@given(st.dictionaries(st.text(max_size=60), words, max_size=12))
def test_no_attribute_is_left_out_that_would_fit(attributes: dict[str, str]) -> None:
    kept = fitting(attributes)
    for name, value in attributes.items():
        assert name in kept or not value or weight(kept | {name: value}) >= ATTRIBUTES_LIMIT


@pytest.mark.parametrize(("size", "fits"), [(ATTRIBUTES_LIMIT - 1, True), (ATTRIBUTES_LIMIT, False)])
def test_the_limit_counts_bytes_of_json(size: int, fits: bool) -> None:
    assert bool(fitting(one_of(size))) is fits


def test_bytes_and_escapes_are_counted_as_they_are_sent() -> None:
    assert fitting({"a": "é" * 901, "b": '"' * 901, "c": "x" * 901}) == {"c": "x" * 901}


def test_what_comes_first_is_kept_and_what_is_small_still_goes_in() -> None:
    given = {"source": "Instagram_DM", "username": "x" * 2000, "language": "es"}
    assert fitting(given) == {"source": "Instagram_DM", "language": "es"}


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50), username=st.text(max_size=2500))
def test_any_text_and_name_make_a_body_that_genesys_takes(text: str, username: str) -> None:
    message = msgspec.structs.replace(MESSAGE, text=text, nickname=username, attributes={"username": username})
    body = inbound_message(message, START)
    assert body["text"] == text
    assert accepted("message", body) == []


# The oracle itself


def _set(*path: str | int) -> Callable[[Any, Any], None]:
    def change(body: Any, value: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("direction",), "Inbound", ".direction is unknown to OpenInboundNormalizedMessage"),
        (("channel", "to"), {"id": "x"}, ".channel.to is unknown to OpenInboundMessageMessagingChannel"),
        (("channel", "from", "idType"), "Nonsense", ".channel.from.idType has no value 'Nonsense'"),
        (("channel", "from", "id"), 5, ".channel.from.id is no str"),
        (("channel", "from", "id"), "", ".channel.from.id is missing"),
        (("channel", "time"), "2027-01-15T08:00:00Z", ".channel.time is no documented time: '2027-01-15T08:00:00Z'"),
        (("channel", "metadata", "other"), "x", ".channel.metadata.other is unknown to ConversationChannelMetadata"),
        (("channel", "metadata", "customAttributes"), {"a": {}}, ".channel.metadata.customAttributes.a is no text"),
        (
            ("channel", "metadata", "customAttributes"),
            {"a": "x" * 1800},
            ".channel.metadata.customAttributes is over 1800 bytes",
        ),
        (("metadata",), {"a": 1}, ".metadata.a is no text"),
        (("text",), "", "neither .text nor .content"),
        (("content",), [{"attachment": {"mediaType": "Hologram"}}], ".content[0].attachment.mediaType has no value"),
        (("content",), [{}, {}], ".content holds more than one attachment"),
        (("content",), {}, ".content is no list"),
        (("channel",), "x", ".channel is no object"),
    ],
)
def test_the_oracle_sees_each_fault(path: tuple[str, ...], value: Any, problem: str) -> None:
    body = copy.deepcopy(BODY)
    assert accepted("message", body) == []
    _set(*path)(body, value)
    assert any(found.startswith(problem) for found in accepted("message", body))


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("status",), "Read", ".status has no value 'Read'"),
        (("status",), "Published", ".status 'Published' is not taken by the receipt endpoint"),
        (("reasons",), [{"code": "Because", "message": "x"}], ".reasons[0].code has no value 'Because'"),
        (("isFinalReceipt",), "true", ".isFinalReceipt is no bool"),
        (("channel", "to", "id"), "", ".channel.to.id is missing"),
        (("id",), None, ".id is no str"),
    ],
)
def test_the_oracle_sees_each_fault_of_a_receipt(path: tuple[str, ...], value: Any, problem: str) -> None:
    body = copy.deepcopy(RECEIPT_BODY)
    assert accepted("receipt", body) == []
    _set(*path)(body, value)
    assert problem in accepted("receipt", body)


def test_the_oracle_knows_events_and_taps() -> None:
    channel = {"from": {"id": "x", "idType": "Opaque"}, "time": "2027-01-15T08:00:00.000Z"}
    event = {"channel": channel, "events": [{"eventType": "Typing"}]}
    assert accepted("event", event) == []
    assert accepted("event", event | {"events": [{"eventType": "Waving"}]}) == [
        ".events[0].eventType has no value 'Waving'"
    ]
    tap = {
        "channel": channel,
        "buttonResponse": {"type": "QuickReply", "text": "Yes", "payload": "yes"},
        "originatingMessageId": "gen-1",
    }
    assert accepted("structured", tap) == []
    assert accepted("structured", tap | {"originatingMessageId": ""}) == [".originatingMessageId is missing"]
