"""What is asked of Meta about a mention, and what is made of the answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import AccountStopped, RateLimited, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import Mention, Mentioned
from chalicelib.vocabulary.records import Account
from tests.channels.instagram.test_client import JSON, client, error
from tests.fakes import INSTAGRAM, PAGE, FakeOutgoing, answer

COMMENT, POST = Mention(post="71", comment="81"), Mention(post="71")
NO_FIELD = error(100, None)


def asked(http: FakeOutgoing) -> list[str]:
    return [parse_qs(urlsplit(call.url).query)["fields"][0] for call in http.calls]


def mentioned(mention: Mention, *answers: Answer | Exception, account: Account = INSTAGRAM) -> Mentioned | None:
    return client(FakeOutgoing(*answers)).mentioned(account, mention)


@pytest.mark.parametrize(
    ("account", "address"),
    [
        (INSTAGRAM, "https://ig.example/v25.0/17841400000000777"),
        (PAGE, "https://fb.example/v25.0/17841400000000888"),
    ],
)
def test_the_accounts_own_node_is_asked(account: Account, address: str) -> None:
    """Also where a Page's token asks: the field is the Instagram account's."""
    http = FakeOutgoing(answer(200, {"mentioned_comment": {"id": "81", "text": "hi"}, "id": account.id}))
    assert client(http).mentioned(account, COMMENT) == Mentioned(text="hi")
    [call] = http.calls
    assert (call.method, call.url.partition("?")[0]) == ("GET", address)
    assert asked(http) == ["mentioned_comment.comment_id(81){text,username,media{permalink}}"]


@pytest.mark.parametrize(
    ("mention", "held", "found"),
    [
        (
            COMMENT,
            {"mentioned_comment": {"text": "hi", "username": "ana", "media": {"permalink": "https://ig.example/p/a/"}}},
            Mentioned(text="hi", username="ana", url="https://ig.example/p/a/"),
        ),
        (
            POST,
            {"mentioned_media": {"caption": "hi", "username": "ana", "permalink": "https://ig.example/p/a/"}},
            Mentioned(text="hi", username="ana", url="https://ig.example/p/a/"),
        ),
        (POST, {"mentioned_media": {"caption": None, "permalink": "javascript:alert(1)"}}, Mentioned()),
        (COMMENT, {"mentioned_comment": {"text": 7, "username": ["x"], "media": {"id": "1"}}}, Mentioned()),
        (COMMENT, {"mentioned_comment": []}, None),
        (COMMENT, {"mentioned_media": {"caption": "another"}}, None),
        (COMMENT, {}, None),
    ],
)
def test_what_meta_tells_is_read(mention: Mention, held: dict[str, Any], found: Mentioned | None) -> None:
    assert mentioned(mention, answer(200, held)) == found


@pytest.mark.parametrize(
    ("mention", "fields"),
    [
        (COMMENT, ["text,username,media{permalink}", "text"]),
        (POST, ["caption,username,permalink", "caption,username"]),
    ],
)
def test_a_field_that_meta_does_not_have_there_is_done_without(mention: Mention, fields: list[str]) -> None:
    where, identifier = ("comment", "81") if mention.comment else ("media", "71")
    http = FakeOutgoing(NO_FIELD, answer(200, {f"mentioned_{where}": {"text": "hi", "caption": "hi"}}))
    assert client(http).mentioned(INSTAGRAM, mention) == Mentioned(text="hi")
    assert asked(http) == [f"mentioned_{where}.{where}_id({identifier}){{{names}}}" for names in fields]


def test_two_refusals_tell_nothing() -> None:
    assert mentioned(COMMENT, NO_FIELD, NO_FIELD) is None
    assert mentioned(POST, error(100, 33)) is None


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (error(200, status=403), AccountStopped),
        (error(190), TokenRefused),
        (error(4), RateLimited),
        (answer(502), Retryable),
        (Retryable("no connection"), Retryable),
        (Uncertain("no answer"), Retryable),
    ],
)
def test_trouble_is_told_and_not_asked_again(trouble: Answer | Exception, raised: type[Exception]) -> None:
    http = FakeOutgoing(trouble)
    with pytest.raises(raised):
        client(http).mentioned(INSTAGRAM, COMMENT)
    assert len(http.calls) == 1


@pytest.mark.parametrize("identifier", ["", "x", "1){id}", "81,82", "８１", "../me"])
def test_only_an_id_is_asked_for(identifier: str) -> None:
    http = FakeOutgoing()
    for mention in (Mention(post=identifier), Mention(post="71", comment=identifier or "-")):
        assert client(http).mentioned(INSTAGRAM, mention) is None
    assert http.calls == []


@given(st.dictionaries(st.sampled_from(["mentioned_comment", "mentioned_media", "id"]), JSON | st.dictionaries(
    st.sampled_from(["text", "caption", "username", "permalink", "media"]), JSON)))  # fmt: skip
def test_whatever_meta_answers_is_read(found: dict[str, Any]) -> None:
    for mention in (COMMENT, POST):
        told = mentioned(mention, answer(200, found))
        assert told is None or isinstance(told.text + told.username + told.url, str)


def test_a_refusal_of_another_kind_is_no_reason_to_stop() -> None:
    assert mentioned(POST, error(10, 2534022), answer(200, {"mentioned_media": {"caption": "x"}})) == Mentioned(
        text="x"
    )
    with pytest.raises(Refused):
        mentioned(POST, error(10, 2534077))
