"""The edge: what is let in, what is refused, and that nothing of a refused request is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.queues import Queue
from chalicelib.errors import Retryable
from chalicelib.http import Request
from chalicelib.vocabulary.records import Event, Parked
from tests.contract.signing import HEADERS, request, signature, signed
from tests.edge.kit import BODIES, PLATFORMS, SECRET, VERIFY_TOKEN, EdgeKit
from tests.fakes import FakeQueue

FORGED = {
    "instagram": "sha256=" + "0" * 64,
    "tiktok": "t=1800000000,s=" + "0" * 64,
    "x": "sha256=" + "A" * 43 + "=",
    "genesys": "sha256=" + "A" * 43 + "=",
}
each_platform = pytest.mark.parametrize("platform", PLATFORMS)


def good(platform: str) -> Request:
    return signed(platform, BODIES[platform], SECRET)


def changed(of: Request, **fields: Any) -> Request:
    return msgspec.structs.replace(of, **fields)


def with_headers(of: Request, **headers: str) -> Request:
    return changed(of, headers={**of.headers, **{name.replace("_", "-"): value for name, value in headers.items()}})


def without_header(of: Request, name: str) -> Request:
    return changed(of, headers={one: value for one, value in of.headers.items() if one != name})


# One fault each: what is done to a good delivery, the status and the counted reason.
FAULTS: dict[str, tuple[Callable[[str], Request], int, str]] = {
    "forged": (lambda on: request(on, BODIES[on], FORGED[on]), 401, "signature_mismatch"),
    "wrong secret": (lambda on: signed(on, BODIES[on], "another-secret"), 401, "signature_mismatch"),
    "changed body": (lambda on: changed(good(on), body=BODIES[on] + b" "), 401, "signature_mismatch"),
    "unsigned": (lambda on: request(on, BODIES[on], None), 401, "signature_missing"),
    "empty signature": (lambda on: request(on, BODIES[on], ""), 401, "signature_malformed"),
    "repeated signature": (lambda on: changed(good(on), repeated=frozenset({HEADERS[on]})), 401, "signature_repeated"),
    "no content type": (lambda on: without_header(good(on), "content-type"), 415, "content_type"),
    "form": (lambda on: with_headers(good(on), content_type="application/x-www-form-urlencoded"), 415, "content_type"),
    "text": (lambda on: with_headers(good(on), content_type="text/plain"), 415, "content_type"),
    "almost json": (lambda on: with_headers(good(on), content_type="application/jsonx"), 415, "content_type"),
    "put": (lambda on: changed(good(on), method="PUT"), 405, "method"),
    "delete": (lambda on: changed(good(on), method="DELETE"), 405, "method"),
    "head": (lambda on: changed(good(on), method="HEAD"), 405, "method"),
    "over 4.5 MB": (lambda on: signed(on, b" " * 4_500_001, SECRET), 413, "too_large"),
    "empty body": (lambda on: signed(on, b"", SECRET), 400, "empty"),
}


@each_platform
@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_refused_counted_and_leaves_nothing(platform: str, fault: str) -> None:
    kit = EdgeKit()
    make, status, reason = FAULTS[fault]
    reply = kit.post(platform, make(platform))
    assert (reply.status, reply.body) == (status, f"refused: {reason}")
    endpoint = "desk" if platform == "genesys" else "social"
    assert kit.metrics.lines == [("rejected", 1, {"endpoint": endpoint, "reason": reason})]
    assert kit.stored == []
    assert kit.shelf.kept == {}


@each_platform
@pytest.mark.parametrize("value", [{}, {"secrets": []}, {"secrets": [""]}, {"secrets": None}, {"secrets": ""}])
def test_without_a_secret_everything_is_refused(platform: str, value: dict[str, Any]) -> None:
    kit = EdgeKit()
    kit.secrets.stored[platform] = value
    for secret in (SECRET, "", "None"):
        reply = kit.post(platform, signed(platform, BODIES[platform], secret))
        assert (reply.status, reply.body) == (401, "refused: no_secret")
    assert kit.metrics.total("rejected", reason="no_secret") == 3
    assert kit.stored == []
    assert kit.shelf.kept == {}


@pytest.mark.parametrize("platform", ["instagram", "tiktok"])
def test_both_signature_headers_are_ambiguous_even_if_one_is_good(platform: str) -> None:
    kit = EdgeKit()
    body = BODIES[platform]
    both = {HEADERS[name]: signature(name, body, SECRET) for name in ("instagram", "tiktok")}
    reply = kit.edge.social(request(platform, body, None, **both))
    assert (reply.status, reply.body) == (401, "refused: signature_ambiguous")
    assert kit.metrics.total("rejected", endpoint="social", reason="signature_ambiguous") == 1
    assert kit.stored == []


@pytest.mark.parametrize(("sent", "signed_as"), [("instagram", "genesys"), ("genesys", "instagram")])
def test_a_signature_of_the_other_endpoint_is_refused(sent: str, signed_as: str) -> None:
    """Both use the same header name and, here, the same secret: hex and base64 tell them apart."""
    kit = EdgeKit()
    reply = kit.post(sent, request(sent, BODIES[sent], signature(signed_as, BODIES[sent], SECRET)))
    assert (reply.status, reply.body) == (401, "refused: signature_malformed")
    assert kit.stored == []


@each_platform
def test_a_good_delivery_is_stored_whole(platform: str) -> None:
    kit = EdgeKit()
    reply = kit.deliver(platform)
    assert (reply.status, reply.body) == (200, "")
    [event] = kit.queue(platform).events
    assert event.source == platform
    assert event.received_ms == int(kit.clock() * 1000)
    assert bytes(event.raw) in BODIES[platform]
    assert len(event.raw) > 100
    assert kit.metrics.lines == [("received", 1, {"source": platform})]
    assert kit.queue(platform).puts == 1
    assert kit.shelf.kept == {}


@each_platform
@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"]
)
def test_content_type_parameters_and_case_do_not_matter(platform: str, content_type: str) -> None:
    kit = EdgeKit()
    assert kit.post(platform, with_headers(good(platform), content_type=content_type)).status == 200
    assert len(kit.stored) == 1


@each_platform
def test_exactly_four_and_a_half_megabytes_pass(platform: str) -> None:
    kit = EdgeKit()
    body = BODIES[platform] + b" " * (4_500_000 - len(BODIES[platform]))
    assert kit.deliver(platform, body).status == 200
    assert len(kit.stored) == 1


@each_platform
def test_a_redelivery_is_the_same_event(platform: str) -> None:
    kit = EdgeKit()
    kit.deliver(platform)
    kit.clock.advance(7200)
    kit.deliver(platform)
    first, second = kit.stored
    assert (first.id, first.dedup, first.group) == (second.id, second.dedup, second.group)


NOT_THE_PLATFORMS_JSON: dict[str, list[bytes]] = {
    "instagram": [b"[]", b'{"object": "instagram"}', b'{"entry": {}}', b'{"entry": [1]}', b'{"entry": null}'],
    "tiktok": [b"[]", b"{}", b'{"event": 1}', b'{"event": "im_receive_msg", "content": {}}'],
    "x": [b"[]", b"{}", b'{"for_user_id": "1"}', b'{"for_user_id": "1", "users": {}}'],
    "genesys": [b"[]", b'[{"type": "Text"}]', b'"Text"'],
}
NO_JSON = [b"hello", b"{", b"\xff\xfe", b'{"a": "\xff"}', b"null", b"1", b'"text"', b"[" * 200_000]


@pytest.mark.parametrize(
    ("platform", "body"),
    [(platform, body) for platform in PLATFORMS for body in NO_JSON + NOT_THE_PLATFORMS_JSON[platform]],
    ids=lambda value: value if isinstance(value, str) else repr(value[:40]),
)
def test_verified_but_not_the_platforms_json_is_kept_aside_and_answered_200(platform: str, body: bytes) -> None:
    kit = EdgeKit()
    assert kit.deliver(platform, body).status == 200
    assert kit.stored == []
    [(key, kept)] = kit.shelf.kept.items()
    parked = msgspec.json.decode(kept, type=Parked)
    assert (parked.body, parked.event, parked.reason) == (body, None, "not_json")
    assert key.startswith(f"parked/not_json/{platform}/2027-01-15/")
    assert kit.metrics.lines == [("parked", 1, {"reason": "not_json"})]


@each_platform
def test_the_same_unreadable_body_is_kept_once(platform: str) -> None:
    kit = EdgeKit()
    kit.deliver(platform, b"{")
    kit.deliver(platform, b"{")
    assert len(kit.shelf.kept) == 1


@each_platform
def test_where_the_queue_refuses_the_platform_is_asked_to_repeat(platform: str) -> None:
    kit = EdgeKit()
    kit.queue(platform).refuses = True
    reply = kit.deliver(platform)
    assert (reply.status, reply.body) == (500, "not stored, please repeat")
    endpoint = "desk" if platform == "genesys" else "social"
    assert kit.metrics.lines == [("not_stored", 1, {"endpoint": endpoint})]


@each_platform
def test_where_the_bucket_fails_the_platform_is_asked_to_repeat(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = EdgeKit()

    def down(key: str, body: bytes) -> None:
        raise Retryable("aws: SlowDown")

    monkeypatch.setattr(kit.shelf, "keep", down)
    assert kit.deliver(platform, b"not json").status == 500


@each_platform
def test_where_secrets_cannot_be_read_the_platform_is_asked_to_repeat(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = EdgeKit()

    def down(name: str) -> dict[str, Any]:
        raise Retryable("aws: InternalServiceError")

    monkeypatch.setattr(kit.secrets, "get", down)
    assert kit.deliver(platform).status == 500
    assert kit.stored == []


@each_platform
def test_what_the_queue_cannot_carry_waits_in_the_bucket_and_the_queue_gets_its_key(platform: str) -> None:
    kit = EdgeKit()
    kit.queue(platform).carried = lambda event: len(event.raw) < 10
    assert kit.deliver(platform).status == 200
    [event] = kit.queue(platform).events
    came = min(one for one in (event.received_ms, event.sent_ms) if one)
    assert event.aside == f"aside/{platform}/{event.mark}/{came}-{event.dedup}"
    assert bytes(event.raw) == b"null"
    [(key, raw)] = kit.shelf.kept.items()
    assert key == event.aside
    assert raw in BODIES[platform]
    assert kit.metrics.total("stored_aside", source=platform) == 1


NONCHARACTERS = "odd \uffff and \ufffe text"


@each_platform
def test_two_characters_that_no_queue_takes_are_carried_all_the_same(platform: str) -> None:
    """By the real queue's rule, with the same text at the end of the road."""
    kit = EdgeKit()
    kit.queue(platform).carried = real_queue().carries
    words = {"instagram": "Is the oolong back?", "tiktok": "Do you ship to Oslo?", "genesys": "It is, since Monday."}
    words["x"] = "Do you have a white pot?"
    body = BODIES[platform].replace(words[platform].encode(), NONCHARACTERS.encode())
    assert kit.deliver(platform, body).status == 200
    [event] = kit.queue(platform).events
    assert event.aside == ""
    read = json.loads(bytes(event.raw))
    if platform == "tiktok":
        read = json.loads(read["content"])
    assert NONCHARACTERS in json.dumps(read, ensure_ascii=False)


def test_an_event_that_no_queue_takes_in_any_form_is_parked_alone() -> None:
    kit = EdgeKit()
    kit.inbound.carried = lambda event: event.id != "message:mid-1"
    messaging = [{"sender": {"id": "5"}, "message": {"mid": f"mid-{number}", "text": "x"}} for number in range(3)]
    body = json.dumps({"object": "instagram", "entry": [{"id": "a", "messaging": messaging}]}).encode()
    assert kit.deliver("instagram", body).status == 200
    assert [event.id for event in kit.inbound.events] == ["message:mid-0", "message:mid-2"]
    [(key, kept)] = kit.shelf.kept.items()
    assert key.startswith("parked/not_carried/instagram/2027-01-15/")
    event = msgspec.json.decode(kept, type=Parked).event
    assert event is not None
    assert event.id == "message:mid-1"
    assert kit.metrics.total("parked", reason="not_carried") == 1
    assert kit.metrics.total("received") == 2


def tiny(count: int) -> bytes:
    return b'{"object": "instagram", "entry": [{"id": "a", "messaging": [%b]}]}' % b",".join([b"{}"] * count)


@pytest.mark.parametrize("count", [1201, 50_000, 1_400_000])
def test_a_delivery_of_more_events_than_meta_sends_is_kept_aside(count: int) -> None:
    kit = EdgeKit()
    body = tiny(count)
    assert kit.deliver("instagram", body).status == 200
    assert (kit.stored, kit.inbound.puts) == ([], 0)
    [(key, kept)] = kit.shelf.kept.items()
    assert key.startswith("parked/too_many/instagram/2027-01-15/")
    assert msgspec.json.decode(kept, type=Parked).body == body
    assert kit.metrics.lines == [("parked", 1, {"reason": "too_many"})]


def test_entries_count_together() -> None:
    kit = EdgeKit()
    entries = [{"id": str(number), "changed_fields": ["x"]} for number in range(1300)]
    assert kit.deliver("instagram", json.dumps({"object": "instagram", "entry": entries}).encode()).status == 200
    assert kit.metrics.lines == [("parked", 1, {"reason": "too_many"})]


def test_metas_thousand_may_be_larger_than_a_megabyte() -> None:
    kit = EdgeKit()
    messaging = [
        {"sender": {"id": f"{number % 90}"}, "timestamp": 1_799_999_999_000, "message": {
            "mid": f"mid-{number}", "text": "x" * 250,
            "attachments": [{"type": "share", "payload": {"url": "https://lookaside.example/" + "s" * 700}}]}}
        for number in range(1000)
    ]  # fmt: skip
    body = json.dumps({"object": "instagram", "entry": [{"id": "a", "messaging": messaging}]}).encode()
    assert len(body) > 1_100_000
    assert kit.deliver("instagram", body).status == 200
    assert [event.id for event in kit.inbound.events] == [f"message:mid-{number}" for number in range(1000)]
    assert kit.inbound.puts == 1


# What SQS takes, by its own page: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
TAKEN = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


class StrictQueue(FakeQueue):
    """Refuses the whole delivery for one event, as SQS does."""

    def __init__(self) -> None:
        super().__init__()
        self.carried = real_queue().carries

    def put(self, events: Sequence[Event]) -> None:
        for event in events:
            text = msgspec.json.encode(event).decode()
            assert TAKEN.fullmatch(text), event
            assert len(text.encode()) <= 256 * 1024
        super().put(events)


def real_queue() -> Queue:
    unused: Any = object()
    return Queue("", "", unused)


anything = st.one_of(
    st.text(st.characters(), max_size=12),
    st.sampled_from(["\uffff", "a\ufffe", "\x00", "\x1b[31m", "a\n", "\ud800", "x\udfff", "é" * 200, "", " "]),
    st.text("ab\uffff\ud83d\x07", max_size=300),
)
messages = st.fixed_dictionaries(
    {
        "sender": st.fixed_dictionaries({"id": anything}),
        "recipient": st.fixed_dictionaries({"id": anything}),
        "message": st.fixed_dictionaries({"mid": anything, "text": anything}),
        "timestamp": anything,
    }
)
comments = st.fixed_dictionaries(
    {
        "field": st.one_of(st.just("comments"), st.just("mentions"), anything),
        "value": st.fixed_dictionaries(
            {"id": anything, "text": anything, "from": st.fixed_dictionaries({"id": anything})}
        ),
    }
)
entries_of = st.fixed_dictionaries(
    {
        "id": anything,
        "time": anything,
        "messaging": st.lists(messages, max_size=3),
        "changes": st.lists(comments, max_size=3),
    }
)


@given(entries=st.lists(entries_of, min_size=1, max_size=3), escaped=st.booleans())
def test_whatever_instagrams_fields_hold_every_event_arrives(entries: list[dict[str, Any]], escaped: bool) -> None:
    kit = EdgeKit(inbound=StrictQueue())
    text = json.dumps({"object": "instagram", "entry": entries}, ensure_ascii=escaped)
    assert kit.deliver("instagram", text.encode(errors="replace")).status == 200
    sent = sum(len(entry["messaging"]) + len(entry["changes"]) or 1 for entry in entries)
    assert len(kit.inbound.events) == sent
    assert kit.shelf.kept == {}
    assert all(TAKEN.fullmatch(one) for event in kit.inbound.events for one in (event.account, event.party, event.id))


@given(
    fields=st.fixed_dictionaries({"event": anything, "user_openid": anything, "create_time": anything}),
    content=st.fixed_dictionaries({"message_id": anything, "conversation_id": anything, "type": anything,
                                   "from_user": st.fixed_dictionaries({"id": anything}), "timestamp": anything}),
    escaped=st.booleans(),
)  # fmt: skip
def test_whatever_tiktoks_fields_hold_the_event_arrives(
    fields: dict[str, Any], content: dict[str, Any], escaped: bool
) -> None:
    kit = EdgeKit(inbound=StrictQueue())
    named = fields | {"event": fields["event"] or "im_receive_msg"}
    text = json.dumps(named | {"content": json.dumps(content, ensure_ascii=escaped)}, ensure_ascii=escaped)
    assert kit.deliver("tiktok", text.encode(errors="replace")).status == 200
    assert len(kit.inbound.events) == 1


@given(
    seen=st.fixed_dictionaries({
        "id": anything, "type": st.one_of(st.sampled_from(["Text", "Structured", "Receipt"]), anything),
        "text": anything,
        "channel": st.fixed_dictionaries({"id": anything, "to": st.fixed_dictionaries({"id": anything})}),
    }),
    escaped=st.booleans(),
)  # fmt: skip
def test_whatever_genesys_fields_hold_the_event_arrives(seen: dict[str, Any], escaped: bool) -> None:
    kit = EdgeKit(outbound=StrictQueue())
    assert kit.deliver("genesys", json.dumps(seen, ensure_ascii=escaped).encode(errors="replace")).status == 200
    assert len(kit.outbound.events) == 1


def test_an_id_too_odd_for_a_queue_is_the_same_at_every_redelivery() -> None:
    kit = EdgeKit(inbound=StrictQueue())
    body = BODIES["instagram"].replace(b"mid-1", "mid-\uffff".encode())
    kit.deliver("instagram", body)
    kit.deliver("instagram", body)
    kit.deliver("instagram", BODIES["instagram"].replace(b"mid-1", "mid-\ufffe".encode()))
    first, again, other = kit.inbound.events
    assert first.dedup == again.dedup != other.dedup


def test_many_events_keep_their_order_and_go_in_one_put() -> None:
    kit = EdgeKit()
    messaging = [
        {"sender": {"id": f"{number % 7}"}, "timestamp": number, "message": {"mid": f"mid-{number}", "text": "x"}}
        for number in range(1000)
    ]
    entries = [{"id": "a", "messaging": messaging[:600]}, {"id": "b", "messaging": messaging[600:]}]
    kit.deliver("instagram", json.dumps({"object": "instagram", "entry": entries}).encode())
    assert [event.id for event in kit.inbound.events] == [f"message:mid-{number}" for number in range(1000)]
    assert kit.inbound.puts == 1
    assert kit.metrics.total("received", source="instagram") == 1000


def test_events_of_one_customer_share_a_group_and_others_do_not() -> None:
    def event(account: str, party: str, section: str = "", name: str = "x") -> Event:
        return Event(source="instagram", account=account, party=party, id=name, received_ms=0, section=section)

    assert event("a", "1").group == event("a", "1", name="y").group
    groups = {event(*key).group for key in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1", "echo"), ("a1", "")]}
    assert len(groups) == 5


# Rotation


@each_platform
def test_a_rotated_secret_is_read_anew_at_the_first_mismatch(platform: str) -> None:
    kit = EdgeKit()
    kit.deliver(platform)
    kit.secrets.stored[platform] = {"secrets": ["the-next-secret-of-the-tests"]}
    reply = kit.post(platform, signed(platform, BODIES[platform], "the-next-secret-of-the-tests"))
    assert reply.status == 200
    assert kit.secrets.refreshed == [platform]
    assert len(kit.stored) == 2
    assert kit.metrics.total("rejected") == 0


@each_platform
def test_a_secret_that_is_set_after_the_first_delivery_is_found(platform: str) -> None:
    kit = EdgeKit()
    kit.secrets.cached[platform] = {}
    assert kit.deliver(platform).status == 200


@each_platform
def test_a_malformed_signature_never_reloads_secrets(platform: str) -> None:
    kit = EdgeKit()
    assert kit.post(platform, request(platform, BODIES[platform], "nonsense")).status == 401
    assert kit.secrets.refreshed == []


# Handshake

HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}


def ask(kit: EdgeKit, query: dict[str, str]) -> tuple[int, str]:
    reply = kit.edge.social(Request(method="GET", headers={}, query=query, body=b""))
    assert reply.content_type == "text/plain; charset=utf-8"
    return reply.status, reply.body


def test_a_good_handshake_is_answered_with_the_bare_challenge() -> None:
    kit = EdgeKit()
    assert ask(kit, HANDSHAKE) == (200, "1158201444")
    assert kit.metrics.lines == []


def test_any_of_several_verify_tokens_is_good() -> None:
    kit = EdgeKit()
    kit.secrets.stored["instagram"] = {"verify_tokens": ["an-old-token", VERIFY_TOKEN, "ünïcode-token"]}
    for token in ("an-old-token", VERIFY_TOKEN, "ünïcode-token"):
        assert ask(kit, HANDSHAKE | {"hub.verify_token": token})[0] == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"hub.verify_token": "wrong"}, (403, "refused: verify_token")),
        ({"hub.verify_token": VERIFY_TOKEN + "x"}, (403, "refused: verify_token")),
        ({"hub.verify_token": VERIFY_TOKEN.upper()}, (403, "refused: verify_token")),
        ({"hub.verify_token": ""}, (403, "refused: verify_token")),
        ({"hub.verify_token": "\ud800"}, (403, "refused: verify_token")),
        ({"hub.verify_token": None}, (403, "refused: verify_token")),
        ({"hub.mode": "unsubscribe"}, (403, "refused: verify_token")),
        ({"hub.mode": ""}, (403, "refused: verify_token")),
        ({"hub.mode": None}, (400, "refused: no_handshake")),
        ({"hub.challenge": "<script>alert(1)</script>"}, (403, "refused: challenge")),
        ({"hub.challenge": ""}, (403, "refused: challenge")),
        ({"hub.challenge": None}, (403, "refused: challenge")),
        ({"hub.challenge": "é"}, (403, "refused: challenge")),
        ({"hub.challenge": "٣"}, (403, "refused: challenge")),
        ({"hub.challenge": "1" * 257}, (403, "refused: challenge")),
        ({"hub.challenge": "1 2"}, (403, "refused: challenge")),
    ],
)
def test_a_faulty_handshake_is_refused(query: dict[str, str | None], expected: tuple[int, str]) -> None:
    kit = EdgeKit()
    asked = {name: value for name, value in (HANDSHAKE | query).items() if value is not None}
    assert ask(kit, asked) == expected
    assert kit.metrics.total("rejected", endpoint="social") == 1


def test_a_verify_token_that_was_just_set_is_found() -> None:
    kit = EdgeKit()
    kit.secrets.cached["instagram"] = {"verify_tokens": ["an-old-one"]}
    assert ask(kit, HANDSHAKE) == (200, "1158201444")


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"verify_tokens": []},
        {"verify_tokens": [""]},
        {"secrets": [SECRET]},
        *({"verify_tokens": [one]} for one in ("…", "short", "your-verify-token", "changeme-changeme")),
    ],
)
@pytest.mark.parametrize("offered", [VERIFY_TOKEN, ""])
def test_a_handshake_without_a_configured_token_is_refused(value: dict[str, Any], offered: str) -> None:
    kit = EdgeKit()
    kit.secrets.stored["instagram"] = value
    assert ask(kit, HANDSHAKE | {"hub.verify_token": offered}) == (403, "refused: verify_token")


def test_the_desk_has_no_handshake() -> None:
    kit = EdgeKit()
    reply = kit.edge.desk(Request(method="GET", headers={}, query=HANDSHAKE, body=b""))
    assert (reply.status, reply.body) == (405, "refused: method")


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 405), ("DELETE", 405)])
def test_health(method: str, status: int) -> None:
    assert EdgeKit().edge.health(Request(method=method, headers={}, query={}, body=b"")).status == status
