"""A channel that signs a token for its handshake comes in beside the others, though nothing here names it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from chalicelib.http import Request, Response
from tests.contract.signing import signed
from tests.edge.kit import BODIES, SECRET, VERIFY_TOKEN, EdgeKit
from tests.edge.made_up import delivery
from tests.extension.pigeon.webhook import WEBHOOK

SIGNATURE = "x-pigeon-signature"


@pytest.fixture(params=["channel", "desk"])
def kit(request: pytest.FixtureRequest) -> EdgeKit:
    return EdgeKit(channels=[WEBHOOK]) if request.param == "channel" else EdgeKit(desks=[WEBHOOK])


def entered(kit: EdgeKit, request: Request) -> Response:
    return kit.edge.desk(request) if kit.desks else kit.edge.social(request)


def endpoint(kit: EdgeKit) -> str:
    return "desk" if kit.desks else "social"


def post(body: bytes, secret: str = SECRET, **headers: str) -> Request:
    value = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Request(
        method="POST", headers={"content-type": "application/json", SIGNATURE: value, **headers}, query={}, body=body
    )


def asks(**query: str) -> Request:
    return Request(method="GET", headers={}, query=query, body=b"")


def test_a_token_is_answered_signed_as_json(kit: EdgeKit) -> None:
    reply = entered(kit, asks(pigeon_token="abc"))
    proof = base64.b64encode(hmac.new(SECRET.encode(), b"abc", hashlib.sha256).digest()).decode()
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {"response_token": f"sha256={proof}"}
    assert kit.metrics.lines == []


def test_a_handshake_without_a_secret_is_refused(kit: EdgeKit) -> None:
    kit.secrets.stored["pigeon"] = {}
    reply = entered(kit, asks(pigeon_token="abc"))
    assert (reply.status, reply.body) == (401, "refused: no_secret")
    assert kit.metrics.lines == [("rejected", 1, {"endpoint": endpoint(kit), "reason": "no_secret"})]


def test_a_secret_that_was_set_for_the_handshake_is_found(kit: EdgeKit) -> None:
    kit.secrets.cached["pigeon"] = {}
    assert entered(kit, asks(pigeon_token="abc")).status == 200


def test_a_handshake_while_no_newer_secret_can_be_read_is_asked_for_again(kit: EdgeKit) -> None:
    kit.secrets.cached["pigeon"] = {}
    kit.secrets.refreshable = False
    assert entered(kit, asks(pigeon_token="abc")).status == 503
    assert kit.metrics.lines == [("not_checked", 1, {"endpoint": endpoint(kit), "reason": "no_secret"})]


def test_a_get_that_is_nobodys_handshake_is_refused_as_before(kit: EdgeKit) -> None:
    reply = entered(kit, asks(other="abc"))
    expected = (405, "refused: method") if kit.desks else (400, "refused: no_handshake")
    assert (reply.status, reply.body) == expected


def test_the_others_handshake_stays_theirs() -> None:
    kit = EdgeKit(channels=[WEBHOOK])
    query = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": VERIFY_TOKEN}
    reply = kit.edge.social(asks(**query))
    assert (reply.status, reply.body, reply.content_type) == (200, "1158", "text/plain; charset=utf-8")


def test_a_delivery_is_stored_under_its_name(kit: EdgeKit) -> None:
    assert entered(kit, post(delivery("e-1", "e-2", at=5))).status == 200
    queue = kit.outbound if kit.desks else kit.inbound
    assert [(event.source, event.id, event.sent_ms) for event in queue.events] == [
        ("pigeon", "e-1", 5),
        ("pigeon", "e-2", 6),
    ]
    assert kit.stored == queue.events
    assert kit.metrics.lines == [("received", 2, {"source": "pigeon"})]


def test_a_forgery_is_refused(kit: EdgeKit) -> None:
    reply = entered(kit, post(delivery("e-1"), "a guess"))
    assert (reply.status, reply.body) == (401, "refused: signature_mismatch")
    assert (kit.stored, kit.shelf.kept) == ([], {})


def test_two_signatures_are_ambiguous(kit: EdgeKit) -> None:
    reply = entered(kit, post(delivery("e-1"), **{"x-hub-signature-256": "sha256=" + "0" * 64}))
    assert (reply.status, reply.body) == (401, "refused: signature_ambiguous")


def test_the_others_come_in_as_before(kit: EdgeKit) -> None:
    for platform in ("instagram", "tiktok", "genesys"):
        assert kit.post(platform, signed(platform, BODIES[platform], SECRET)).status == 200
    assert [event.source for event in kit.stored] == ["instagram", "tiktok", "genesys"]


def test_the_other_sides_url_does_not_know_it(kit: EdgeKit) -> None:
    other = kit.edge.social if kit.desks else kit.edge.desk
    reply = other(post(delivery("e-1")))
    assert (reply.status, reply.body) == (401, "refused: signature_missing")
