"""The Open Messaging API: what is sent, what each answer means, and how a lost answer is looked up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from chalicelib.desks.genesys.client import NEWEST, Genesys
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.desks.genesys.translate import inbound_message, structured_response
from chalicelib.desks.genesys.translate import receipt as receipt_body
from chalicelib.errors import (
    AlreadyThere,
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    Uncertain,
    Unreachable,
    Waiting,
)
from chalicelib.http import Answer
from chalicelib.vocabulary.messages import DeskMessage, Source, Tap
from chalicelib.vocabulary.records import NOBODYS, Seat
from chalicelib.vocabulary.replies import File, Receipt
from tests.fakes import INSTAGRAM, START, FakeClock, FakeOutgoing, answer

TEXT = "a text that only the agent may read"
MESSAGE = DeskMessage(
    id="c" * 40, customer="55501", sent_ms=1_799_999_990_000, text=TEXT, nickname="", attributes={"source": "x"}
)
TAP = Tap(message="gen-7", type="QuickReply", text="Yes", payload="SEND")
TAPPED = msgspec.structs.replace(MESSAGE, text="Yes", tap=TAP)
DELIVERED = Receipt(message="gen-1", customer="55501", delivered=True)
FAILED = Receipt(message="gen-1", customer="55501", delivered=False, reason="other", detail="why")
API = "https://api.example"
INBOUND = f"{API}/api/v2/conversations/messages/int-ig/inbound/open"
MESSAGES = f"{API}/api/v2/conversations/messages"
ANALYTICS = f"{API}/api/v2/analytics/conversations/details/query"
TOKEN = answer(200, {"access_token": "token-1", "expires_in": 86_400})
SECOND_TOKEN = answer(200, {"access_token": "token-2", "expires_in": 86_400})


class Kit:
    """The client with one OAuth client; the first answer is the login's."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.clock = FakeClock()
        self.http = FakeOutgoing(TOKEN, *answers)
        secret = {"clients": [{"id": "client-1", "secret": "client-secret-1"}]}
        self.tokens = Tokens(self.http, lambda name: secret, "s/oauth", "https://login.example", self.clock)
        self.desk = Genesys(self.http, self.tokens, API)

    def deliver(self, message: DeskMessage = MESSAGE) -> str:
        return self.desk.deliver(INSTAGRAM, message, NOBODYS, START).conversation

    def is_open(self, conversation: str = "desk-1") -> bool:
        return self.desk.is_open(INSTAGRAM, "55501", Seat(conversation=conversation))

    def report(self, receipt: Receipt = DELIVERED) -> None:
        self.desk.report(INSTAGRAM, receipt, NOBODYS, START)

    def find(self, known: str = "") -> str | None:
        seat = Seat(conversation=known)
        found = self.desk.find(INSTAGRAM, MESSAGE.id, MESSAGE.customer, seat, START - 100, START)
        return found.conversation if found else None

    @property
    def urls(self) -> list[str]:
        """What was called, but for logins."""
        return [call.url for call in self.http.calls if "login.example" not in call.url]


def said(status: int, code: str = "bad.request", **headers: str) -> Answer:
    """Genesys' error body; its message is something that must not be passed on."""
    body = {"message": f"Value [{TEXT}] is not valid", "code": code, "status": status, "contextId": "ctx"}
    return answer(status, body, inin_correlation_id="correlation-1", **headers)


# Messages


def test_a_message_is_posted_to_its_integration() -> None:
    kit = Kit(answer(200, {"id": "gen-9", "conversationId": "desk-1"}))
    assert kit.deliver() == "desk-1"
    call = kit.http.calls[1]
    assert (call.method, call.url) == ("POST", f"{INBOUND}/message?prefetchConversationId=true")
    assert call.headers == {
        "Authorization": "Bearer token-1",
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
    }
    assert call.json() == inbound_message(MESSAGE, START)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", [{}, {"id": "x"}, []])
def test_a_success_without_a_conversation_has_none(status: int, body: Any) -> None:
    assert Kit(answer(status, body)).deliver() == ""


def test_an_integrations_id_cannot_leave_its_place_in_the_path() -> None:
    kit = Kit(answer(200))
    kit.desk.deliver(msgspec.structs.replace(INSTAGRAM, integration="a?b#c d"), MESSAGE, NOBODYS, START)
    assert kit.urls == [f"{MESSAGES}/{quote('a?b#c d')}/inbound/open/message?prefetchConversationId=true"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (405, Refused),
        (413, Refused),
        (415, Refused),
        (422, Refused),
        (403, Misconfigured),
        (404, Misconfigured),
        (409, AlreadyThere),
        (408, Retryable),
        (421, Retryable),
        (425, Retryable),
        (429, RateLimited),
        (500, Uncertain),
        (502, Uncertain),
        (503, Uncertain),
        (504, Uncertain),
        (302, Uncertain),
    ],
)
def test_what_an_answer_means_to_a_message(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        Kit(said(status, "some.code")).deliver()
    assert type(caught.value) is kind
    words = str(caught.value)
    assert f"HTTP {status} some.code correlation correlation-1" in words
    assert TEXT not in words
    assert "token-1" not in words


def test_a_refusal_has_no_reason_of_its_own() -> None:
    with pytest.raises(Refused) as caught:
        Kit(said(400)).deliver()
    assert caught.value.reason == "other"


@pytest.mark.parametrize(
    ("status", "advice"),
    [(403, "conversation:message:receive"), (404, "integration int-ig"), (404, "Admin > Message > Platforms")],
)
def test_what_an_operator_can_mend_says_where(status: int, advice: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Kit(said(status)).deliver()
    assert advice in caught.value.advice
    assert caught.value.after_s == 60


@pytest.mark.parametrize("status", [408, 421, 425])
def test_what_genesys_did_not_work_on_is_known_not_to_have_happened(status: int) -> None:
    with pytest.raises(Retryable) as caught:
        Kit(said(status, retry_after="3")).deliver()
    assert caught.value.after_s == 3


@pytest.mark.parametrize("error", [Uncertain("no answer"), Retryable("no connection")])
def test_what_the_session_says_passes_through(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        Kit(error).deliver()
    assert caught.value is error


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"])
def test_an_error_without_json_is_judged_by_its_status(body: bytes) -> None:
    with pytest.raises(Uncertain, match="HTTP 502"):
        Kit(Answer(status=502, headers={}, body=body)).deliver()


# Taps


def test_a_tap_is_posted_as_the_answer_to_what_was_offered() -> None:
    kit = Kit(answer(200, {"id": "gen-9"}))
    assert kit.deliver(TAPPED) == ""
    assert kit.urls == [f"{INBOUND}/structured/response"]
    assert kit.http.calls[1].json() == structured_response(TAPPED, TAP, START)


@pytest.mark.parametrize("status", [400, 404])
def test_a_tap_on_what_genesys_does_not_know_any_more_is_told_as_a_message(status: int) -> None:
    kit = Kit(said(status), answer(200, {"conversationId": "desk-2"}))
    assert kit.deliver(TAPPED) == "desk-2"
    assert kit.urls[1] == f"{INBOUND}/message?prefetchConversationId=true"
    body = kit.http.calls[2].json()
    assert body == inbound_message(TAPPED, START)
    assert body["channel"]["messageId"] == kit.http.calls[1].json()["channel"]["messageId"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (Uncertain("no answer"), Uncertain),
        (Retryable("no connection"), Retryable),
        (said(500), Uncertain),
        (said(503), Uncertain),
        (said(409), AlreadyThere),
        (said(403), Misconfigured),
        (said(408), Retryable),
        (said(425), Retryable),
        (said(429), RateLimited),
        (said(413), Refused),
    ],
)
def test_a_tap_of_unknown_outcome_is_never_told_again_as_a_message(
    given: Answer | Exception, kind: type[Exception]
) -> None:
    kit = Kit(given)
    with pytest.raises(kind):
        kit.deliver(TAPPED)
    assert kit.urls == [f"{INBOUND}/structured/response"]


def test_a_tap_that_is_refused_in_both_ways_is_refused() -> None:
    with pytest.raises(Refused):
        Kit(said(400), said(400)).deliver(TAPPED)


# Tokens and limits


def test_a_refused_token_is_replaced_once() -> None:
    kit = Kit(said(401), SECOND_TOKEN, answer(200, {"conversationId": "desk-1"}), answer(200))
    assert kit.deliver() == "desk-1"
    kit.report()
    bearers = [call.headers["Authorization"] for call in kit.http.calls if "login" not in call.url]
    assert bearers == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_a_new_token_that_is_refused_too_is_for_the_operator() -> None:
    kit = Kit(said(401), SECOND_TOKEN, said(401, "bad.credentials"), TOKEN, answer(200))
    with pytest.raises(Misconfigured) as caught:
        kit.deliver()
    assert "client-1" in caught.value.advice
    assert "Admin > Integrations > OAuth" in caught.value.advice
    assert "HTTP 401 bad.credentials" in caught.value.reason
    assert caught.value.after_s == 60
    kit.deliver()  # with yet another token
    assert len(kit.http.calls) == 6


@pytest.mark.parametrize(
    ("headers", "wait"), [({"retry_after": "17"}, 17.0), ({"retry_after": "90"}, 90.0), ({}, 60.0)]
)
def test_a_rate_limit_blocks_its_client_until_its_time(headers: dict[str, str], wait: float) -> None:
    kit = Kit(said(429, "too.many.requests", **headers), answer(200))
    with pytest.raises(RateLimited) as caught:
        kit.deliver()
    assert caught.value.after_s == wait
    kit.clock.advance(wait - 1)
    with pytest.raises(Waiting) as waiting:  # nobody was called, so nothing is spent
        kit.report()
    assert waiting.value.after_s == 1
    assert len(kit.http.calls) == 2
    kit.clock.advance(1)
    kit.report()
    assert len(kit.http.calls) == 3


def test_a_limit_that_lasts_is_asked_about_ever_less() -> None:
    """Genesys asks for a second each time; in six hours that would be 21,600 calls in vain."""
    limited = said(429, "too.many.requests", retry_after="1")
    kit = Kit(*[limited] * 400, answer(200), limited, answer(200))
    waits = []
    until = kit.clock.now + 6 * 3600
    while kit.clock.now < until:
        with pytest.raises(RateLimited) as caught:
            kit.deliver()
        assert caught.value.after_s
        waits.append(caught.value.after_s)
        kit.clock.advance(caught.value.after_s)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(waits) < 370
    del kit.http.answers[:-3]
    kit.deliver()
    with pytest.raises(RateLimited) as caught:  # after a success it begins anew
        kit.deliver()
    assert caught.value.after_s == 1


def test_another_client_is_not_held_up() -> None:
    http = FakeOutgoing(TOKEN, said(429), SECOND_TOKEN, answer(200))
    secret = {"clients": [{"id": f"client-{number}", "secret": "s"} for number in range(2)]}
    tokens = Tokens(http, lambda name: secret, "s/oauth", "https://login.example", FakeClock())
    desk = Genesys(http, tokens, API)
    by_client = {tokens.client_for(f"c{number}"): f"c{number}" for number in range(20)}
    limited, free = (msgspec.structs.replace(MESSAGE, customer=one) for one in by_client.values())
    with pytest.raises(RateLimited):
        desk.deliver(INSTAGRAM, limited, NOBODYS, START)
    desk.deliver(INSTAGRAM, free, NOBODYS, START)
    with pytest.raises(Waiting):
        desk.deliver(INSTAGRAM, limited, NOBODYS, START)


# Receipts


def test_a_receipt_is_posted_to_its_integration() -> None:
    kit = Kit(answer(200, {"id": "gen-1", "status": "Delivered"}))
    kit.report()
    call = kit.http.calls[1]
    assert (call.method, call.url) == ("POST", f"{INBOUND}/receipt")
    assert call.json() == receipt_body(DELIVERED, START)


@pytest.mark.parametrize(
    ("given", "kind", "after_s"),
    [
        (Uncertain("no answer"), Unreachable, None),
        (said(500), Unreachable, None),
        (said(502), Unreachable, None),
        (said(503, retry_after="4"), Unreachable, 4.0),
        (said(504), Unreachable, None),
        (said(302), Retryable, None),
        (said(408, retry_after="2"), Retryable, 2.0),
        (said(425), Retryable, None),
        (said(429, retry_after="6"), RateLimited, 6.0),
        (said(403), Misconfigured, 60),
        (said(404), Refused, None),
        (said(400), Refused, None),
        (said(410), Refused, None),
        (said(422), Refused, None),
        (answer(200, {"status": "Failed", "reasons": [{"code": "GeneralError", "message": TEXT}]}), Refused, None),
    ],
)
def test_a_receipt_that_is_not_taken(given: Answer | Exception, kind: type[Exception], after_s: float | None) -> None:
    with pytest.raises(kind) as caught:
        Kit(given).report()
    assert type(caught.value) is kind
    assert getattr(caught.value, "after_s", None) == after_s
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "receipt"),
    [
        (said(409), DELIVERED),
        (answer(200, {"status": "Failed"}), FAILED),
        (answer(202), DELIVERED),
        (answer(204), DELIVERED),
        (answer(200, []), DELIVERED),
    ],
)
def test_a_receipt_that_is_taken(given: Answer, receipt: Receipt) -> None:
    kit = Kit(given)
    kit.report(receipt)
    assert kit.urls == [f"{INBOUND}/receipt"]


# Reading back


def conversation(*messages: str, purpose: str = "customer") -> Answer:
    listed = [{"messageId": message} for message in messages]
    return answer(200, {"participants": [{"purpose": "agent", "messages": [{"messageId": "agent-1"}]},
                                         {"purpose": purpose, "messages": listed}]})  # fmt: skip


def bulk(*provider_ids: str) -> Answer:
    return answer(
        200, {"entities": [{"id": "x", "normalizedMessage": {"channel": {"messageId": one}}} for one in provider_ids]}
    )


def found_by_analytics(*conversations: str) -> Answer:
    return answer(200, {"conversations": [{"conversationId": one} for one in conversations]})


def test_a_message_in_the_known_conversation_is_found_without_a_search() -> None:
    kit = Kit(conversation("m1", "m2"), bulk("other", MESSAGE.id))
    assert kit.find("desk-1") == "desk-1"
    assert kit.urls == [f"{MESSAGES}/desk-1", f"{MESSAGES}/desk-1/messages/bulk"]
    assert [call.method for call in kit.http.calls[1:]] == ["GET", "POST"]
    assert kit.http.calls[2].json() == ["m1", "m2"]


def test_only_the_newest_messages_are_read() -> None:
    kit = Kit(conversation(*(f"m{number}" for number in range(500))), bulk(MESSAGE.id))
    kit.find("desk-1")
    assert kit.http.calls[2].json() == [f"m{number}" for number in range(500 - NEWEST, 500)]


def test_a_message_in_another_conversation_is_found_by_analytics() -> None:
    kit = Kit(
        conversation("m1"), bulk("other"), found_by_analytics("desk-1", "desk-2", "desk-3"),
        conversation("m2"), bulk("other"), conversation("m3"), bulk(MESSAGE.id),
    )  # fmt: skip
    assert kit.find("desk-1") == "desk-3"
    assert kit.urls[2] == ANALYTICS
    assert kit.urls.count(f"{MESSAGES}/desk-1") == 1


def test_the_search_asks_for_the_customers_conversations_since_the_first_try() -> None:
    kit = Kit(found_by_analytics())
    assert kit.find() is None
    query = kit.http.calls[1].json()
    assert query["interval"] == "2027-01-15T06:58:20.000Z/2027-01-15T09:00:00.000Z"
    [segments] = query["segmentFilters"]
    assert {(one["dimension"], one["value"]) for one in segments["predicates"]} == {
        ("addressFrom", "55501"),
        ("messageType", "open"),
    }
    assert segments["type"] == "and"


@pytest.mark.parametrize(
    "held",
    [
        [conversation()],
        [conversation("m1", purpose="agent")],
        [said(404)],
        [conversation("m1"), bulk()],
        [conversation("m1"), bulk("other")],
        [conversation("m1"), answer(200, {"entities": [{"normalizedMessage": None}, {}, None]})],
        [conversation("m1"), answer(200, {"entities": [{"normalizedMessage": {"channel": None}}]})],
        [conversation("m1"), answer(200, {"entities": [{"id": "no normalized message"}, 7]})],
        [answer(200, [])],
        [answer(200, {"participants": None})],
        [answer(200, {"participants": [{"purpose": "customer", "messages": "none"}]})],
    ],
)
def test_a_conversation_that_does_not_hold_the_message(held: list[Answer]) -> None:
    assert Kit(*held, found_by_analytics()).find("desk-1") is None


SEARCH, READ = "analytics:conversationDetail:view", "conversation:message:view"


@pytest.mark.parametrize(
    ("answers", "known", "permission"),
    [
        ([said(403)], "", SEARCH),
        ([said(404), said(403)], "desk-1", SEARCH),
        ([said(403)], "desk-1", READ),
        ([conversation("m1"), said(403)], "desk-1", READ),
        ([found_by_analytics("desk-2"), said(403)], "", READ),
    ],
)
def test_without_leave_to_look_nobody_can_tell(answers: list[Answer], known: str, permission: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Kit(*answers).find(known)
    assert permission in caught.value.advice
    assert "docs/genesys.md" in caught.value.advice


@pytest.mark.parametrize(
    ("answers", "known"),
    [([said(400)], ""), ([said(404)], ""), ([said(405)], ""), ([said(400)], "desk-1"),
     ([conversation("m1"), said(404)], "desk-1")],
)  # fmt: skip
def test_what_genesys_will_not_tell_is_no_no(answers: list[Answer], known: str) -> None:
    with pytest.raises(Refused) as caught:
        Kit(*answers).find(known)
    assert caught.value.reason == "unconfirmed"


def test_analytics_may_be_late_by_two_minutes() -> None:
    assert Kit().desk.capabilities.lag_s == 120


@pytest.mark.parametrize(
    "answers",
    [
        [said(500)],
        [said(408)],
        [said(425)],
        [said(302)],
        [said(429, retry_after="3")],
        [Uncertain("no answer")],
        [Retryable("no connection")],
        [conversation("m1"), said(503)],
        [conversation("m1"), Uncertain("no answer")],
        [conversation("m1"), bulk("other"), said(500)],
        [conversation("m1"), bulk("other"), Uncertain("no answer")],
    ],
)
def test_what_cannot_be_read_now_is_read_later(answers: list[Answer | Exception]) -> None:
    with pytest.raises(Retryable) as caught:
        Kit(*answers).find("desk-1")
    assert TEXT not in str(caught.value)


# Is it open?


def participants(*them: dict[str, Any]) -> Answer:
    return answer(200, {"id": "desk-1", "participants": list(them)})


def customer(state: Any) -> dict[str, Any]:
    return {"purpose": "customer", "state": state}


@pytest.mark.parametrize("state", ["connected", "alerting", "parked", "Connected"])
def test_a_conversation_goes_on_while_the_customer_takes_part(state: str) -> None:
    kit = Kit(participants(customer(state), {"purpose": "agent", "state": "disconnected"}))
    assert kit.is_open()
    assert kit.urls == [f"{MESSAGES}/desk-1"]
    assert kit.http.calls[1].method == "GET"


def test_a_customer_who_came_back_is_in_it() -> None:
    assert Kit(participants(customer("disconnected"), customer("connected"))).is_open()


@pytest.mark.parametrize(
    "given",
    [
        participants(customer("disconnected"), {"purpose": "agent", "state": "connected"}),
        participants(customer("terminated")),
        participants(customer("none")),
        participants(customer("")),
        participants(customer(None)),
        participants({"purpose": "customer"}),
        participants(),
        answer(200, []),
        answer(200, {"participants": "none"}),
    ],
)
def test_a_conversation_that_is_over_or_says_nothing_of_it(given: Answer) -> None:
    assert not Kit(given).is_open()


def test_no_conversation_is_not_open_and_nobody_is_asked() -> None:
    kit = Kit()
    assert not kit.is_open("")
    assert kit.urls == []


@pytest.mark.parametrize(
    "given", [said(500), said(408), said(425), said(429), Uncertain("no answer"), Retryable("no connection")]
)
def test_what_cannot_be_told_now_is_asked_later(given: Answer | Exception) -> None:
    with pytest.raises(Retryable) as caught:
        Kit(given).is_open()
    assert not isinstance(caught.value, Misconfigured)


def test_who_may_not_look_is_told_what_is_missing() -> None:
    with pytest.raises(Misconfigured) as caught:
        Kit(said(403, "not.authorized")).is_open()
    assert READ in caught.value.advice
    assert "HTTP 403 not.authorized" in caught.value.reason


@pytest.mark.parametrize("status", [400, 404, 410])
def test_what_genesys_will_not_tell_of_a_conversation_is_given_up(status: int) -> None:
    with pytest.raises(Refused):
        Kit(said(status)).is_open()


# Files


@pytest.mark.parametrize(
    ("api", "hosts"),
    [
        ("https://api.mypurecloud.ie", ("mypurecloud.ie", ">amazonaws.com")),
        ("https://api.euw2.pure.cloud", ("euw2.pure.cloud", ">amazonaws.com")),
        ("https://api.use2.us-gov-pure.cloud", ("use2.us-gov-pure.cloud", ">amazonaws.com")),
        ("https://api.edee1.eusc-pure.cloud", ("edee1.eusc-pure.cloud", ">amazonaws.eu")),
        ("https://api.edee2.eusc-pure.cloud/", ("edee2.eusc-pure.cloud", ">amazonaws.eu")),
        ("http://127.0.0.1:4001", ("127.0.0.1",)),
    ],
)
def test_a_file_is_fetched_from_genesys_own_hosts_without_a_token(api: str, hosts: tuple[str, ...]) -> None:
    kit = Kit()
    desk = Genesys(kit.http, kit.tokens, api)
    file = File(url="https://api-downloads.mypurecloud.ie/api/v2/downloads/1")
    assert desk.source(file, NOBODYS) == Source(url=file.url, hosts=hosts, headers={})
    assert kit.http.calls == []
