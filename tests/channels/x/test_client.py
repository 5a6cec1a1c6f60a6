"""The X API in plain conversations: what is sent, and what each of X's answers means."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.channels.x.capabilities import CAPABILITIES
from chalicelib.errors import (
    AccountStopped,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    Throttled,
    TokenRefused,
    Uncertain,
    Unfetched,
    Waiting,
)
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import CustomerMessage, Media
from chalicelib.vocabulary.records import Conversation, Profile
from chalicelib.vocabulary.replies import Card, CardsPart, Choice, ChoicesPart, Part, Recipient, TextPart
from tests.channels.x.kit import ANA, API, BRAND, KEYS, TOKEN, Kit
from tests.channels.x.shapes import fits
from tests.fakes import START, Call, answer

TEXT = "a text that only the customer may read"
TO = Recipient(customer=ANA, thread="dm", mark="m" * 32)
GROUP = Recipient(customer="g1578398451921985538", thread="dm", mark="m" * 32)
WORDS = TextPart(TEXT)
DONE = answer(201, {"data": {"dm_conversation_id": f"{BRAND.id}-{ANA}", "dm_event_id": "1122334455667788990"}})


def problem(status: int, detail: str = "", **headers: str) -> Answer:
    """X's error body, with words that must not be passed on."""
    body = {"title": "Problem", "detail": detail or f"quoting: {TEXT}", "type": "about:blank", "status": status}
    return answer(status, body, **headers)


def limited(reset_s: float, remaining: str = "0", status: int = 429) -> Answer:
    """Too many calls: the limit begins anew at that time, by the clock of X, which is ours."""
    headers = {"date": "Fri, 15 Jan 2027 08:00:00 GMT"}  # START
    headers |= {"x-rate-limit-remaining": remaining, "x-rate-limit-reset": str(int(reset_s))}
    if status == 429:
        return Answer(status=429, headers=headers, body=b'{"errors":[{"code":88,"message":"Rate limit exceeded"}]}')
    return Answer(status=status, headers=headers, body=DONE.body)


def query(call: Call) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(call.url).query, strict_parsing=True).items()}


# --- texts


def test_the_limits_are_those_of_xs_pages() -> None:
    assert (CAPABILITIES.text_limit, CAPABILITIES.text_unit, CAPABILITIES.window.open_s) == (10_000, "characters", None)


@pytest.mark.parametrize("thread", ["dm", ""])
def test_a_text_goes_to_the_customer(thread: str) -> None:
    kit = Kit(DONE)
    to = Recipient(customer=ANA, thread=thread)
    assert kit.client.send(BRAND, to, TextPart("¡Sí! 🚚 https://x.example")) == "1122334455667788990"
    [call] = kit.http.calls
    assert (call.method, call.url) == ("POST", f"{API}/2/dm_conversations/with/{ANA}/messages")
    assert call.headers == {"Authorization": "Bearer token-x", "Content-Type": "application/json"}
    assert call.json() == fits("/messages", {"text": "¡Sí! 🚚 https://x.example"})


def test_a_group_is_written_to_by_its_own_number() -> None:
    kit = Kit(DONE)
    kit.client.send(BRAND, GROUP, TextPart("Hi"))
    assert kit.paths() == ["POST /2/dm_conversations/1578398451921985538/messages"]


@pytest.mark.parametrize(
    "part", [CardsPart(cards=(Card(title="Tea"),)), ChoicesPart(text="?", choices=(Choice(text="Yes", payload="p"),))]
)
def test_nothing_can_be_tapped_in_a_plain_message(part: Part) -> None:
    with pytest.raises(Refused) as caught:
        Kit().client.send(BRAND, TO, part)
    assert caught.value.reason == "unsupported"


@pytest.mark.parametrize("data", [{}, None, [], {"dm_event_id": ""}, {"dm_event_id": None}])
def test_a_success_without_an_id_tells_nothing_of_the_message(data: Any) -> None:
    with pytest.raises(Uncertain):
        Kit(answer(201, {"data": data})).client.send(BRAND, TO, WORDS)


def test_plain_conversations_load_nothing_that_encrypts() -> None:
    kit = Kit(DONE, answer(200, {"data": []}))
    kit.client.send(BRAND, TO, WORDS)
    kit.client.act(BRAND, TO, "typing")
    kit.client.act(BRAND, TO, "seen")
    kit.client.arrived(BRAND, TO, WORDS, START, lambda one: False)
    assert "_chats" not in vars(kit.client)
    assert len(kit.http.calls) == 2, "X has neither typing nor seen here"


# --- who calls


@pytest.mark.parametrize("held", [KEYS, KEYS | {"access_token": ""}])
def test_an_account_with_keys_only_signs(held: dict[str, Any]) -> None:
    kit = Kit(DONE, answer(200, {"data": {"id": ANA}}), held=held)
    kit.client.send(BRAND, TO, WORDS)
    kit.client.profile(BRAND, TO)
    for call in kit.http.calls:
        told = call.headers["Authorization"]
        assert told.startswith('OAuth oauth_consumer_key="consumer-key"')
        assert 'oauth_token="1-token"' in told
        assert "secret" not in told


@pytest.mark.parametrize(
    ("held", "names"),
    [
        ({}, "s/x"),
        ({"access_token": "two words"}, "s/x"),
        ({"oauth1": "x"}, "s/x"),
        ({"oauth1": {"token": "t"}}, "s/x"),
    ],
)
def test_without_a_token_nothing_is_sent_until_somebody_stores_one(held: dict[str, Any], names: str) -> None:
    kit = Kit(held=held)
    with pytest.raises(Misconfigured) as caught:
        kit.client.send(BRAND, TO, WORDS)
    assert names in caught.value.advice
    assert kit.http.calls == []


# --- what X answers


@pytest.mark.parametrize(
    ("no", "kind", "reason"),
    [
        (problem(403, "You do not have permission to DM one or more participants."), Refused, "person_unavailable"),
        (problem(403, "This operation is not permitted."), AccountStopped, "account_disconnected"),
        (problem(403, "You are not permitted to attach this media to a DM event"), Refused, "media_refused"),
        (problem(402), AccountStopped, "account_disconnected"),
        (problem(400), Refused, "rejected_content"),
        (problem(404), Refused, "wrong_person"),
    ],
)
def test_what_x_refuses_is_told_apart(no: Answer, kind: type[Refused], reason: str) -> None:
    with pytest.raises(Refused) as caught:
        Kit(no).client.send(BRAND, TO, WORDS)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize(
    ("no", "kind"),
    [
        (problem(401), TokenRefused),
        (problem(500), Uncertain),
        (problem(502), Uncertain),
        (problem(503), Uncertain),
        (problem(503, retry_after="30"), Retryable),
        (Answer(status=429, headers={}, body=b"{}"), RateLimited),
        (Uncertain("no answer"), Uncertain),
        (Retryable("no connection"), Retryable),
    ],
)
def test_only_what_is_known_not_to_have_happened_is_sent_again(no: Answer | Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        Kit(no).client.send(BRAND, TO, WORDS)
    assert type(caught.value) is kind


# --- limits


def test_who_meets_a_limit_waits_for_its_end_and_so_does_everybody() -> None:
    met = Kit(limited(START + 600))
    with pytest.raises(Throttled) as caught:
        met.client.send(BRAND, TO, WORDS)
    assert caught.value.after_s == 150, "and looks again before it ends, so as not to come last"
    other = Kit(DONE, beside=met)
    with pytest.raises(Throttled):
        other.client.send(BRAND, Recipient(customer="3", thread="dm"), WORDS)
    assert other.http.calls == []
    met.clock.advance(602)
    assert other.client.send(BRAND, TO, WORDS) == "1122334455667788990"


def test_the_last_call_of_a_limit_is_a_success_that_the_next_one_heeds() -> None:
    kit = Kit(limited(START + 30, status=201), DONE)
    assert kit.client.send(BRAND, TO, WORDS)
    with pytest.raises(Throttled) as caught:
        kit.client.send(BRAND, TO, WORDS)
    assert 29 <= (caught.value.after_s or 0) <= 32
    assert len(kit.http.calls) == 1


def test_a_limit_is_one_accounts_and_one_routes() -> None:
    met = Kit(limited(START + 600))
    with pytest.raises(Throttled):
        met.client.send(BRAND, TO, WORDS)
    other = Kit(DONE, answer(200, {"data": {"id": ANA}}), beside=met)
    assert other.client.send(BRAND, GROUP, WORDS)
    assert other.client.profile(BRAND, TO)


def test_the_limit_of_a_day_is_heeded_too() -> None:
    kit = Kit(Answer(status=201, body=DONE.body, headers={
        "date": "Fri, 15 Jan 2027 08:00:00 GMT", "x-rate-limit-remaining": "7",
        "x-rate-limit-reset": str(int(START + 60)), "x-app-limit-24hour-remaining": "0",
        "x-app-limit-24hour-reset": str(int(START + 7200)),
    }))  # fmt: skip
    kit.client.send(BRAND, TO, WORDS)
    kit.clock.advance(7190)
    with pytest.raises(Throttled):
        kit.client.send(BRAND, TO, WORDS)


@pytest.mark.parametrize("held", [b"", b"soon", b"nan", b"-1", b"\xff", b"9" * 400])
def test_a_limit_that_cannot_be_read_holds_up_nobody(held: bytes) -> None:
    kit = Kit(DONE)
    kit.memory.keep(Conversation("x", BRAND.id, ""), "limit/dm_send", held, 900)
    assert kit.client.send(BRAND, TO, WORDS)


def test_the_tables_trouble_makes_no_send_fail_that_happened() -> None:
    kit = Kit(limited(START + 30, status=201))
    kit.memory.down = True
    assert kit.client.send(BRAND, TO, WORDS) == "1122334455667788990"


def test_a_month_that_is_used_up_does_not_pass_by_itself() -> None:
    body = {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly", "type": "…/usage-capped"}
    no = answer(429, body, x_rate_limit_remaining="5", x_rate_limit_reset=str(int(START + 60)))
    kit = Kit(no, DONE)
    with pytest.raises(AccountStopped) as caught:
        kit.client.send(BRAND, TO, WORDS)
    assert "credits" in caught.value.advice
    assert kit.client.send(BRAND, TO, WORDS)


def test_what_waits_spends_nothing() -> None:
    assert issubclass(Throttled, Waiting)
    assert issubclass(Throttled, RateLimited)


# --- what arrived


def event(identifier: str, text: str = TEXT, sender: str = BRAND.id, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier, "event_type": "MessageCreate", "text": text, "sender_id": sender,
        "created_at": "2027-01-15T08:00:01.000Z", "dm_conversation_id": f"{BRAND.id}-{ANA}", **more,
    }  # fmt: skip


def arrived(page: dict[str, Any], part: Part = WORDS, to: Recipient = TO, kit: Kit | None = None) -> str | None:
    kit = kit or Kit()
    kit.http.answers.append(answer(200, page))
    return kit.client.arrived(BRAND, to, part, START, lambda one: one == "taken")


def test_what_arrived_is_looked_for_in_the_conversation() -> None:
    kit = Kit()
    assert arrived({"data": [event("7")]}, kit=kit) == "7"
    [call] = kit.http.calls
    assert kit.paths() == [f"GET /2/dm_conversations/with/{ANA}/dm_events"]
    asked = query(call)
    assert asked["event_types"] == "MessageCreate"
    known = {"attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "text"}
    assert set(asked["dm_event.fields"].split(",")) <= known, "X refuses a question for a field that it does not know"
    assert "sender_id" in asked["expansions"].split(",")


def test_a_groups_history_is_asked_for_by_its_number() -> None:
    kit = Kit()
    arrived({"data": []}, to=GROUP, kit=kit)
    assert kit.paths() == ["GET /2/dm_conversations/1578398451921985538/dm_events"]


LINKED = {"urls": [{"start": 5, "end": 28, "url": "https://t.co/abc", "expanded_url": "https://tea.example/a?b=1",
                    "display_url": "tea.example/a?b=1"}]}  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("See: https://tea.example/a?b=1 !", event("7", "See: https://t.co/abc !", entities=LINKED)),
        ("See: tea.example/a?b=1 !", event("7", "See: https://t.co/abc !", entities=LINKED)),
        ("You & <me>", event("7", "You &amp; &lt;me&gt;")),
        ("write &amp;", event("7", "write &amp;")),
        (" trimmed\n", event("7", "trimmed")),
    ],
)
def test_a_text_is_known_however_x_writes_it(sent: str, told: dict[str, Any]) -> None:
    assert arrived({"data": [told]}, TextPart(sent)) == "7"


@pytest.mark.parametrize(
    "told",
    [
        event("7", "something else"), event("7", sender=ANA), event("taken"),
        event("7", created_at="2027-01-15T07:59:00.000Z"), event("7", event_type="ParticipantsJoin"),
    ],
)  # fmt: skip
def test_what_is_not_this_send_confirms_nothing(told: dict[str, Any]) -> None:
    assert arrived({"data": [told]}) is None


def test_a_history_that_does_not_reach_back_says_nothing() -> None:
    page = {"data": [event(str(number), "no") for number in range(100)], "meta": {"next_token": "n" * 16}}
    with pytest.raises(Refused) as caught:
        arrived(page)
    assert caught.value.reason == "unconfirmed"


@pytest.mark.parametrize("later", [limited(START + 600), problem(401), problem(500), Uncertain("no answer")])
def test_a_history_that_cannot_be_read_now_is_read_later(later: Answer | Exception) -> None:
    with pytest.raises(Retryable):
        Kit(later).client.arrived(BRAND, TO, WORDS, START, lambda one: False)


def test_who_may_not_read_may_still_send() -> None:
    with pytest.raises(Refused) as caught:
        Kit(problem(403, "missing scope")).client.arrived(BRAND, TO, WORDS, START, lambda one: False)
    assert type(caught.value) is Refused


# --- profiles

USER = {
    "id": ANA, "name": " Ana 🌿 ", "username": "ana_verde", "profile_image_url": "https://pbs.twimg.com/a.jpg",
    "verified": True, "public_metrics": {"followers_count": 1146}, "connection_status": ["followed_by", "following"],
}  # fmt: skip


def test_a_profile_is_asked_for_by_the_customers_id() -> None:
    kit = Kit(answer(200, {"data": USER}))
    assert kit.client.profile(BRAND, TO) == Profile(
        name="Ana 🌿", username="ana_verde", avatar="https://pbs.twimg.com/a.jpg", followers=1146, verified=True,
        follows=True,
    )  # fmt: skip
    assert kit.paths() == [f"GET /2/users/{ANA}"]
    assert "username" in query(kit.http.calls[0])["user.fields"].split(",")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"connection_status": ["following"]}, {"follows": False}), ({"connection_status": None}, {"follows": None}),
        ({"profile_image_url": "javascript:1"}, {"avatar": ""}), ({"public_metrics": {}}, {"followers": None}),
        ({"verified": "yes"}, {"verified": None}), ({"name": 7}, {"name": "7"}),
    ],
)  # fmt: skip
def test_what_is_odd_in_a_profile_is_left_out(changed: dict[str, Any], told: dict[str, Any]) -> None:
    found = Kit(answer(200, {"data": USER | changed})).client.profile(BRAND, TO)
    assert {name: getattr(found, name) for name in told} == told


def test_a_group_is_nobody() -> None:
    kit = Kit()
    assert kit.client.profile(BRAND, GROUP) is None
    assert kit.http.calls == []


# --- files of customers

PHOTO = "https://ton.twitter.com/1.1/ton/data/dm/1218168691763924998/1218168684226711552/7WY9gUyS.jpg"


def said(media: Media | None) -> CustomerMessage:
    return CustomerMessage(
        id="dm:1", conversation=Conversation("x", BRAND.id, ANA), sent_ms=1, media=media, origin="1",
        platform_thread="dm",
    )  # fmt: skip


@pytest.mark.parametrize("host", ["https://ton.twitter.com", "http://127.0.0.1:4009"])
@pytest.mark.parametrize("file", ["7WY9gUyS.jpg", "-OoexpXb.png", "_a-b-.jpg"])
def test_a_photo_is_fetched_through_the_api(host: str, file: str) -> None:
    kit = Kit()
    url = PHOTO.replace("https://ton.twitter.com", host).replace("7WY9gUyS.jpg", file)
    found = kit.client.source(BRAND, said(Media(kind="image", url=url)))
    assert found.url == f"{API}/2/dm_conversations/media/1218168691763924998/1218168684226711552/{file}"
    assert (found.hosts, found.headers) == (("api.x.example",), {"Authorization": "Bearer token-x"})
    assert kit.http.calls == []


@pytest.mark.parametrize("held", [KEYS, KEYS | TOKEN])
def test_a_photo_is_fetched_with_a_signature_where_the_account_has_keys(held: dict[str, Any]) -> None:
    found = Kit(held=held).client.source(BRAND, said(Media(kind="image", url=PHOTO)))
    assert (found.url, found.hosts) == (PHOTO, ("ton.twitter.com", "ton.x.com"))
    assert found.headers["Authorization"].startswith("OAuth oauth_consumer_key=")


@pytest.mark.parametrize(
    "url",
    [
        "https://video.twimg.com/dm_gif/1/a.mp4", "https://evil.example/1.1/ton/data/dm/1/2/..",
        "https://evil.example/1.1/ton/data/dm/1/../2/a.jpg", "https://video.twimg.com/1.1/ton/data/dm/a/2/x.jpg",
    ],
)  # fmt: skip
def test_what_anybody_may_fetch_is_fetched_without_a_key(url: str) -> None:
    found = Kit(held=KEYS | TOKEN).client.source(BRAND, said(Media(kind="video", url=url)))
    assert (found.url, found.hosts, found.headers) == (url, ("video.twimg.com", "pbs.twimg.com"), {})


@pytest.mark.parametrize("media", [None, Media(kind="image"), Media(kind="image", handle="other")])
def test_media_without_an_address_is_gone(media: Media | None) -> None:
    with pytest.raises(Unfetched) as caught:
        Kit().client.source(BRAND, said(media))
    assert caught.value.reason == "media_gone"
