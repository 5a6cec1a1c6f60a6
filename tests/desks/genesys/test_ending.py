"""The end of a conversation as Genesys' data action tells it: what lets it in, and what it says."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from chalicelib.desks.genesys.translate import TRANSLATOR
from chalicelib.desks.genesys.webhook import WEBHOOK
from chalicelib.http import Request
from chalicelib.vocabulary.messages import Ignored
from chalicelib.vocabulary.records import Event
from chalicelib.vocabulary.replies import DeskEnded
from tests.contract.signing import request, signed
from tests.edge.kit import BODIES, SECRET, EdgeKit

END = {
    "type": "Ended",
    "conversationId": "c0ffee00-0000-4000-8000-000000000001",
    "eventTime": 1_800_000_000_000,
    "addressTo": "int-ig",
    "addressFrom": "55501",
}


def key(secret: str) -> str:
    """`printf 'dmdesk conversation end: %s' "$SECRET" | sha256sum`, as Terraform makes it."""
    return hashlib.sha256(f"dmdesk conversation end: {secret}".encode()).hexdigest()


def told(body: bytes | None = None, secret: str = SECRET, scheme: str = "key=", **changes: Any) -> Request:
    return request("genesys", body or json.dumps(END | changes).encode(), scheme + key(secret))


def test_the_end_of_a_conversation_comes_in_with_its_key_among_the_customers_replies() -> None:
    kit = EdgeKit()
    assert kit.edge.desk(told()).status == 200
    kit.deliver("genesys")
    end, reply = kit.outbound.events
    assert end.group == reply.group
    assert TRANSLATOR.parse(end) == DeskEnded(
        desk_conversation="c0ffee00-0000-4000-8000-000000000001", integration="int-ig", customer="55501"
    )


def test_an_end_that_is_told_twice_is_one_event_and_a_later_end_another() -> None:
    kit = EdgeKit()
    for body in (told(), told(), told(eventTime=1_800_000_060_000)):
        kit.edge.desk(body)
    first, again, later = (event.dedup for event in kit.outbound.events)
    assert first == again != later


def test_each_secret_of_the_list_has_its_key_while_one_is_changed() -> None:
    kit = EdgeKit()
    kit.secrets.stored["genesys"] = {"secrets": ["the-new-secret", SECRET]}
    assert [kit.edge.desk(told(secret=one)).status for one in (SECRET, "the-new-secret", "another")] == [200, 200, 401]


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (told(secret="a-guess"), "signature_mismatch"),
        (request("genesys", json.dumps(END).encode(), "key="), "signature_mismatch"),
        (request("genesys", json.dumps(END).encode(), f"key={SECRET}"), "signature_mismatch"),
        (request("genesys", json.dumps(END).encode(), f"sha256={key(SECRET)}"), "signature_malformed"),
        (request("genesys", json.dumps(END).encode(), key(SECRET)), "signature_malformed"),
        (told(BODIES["genesys"]), "key_for_ends_only"),
        (told(b'{"type": "Ended", "type": "Text", "id": "1"}'), "key_for_ends_only"),
        (told(b'{"type": ["Ended"]}'), "key_for_ends_only"),
        (told(b"[" * 100_000), "key_for_ends_only"),
        (told(b"\xff\xfe"), "key_for_ends_only"),
    ],
)  # fmt: skip
def test_who_has_no_key_ends_nothing_and_who_has_one_does_nothing_else(forged: Request, reason: str) -> None:
    kit = EdgeKit()
    assert kit.edge.desk(forged).status == 401
    assert kit.stored == []
    assert kit.metrics.total("rejected", endpoint="desk", reason=reason) == 1


def test_a_signature_lets_an_end_in_as_well() -> None:
    kit = EdgeKit()
    assert kit.edge.desk(signed("genesys", json.dumps(END).encode(), SECRET)).status == 200


@pytest.mark.parametrize("odd", [{}, {"conversationId": None}, {"conversationId": ["c"]}])
def test_the_end_of_nothing_is_let_go(odd: dict[str, Any]) -> None:
    body = {"type": "Ended", "addressTo": "int-ig", "addressFrom": "55501"} | odd
    event = Event(source="genesys", account="", party="", id="e", received_ms=0, raw=msgspec.Raw(json.dumps(body)))
    assert TRANSLATOR.parse(event) == Ignored("genesys_end_of_nothing")


def test_an_end_that_names_nobody_tells_its_conversation() -> None:
    (piece,) = WEBHOOK.split(b'{"type": "Ended", "conversationId": "c", "addressTo": null}')
    assert (piece.account, piece.party) == ("", "")
    event = Event(source="genesys", account="", party="", id="e", received_ms=0, raw=msgspec.Raw(piece.raw))
    assert TRANSLATOR.parse(event) == DeskEnded(desk_conversation="c")


def test_the_fields_are_those_of_genesys_event() -> None:
    # not above: who collects the tests without running this one would wait three seconds for it
    from PureCloudPlatformClientV2 import CustomerEndDetailEventTopicCustomerEndEvent

    known = set(CustomerEndDetailEventTopicCustomerEndEvent().attribute_map.values())
    assert set(END) - {"type"} <= known
