"""What a CRM knows of a customer: asked seldom, remembered, and nobody's trouble."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import msgspec
import pytest

from chalicelib.errors import Misconfigured, Retryable, Uncertain, Unreachable
from chalicelib.pipeline.front.asking import WITHIN_S
from chalicelib.vocabulary.front import Crm, Front
from chalicelib.vocabulary.records import Profile
from tests.fakes import INSTAGRAM, START
from tests.pipeline.front.kit import CRM, SAID, Kit, draft

FRONT = Front(crm=CRM)
GOLD = {"crm_tier": "gold"}
DAY_S = 86_400


@pytest.fixture
def kit() -> Kit:
    return Kit()


def ask(kit: Kit, front: Front = FRONT) -> dict[str, str]:
    return kit.asking.enrich(draft(front)).facts


def test_who_writes_to_whom_is_asked_and_no_word_of_it(kit: Kit) -> None:
    assert ask(kit) == GOLD
    [(url, headers, body, within_s)] = kit.says.posts
    assert (url, within_s) == (CRM.url, WITHIN_S)
    assert WITHIN_S <= 0.8
    assert body == {
        "channel": "instagram",
        "account": INSTAGRAM.id,
        "customerId": "55501",
        "username": "ann",
        "locale": "en",
    }
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("call-0", str(int(START)))
    content = f"call-0.{int(START)}.".encode() + json.dumps(body, separators=(",", ":")).encode()
    judged = base64.b64encode(hmac.new(bytes(range(32)), content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{judged}"


def test_a_name_that_only_the_platform_tells(kit: Kit) -> None:
    nameless = msgspec.structs.replace(SAID, username="")
    asked = msgspec.structs.replace(draft(FRONT, nameless), profile=Profile(username="ann_1990"))
    kit.asking.enrich(asked)
    assert kit.says.posts[0][2]["username"] == "ann_1990"


def test_an_answer_holds_for_the_accounts_time_in_every_container(kit: Kit) -> None:
    assert ask(kit) == GOLD
    kit.container()
    kit.clock.advance(15 * 60 - 1)
    assert ask(kit) == GOLD
    assert len(kit.says.posts) == 1
    kit.clock.advance(1)
    kit.says.crm = {"tier": "silver"}
    assert ask(kit) == {"crm_tier": "silver"}


def test_nothing_is_remembered_where_the_account_wants_that(kit: Kit) -> None:
    front = Front(crm=Crm(url=CRM.url, secret=CRM.secret, cache_minutes=0))
    assert ask(kit, front) == ask(kit, front) == GOLD
    assert len(kit.says.posts) == 2


@pytest.mark.parametrize("status", [200, 204, 404])
def test_that_nothing_is_known_holds_for_two_minutes(kit: Kit, status: int) -> None:
    kit.says.status, kit.says.crm = status, {} if status == 200 else b""
    assert ask(kit) == {}
    kit.clock.advance(119)
    assert ask(kit) == {}
    assert len(kit.says.posts) == 1
    kit.clock.advance(1)
    kit.says.status, kit.says.crm = 200, {"tier": "gold"}
    assert ask(kit) == GOLD


FAILURES = [
    Unreachable("no address"), Uncertain("no answer"), Retryable("?"), Misconfigured("x", "do y"), RuntimeError("bug"),
    b"<html>", b"[]", b'"x"', b'{"a": "1", "a": "2"}', b'{"a": NaN}', b"", b"[" * 16_000,
]  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=range(len(FAILURES)))
def test_whatever_fails_the_message_goes_on_with_what_was_told_last(kit: Kit, failure: object) -> None:
    ask(kit)
    kit.clock.advance(3600)
    kit.says.crm = failure
    assert ask(kit) == GOLD
    assert kit.metrics.total("front_failed", feature="crm") == 1
    kit.clock.advance(119)
    assert ask(kit) == GOLD
    assert len(kit.says.posts) == 2
    kit.clock.advance(DAY_S)
    assert ask(kit) == {}


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 405, 410, 429, 500, 502, 503])
def test_an_answer_that_refuses_tells_nothing(kit: Kit, status: int) -> None:
    kit.says.status = status
    assert ask(kit) == {}
    assert kit.metrics.total("front_failed", feature="crm") == 1


@pytest.mark.parametrize("held", [{}, {"keys": []}, {"keys": "whsec_x"}, {"keys": ["short"]}, {"keys": [None]}])
def test_without_a_key_nobody_is_called_and_the_operator_is_told(kit: Kit, held: dict[str, object]) -> None:
    kit.secrets.stored["front/crm"] = held
    assert ask(kit) == {}
    assert kit.says.posts == []
    assert kit.metrics.total("front_failed", feature="crm") == 1


def test_the_tables_failure_is_not_the_messages(kit: Kit) -> None:
    kit.memory.down = True
    assert ask(kit) == GOLD


@pytest.mark.parametrize("held", [b"", b"{}", b"[]", b"\xff", b'{"until_s": "x"}'])
def test_what_is_remembered_wrongly_is_asked_anew(kit: Kit, held: bytes) -> None:
    kit.memory.keep(SAID.conversation, "front:crm", held, 100)
    assert ask(kit) == GOLD


def test_it_lies_with_the_customer_and_is_erased_with_them(kit: Kit) -> None:
    ask(kit)
    assert {key for key, _ in kit.memory.held} == {SAID.conversation.key}


def test_an_account_that_fails_is_left_alone_and_no_other(kit: Kit) -> None:
    def write(customer: str) -> dict[str, str]:
        conversation = msgspec.structs.replace(SAID.conversation, customer=customer)
        return kit.asking.enrich(draft(FRONT, msgspec.structs.replace(SAID, conversation=conversation))).facts

    kit.says.crm = Uncertain("late")
    for customer in "abcdef":
        assert write(customer) == {}
    assert len(kit.says.posts) == 3
    assert kit.metrics.total("front_unasked", feature="crm") == 3
    kit.clock.advance(30)
    kit.says.crm = {"tier": "gold"}
    assert write("g") == GOLD
    assert write("h") == GOLD
