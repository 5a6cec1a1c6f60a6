"""The lenient reader: whatever a field holds, asking for it answers what was asked for, or nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.instagram import schema as instagram
from chalicelib.channels.tiktok import schema as tiktok
from chalicelib.desks.genesys import content as genesys
from chalicelib.errors import Malformed
from chalicelib.fields import Fields, read, value_of

ODD: dict[str, Any] = {
    "text": "a", "whole": 12, "real": 1.5, "yes": True, "nothing": None, "object": {"id": "x", "deep": {"id": 7}},
    "list": [{"id": 1}, 2, None, [], {"id": 3}], "empty": [],
}  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_field_is_read_as_what_it_is_and_as_nothing_else() -> None:
    fields = Fields(ODD)
    assert [fields.text(name) for name in ODD] == ["a", "12", "", "", "", "", "", ""]
    assert [name for name in ODD if fields.flag(name) is not None] == ["yes"]
    assert fields.names() == [name for name in ODD if name != "nothing"]
    assert fields.at("object", "deep").text("id") == "7"
    assert fields.at("text", "deep").names() == fields.at("gone").names() == []
    assert [item.text("id") for item in fields.each("list")] == ["1", "3"]
    assert [item.text("id") for item in fields.each("object")] == ["x"]
    assert fields.each("text") == fields.each("gone") == []


def test_each_platform_keeps_its_own_ways() -> None:
    meta, tik, desk = instagram.Fields(ODD), tiktok.Fields(ODD), genesys.Fields(ODD | {"fileName": "f", "file_size": 1})
    assert [item.text("id") for item in meta.each("list")] == ["1", "", "", "", "3"]
    assert (meta.number("real"), meta.text("real"), meta.text("object.id")) == ("1.5", "", "")
    assert (tik.text("real"), tik.text("object.deep.id"), tik.text("yes")) == ("1.5", "7", "")
    assert (tik.first("gone", "object.id"), tik.empties("empty"), tik.empties("list")) == ("x", True, False)
    assert (desk.text("filename"), desk.value("fileSize"), desk.text("whole")) == ("f", 1, "")
    assert (desk.text("gone", "text"), desk.text("whole", "text")) == ("a", "")


@pytest.mark.parametrize("kind", [Fields, instagram.Fields, tiktok.Fields, genesys.Fields])
@given(value=anything, name=st.text(max_size=5))
def test_no_value_breaks_it(kind: type[Fields], value: object, name: str) -> None:
    fields = kind(value)
    names = [*fields.names(), name]
    assert all(isinstance(fields.text(one), str) for one in names)
    assert all(
        isinstance(item, kind) for one in names for item in [fields.at(one), fields.at(one, name), *fields.each(one)]
    )


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"a": "\xff"}', b"[" * 200_000, b'"\\ud83d"'])
def test_what_is_no_json_is_malformed_and_quotes_nothing(text: bytes) -> None:
    with pytest.raises(Malformed, match=r"^a thing: \w+$"):
        read(text, "a thing")


def test_a_number_that_no_machine_holds_is_nothing() -> None:
    assert value_of(msgspec.Raw(b"1e999")) is None
    assert value_of(msgspec.Raw(b"12")) == 12
