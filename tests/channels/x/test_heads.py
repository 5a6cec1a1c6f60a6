"""The readable head of an encrypted event, by events that are written here from Thrift's specification."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.heads import SAID, Head, head_of
from chalicelib.errors import Malformed

ID = "856f81d4-5f8d-4e8f-9480-8325bf30d36b"
PAIR = "1111111111111111111:2222222222222222222"


def text(field: int, said: str) -> bytes:
    return b"\x0b" + struct.pack(">hi", field, len(said.encode())) + said.encode()


def inner(field: int, *fields: bytes) -> bytes:
    return b"\x0c" + struct.pack(">h", field) + b"".join(fields) + b"\x00"


HEAD = [text(1, "77"), text(2, ID), text(3, "2222222222222222222"), text(4, PAIR), text(6, "1795700004000")]
DETAIL = inner(7, inner(1, text(100, "sealed"), b"\x02" + struct.pack(">h", 102) + b"\x01"))
WHOLE = Head(
    message=ID,
    sender="2222222222222222222",
    conversation=PAIR,
    sequence="77",
    previous="76",
    sent_ms=1_795_700_004_000,
    about=SAID,
)
# One of each of Thrift's types, in fields that nobody reads.
OTHERS = b"".join(
    [
        b"\x03" + struct.pack(">hb", 20, -1),
        b"\x04" + struct.pack(">hd", 21, 1.5),
        b"\x06" + struct.pack(">hh", 22, -2),
        b"\x08" + struct.pack(">hi", 23, -3),
        b"\x0a" + struct.pack(">hq", 24, -4),
        b"\x0d" + struct.pack(">hbbi", 25, 11, 8, 1) + struct.pack(">i", 1) + b"k" + struct.pack(">i", 5),
        b"\x0e" + struct.pack(">hbi", 26, 8, 2) + struct.pack(">ii", 1, 2),
        b"\x0f" + struct.pack(">hbi", 27, 12, 2) + text(1, "a") + b"\x00\x00",
    ]
)


def encoded(*fields: bytes) -> str:
    return base64.b64encode(b"".join(fields) + b"\x00").decode()


@pytest.mark.parametrize(
    "fields",
    [
        [*HEAD, DETAIL, text(10, "76")],
        [text(10, "76"), DETAIL, *reversed(HEAD)],
        [OTHERS, *HEAD, DETAIL, text(5, "token"), text(10, "76"), OTHERS],
        [*HEAD, DETAIL, text(10, "76"), text(2, "a second id")],
    ],
    ids=["in order", "backwards", "among others", "told twice"],
)
def test_a_head_is_read_wherever_it_stands(fields: list[bytes]) -> None:
    assert head_of(encoded(*fields)) == WHOLE


@pytest.mark.parametrize("more", ["", "x", "xx"])
def test_padding_may_be_left_out(more: str) -> None:
    written = encoded(*HEAD, text(5, more))
    assert head_of(written) == head_of(written.rstrip("="))


@pytest.mark.parametrize("detail", [3, 6, 12])
def test_what_an_event_is_about_is_told(detail: int) -> None:
    assert head_of(encoded(*HEAD, inner(7, inner(detail)))).about == detail


def test_what_is_not_there_is_not_made_up() -> None:
    head = head_of(encoded(*HEAD[1:4]))
    assert head == Head(message=ID, sender="2222222222222222222", conversation=PAIR)


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "9" * 16, "٣", "1.5"])
def test_a_time_that_is_none_is_none(stamp: str) -> None:
    assert head_of(encoded(*HEAD[:4], text(6, stamp))).sent_ms == 0


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_head_that_does_not_say_whose_it_is_is_none(missing: int) -> None:
    with pytest.raises(Malformed):
        head_of(encoded(*HEAD[:missing], *HEAD[missing + 1 :]))


@pytest.mark.parametrize(
    "written",
    ["", "!", "====", "AAAA", "CwAB…(truncated)", "äöü", "_-_-", "CwABAAAAEzIwODA0MDA4MjUyMjcxMDAxNjALAAIA", "\ud83d"],
)
def test_what_is_no_event_is_malformed(written: str) -> None:
    with pytest.raises(Malformed):
        head_of(written)


@pytest.mark.parametrize(
    "fields",
    [
        [text(2, "\x00")[:-1] + b"\xff", *HEAD],
        [b"\x0b" + struct.pack(">hi", 9, -1)],
        [b"\x0b" + struct.pack(">hi", 9, 2**31 - 1)],
        [b"\x0f" + struct.pack(">hbi", 9, 12, 2**31 - 1)],
        [b"\x0f" + struct.pack(">hbi", 9, 12, -1)],
        [b"\x63" + struct.pack(">h", 9)],
        [b"\x0c\x00\x07" * 200_000],
        [b"\x0f\x00\x09" + b"\x0f\x00\x00\x00\x01" * 200_000],
    ],
    ids=["no utf-8", "negative", "endless text", "endless list", "negative list", "no type", "deep", "deep list"],
)
def test_hostile_bytes_are_malformed(fields: list[bytes]) -> None:
    with pytest.raises(Malformed):
        head_of(encoded(*fields))


@given(st.binary(max_size=200), st.integers(0, 400), st.binary(max_size=3))
def test_torn_events_are_heads_or_malformed(tail: bytes, place: int, torn: bytes) -> None:
    whole = b"".join([*HEAD, DETAIL, OTHERS, b"\x00"])
    for body in (tail, whole[:place], whole[:place] + torn + whole[place + len(torn) :]):
        try:
            head = head_of(base64.b64encode(body).decode())
        except Malformed:
            continue
        assert head.message
        assert head.sender
        assert head.conversation
