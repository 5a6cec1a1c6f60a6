"""The bodies that Genesys gets, exactly, and against its own SDK's models."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram.client import REFUSED as INSTAGRAM_REFUSED
from chalicelib.channels.tiktok.client import REFUSED as TIKTOK_REFUSED
from chalicelib.desks.genesys.translate import ATTRIBUTES_LIMIT, TRANSLATOR, fitting, inbound_message, receipt
from chalicelib.errors import Malformed
from chalicelib.messages import DeskMessage, Event, Receipt
from tests.fakes import START
from tests.oracle import accepted

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
FAILED = Receipt(message="gen-1", customer="55501", delivered=False, code="MessageNotAllowed", detail="window closed")
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


@pytest.mark.parametrize(
    ("sent_ms", "now", "time"),
    [
        (1_799_999_990_007, START, "2027-01-15T07:59:50.007Z"),
        (1_799_999_990_000, START, "2027-01-15T07:59:50.000Z"),
        (0, START, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000_000, START, "2027-01-15T08:00:00.000Z"),
        (1_800_000_000_001, START, "2027-01-15T08:00:00.000Z"),
        (4_000_000_000_000, START + 0.25, "2027-01-15T08:00:00.250Z"),
    ],
)
def test_times_are_written_in_milliseconds_and_never_lie_ahead(sent_ms: int, now: float, time: str) -> None:
    body = inbound_message(msgspec.structs.replace(MESSAGE, sent_ms=sent_ms), now)
    assert body["channel"]["time"] == time
    assert accepted("message", body) == []


def test_a_delivered_receipt() -> None:
    body = receipt(DELIVERED, START + 0.25)
    assert body == RECEIPT_BODY
    assert accepted("receipt", body) == []


def test_a_failed_receipt_tells_why() -> None:
    body = receipt(FAILED, START + 0.25)
    reasons = [{"code": "MessageNotAllowed", "message": "window closed"}]
    assert body == RECEIPT_BODY | {"status": "Failed", "reasons": reasons}
    assert accepted("receipt", body) == []


@pytest.mark.parametrize(
    "code",
    sorted(
        {*INSTAGRAM_REFUSED.values(), *TIKTOK_REFUSED.values()}
        | {"GeneralError", "UnsupportedMessage", "InvalidMessageStructure", "InvalidDestination"}
    ),
)
def test_every_reason_code_in_use_is_one_of_genesys(code: str) -> None:
    assert accepted("receipt", receipt(msgspec.structs.replace(FAILED, code=code), START)) == []


def test_a_long_detail_is_shortened() -> None:
    body = receipt(msgspec.structs.replace(FAILED, detail="x" * 10_000), START)
    assert body["reasons"][0]["message"] == "x" * 300


# Attributes


def weight(attributes: dict[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in attributes.items())


@given(st.dictionaries(st.text(max_size=60), st.text(max_size=900), max_size=12))
def test_attributes_fit_in_order_and_unchanged(attributes: dict[str, str]) -> None:
    kept = fitting(attributes)
    assert weight(kept) <= ATTRIBUTES_LIMIT
    assert kept.items() <= attributes.items()
    assert all(kept.values())
    assert list(kept) == [name for name in attributes if name in kept]
    if weight(attributes) <= ATTRIBUTES_LIMIT:
        assert kept == {name: value for name, value in attributes.items() if value}


@pytest.mark.parametrize(("length", "fits"), [(ATTRIBUTES_LIMIT - 4, True), (ATTRIBUTES_LIMIT - 3, False)])
def test_the_limit_counts_names_and_bytes(length: int, fits: bool) -> None:
    value = "é" * ((length - 1) // 2) + "x" * (length - (length - 1) // 2 * 2)
    assert weight({"name": value}) == length + 4
    assert fitting({"name": value}) == ({"name": value} if fits else {})


def test_what_comes_first_is_kept() -> None:
    assert fitting({"source": "Instagram_DM", "username": "x" * 2000}) == {"source": "Instagram_DM"}


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


# What Genesys says (its shapes are in tests/golden)


def said(raw: bytes) -> Event:
    return Event(source="genesys", account="i", party="p", id="1", received_ms=0, raw=msgspec.Raw(raw))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"type": 1}', b'{"type": "Text", "id": "1"}', b"[" * 9999])
def test_what_cannot_be_read_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        TRANSLATOR.parse(said(raw))


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(msgspec.json.encode))
def test_nothing_that_is_read_raises_anything_else(raw: bytes) -> None:
    with pytest.raises(Malformed):
        TRANSLATOR.parse(said(raw))
