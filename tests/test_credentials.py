"""What is pasted into secrets, and what of it is taken."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.credentials import Secret, guessable, seconds, texts, token_of, trimmed
from chalicelib.errors import Misconfigured

TOKEN = "IGAA-token.1~x/y+z=="
PASTED = [
    "{}\n", "{}\r\n", " {}", "\t{} ", "\ufeff{}", '"{}"', "'{}'", "“{}”", ' "{}"\n', '" {} "', "\u00a0{}\u200b",
    "\u3000{}", "{}\x00", "\u2028{}", "`{}`", "{}",
]  # fmt: skip
# What no platform ever gave as a token.
WRONG: dict[str, Any] = {
    "nothing": {},
    "null": {"access_token": None},
    "empty": {"access_token": ""},
    "blank": {"access_token": " \n"},
    "quotes around nothing": {"access_token": '""'},
    "a placeholder": {"access_token": "…"},
    "a foreign character": {"access_token": "tokén"},
    "half a surrogate pair": {"access_token": "tok\ud83d"},
    "two words": {"access_token": "Bearer token"},
    "two lines": {"access_token": "to\nken"},
    "a tab inside": {"access_token": "to\tken"},
    "a byte order mark inside": {"access_token": "to\ufeffken"},
    "a number": {"access_token": 12345},
    "a flag": {"access_token": True},
    "a list": {"access_token": ["token"]},
    "a list in a list": {"access_token": [["token"]]},
    "an object": {"access_token": {"access_token": "token"}},
    "another name": {"token": "token"},
}


@pytest.mark.parametrize("around", PASTED)
def test_a_token_is_read_without_what_was_pasted_with_it(around: str) -> None:
    assert token_of({"access_token": around.format(TOKEN)}, "dmdesk/account/shop") == TOKEN


@pytest.mark.parametrize("held", WRONG.values(), ids=WRONG)
def test_what_cannot_be_a_token_waits_for_another(held: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as caught:
        token_of(held, "dmdesk/account/shop")
    assert "dmdesk/account/shop" in caught.value.reason
    assert caught.value.advice.startswith('store {"access_token": "…"} in the secret dmdesk/account/shop')
    assert "token" not in caught.value.reason.replace("access_token", "")  # nothing of the value is told


@given(st.text(max_size=30))
def test_a_token_that_is_taken_can_be_sent(text: str) -> None:
    try:
        token = token_of({"access_token": text}, "s")
    except Misconfigured:
        return
    assert token in text
    assert token.isascii()
    assert token.isprintable()
    assert " " not in token


@pytest.mark.parametrize("around", PASTED)
def test_a_key_counts_trimmed_and_as_it_stands(around: str) -> None:
    """Terraform may have given the other side the very text, line break and all."""
    pasted = around.format("the key")
    assert texts([pasted]) == (["the key"] if pasted == "the key" else ["the key", pasted])


@pytest.mark.parametrize(
    ("found", "read"),
    [
        (["one", "two"], ["one", "two"]),
        (["", " ", "\n", '""', "one"], ["one"]),
        ([None, 5, True, ["nested"], {"a": "b"}, "one", "tok\ud83d"], ["one"]),
        ("one", ["one"]),
        (["ünïcode key"], ["ünïcode key"]),
        (["one", "one\n", "one"], ["one", "one\n"]),
        ([], []), (None, []), ("", []), (5, []), ({"secrets": ["one"]}, []), ([[["one"]]], []),
    ],
)  # fmt: skip
def test_a_list_of_keys(found: object, read: list[str]) -> None:
    assert texts(found) == read


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_whatever_a_list_holds_its_keys_can_be_used(found: object) -> None:
    for key in texts(found):
        assert key.encode().strip()


@pytest.mark.parametrize(("found", "read"), [(7600000000000000777, "7600000000000000777"), (" 7600\n", "7600")])
def test_an_identifier_may_be_a_number(found: object, read: str) -> None:
    assert Secret("s", {"app_id": found}).identifier("app_id") == read


@pytest.mark.parametrize("found", [True, 1.5, None, "7 6", ["7600"]])
def test_an_identifier_is_one_word(found: object) -> None:
    with pytest.raises(Misconfigured, match="the secret s holds"):
        Secret("s", {"app_id": found}).identifier("app_id")


@pytest.mark.parametrize("found", [["newest", "former"], "newest", [" newest\n"], ["", None, "newest"]])
def test_the_first_of_several(found: object) -> None:
    assert Secret("s", {"secrets": found}).first("secrets") == "newest"


@pytest.mark.parametrize("found", [[], [""], None, ["two words"], [["newest"]], 5])
def test_no_first_of_none(found: object) -> None:
    with pytest.raises(Misconfigured) as caught:
        Secret("s", {"secrets": found}).first("secrets")
    assert '{"secrets": ["…"]}' in caught.value.advice


@pytest.mark.parametrize(
    ("found", "read"),
    [
        (60, 60.0), (1.5, 1.5), ("60", 60.0), (" 60 ", 60.0), (0, 7.0), (-1, 7.0), ("-1", 7.0), (None, 7.0), ("", 7.0),
        ("soon", 7.0), (True, 7.0), (float("nan"), 7.0), (float("inf"), 7.0), ("inf", 7.0), ("nan", 7.0), ([60], 7.0),
        ({}, 7.0), (10**400, 7.0), (10**15, 7.0),
    ],
)  # fmt: skip
def test_a_lifetime_is_a_positive_number_or_what_is_documented(found: object, read: float) -> None:
    assert seconds(found, 7.0) == read


@pytest.mark.parametrize(
    "text",
    ["…", "short", "elevenchars", "change-me-please", "CHANGEME12345", "your_app_secret", "<your app secret>",
     "aaaaaaaaaaaaaaaaaa", "…make-up-more-than-15-characters…", "make-up-more-than-15-characters", "1212121212121212",
     "TODO: the secret", "example-webhook-secret", "${app_secret}…", "openssl rand -hex 32", "1234567890123456"],
)  # fmt: skip
def test_a_key_that_anybody_tries_is_none(text: str) -> None:
    assert guessable(text)


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=64).filter(lambda text: len(set(text)) > 6))
def test_a_platforms_key_is_taken(text: str) -> None:
    assert not guessable(text)


def test_every_kind_of_space_is_trimmed() -> None:
    spaces = [sign for sign in map(chr, range(sys.maxunicode)) if sign.isspace()]
    assert len(spaces) > 20
    assert [sign for sign in spaces if trimmed(f"{sign}word{sign}") != "word"] == []
