"""A desk's outage, and that a customer was told of it, as the table keeps them."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from chalicelib.aws.outages import STALE_S
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.records import Account, Acknowledged, Away, Conversation, Thread
from tests.aws.conftest import ACCOUNT, Cloud

TOLD = Acknowledged(outage_s=1000, message="m-1", at_ms=2_000_000)


def test_an_outage_lasts_from_its_first_to_its_last_sign_and_ends_by_an_answer(cloud: Cloud) -> None:
    desk, now = uuid4().hex, 1000.0
    assert cloud.table.away(desk, now) == Away(desk=desk, since_s=now, last_s=now)
    later = now + STALE_S - 1
    assert cloud.table.away(desk, later) == Away(desk=desk, since_s=now, last_s=later)
    pauses, away = cloud.table.held(later)
    assert Away(desk=desk, since_s=now, last_s=later) in away
    assert not [pause for pause in pauses if pause.account == desk]
    cloud.table.back(desk)
    assert not [one for one in cloud.table.held(later)[1] if one.desk == desk]
    assert cloud.table.away(desk, later + 1).since_s == later + 1


def test_what_was_not_met_for_hours_begins_anew(cloud: Cloud) -> None:
    desk = uuid4().hex
    cloud.table.away(desk, 1000.0)
    later = 1000.0 + STALE_S + 1
    assert not [one for one in cloud.table.held(later)[1] if one.desk == desk]
    assert cloud.table.away(desk, later).since_s == later


def test_a_desk_that_nobody_missed_leaves_nothing(cloud: Cloud) -> None:
    desk = uuid4().hex
    cloud.table.back(desk)
    cloud.table.back(desk)
    assert not [one for one in cloud.table.held(1000.0)[1] if one.desk == desk]


def test_a_customer_is_told_once_in_an_outage_and_in_the_next_only_if_they_wrote_since(cloud: Cloud) -> None:
    whose = Conversation("instagram", "1784", uuid4().hex)
    assert cloud.table.acknowledged(whose) is None
    assert cloud.table.acknowledge(whose, TOLD, 1_500_000)
    assert cloud.table.acknowledge(whose, TOLD, 1_500_000)  # botocore's own second try
    assert cloud.table.acknowledged(whose) == TOLD
    again = msgspec.structs.replace(TOLD, message="m-2", at_ms=3_000_000)
    assert not cloud.table.acknowledge(whose, again, 2_500_000)
    next_one = msgspec.structs.replace(again, outage_s=2500)
    assert not cloud.table.acknowledge(whose, next_one, 1_900_000)
    assert cloud.table.acknowledge(whose, next_one, 2_500_000)
    cloud.table.unacknowledge(whose, TOLD)
    assert cloud.table.acknowledged(whose) == next_one
    cloud.table.unacknowledge(whose, next_one)
    assert cloud.table.acknowledged(whose) is None
    assert cloud.table.acknowledge(whose, next_one, 1_900_000)


def test_what_tells_so_is_counted_and_known_by_its_echo_and_ends_no_wait(cloud: Cloud) -> None:
    whose = Conversation(ACCOUNT["channel"], ACCOUNT["id"], uuid4().hex)
    cloud.table.delivered(whose, "IN#m-0", 900.0, Thread(customer_ms=800_000))
    item = claims.acknowledgement(1000)
    cloud.table.claim(whose, item, 1000.0, 90)
    cloud.table.sent(whose, item, 1000.0, "mid-1")
    assert cloud.table.is_ours(whose, "mid-1")
    assert cloud.table.thread(whose).replies == 1
    account = msgspec.convert(ACCOUNT, Account)
    assert (whose, 800_000) in list(cloud.table.waiting(account, 10**12))
    # the customer's message, which it was about, is shown later: the platform counts from when it was written
    cloud.table.delivered(whose, "IN#m-1", 1100.0, Thread(customer_ms=900_000, replies=1))
    assert cloud.table.thread(whose).replies == 1
    cloud.table.delivered(whose, "IN#m-2", 1100.0, Thread(customer_ms=1_050_000))
    assert cloud.table.thread(whose).replies == 0
