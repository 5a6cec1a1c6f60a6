"""The Graph API: what is sent and asked, and what each of Meta's answers means."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, strategies

from chalicelib.channels.instagram.client import InstagramClient, open_client
from chalicelib.errors import (
    AccountStopped,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
)
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import CustomerMessage, Media, Unseen
from chalicelib.vocabulary.records import Account, Conversation, Profile
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, MediaPart, Part, Recipient, TextPart
from tests.fakes import INSTAGRAM, PAGE, FakeOutgoing, answer

TOKENS = {"s/ig": {"access_token": "token-ig"}, "s/page": {"access_token": "token-page"}}
URLS = {
    "instagram_graph": "https://ig.example",
    "facebook_graph": "https://fb.example",
    "graph_version": "v25.0",
}
TEXT = "a text that only the customer may read"
MID = "aWdfZAG1faXRlbToxZDZD"
ANA = Recipient(customer="55501")
SENT = answer(200, {"recipient_id": "55501", "message_id": MID})


def client(http: FakeOutgoing) -> InstagramClient:
    return open_client(http, lambda name: TOKENS.get(name, {}), URLS.__getitem__)


def send(*answers: Answer | Exception) -> str:
    return client(FakeOutgoing(*answers)).send(INSTAGRAM, ANA, TextPart(TEXT))


def body_of(part: Part, to: Recipient = ANA) -> Any:
    """What goes out for the part."""
    http = FakeOutgoing(SENT)
    assert client(http).send(INSTAGRAM, to, part) == MID
    [call] = http.calls
    return call.json()


def message_of(part: Part) -> Any:
    return body_of(part)["message"]


def error(code: Any, subcode: Any = None, status: int = 400, **fields: Any) -> Answer:
    """Meta's error body; its message is something that must not be passed on."""
    body = {"message": f"quoting: {TEXT}", "type": "IGApiException", "code": code, "fbtrace_id": "TRACE1", **fields}
    return answer(status, {"error": body | ({} if subcode is None else {"error_subcode": subcode})})


# --- what is sent


@pytest.mark.parametrize(
    ("account", "url", "token"),
    [
        (INSTAGRAM, "https://ig.example/v25.0/17841400000000777/messages", "token-ig"),
        (PAGE, "https://fb.example/v25.0/100000000000888/messages", "token-page"),
    ],
)
def test_a_text_goes_to_the_host_of_the_login(account: Account, url: str, token: str) -> None:
    http = FakeOutgoing(SENT)
    assert client(http).send(account, ANA, TextPart("Grüße 🍵")) == MID
    [call] = http.calls
    assert (call.method, call.url) == ("POST", url)
    assert call.headers == {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert call.json() == {"recipient": {"id": "55501"}, "message": {"text": "Grüße 🍵"}}


def test_a_page_that_is_not_named_is_the_tokens_own() -> None:
    http = FakeOutgoing(SENT)
    client(http).send(msgspec.structs.replace(PAGE, options={"login": "facebook"}), ANA, TextPart(TEXT))
    assert http.calls[0].url == "https://fb.example/v25.0/me/messages"


def test_the_human_agent_tag_goes_with_its_type() -> None:
    body = body_of(TextPart("late"), Recipient(customer="55501", tag="HUMAN_AGENT"))
    assert body == {
        "recipient": {"id": "55501"},
        "message": {"text": "late"},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
    }


@pytest.mark.parametrize("customer", ["55501", "comment:c1"])
def test_a_comment_is_answered_by_its_own_id(customer: str) -> None:
    body = body_of(TextPart("DM"), Recipient(customer=customer, comment="c1"))
    assert body == {"recipient": {"comment_id": "c1"}, "message": {"text": "DM"}}


def test_an_image_goes_in_the_list() -> None:
    part = MediaPart(kind="image", mime="image/png", name="a.png", url="https://us/a?b=c")
    assert message_of(part) == {"attachments": [{"type": "image", "payload": {"url": "https://us/a?b=c"}}]}


@pytest.mark.parametrize("kind", ["audio", "video", "file"])
def test_other_media_go_alone(kind: Literal["audio", "video", "file"]) -> None:
    part = MediaPart(kind=kind, mime="x/y", name="a", url="https://us/a")
    assert message_of(part) == {"attachment": {"type": kind, "payload": {"url": "https://us/a"}}}


def test_what_can_be_tapped_is_quick_replies() -> None:
    part = ChoicesPart(text="Pick", choices=(Choice(text="Yes", payload="dm.1"), Choice(text="No", payload="dm.2")))
    assert message_of(part) == {
        "text": "Pick",
        "quick_replies": [
            {"content_type": "text", "title": "Yes", "payload": "dm.1"},
            {"content_type": "text", "title": "No", "payload": "dm.2"},
        ],
    }


def test_a_link_among_the_choices_makes_them_buttons() -> None:
    part = ChoicesPart(text="Next?", choices=(Choice(text="Visit", url="https://a"), Choice(text="Talk", payload="p")))
    assert message_of(part) == {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "button",
                "text": "Next?",
                "buttons": [
                    {"type": "web_url", "url": "https://a", "title": "Visit"},
                    {"type": "postback", "title": "Talk", "payload": "p"},
                ],
            },
        }
    }


def test_cards_carry_what_they_have_and_no_empty_value() -> None:
    full = Card(
        title="Hat",
        description="Red",
        image="https://a/h.jpg",
        url="https://a/h",
        choices=(Choice(text="Buy", payload="p"),),
    )
    assert message_of(CardsPart(cards=(full, Card(title="Cap", description="Blue")))) == {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "generic",
                "elements": [
                    {
                        "title": "Hat",
                        "subtitle": "Red",
                        "image_url": "https://a/h.jpg",
                        "default_action": {"type": "web_url", "url": "https://a/h"},
                        "buttons": [{"type": "postback", "title": "Buy", "payload": "p"}],
                    },
                    {"title": "Cap", "subtitle": "Blue"},
                ],
            },
        }
    }


MARK = "0123456789abcdef0123456789abcdef"
MARKED = Recipient(customer="55501", mark=MARK)
LINK = ChoicesPart(text="Next?", choices=(Choice(text="Visit", url="https://a"),))
EVERY_PART = [
    TextPart(TEXT),
    MediaPart(kind="image", mime="image/png", name="a.png", url="https://us/a"),
    MediaPart(kind="video", mime="video/mp4", name="a.mp4", url="https://us/a"),
    ChoicesPart(text="Pick", choices=(Choice(text="Yes", payload="dm.1"),)),
    LINK,
    CardsPart(cards=(Card(title="Cap"),)),
]
NO_MARK = error(100, message='(#100) Invalid keys "metadata" were found in param "message".')
NO_QUOTE = error(100, message="(#100) reply_to.mid does not exist")


@pytest.mark.parametrize("part", EVERY_PART)
@pytest.mark.parametrize("to", [MARKED, Recipient(customer="55501", comment="c1", mark=MARK)])
def test_every_part_carries_its_mark(to: Recipient, part: Part) -> None:
    plain = message_of(part)
    assert body_of(part, to)["message"] == plain | {"metadata": MARK}


def test_a_part_goes_without_the_mark_where_meta_does_not_take_it() -> None:
    http = FakeOutgoing(NO_MARK, SENT, SENT, SENT)
    meta = client(http)
    for account in (INSTAGRAM, INSTAGRAM, PAGE):
        assert meta.send(account, MARKED, TextPart("Hi")) == MID
    assert ["metadata" in call.json()["message"] for call in http.calls] == [True, False, False, True]
    assert http.calls[1].json() == {"recipient": {"id": "55501"}, "message": {"text": "Hi"}}


@pytest.mark.parametrize(
    ("no", "to"),
    [
        (NO_MARK, ANA),  # there was none
        (error(100, message="(#100) The parameter recipient is required"), MARKED),
        (error(10, 2534022, message="metadata"), MARKED),
        (error(190, message="metadata"), MARKED),
        (NO_QUOTE, MARKED),
    ],
)
def test_only_a_refusal_of_the_mark_itself_is_tried_without_it(no: Answer, to: Recipient) -> None:
    http = FakeOutgoing(no)
    with pytest.raises((Refused, Retryable)):
        client(http).send(INSTAGRAM, to, TextPart(TEXT))
    assert len(http.calls) == 1


@pytest.mark.parametrize("then", [error(10, 2534022), error(4), error(1, 1357046), Uncertain("no answer"), NO_MARK])
def test_what_comes_of_the_second_call_counts(then: Answer | Exception) -> None:
    http = FakeOutgoing(NO_MARK, then)
    with pytest.raises((Refused, Retryable, Uncertain)):
        client(http).send(INSTAGRAM, MARKED, TextPart(TEXT))
    assert len(http.calls) == 2


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_quote_stands_beside_the_message(part: Part) -> None:
    body = body_of(part, Recipient(customer="55501", quotes="mid-7"))
    assert body == {"recipient": {"id": "55501"}, "message": message_of(part), "reply_to": {"mid": "mid-7"}}


def test_the_answer_to_a_comment_quotes_nothing() -> None:
    assert "reply_to" not in body_of(TextPart("DM"), Recipient(customer="55501", comment="c1", quotes="mid-7"))


def test_a_part_goes_without_a_quote_that_meta_does_not_take() -> None:
    http = FakeOutgoing(NO_QUOTE, NO_MARK, SENT, SENT)
    meta, to = client(http), Recipient(customer="55501", mark=MARK, quotes="mid-7")
    for _ in range(2):
        assert meta.send(INSTAGRAM, to, TextPart("Hi")) == MID
    sent = [("reply_to" in call.json(), "metadata" in call.json()["message"]) for call in http.calls]
    assert sent == [(True, True), (False, True), (False, False), (True, False)]


def test_a_file_without_a_url_is_not_sent() -> None:
    http = FakeOutgoing()
    with pytest.raises(Refused) as caught:
        client(http).send(INSTAGRAM, ANA, MediaPart(kind="image", mime="image/png", name="a.png", body=b"x"))
    assert caught.value.reason == "unsupported"


@pytest.mark.parametrize("customer", ["media:1789", "comment:c1", "", "٣"])
def test_a_notice_without_a_person_cannot_be_answered(customer: str) -> None:
    with pytest.raises(Refused) as caught:
        client(FakeOutgoing()).send(INSTAGRAM, Recipient(customer=customer), TextPart(TEXT))
    assert caught.value.reason == "no_conversation"


@pytest.mark.parametrize(
    "found", [{}, {"recipient_id": "55501"}, {"message_id": ""}, {"message_id": None}, {"message_id": 5}]
)
def test_an_answer_without_an_id_tells_nothing_of_the_message(found: dict[str, Any]) -> None:
    with pytest.raises(Uncertain):
        send(answer(200, found))


@pytest.mark.parametrize("secret", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": ["x"]}])
def test_without_a_token_nothing_is_sent_until_somebody_stores_one(secret: dict[str, Any]) -> None:
    http = FakeOutgoing()
    lonely = open_client(http, lambda name: secret, URLS.__getitem__)
    with pytest.raises(Misconfigured) as caught:
        lonely.send(INSTAGRAM, ANA, TextPart(TEXT))
    assert caught.value.reason == "the secret s/ig holds no access_token"
    assert "in the secret s/ig" in caught.value.advice
    assert http.calls == []


@pytest.mark.parametrize("token", ["to\nken", "to ken", "ключ", "to\u200bken", "\ud800"])
def test_a_token_that_cannot_be_sent_is_the_accounts_trouble(token: str) -> None:
    http = FakeOutgoing()
    lonely = open_client(http, lambda name: {"access_token": token}, URLS.__getitem__)
    with pytest.raises(Misconfigured) as caught:
        lonely.send(INSTAGRAM, ANA, TextPart(TEXT))
    assert "s/ig" in caught.value.advice
    assert http.calls == []


@pytest.mark.parametrize("token", ["token\n", " token ", "\ufefftoken", '"token"'])
def test_what_came_along_when_a_token_was_pasted_is_not_sent(token: str) -> None:
    http = FakeOutgoing(answer(200, {"recipient_id": "55501", "message_id": "m"}))
    open_client(http, lambda name: {"access_token": token}, URLS.__getitem__).send(INSTAGRAM, ANA, TextPart(TEXT))
    assert http.calls[0].headers["Authorization"] == "Bearer token"


@pytest.mark.parametrize(("action", "name"), [("typing", "typing_on"), ("seen", "mark_seen")])
def test_an_action_stands_alone(action: Literal["typing", "seen"], name: str) -> None:
    http = FakeOutgoing(answer(200, {"recipient_id": "55501"}))
    client(http).act(INSTAGRAM, ANA, action)
    [call] = http.calls
    assert call.url == "https://ig.example/v25.0/17841400000000777/messages"
    assert call.json() == {"recipient": {"id": "55501"}, "sender_action": name}


def test_nobody_is_shown_an_action_where_the_person_is_not_named() -> None:
    http = FakeOutgoing()
    client(http).act(INSTAGRAM, Recipient(customer="comment:c1", comment="c1"), "typing")
    assert http.calls == []


# --- what is asked


FIELDS = "name,username,profile_pic,follower_count,is_user_follow_business,is_business_follow_user,is_verified_user"


def profile(found: Answer) -> Profile | None:
    return client(FakeOutgoing(found)).profile(INSTAGRAM, ANA)


def test_a_profile_is_what_meta_tells() -> None:
    told = {
        "name": "Ana Ruiz",
        "username": "ana",
        "profile_pic": "https://scontent.cdninstagram.com/a.jpg?oe=1",
        "follower_count": 12,
        "is_user_follow_business": True,
        "is_business_follow_user": False,
        "is_verified_user": False,
        "id": "55501",
    }
    http = FakeOutgoing(answer(200, told))
    assert client(http).profile(PAGE, ANA) == Profile(
        name="Ana Ruiz",
        username="ana",
        avatar="https://scontent.cdninstagram.com/a.jpg?oe=1",
        followers=12,
        verified=False,
        follows=True,
    )
    [call] = http.calls
    assert (call.method, call.url) == ("GET", f"https://fb.example/v25.0/55501?fields={FIELDS}")
    assert call.headers == {"Authorization": "Bearer token-page"}


@pytest.mark.parametrize(
    "found",
    [
        error(230),
        error(100, 2018218),
        error(9010),
        error(100, 33),
        error(100, 2534014),
        answer(200, {"id": "55501"}),
        answer(200, {"name": " \n", "username": ""}),
        answer(200, {"id": "55501", "name": None, "username": 5, "follower_count": "many", "is_verified_user": 1}),
        answer(200, {"profile_pic": "javascript:alert(1)", "follower_count": True}),
    ],
)
def test_a_person_of_whom_nothing_is_told(found: Answer) -> None:
    assert profile(found) is None


@pytest.mark.parametrize(
    ("found", "raised"),
    [
        (error(4), RateLimited),
        (error(190), TokenRefused),
        (answer(500), Retryable),
        (answer(200, []), Retryable),
        (error(1, 1357046), Retryable),
        (Uncertain("no answer"), Retryable),
        (error(10), AccountStopped),
    ],
)
def test_a_profile_that_is_not_to_be_had_now(found: Answer | Exception, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        client(FakeOutgoing(found)).profile(INSTAGRAM, ANA)


def test_an_author_who_is_not_named_has_no_profile_to_ask_for() -> None:
    http = FakeOutgoing()
    assert client(http).profile(INSTAGRAM, Recipient(customer="comment:c1")) is None
    assert http.calls == []


def said(media: Media | None) -> CustomerMessage:
    return CustomerMessage(id="m", conversation=Conversation("instagram", "1", "55501"), sent_ms=1, media=media)


def test_media_are_fetched_from_metas_hosts_without_a_token() -> None:
    found = client(FakeOutgoing()).source(INSTAGRAM, said(Media(kind="image", url="https://lookaside.fbsbx.com/x")))
    assert (found.url, found.headers) == ("https://lookaside.fbsbx.com/x", {})
    assert found.hosts == ("fbsbx.com", "cdninstagram.com", "fbcdn.net")


@pytest.mark.parametrize("media", [None, Media(kind="image")])
def test_media_without_a_url_are_gone(media: Media | None) -> None:
    with pytest.raises(Unfetched) as caught:
        client(FakeOutgoing()).source(INSTAGRAM, said(media))
    assert caught.value.reason == "media_gone"


MISSING = Unseen(id=f"message:{MID}", account=INSTAGRAM.id, origin=MID, sent_ms=1_000)
HELD = {
    "id": MID,
    "created_time": "2025-07-28T22:44:49+0000",
    "from": {"username": "some.user", "id": "55501"},
    "to": {"data": [{"username": "tea.shop", "id": INSTAGRAM.id}]},
    "message": "hi",
}


def unseen(held: Any) -> CustomerMessage | None:
    return client(FakeOutgoing(answer(200, held))).unseen(INSTAGRAM, MISSING)


def test_a_message_that_was_never_delivered_is_asked_for_by_its_mid() -> None:
    http = FakeOutgoing(answer(200, HELD))
    odd = Unseen(id="message:a/b?c", account=INSTAGRAM.id, origin="a/b?c", sent_ms=1_000)
    assert client(http).unseen(INSTAGRAM, odd) == CustomerMessage(
        id="message:a/b?c",
        conversation=Conversation("instagram", INSTAGRAM.id, "55501"),
        sent_ms=1_753_742_689_000,
        text="hi",
        origin="a/b?c",
        username="some.user",
    )
    assert http.calls[0].url == "https://ig.example/v25.0/a%2Fb%3Fc?fields=id,created_time,from,to,message"


@pytest.mark.parametrize("sender", [{"id": INSTAGRAM.id}, {"id": "9", "username": "tea.shop"}, {}, None, {"id": None}])
def test_a_message_of_the_brands_own_or_of_nobody_is_not_shown(sender: Any) -> None:
    assert unseen(HELD | {"from": sender}) is None


def test_a_message_that_meta_no_longer_has_is_not_shown() -> None:
    assert client(FakeOutgoing(error(100, 33))).unseen(INSTAGRAM, MISSING) is None


@pytest.mark.parametrize("created", [None, "yesterday", 5, "2025-13-01T00:00:00+0000", "0001-01-01T00:00:00+2300"])
def test_an_odd_time_is_the_time_of_the_mention(created: Any) -> None:
    found = unseen(HELD | {"created_time": created})
    assert found is not None
    assert found.sent_ms == 1_000


def test_a_message_without_text_is_still_shown() -> None:
    found = unseen(HELD | {"message": ""})
    assert found is not None
    assert [line.key for line in found.lines] == ["unsupported"]


JSON: strategies.SearchStrategy[Any] = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=8,
)


@given(strategies.fixed_dictionaries({}, optional=dict.fromkeys((*HELD, "error", *FIELDS.split(",")), JSON)))
def test_whatever_meta_answers_is_read_or_told_apart(found: dict[str, Any]) -> None:
    sent = {"message_id": MID} | found
    for ask in (lambda: unseen(found), lambda: profile(answer(200, found)), lambda: send(answer(200, sent))):
        try:
            ask()
        except (Refused, Retryable, Uncertain):
            assert "error" in found


@pytest.mark.parametrize("error", [Uncertain("no answer"), Retryable("no connection")])
def test_what_the_session_says_passes_through(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        send(error)
    assert caught.value is error
