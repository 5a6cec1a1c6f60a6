"""The road: every hop of an event, in its order, with what became of it there."""

from __future__ import annotations

from email.message import Message
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import RateLimited, Retryable, Uncertain, Unfetched
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import Fetched
from chalicelib.vocabulary.records import Event
from sandbox.show.purposes import of_table
from sandbox.show.road import Road
from sandbox.stage.clock import Clock
from sandbox.stage.journal import Journal
from sandbox.stage.web import Answer as Answered
from sandbox.stage.web import Call
from tests.sandbox.kit import an_event, calls, masker, names, told

BODY = (
    b'{"object":"instagram","entry":[{"id":"1","messaging":'
    b'[{"sender":{"id":"9"},"recipient":{"id":"1"},"message":{"mid":"m1","text":"Hola"}}]}]}'
)
GENESYS = "http://genesys/api/v2/conversations/messages/i/inbound/open/message"


class Roadside:
    """A road, and what it has told."""

    def __init__(self, clock: Clock) -> None:
        self.journal = Journal()
        self.road = Road(self.journal, masker("top-secret"), clock, names({"int": "tiktok"}), calls())

    @property
    def hops(self) -> list[tuple[str, str, str]]:
        return [(one["hop"], one["outcome"], one["detail"]) for one in told(self.journal)]

    def deliver(self, answer: Answered, *counted: tuple[str, dict[str, str]], stored: Event | None = None) -> None:
        def work() -> Answered:
            for name, labels in counted:
                self.road.counted(name, labels)
            if stored:
                self.road.queueing([stored])
                self.road.queued([stored])
            return answer

        headers = Message()
        headers["X-Hub-Signature-256"] = "sha256=abc"
        self.road.delivery(Call("POST", "/api/social/webhook", {}, headers, BODY), work)

    def work(self, *counted: tuple[str, dict[str, str]], fails: BaseException | None = None) -> None:
        def handle(event: Event, attempt: int) -> None:
            for name, labels in counted:
                self.road.counted(name, labels)
            if fails:
                raise fails

        self.road.work(an_event(), 1, handle)


@pytest.fixture
def side(clock: Clock) -> Roadside:
    return Roadside(clock)


@pytest.mark.parametrize(
    ("status", "counted", "webhook", "edge"),
    [
        (200, ("received", {}), "ok", ("ok", "verified and stored")),
        (401, ("rejected", {"reason": "signature_mismatch"}), "refused", ("refused", "signature_mismatch")),
        (500, ("not_stored", {}), "failed", ("failed", "not stored")),
        (200, ("parked", {"reason": "not_json"}), "ok", ("parked", "not_json")),
    ],
)
def test_a_delivery_at_the_edge(
    side: Roadside, status: int, counted: tuple[str, dict[str, str]], webhook: str, edge: tuple[str, str]
) -> None:
    side.deliver(Answered(status, b""), counted)
    assert side.hops == [("webhook", webhook, str(status)), ("edge", *edge)]


def test_a_delivery_shows_what_was_asked_and_answered_without_its_signature(side: Roadside) -> None:
    side.deliver(Answered(200, b"fine", content_type="text/plain"))
    record = told(side.journal)[0]
    assert record["trace"] == "message:m1"
    assert (record["direction"], record["channel"], record["customer"]) == ("in", "instagram", "9")
    assert "Hola" in record["request"]["body"]
    assert "abc" not in str(record["request"]["headers"])
    assert record["answer"] == {"status": 200, "body": "fine"}


def test_only_what_was_answered_well_is_taken_in(side: Roadside) -> None:
    side.deliver(Answered(500, b""))
    assert side.road.taken_in() == frozenset()
    side.deliver(Answered(200, b""))
    assert len(side.road.taken_in()) == 1


def test_a_second_delivery_is_refused_by_the_queue(side: Roadside) -> None:
    for _ in range(2):
        side.deliver(Answered(200, b""), stored=an_event())
    assert [hop for hop in side.hops if hop[0] == "queue"] == [("queue", "duplicate", "the queue has it already")]


def test_a_worker_that_is_quicker_than_the_answer_is_told_after_it(side: Roadside) -> None:
    event = an_event()

    def work() -> Answered:
        side.road.queueing([event])
        side.road.work(event, 1, lambda event, attempt: None)
        return Answered(200, b"")

    side.road.delivery(Call("POST", "/api/social/webhook", {}, Message(), BODY), work)
    assert [hop for hop, _, _ in side.hops] == ["webhook", "edge", "queue", "worker"]


@pytest.mark.parametrize(
    ("counted", "outcome", "detail"),
    [
        ([("delivered", {"channel": "instagram"})], "ok", "delivered"),
        ([("sent", {}), ("receipt", {"status": "Delivered"})], "ok", "sent"),
        ([("ignored", {"reason": "read"})], "ignored", "read"),
        ([("duplicate", {})], "duplicate", "duplicate"),
        ([("parked", {"reason": "unknown_account"})], "parked", "unknown_account"),
        ([("sent", {}), ("refused", {"reason": "window_closed"})], "refused", "window_closed"),
        ([], "ok", "done"),
    ],
)
def test_a_worker_tells_what_the_product_counted(
    side: Roadside, counted: list[tuple[str, dict[str, str]]], outcome: str, detail: str
) -> None:
    side.work(*counted)
    assert side.hops == [("queue", "ok", "attempt 1"), ("worker", outcome, detail)]


@pytest.mark.parametrize(
    ("fails", "outcome", "detail"),
    [
        (Retryable("the desk answers 503"), "retry", "the desk answers 503"),
        (Retryable("Genesys rate limit, waiting"), "throttled", "Genesys rate limit, waiting"),
        (RateLimited("code 4"), "throttled", "code 4"),
        (KeyError("a customer's words"), "failed", "KeyError"),
        (SystemExit(), "failed", "the worker died"),
    ],
)
def test_a_worker_that_fails(side: Roadside, fails: BaseException, outcome: str, detail: str) -> None:
    with pytest.raises(type(fails)):
        side.work(fails=fails)
    assert side.hops[-1] == ("worker", outcome, detail)


def test_why_an_event_was_left_out_is_known(side: Roadside) -> None:
    side.work(("ignored", {"reason": "read"}))
    assert side.road.ignored() == {an_event().dedup: "read"}


@pytest.mark.parametrize(
    ("url", "status", "body", "expected"),
    [
        (GENESYS, 200, b"{}", ("genesys", "ok", "message 200")),
        (GENESYS, 429, b"{}", ("genesys", "throttled", "message 429")),
        (GENESYS, 503, b"{}", ("genesys", "retry", "message 503")),
        (GENESYS, 409, b"{}", ("genesys", "duplicate", "message 409")),
        (GENESYS, 400, b"{}", ("genesys", "refused", "message 400")),
        (
            "http://tiktok/business/message/send/",
            200,
            b'{"code":40064}',
            ("platform", "refused", "send 200, code 40064"),
        ),
        ("http://graph/v25.0/123", 200, b"[1]", ("platform", "ok", "profile 200")),
    ],
)
def test_a_call_that_a_worker_makes(
    side: Roadside, url: str, status: int, body: bytes, expected: tuple[str, str, str]
) -> None:
    answer = Answer(status=status, headers={}, body=body)
    side.road.work(an_event(), 1, lambda event, attempt: side.road.call("POST", url, {}, b"top-secret", lambda: answer))
    assert side.hops[1] == expected
    assert "top-secret" not in str(told(side.journal))


GRAPH, TIKTOK = "http://graph/v25.0/", "http://tiktok/open_api/v1.3/business/message/"


@pytest.mark.parametrize(
    ("url", "body", "what"),
    [
        (GENESYS + "?prefetchConversationId=true", b"{}", "message"),
        ("http://genesys/api/v2/conversations/messages/i/inbound/open/receipt", b"{}", "receipt"),
        ("http://genesys/api/v2/conversations/messages/i/inbound/open/structured/response", b"{}", "tap"),
        ("http://genesys/oauth/token", b"grant_type=client_credentials", "token"),
        ("http://genesys/api/v2/conversations/messages/c-1", None, "is_open"),
        ("http://genesys/api/v2/conversations/messages/c-1/messages/bulk", b"[]", "read_back"),
        ("http://genesys/api/v2/analytics/conversations/details/query", b"{}", "search"),
        (GRAPH + "1000000000000001?fields=name,username", None, "profile"),
        (GRAPH + "17918195224117851?fields=permalink", None, "post"),
        (GRAPH + "me/messages", b'{"message":{"text":"Hi"}}', "message"),
        (GRAPH + "me/messages", b'{"sender_action":"typing_on"}', "typing"),
        (GRAPH + "me/messages", b'{"sender_action":"mark_seen"}', "seen"),
        (TIKTOK + "send/", b'{"message_type":"TEXT"}', "message"),
        (TIKTOK + "send/", b'{"message_type":"SENDER_ACTION","sender_action":"MARK_READ"}', "seen"),
        (TIKTOK + "content/list/?business_id=1", None, "profile"),
        (TIKTOK + "capabilities/get/?business_id=1", None, "abilities"),
        (TIKTOK + "media/upload/", b"\x89PNG", "upload"),
        (TIKTOK + "media/download/", b"{}", "file"),
        ("http://tiktok/open_api/v1.3/tt_user/oauth2/refresh_token/", b"{}", "token"),
        ("http://elsewhere/new", b"{}", "call"),
    ],
)
def test_a_call_is_named_by_what_it_is_for(url: str, body: bytes | None, what: str) -> None:
    assert calls().purpose(url, body) == what


@pytest.mark.parametrize(
    "answer",
    [b'{"recipient_id":"9","message_id":"mid-1"}', b'{"code":0,"data":{"message":{"message_id":"mid-1"}}}'],
    ids=["Meta", "TikTok"],
)
def test_a_send_tells_the_platforms_id_by_which_its_echo_is_known(side: Roadside, answer: bytes) -> None:
    sent = Answer(status=200, headers={}, body=answer)
    reply = an_event("r1", "genesys", "int")
    url = GRAPH + "me/messages"
    side.road.work(reply, 1, lambda event, attempt: side.road.call("POST", url, {}, b"{}", lambda: sent))
    echo = b'{"sender":{"id":"1"},"recipient":{"id":"9"},"message":{"mid":"mid-1","text":"Hi","is_echo":true}}'
    delivery = b'{"object":"instagram","entry":[{"id":"1","messaging":[%b]}]}' % echo
    headers = Message()
    call = Call("POST", "/api/social/webhook", {}, headers, delivery)
    side.road.delivery(call, lambda: Answered(200, b""))
    known = [(one["hop"], one["what"], one["echo"], one["message"]) for one in told(side.journal)]
    assert ("platform", "message", False, "mid-1") in known
    assert ("webhook", "", True, "mid-1") in known


OWNER = {"ExpressionAttributeValues": {":owner": {"S": "me"}}}
CLAIM = {"Key": {"pk": {"S": "CONV#secret"}, "sk": {"S": "IN#message:m1"}}, **OWNER}


TAKEN = {"Key": {"pk": {"S": "CONV#secret"}, "sk": {"S": "STATE"}}, "ExpressionAttributeValues": {":took": {"S": "me"}}}


@pytest.mark.parametrize("claim", [CLAIM, TAKEN])
def test_a_claim_is_told_and_nothing_of_what_it_holds(side: Roadside, claim: Any) -> None:
    side.road.work(an_event(), 1, lambda event, attempt: side.road.written("update_item", claim, lambda: None))
    assert [(one["hop"], one["what"], one["outcome"]) for one in told(side.journal)][1] == ("table", "claim", "ok")
    assert "secret" not in str(told(side.journal))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("ConditionalCheckFailedException", "duplicate"),
        ("TransactionCanceledException", "duplicate"),
        ("ThrottlingException", "failed"),
    ],
)
def test_a_claim_that_is_not_to_be_had(side: Roadside, code: str, outcome: str) -> None:
    refuse = raising(ClientError({"Error": {"Code": code}}, "PutItem"))
    with pytest.raises(ClientError):
        side.road.work(an_event(), 1, lambda event, attempt: side.road.written("update_item", CLAIM, refuse))
    assert side.hops[1] == ("table", outcome, code)


@pytest.mark.parametrize(
    ("operation", "asked", "what"),
    [
        ("update_item", CLAIM, "claim"),
        ("update_item", {"Key": {"sk": {"S": "OUT#r1#0"}}, **OWNER}, "claim"),
        ("update_item", {"Key": {"sk": {"S": "OUT#r1#0"}}}, "remember"),
        (
            "update_item",
            {"Key": {"sk": {"S": "STATE"}}, "ExpressionAttributeValues": {":opening": {"S": "{}"}}},
            "claim",
        ),
        (
            "update_item",
            {"Key": {"sk": {"S": "STATE"}}, "ExpressionAttributeValues": {":item": {"S": "x"}}},
            "remember",
        ),
        ("put_item", {"Item": {"sk": {"S": "PROFILE"}}}, "remember"),
        ("transact_write_items", {"TransactItems": []}, "remember"),
    ],
)
def test_a_write_is_named_by_what_it_is_for(operation: str, asked: dict[str, Any], what: str) -> None:
    assert of_table(operation, asked) == what


def test_a_throttled_call_makes_its_work_a_throttled_one(side: Roadside) -> None:
    def handle(event: Event, attempt: int) -> None:
        side.road.call("POST", GENESYS, {}, b"", lambda: Answer(status=429, headers={}, body=b""))
        raise Retryable("later")

    with pytest.raises(Retryable):
        side.road.work(an_event(), 1, handle)
    assert [outcome for _, outcome, _ in side.hops] == ["ok", "throttled", "throttled"]


def raising(error: Exception) -> Any:
    def do() -> Any:
        raise error

    return do


@pytest.mark.parametrize(("error", "outcome"), [(Retryable("no connection"), "retry"), (Uncertain("none"), "failed")])
def test_a_call_without_an_answer(side: Roadside, error: Exception, outcome: str) -> None:
    with pytest.raises(type(error)):
        side.road.work(an_event(), 1, lambda event, attempt: side.road.call("POST", GENESYS, {}, b"", raising(error)))
    assert (side.hops[1][:2], told(side.journal)[1]["answer"]) == (("genesys", outcome), None)


def test_a_file_that_a_worker_fetches(side: Roadside) -> None:
    file = Fetched(body=b"1234", mime="image/png")
    side.road.work(an_event(), 1, lambda event, attempt: side.road.fetch("http://cdn/x", {}, lambda: file))
    record = told(side.journal)[1]
    assert (record["hop"], record["answer"]["body"]) == ("platform", "4 bytes of image/png")


def test_a_file_that_is_not_to_be_had(side: Roadside) -> None:
    fetch = raising(Unfetched("media_gone"))
    with pytest.raises(Unfetched):
        side.road.work(an_event(), 1, lambda event, attempt: side.road.fetch("http://cdn/x", {}, fetch))
    assert side.hops[1] == ("platform", "failed", "x: media_gone")


def test_what_no_worker_does_is_not_told(side: Roadside) -> None:
    assert side.road.trace_headers() == {}
    side.road.call("GET", GENESYS, {}, None, lambda: Answer(status=200, headers={}, body=b""))
    side.road.delivery(Call("GET", "/api/health", {}, Message(), b""), lambda: Answered(200))
    assert side.hops == []


def test_a_call_says_what_it_is_made_for(side: Roadside) -> None:
    seen: list[dict[str, str]] = []
    side.road.work(an_event("message:é/1"), 3, lambda event, attempt: seen.append(side.road.trace_headers()))
    assert seen == [{"X-Sandbox-Trace": "message%3A%C3%A9/1/3"}]


def test_a_reply_goes_out_on_the_channel_of_its_integration(side: Roadside) -> None:
    side.road.work(an_event("r1", "genesys", "int"), 1, lambda event, attempt: None)
    record = told(side.journal)[0]
    assert (record["trace"], record["direction"], record["channel"]) == ("r1", "out", "tiktok")


def test_an_event_of_nobody_who_is_played_is_told_all_the_same(side: Roadside) -> None:
    side.road.work(an_event("e1", "elsewhere"), 1, lambda event, attempt: None)
    record = told(side.journal)[0]
    assert (record["trace"], record["direction"], record["channel"]) == ("e1", "in", "elsewhere")


def test_a_second_attempt_waited_since_the_first(side: Roadside, clock: Clock) -> None:
    with pytest.raises(Retryable):
        side.work(fails=Retryable("later"))
    clock.offset_s += 60
    side.work()
    waited = [one["took_ms"] for one in told(side.journal) if one["hop"] == "queue"][1]
    assert 60_000 <= waited < 61_000


def test_a_reset_forgets(side: Roadside) -> None:
    side.deliver(Answered(200, b""))
    side.work(("ignored", {"reason": "read"}))
    side.road.kill_next = True
    side.road.reset()
    assert (side.road.taken_in(), side.road.ignored(), side.road.kill_next) == (frozenset(), {}, False)
