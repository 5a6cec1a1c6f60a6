"""What a comparison reads of a conversation, and that it goes on from where it was."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from chalicelib.vocabulary.proof import Comparison, Known, Tally
from chalicelib.vocabulary.records import Account, Conversation, Seat, Thread
from tests.aws.conftest import ACCOUNT, Cloud

NOW = 1_800_000_000.0


def test_a_conversation_is_known_by_its_work_and_its_state(cloud: Cloud) -> None:
    table, whose = cloud.table, Conversation("instagram", "1784", uuid4().hex)
    assert table.known(whose) == Known()
    table.claim(whose, "IN#message:m1", NOW, 90)
    table.delivered(whose, "IN#message:m1", NOW + 1, Thread(seat=Seat(conversation="d-1"), customer_ms=5), "Hello")
    table.claim(whose, "IN#message:m2", NOW, 90)
    table.buried(whose, "IN#message:m3", NOW)
    table.edited(whose, "IN#message:m4", NOW, 1, "an edit that came first")
    table.claim(whose, "OUT#g1#1", NOW, 90)
    table.sent(whose, "OUT#g1#1", NOW + 2, "p1")
    table.claim(whose, "OUT#g2#1", NOW, 90)
    table.refuse(whose, "OUT#g2#1", NOW, "window_closed", "code 10")
    known = table.known(whose)
    assert {name: (one.state, one.result, one.reason) for name, one in known.work.items()} == {
        "IN#message:m1": ("done", "d-1", ""),
        "IN#message:m2": ("leased", "", ""),
        "IN#message:m3": ("buried", "", ""),
        "OUT#g1#1": ("done", "p1", ""),
        "OUT#g2#1": ("refused", "", "window_closed"),
    }
    assert known.work["IN#message:m1"].since_s == NOW
    assert (known.thread.seat.conversation, known.thread.customer_ms) == ("d-1", 5)


def test_a_comparison_goes_on_from_where_it_was_kept_last(cloud: Cloud) -> None:
    account = msgspec.structs.replace(msgspec.convert(ACCOUNT, Account), id=uuid4().hex)
    assert cloud.table.comparison(account, "daily") is None
    held = Comparison(
        since_ms=1, until_ms=2, floor_ms=1, began_s=NOW, cursor="7", seen=("a", "b"), inbound=Tally(missing=3)
    )
    cloud.table.keep_comparison(account, "daily", NOW, held)
    cloud.table.keep_comparison(account, "by hand", NOW, msgspec.structs.replace(held, cursor="8"))
    assert cloud.table.comparison(account, "daily") == held
