"""X's challenge and signature, and where its deliveries are cut."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.x.translate import TRANSLATOR
from chalicelib.channels.x.webhook import WEBHOOK
from chalicelib.credentials import Secret
from chalicelib.edge.storing import events_of
from chalicelib.errors import Malformed, Rejected
from chalicelib.http import Request, Response
from chalicelib.protocols.webhook import MOST_PIECES
from chalicelib.vocabulary.messages import CustomerMessage, Ignored
from chalicelib.vocabulary.records import Event
from tests.contract.signing import hmac_sha256, request
from tests.edge.kit import EdgeKit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "x"
BRAND, ANA, BEN = "1111111111111111111", "2222222222222222222", "3333333333333333333"
NOW = 1_800_000_000.0
SENT = "1799999990000"


def asked(token: str, *secrets: str) -> Response:
    query = Request(method="GET", headers={}, query={"crc_token": token}, body=b"")
    return WEBHOOK.handshake(query, Secret("x", {"secrets": list(secrets)}))


def refused(token: str, *secrets: str) -> str:
    with pytest.raises(Rejected) as caught:
        asked(token, *secrets)
    return caught.value.reason


# --- the challenge and the signature


def test_a_challenge_is_answered_as_the_page_has_it() -> None:
    reply = asked("challenge_string", "test-consumer-secret")
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"response_token": "sha256=wbxoN8scmhw5dqzftzpj6g3uAnVpSktqxDDUHYNfIqA="}


def test_a_delivery_is_signed_as_the_page_has_it() -> None:
    body = b'{"for_user_id":"1"}'
    value = "sha256=" + base64.b64encode(hmac_sha256(body, "test-consumer-secret")).decode()
    delivery = request("x", body, value)
    assert WEBHOOK.verify(delivery, ["another-consumer-secret", "test-consumer-secret"], NOW) == "test-consumer-secret"


def test_of_several_secrets_the_newest_answers() -> None:
    assert asked("abc", "the-newest-secret", "the-one-before") == asked("abc", "the-newest-secret")


@pytest.mark.parametrize("secrets", [(), ("",), ("changeme",), ("short",)])
def test_without_a_secret_nothing_is_signed(secrets: tuple[str, ...]) -> None:
    assert refused("abc", *secrets) == "no_secret"


@pytest.mark.parametrize("token", ["MWE0NjcxZDEtNDFlNi00ZDZkLWE2NjctYWU2MGZjNGQ5NzQx", "a", "a+b/c==", "x" * 128])
def test_what_x_asks_with_is_signed(token: str) -> None:
    proof = base64.b64encode(hmac_sha256(token.encode(), "the-consumer-secret")).decode()
    assert json.loads(asked(token, "the-consumer-secret").body) == {"response_token": f"sha256={proof}"}


@pytest.mark.parametrize(
    "token", ["", "{}", '{"for_user_id":"1"}', "[1]", '"a"', "a b", "ä", "\x00", "\ud83d", "x" * 129]
)
def test_what_could_be_a_delivery_is_never_signed(token: str) -> None:
    assert refused(token, "the-consumer-secret") == "challenge"


@given(token=st.text(max_size=200))
def test_no_challenge_makes_a_delivery(token: str) -> None:
    """Whatever is signed for who asks, nothing that is let in by it becomes an event."""
    try:
        proof = json.loads(asked(token, "the-webhook-secret-of-the-tests").body)["response_token"]
    except Rejected:
        return
    kit = EdgeKit()
    kit.post("x", request("x", token.encode(), proof))
    assert kit.stored == []


def test_a_challenge_comes_to_the_url_of_all() -> None:
    kit = EdgeKit()
    query = Request(method="GET", headers={}, query={"crc_token": "abc"}, body=b"")
    proof = base64.b64encode(hmac_sha256(b"abc", "the-webhook-secret-of-the-tests")).decode()
    assert json.loads(kit.edge.social(query).body) == {"response_token": f"sha256={proof}"}


# --- where a delivery is cut


def message(identifier: str, sender: str = ANA, to: str = BRAND, **said: Any) -> dict[str, Any]:
    spoken = {"target": {"recipient_id": to}, "sender_id": sender, "message_data": {"text": "Hi"} | said}
    return {"type": "message_create", "id": identifier, "created_timestamp": SENT, "message_create": spoken}


def activity(kind: str, payload: Any, **more: Any) -> dict[str, Any]:
    return {"data": {"event_uuid": "-5", "filter": {"user_id": BRAND}, "event_type": kind, "payload": payload} | more}


def events(delivery: Any) -> list[Event]:
    return events_of(WEBHOOK, json.dumps(delivery).encode(), NOW)


def only(delivery: Any) -> Event:
    [found] = events(delivery)
    return found


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def test_both_ways_of_delivery_tell_of_the_same_event() -> None:
    one = message("42")
    by_activity = only(activity("dm.received", {"direct_message_events": [one]}))
    by_account = only({"for_user_id": BRAND, "direct_message_events": [one]})
    assert by_activity.dedup == by_account.dedup
    assert by_activity.id == "dm:42"
    assert (by_activity.account, by_activity.party, by_activity.sent_ms) == (BRAND, ANA, int(SENT))


@pytest.mark.parametrize("uuid", ["-5", "5", -5, 0, "", None, "0f52b591-4b7e-4f13-92cd-30e6b2a3f18a"])
def test_a_message_has_its_own_id_whatever_the_deliverys(uuid: object) -> None:
    told = activity("dm.received", {"direct_message_events": [message("42")]}, event_uuid=uuid)
    assert only(told).id == "dm:42"


def test_what_has_no_id_of_its_own_has_the_deliverys_or_its_bytes() -> None:
    told = activity("oauth.revoke", {"user_id": BRAND})
    assert only(told).id == "oauth.revoke:-5"
    del told["data"]["event_uuid"]
    assert len(only(told).id) == 64
    assert only(told).id == only(told).id != only(activity("oauth.revoke", {"user_id": ANA}, event_uuid="")).id


def test_a_message_without_an_id_is_not_taken_for_another() -> None:
    both = [message("", text="One"), message("", text="Two")]
    first, second = events(activity("dm.received", {"direct_message_events": both}))
    assert first.id != second.id


def test_each_of_several_travels_with_the_people_that_it_names() -> None:
    people = {one: {"id": one, "screen_name": f"name_{one[0]}"} for one in (BRAND, ANA, BEN, "4")}
    told = {
        "for_user_id": BRAND,
        "direct_message_events": [message("1"), message("2", BEN)],
        "users": people,
        "apps": {"7": {"id": "7"}},
    }
    first, second = events(told)
    assert set(json.loads(bytes(first.raw))["users"]) == {BRAND, ANA}
    assert set(json.loads(bytes(second.raw))["users"]) == {BRAND, BEN}
    assert [len(json.loads(bytes(one.raw))["direct_message_events"]) for one in (first, second)] == [1, 1]
    assert [one.party for one in (first, second)] == [ANA, BEN]


def test_a_delivery_of_one_event_travels_as_it_came() -> None:
    body = b'{ "for_user_id":"1", "direct_message_events": [ {"id": "9", "message_create": {"sender_id": "2"}} ] }'
    [event] = events_of(WEBHOOK, body, NOW)
    assert bytes(event.raw) == body


def test_what_others_do_in_public_goes_no_further_than_its_name() -> None:
    told = {
        "for_user_id": BRAND,
        "favorite_events": [{"user": {"name": "MARKER"}}, {"user": {"name": "MARKER"}}],
        "tweet_create_events": [{"text": "MARKER"}],
        "users": {"5": {"name": "MARKER"}},
    }
    found = events(told)
    assert [event.party for event in found] == ["", ""]
    assert not any(b"MARKER" in bytes(event.raw) for event in found)
    likes, posts = (TRANSLATOR.parse(event) for event in found)
    assert likes == [Ignored("event_favorite_events")] * 2
    assert posts == [Ignored("event_tweet_create_events")]


def test_two_deliveries_of_likes_are_two() -> None:
    first = only({"for_user_id": BRAND, "favorite_events": [{"id": "1"}]})
    second = only({"for_user_id": BRAND, "favorite_events": [{"id": "2"}]})
    assert first.dedup != second.dedup


def test_a_number_that_no_machine_holds_harms_no_other_event() -> None:
    one, two = json.dumps(message("1")), json.dumps(message("2"))
    body = f'{{"for_user_id": "{BRAND}", "direct_message_events": [{one}, {{"id": 1e999}}, {two}]}}'
    first, odd, second = events_of(WEBHOOK, body.encode(), NOW)
    assert (first.id, second.id, odd.account) == ("dm:1", "dm:2", "")
    with pytest.raises(Malformed):
        TRANSLATOR.parse(odd)


def test_no_more_pieces_than_are_taken() -> None:
    many = {"for_user_id": BRAND, "direct_message_events": [message(str(one)) for one in range(MOST_PIECES + 5)]}
    assert len(WEBHOOK.split(json.dumps(many).encode())) == MOST_PIECES + 1


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"users": {}}', b'{"for_user_id": "1", "users": {}, "apps": {}}'])
def test_a_delivery_that_tells_nothing_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        WEBHOOK.split(body)


# --- whose it is


@pytest.mark.parametrize(
    ("told", "party", "section"),
    [
        (message("1"), ANA, ""),
        (message("1", BRAND, ANA), ANA, "echo"),
        (message("1") | {"dm_conversation_id": "77"}, "g77", ""),
        (message("1") | {"conversation_id": "g77"}, "g77", ""),
        (message("1", BRAND, "77") | {"dm_conversation_id": "77"}, "g77", "echo"),
        (message("1") | {"dm_conversation_id": f"{BRAND}-{ANA}"}, ANA, ""),
        (message("1", ANA, "77"), "g77", ""),
        (message("1", ANA, ""), ANA, ""),
        (message("1", "", BRAND), "", ""),
    ],
)
def test_a_message_stands_in_its_conversation(told: dict[str, Any], party: str, section: str) -> None:
    found = only({"for_user_id": BRAND, "direct_message_events": [told]})
    assert (found.party, found.section) == (party, section)


def test_who_writes_to_others_in_a_group_is_never_answered_alone() -> None:
    """Though nothing names the group: its messages are for others than the account."""
    found = only({"for_user_id": BRAND, "direct_message_events": [message("1", ANA, "77")]})
    [said] = TRANSLATOR.parse(found)
    assert isinstance(said, CustomerMessage)
    assert said.conversation.customer == "g77"


@pytest.mark.parametrize("kind", ["dm.read", "dm.indicate_typing"])
def test_who_reads_or_writes_is_the_party_whoever_it_is_sent_to(kind: str) -> None:
    """X's own samples name a recipient who is not the account."""
    found = only(activity(kind, {"sender_id": ANA, "target": {"recipient_id": BEN}, "created_timestamp": SENT}))
    assert (found.party, found.section) == (ANA, "")


def test_that_somebody_writes_is_told_once_a_minute() -> None:
    def at(ms: int) -> Event:
        told = {"sender_id": ANA, "target": {"recipient_id": BRAND}, "created_timestamp": str(ms)}
        return only(activity("dm.indicate_typing", told, event_uuid=str(ms)))

    minute = 1_799_999_940_000
    assert at(minute).id == at(minute + 59_999).id != at(minute + 60_000).id


def test_a_read_is_the_same_in_both_ways_of_delivery() -> None:
    told = {"sender_id": ANA, "target": {"recipient_id": BRAND}, "created_timestamp": SENT, "last_read_event_id": "7"}
    assert (
        only(activity("dm.read", told)).dedup
        == only({"for_user_id": BRAND, "direct_message_mark_read_events": [told]}).dedup
    )


@pytest.mark.parametrize(
    ("name", "account", "party", "section"),
    [
        ("chat_received__text", BRAND, ANA, ""),
        ("chat_received__hyphen", BRAND, ANA, ""),
        ("chat_received__group", BRAND, "g1582103724607971500", ""),
        ("chat_received__other_conversation_beside_it", BRAND, BEN, ""),
        ("chat_received__no_filter", BRAND, ANA, ""),
        ("chat_received__cut_off", BRAND, ANA, ""),
        ("chat_sent__text", BRAND, ANA, "echo"),
        ("chat_sent__group", BRAND, "g1582103724607971500", "echo"),
    ],
)
def test_an_encrypted_event_stands_in_its_conversation(name: str, account: str, party: str, section: str) -> None:
    found = only(fixture(name))
    assert (found.account, found.party, found.section) == (account, party, section)
    assert found.sent_ms == int(SENT)


def test_plain_and_encrypted_messages_of_one_customer_are_in_one_order() -> None:
    assert only(fixture("chat_received__text")).group == only(fixture("dm_received__text")).group


def test_an_encrypted_message_has_the_id_that_its_sender_signed() -> None:
    told = fixture("chat_received__text")
    payload = told["data"]["payload"]
    assert only(told).id == f"chat:{payload['id']}"
    again = activity("chat.received", payload | {"id": "another", "created_at_msec": "5"}, event_uuid="6")
    assert only(again).dedup == only(told).dedup


def test_two_encrypted_events_that_cannot_be_read_are_two() -> None:
    payload = {"sender_id": ANA, "conversation_id": f"{BRAND}:{ANA}", "encoded_event": "!"}
    first, second = (only(activity("chat.received", payload, event_uuid=one)) for one in ("1", "2"))
    assert first.dedup != second.dedup


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["data", "payload", "event_type", "filter", "user_id", "for_user_id", "direct_message_events", "users", "id",
         "message_create", "target", "recipient_id", "sender_id", "user_event", "revoke", "encoded_event", "x"]
    ), inner, max_size=4)
), max_leaves=20))  # fmt: skip
def test_any_json_is_pieces_that_read_the_same_again_or_malformed(value: Any) -> None:
    body = msgspec.json.encode(value)
    try:
        pieces = WEBHOOK.split(body)
    except Malformed:
        return
    assert pieces == WEBHOOK.split(body)
    for piece in pieces:
        [again] = WEBHOOK.split(piece.raw)
        assert (again.account, again.party, again.section) == (piece.account, piece.party, piece.section)
