"""The Business Messaging API: what is sent, and what each of TikTok's answers means."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.tiktok.capabilities import CAPABILITIES
from chalicelib.channels.tiktok.client import ENDINGS, TikTokClient, open_client
from chalicelib.errors import (
    AccountStopped,
    Misconfigured,
    Refused,
    Retryable,
    Uncertain,
    Unfetched,
)
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import CustomerMessage, Kind, Media, Unseen
from chalicelib.vocabulary.records import Conversation, Profile
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from tests.fakes import TIKTOK, Call, FakeOutgoing, answer

API = "https://tt.example/open_api/v1.3/business/message/"
TEXT = "a text that only the customer may read"
THREAD = "c1ConvAbc+def/GHi=="
ANA = "+p/1=="
TO = Recipient(customer=ANA, thread=THREAD)
COMMENTER = Recipient(customer=ANA, comment="7247303576418566913")
WORDS = TextPart(TEXT)
PICTURE = MediaPart(kind="image", mime="image/png", name="té 1.png", body=b"\x89PNG\r\n\x1a\n...")
DONE = answer(200, {"code": 0, "message": "OK", "data": {"message": {"message_id": "m1+/=="}}})
CAPABLE = answer(200, {"code": 0, "data": {"capability_infos": [
    {"capability_type": "IMAGE_SEND", "capability_result": True}]}})  # fmt: skip
INCAPABLE = answer(200, {"code": 0, "data": {"capability_infos": [
    {"capability_type": "IMAGE_SEND", "capability_result": False}]}})  # fmt: skip
UPLOADED = answer(200, {"code": 0, "data": {"media_id": "v1/img"}})


def client(http: FakeOutgoing, secret: dict[str, Any] | None = None) -> TikTokClient:
    held = {"access_token": "token-tt"} if secret is None else secret
    return open_client(
        http, lambda name: held if name == "s/tt" else {}, {"tiktok_api": "https://tt.example"}.__getitem__
    )


def send(*answers: Answer | Exception, part: Part = WORDS, to: Recipient = TO) -> str:
    return client(FakeOutgoing(*answers)).send(TIKTOK, to, part)


def coded(code: object, status: int = 200, **headers: str) -> Answer:
    """TikTok's error body; its message is something that must not be passed on."""
    body = {"code": code, "message": f"quoting: {TEXT}", "request_id": "20261120REQUEST", "data": {}}
    return answer(status, body, **headers)


def query(call: Call) -> dict[str, str]:
    """The query of a GET as a strict parser reads it."""
    return {name: value for name, [value] in parse_qs(urlsplit(call.url).query, strict_parsing=True).items()}


def fields(call: Call) -> dict[str, EmailMessage]:
    """The parts of a multipart body by their names."""
    head = f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode()
    read = email.message_from_bytes(head + (call.body or b""), EmailMessage, policy=email.policy.HTTP)
    parts = [part for part in read.iter_parts() if isinstance(part, EmailMessage)]
    return {str(part.get_param("name", header="content-disposition")): part for part in parts}


# --- texts


def test_the_limits_are_those_of_the_send_page() -> None:
    assert (CAPABILITIES.text_limit, CAPABILITIES.text_unit) == (6000, "characters")
    assert (CAPABILITIES.window.open_s, CAPABILITIES.window.comment_s, CAPABILITIES.window.cap) == (172800, 172800, 10)
    assert CAPABILITIES.media["image"].size == 3145728
    assert set(CAPABILITIES.media) == {"image"}
    assert set(CAPABILITIES.media["image"].mimes) == set(ENDINGS)


def test_a_text_goes_to_the_conversation() -> None:
    http = FakeOutgoing(DONE)
    assert client(http).send(TIKTOK, TO, TextPart("¡Sí! 🚚")) == "m1+/=="
    [call] = http.calls
    assert (call.method, call.url) == ("POST", API + "send/")
    assert call.headers == {"Access-Token": "token-tt", "Content-Type": "application/json"}
    assert call.json() == {
        "business_id": "-000TeaShop",
        "recipient_type": "CONVERSATION",
        "recipient": THREAD,
        "message_type": "TEXT",
        "text": {"body": "¡Sí! 🚚"},
    }


@pytest.mark.parametrize("thread", ["", THREAD])
def test_a_comment_is_answered_in_place_of_the_conversation(thread: str) -> None:
    http = FakeOutgoing(DONE)
    client(http).send(TIKTOK, Recipient(customer=ANA, thread=thread, comment="724"), TextPart("Hi"))
    assert http.calls[0].json() == {
        "business_id": "-000TeaShop",
        "direct_reply": {"reply_type": "COMMENT_REPLY", "comment_reply": {"comment_id": "724"}},
        "message_type": "TEXT",
        "text": {"body": "Hi"},
    }


def test_a_comment_that_cannot_be_answered_is_answered_in_the_conversation() -> None:
    http = FakeOutgoing(coded(40064), DONE)
    to = Recipient(customer=ANA, thread=THREAD, comment="724")
    assert client(http).send(TIKTOK, to, TextPart("Hi")) == "m1+/=="
    assert http.calls[1].json()["recipient"] == THREAD
    assert "direct_reply" not in http.calls[1].json()


@pytest.mark.parametrize(
    ("code", "thread"), [(40064, ""), (40002, THREAD), (40001, THREAD), (40100, THREAD), (50000, THREAD)]
)
def test_only_a_closed_comment_with_a_conversation_is_tried_twice(code: int, thread: str) -> None:
    http = FakeOutgoing(coded(code))
    with pytest.raises((Refused, Retryable, Uncertain)):
        client(http).send(TIKTOK, Recipient(customer=ANA, thread=thread, comment="724"), TextPart("Hi"))
    assert len(http.calls) == 1


def test_a_person_who_never_wrote_cannot_be_answered() -> None:
    http = FakeOutgoing()
    with pytest.raises(Refused) as caught:
        client(http).send(TIKTOK, Recipient(customer=ANA), TextPart(TEXT))
    assert caught.value.reason == "no_conversation"


@pytest.mark.parametrize(
    "secret", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": ["x"]}, {"access_token": "two words"}]
)
def test_without_a_token_nothing_is_sent_until_somebody_stores_one(secret: dict[str, Any]) -> None:
    http = FakeOutgoing()
    with pytest.raises(Misconfigured) as caught:
        client(http, secret).send(TIKTOK, TO, TextPart(TEXT))
    assert f"the secret {TIKTOK.secret}" in caught.value.advice
    assert http.calls == []


def test_a_token_is_sent_without_what_was_pasted_along() -> None:
    http = FakeOutgoing(DONE)
    client(http, {"access_token": ' "act.1"\n'}).send(TIKTOK, TO, TextPart(TEXT))
    assert http.calls[0].headers["Access-Token"] == "act.1"


@pytest.mark.parametrize(
    "data", [{}, None, [], {"message": None}, {"message": {}}, {"message": "m"}, {"message": {"message_id": None}}]
)
def test_a_success_without_an_id_tells_nothing_of_the_message(data: Any) -> None:
    with pytest.raises(Uncertain):
        send(answer(200, {"code": 0, "data": data}))


# --- quotes

QUOTING = Recipient(customer=ANA, thread=THREAD, quotes="m0+/==")
QUOTED = {"referenced_message_info": {"referenced_message_id": "m0+/=="}}


def test_a_text_quotes_the_message_that_it_answers() -> None:
    http = FakeOutgoing(DONE)
    client(http).send(TIKTOK, QUOTING, TextPart("Hi"))
    assert http.calls[0].json() == {
        "business_id": "-000TeaShop",
        "recipient_type": "CONVERSATION",
        "recipient": THREAD,
        "message_type": "TEXT",
        "text": {"body": "Hi"},
        **QUOTED,
    }


@pytest.mark.parametrize("part", [PICTURE, ChoicesPart(text="?", choices=(Choice(text="Yes", payload="dm.1"),))])
def test_only_a_text_quotes(part: Part) -> None:
    http = FakeOutgoing(*([CAPABLE, UPLOADED] if part is PICTURE else []), DONE)
    client(http).send(TIKTOK, QUOTING, part)
    assert "referenced_message_info" not in http.calls[-1].json()


def test_a_text_goes_without_a_quote_that_tiktok_does_not_take() -> None:
    http = FakeOutgoing(coded(40002), DONE)
    assert client(http).send(TIKTOK, QUOTING, WORDS) == "m1+/=="
    assert ["referenced_message_info" in call.json() for call in http.calls] == [True, False]


@pytest.mark.parametrize("code", [40001, 40064, 40100, 40105, 51065])
def test_only_a_refused_parameter_is_tried_without_the_quote(code: int) -> None:
    http = FakeOutgoing(coded(code))
    with pytest.raises((Refused, Retryable, Uncertain)):
        client(http).send(TIKTOK, QUOTING, WORDS)
    assert len(http.calls) == 1


# --- choices and cards


def test_choices_are_a_card_of_buttons() -> None:
    http = FakeOutgoing(DONE)
    choices = (Choice(text="Track my order", payload="dm.1.0"), Choice(text="A human", payload="dm.1.1"))
    assert client(http).send(TIKTOK, TO, ChoicesPart(text="How can we help?", choices=choices)) == "m1+/=="
    sent = http.calls[0].json()
    assert sent["message_type"] == "TEMPLATE"
    assert sent["template"] == {
        "type": "QA_BUTTON_CARD",
        "title": "How can we help?",
        "buttons": [
            {"type": "REPLY", "title": "Track my order", "id": "dm.1.0"},
            {"type": "REPLY", "title": "A human", "id": "dm.1.1"},
        ],
    }


def test_cards_are_not_carried() -> None:
    with pytest.raises(Refused) as caught:
        send(part=CardsPart(cards=(Card(title="Tea"),)))
    assert caught.value.reason == "unsupported"


# --- pictures


def test_a_picture_is_asked_for_uploaded_and_sent() -> None:
    http = FakeOutgoing(CAPABLE, UPLOADED, DONE)
    assert client(http).send(TIKTOK, TO, PICTURE) == "m1+/=="
    asked, uploaded, sent = http.calls
    assert (asked.method, asked.url.partition("?")[0]) == ("GET", API + "capabilities/get/")
    assert asked.headers == {"Access-Token": "token-tt"}
    assert (uploaded.method, uploaded.url) == ("POST", API + "media/upload/")
    assert (sent.url, sent.json()["message_type"], sent.json()["image"]) == (
        API + "send/",
        "IMAGE",
        {"media_id": "v1/img"},
    )


def test_the_capability_is_asked_for_this_conversation_with_its_plus_escaped() -> None:
    http = FakeOutgoing(CAPABLE, UPLOADED, DONE)
    client(http).send(TIKTOK, TO, PICTURE)
    assert "conversation_id=c1ConvAbc%2Bdef%2FGHi%3D%3D" in http.calls[0].url
    assert query(http.calls[0]) == {
        "business_id": "-000TeaShop",
        "conversation_id": THREAD,
        "conversation_type": "SINGLE",
        "capability_types": '["IMAGE_SEND"]',
    }


def test_the_upload_carries_the_bytes_with_their_name_and_type() -> None:
    http = FakeOutgoing(CAPABLE, UPLOADED, DONE)
    client(http).send(TIKTOK, TO, PICTURE)
    found = fields(http.calls[1])
    assert set(found) == {"business_id", "media_type", "file"}
    assert found["business_id"].get_payload(decode=True) == b"-000TeaShop"
    assert found["media_type"].get_payload(decode=True) == b"IMAGE"
    assert found["file"].get_payload(decode=True) == PICTURE.body
    assert (found["file"].get_content_type(), found["file"].get_filename()) == ("image/png", "té 1.png")


@pytest.mark.parametrize(
    ("name", "mime", "told"),
    [
        ("a.JPEG", "image/jpeg", "a.JPEG"),
        ("a.png", "image/jpeg", "image.jpg"),
        ("", "image/png", "image.png"),
        ("report", "image/png", "image.png"),
        ('x"\r\nX-Evil: 1.png', "image/png", "x%22%0D%0AX-Evil: 1.png"),
    ],
)
def test_an_uploaded_file_has_a_name_of_its_type(name: str, mime: str, told: str) -> None:
    http = FakeOutgoing(CAPABLE, UPLOADED, DONE)
    client(http).send(TIKTOK, TO, MediaPart(kind="image", mime=mime, name=name, body=b"x"))
    assert fields(http.calls[1])["file"].get_filename() == told


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_arrive_as_they_are(body: bytes) -> None:
    http = FakeOutgoing(CAPABLE, UPLOADED, DONE)
    client(http).send(TIKTOK, TO, MediaPart(kind="image", mime="image/png", name="a.png", body=body))
    assert b"\r\n\r\n" + body + b"\r\n--" in (http.calls[1].body or b"")


@pytest.mark.parametrize("no", [INCAPABLE, coded(40002), coded(40007), answer(200, {"code": 0, "data": {}})])
def test_a_conversation_not_answered_before_is_asked_for_as_a_strangers(no: Answer) -> None:
    http = FakeOutgoing(no, CAPABLE, UPLOADED, DONE)
    assert client(http).send(TIKTOK, TO, PICTURE) == "m1+/=="
    assert query(http.calls[1])["conversation_type"] == "STRANGER"


def test_where_pictures_are_not_taken_nothing_is_uploaded() -> None:
    http = FakeOutgoing(INCAPABLE, INCAPABLE)
    with pytest.raises(Refused) as caught:
        client(http).send(TIKTOK, TO, PICTURE)
    assert caught.value.reason == "media_refused"
    assert len(http.calls) == 2


@pytest.mark.parametrize(
    "infos",
    [
        None, "x", [None], [{}], [{"capability_type": "IMAGE_SEND"}],
        [{"capability_type": "VIDEO_SEND", "capability_result": True}],
        [{"capability_type": "IMAGE_SEND", "capability_result": "true"}],
    ],
)  # fmt: skip
def test_only_a_plain_yes_allows_a_picture(infos: Any) -> None:
    no = answer(200, {"code": 0, "data": {"capability_infos": infos}})
    with pytest.raises(Refused) as caught:
        send(no, no, part=PICTURE)
    assert caught.value.reason == "media_refused"


@pytest.mark.parametrize(
    ("kind", "mime", "body"),
    [
        ("video", "video/mp4", b"x"),
        ("file", "application/pdf", b"x"),
        ("image", "image/gif", b"x"),
        ("image", "image/png", b""),
    ],
)
def test_what_is_no_picture_is_refused_without_a_call(kind: Kind, mime: str, body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        send(part=MediaPart(kind=kind, mime=mime, name="a", url="https://ours.example/a", body=body))
    assert caught.value.reason == "media_refused"


def test_a_comment_is_not_answered_by_a_picture() -> None:
    with pytest.raises(Refused) as caught:
        send(part=PICTURE, to=COMMENTER)
    assert caught.value.reason == "media_refused"


@pytest.mark.parametrize("lost", [Uncertain("no answer"), coded(50000), answer(502)])
@pytest.mark.parametrize("before", [[], [CAPABLE]])
def test_an_unknown_outcome_before_the_send_is_tried_again(lost: Answer | Exception, before: list[Answer]) -> None:
    with pytest.raises(Retryable):
        send(*before, lost, part=PICTURE)


def test_an_unknown_outcome_of_a_pictures_send_is_uncertain() -> None:
    with pytest.raises(Uncertain):
        send(CAPABLE, UPLOADED, coded(50000), part=PICTURE)


def test_an_upload_without_an_id_is_tried_again() -> None:
    with pytest.raises(Retryable):
        send(CAPABLE, answer(200, {"code": 0, "data": {}}), part=PICTURE)


@pytest.mark.parametrize(("code", "reason"), [(40907, "media_too_big"), (40908, "media_refused")])
def test_an_upload_that_is_refused_says_why(code: int, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        send(CAPABLE, coded(code), part=PICTURE)
    assert caught.value.reason == reason


def test_a_stopped_account_is_not_taken_for_a_conversation_without_pictures() -> None:
    with pytest.raises(AccountStopped):
        send(coded(40001), part=PICTURE)


# --- acts


@pytest.mark.parametrize(("action", "told"), [("typing", "TYPING"), ("seen", "MARK_READ")])
def test_an_act_is_shown_in_the_conversation(action: Any, told: str) -> None:
    http = FakeOutgoing(answer(200, {"code": 0, "data": {"message": {"message_id": ""}}}))
    client(http).act(TIKTOK, Recipient(customer=ANA, thread=THREAD, comment="724"), action)
    assert http.calls[0].json() == {
        "business_id": "-000TeaShop",
        "recipient_type": "CONVERSATION",
        "recipient": THREAD,
        "message_type": "SENDER_ACTION",
        "sender_action": told,
    }


def test_without_a_conversation_there_is_nothing_to_show() -> None:
    http = FakeOutgoing()
    client(http).act(TIKTOK, COMMENTER, "typing")
    assert http.calls == []


# --- profiles

OURS = {"id": "-000TeaShop", "role": "BUSINESS_ACCOUNT", "display_name": "Tea", "profile_image": "https://p/x.jpeg"}
HERS = {
    "id": ANA, "role": "PERSONAL_ACCOUNT", "display_name": "Ana 🌿", "profile_image": "https://p/a.jpeg?x-expires=1",
    "is_follower": True,
}  # fmt: skip
SAID = [
    {"sender": "tea_shop", "from_user": {"id": "-000TeaShop"}},
    {"sender": "ana.verde", "from_user": {"id": ANA}},
]


def profile(data: Any, to: Recipient = TO) -> Profile | None:
    return client(FakeOutgoing(answer(200, {"code": 0, "data": data}))).profile(TIKTOK, to)


def test_a_profile_is_read_from_the_conversation() -> None:
    http = FakeOutgoing(answer(200, {"code": 0, "data": {"participants": [OURS, HERS], "messages": SAID}}))
    assert client(http).profile(TIKTOK, TO) == Profile(
        name="Ana 🌿", username="ana.verde", avatar="https://p/a.jpeg?x-expires=1", follows=True
    )
    [call] = http.calls
    assert call.url == API + "content/list/?business_id=-000TeaShop&conversation_id=c1ConvAbc%2Bdef%2FGHi%3D%3D"


@pytest.mark.parametrize("participants", [None, {}, [], [OURS], ["x", None]])
def test_where_the_customer_is_no_participant_nothing_is_told(participants: Any) -> None:
    assert profile({"participants": participants}) is None


@pytest.mark.parametrize(
    ("changed", "messages", "told"),
    [
        ({"display_name": "  "}, [], Profile(avatar="https://p/a.jpeg?x-expires=1", follows=True)),
        ({"display_name": 7}, [], Profile(avatar="https://p/a.jpeg?x-expires=1", follows=True)),
        ({"profile_image": None}, [], Profile(name="Ana 🌿", follows=True)),
        ({"profile_image": "javascript:1"}, [], Profile(name="Ana 🌿", follows=True)),
        ({"is_follower": "yes"}, None, Profile(name="Ana 🌿", avatar="https://p/a.jpeg?x-expires=1")),
        (
            {"profile_image": ""},
            [{"from_user": "x"}, {"from_user": {"id": ANA}, "sender": 1}],
            Profile(name="Ana 🌿", follows=True),
        ),
    ],
)
def test_what_is_odd_in_a_profile_is_left_out(changed: dict[str, Any], messages: Any, told: Profile) -> None:
    assert profile({"participants": [HERS | changed], "messages": messages}) == told


def test_without_a_conversation_there_is_no_profile() -> None:
    http = FakeOutgoing()
    assert client(http).profile(TIKTOK, COMMENTER) is None
    assert http.calls == []


def test_an_unread_profile_is_tried_again() -> None:
    with pytest.raises(Retryable):
        client(FakeOutgoing(Uncertain("no answer"))).profile(TIKTOK, TO)


# --- media


def said(media: Media | None) -> CustomerMessage:
    return CustomerMessage(
        id="im_receive_msg:m7+/==",
        conversation=Conversation("tiktok", TIKTOK.id, ANA),
        sent_ms=1,
        media=media,
        origin="m7+/==",
        platform_thread=THREAD,
    )


@pytest.mark.parametrize(("kind", "told"), [("image", "IMAGE"), ("video", "VIDEO")])
def test_media_is_asked_for_by_its_id(kind: Kind, told: str) -> None:
    http = FakeOutgoing(answer(200, {"code": 0, "data": {"download_url": "https://v16.tiktokcdn.com/x?y=1"}}))
    found = client(http).source(TIKTOK, said(Media(kind=kind, handle="v10/abc")))
    assert (found.url, found.headers) == ("https://v16.tiktokcdn.com/x?y=1", {"x-user": "token-tt"})
    [call] = http.calls
    assert call.url == API + "media/download/"
    assert call.json() == {
        "business_id": "-000TeaShop",
        "conversation_id": THREAD,
        "message_id": "m7+/==",
        "media_id": "v10/abc",
        "media_type": told,
    }


def test_the_token_goes_to_tiktoks_hosts_only() -> None:
    http = FakeOutgoing(answer(200, {"code": 0, "data": {"download_url": "https://x.example/"}}))
    hosts = client(http).source(TIKTOK, said(Media(kind="image", handle="v"))).hosts
    assert {"tiktok.com", "tiktokcdn.com"} <= set(hosts)
    assert not [host for host in hosts if host.startswith(".") or "." not in host]


@pytest.mark.parametrize(
    "no",
    [coded(40001), coded(40002), coded(40007), coded(40064), answer(200, {"code": 0, "data": {}}),
     answer(200, {"code": 0, "data": {"download_url": 5}})],
)  # fmt: skip
def test_media_that_tiktok_does_not_hand_out_is_gone(no: Answer) -> None:
    with pytest.raises(Unfetched) as caught:
        client(FakeOutgoing(no)).source(TIKTOK, said(Media(kind="image", handle="v")))
    assert caught.value.reason == "media_gone"


@pytest.mark.parametrize("media", [None, Media(kind="image", url="https://x.example/a.png")])
def test_media_without_an_id_is_not_asked_for(media: Media | None) -> None:
    with pytest.raises(Unfetched) as caught:
        client(FakeOutgoing()).source(TIKTOK, said(media))
    assert caught.value.reason == "media_gone"


@pytest.mark.parametrize("later", [coded(40100), coded(40105), coded(51065), Uncertain("no answer")])
def test_media_that_may_be_had_later_is_asked_for_again(later: Answer | Exception) -> None:
    with pytest.raises(Retryable):
        client(FakeOutgoing(later)).source(TIKTOK, said(Media(kind="image", handle="v")))


def test_tiktok_mentions_nothing_that_it_does_not_deliver() -> None:
    missing = Unseen(id="e", account=TIKTOK.id, origin="m", sent_ms=1)
    assert client(FakeOutgoing()).unseen(TIKTOK, missing) is None


@pytest.mark.parametrize("error", [Uncertain("no answer"), Retryable("no connection", 2)])
def test_what_the_session_says_passes_through(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        send(error)
    assert caught.value is error
