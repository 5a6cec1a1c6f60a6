"""What the road shows of requests: enough to understand them, nothing to use them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.show.masking import LONGEST, MASK
from tests.sandbox.kit import masker

SECRET = "sandbox-secret-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer abc"),
        ("ACCESS-TOKEN", "abc"),
        ("x-user", "abc"),
        ("X-Hub-Signature-256", "sha256=abc"),
        ("Tiktok-Signature", "t=1,s=abc"),
        ("Set-Cookie", "abc"),
        ("X-Other", f"with {SECRET} in it"),
    ],
)
def test_headers_that_authorise_are_masked(name: str, value: str) -> None:
    assert "abc" not in masker(SECRET).headers({name: value})[name]
    assert SECRET not in masker(SECRET).headers({name: value})[name]


def test_other_headers_are_shown() -> None:
    assert masker().headers({"Content-Type": "application/json"}) == {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "abc"}',
        '{"refresh_token":"abc"}',
        json.dumps({"content": json.dumps({"client_secret": "abc"})}),
        "grant_type=x&client_secret=abc&y=1",
        "http://h/p?asset_id=1&signature=abc",
        "http://h/p?x-expires=1&x-signature=abc",
        "http://h/p?X-Amz-Signature=abc&a=1",
        "http://h/webhook?hub.verify_token=abc",
        "https://h/api/media/abc",
        r"https:\/\/h\/api\/media\/abc",
        "http://h/api/v2/downloads/abc",
    ],
)
def test_tokens_in_texts_are_masked(text: str) -> None:
    shown = masker().text(text)
    assert "abc" not in shown
    assert MASK in shown


def test_what_people_write_is_shown() -> None:
    body = '{"text": "my secret=no token, signature below"}'
    assert masker(SECRET).text('{"text": "Hola"}') == '{"text": "Hola"}'
    assert "token, signature below" in masker().text(body)


@given(st.text(), st.text())
def test_a_known_secret_is_shown_nowhere(before: str, after: str) -> None:
    assert SECRET not in masker(SECRET).text(before + SECRET + after)


def test_files_are_told_by_their_size() -> None:
    assert masker().body(b"\x89PNG\r\n", "image/png; x=y") == "6 bytes of image/png"
    assert masker().body(b"\xff\xfe") == "2 bytes of data"


def test_a_long_body_is_cut_after_it_was_masked() -> None:
    shown = masker(SECRET).body(b"x" * (LONGEST - 4) + SECRET.encode())
    assert SECRET[:4] not in shown


def test_a_request_and_an_answer() -> None:
    made = masker()
    request = made.request("POST", "http://h/?signature=abc", {"Authorization": "abc"}, b'{"access_token":"abc"}')
    assert set(request) == {"method", "url", "headers", "body"}
    assert "abc" not in str(request)
    assert made.answer(200, b"{}", "application/json") == {"status": 200, "body": "{}"}
