"""What GET /front tells of conversations, from rows as the bridge writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from chalicelib.vocabulary.records import Event
from sandbox.show.fronts import Fronts
from sandbox.stage.vendors import Account

SHOP, OTHER = "17841400000000001", "17841400000000002"
ACCOUNTS: list[Account] = [
    {"channel": "instagram", "id": SHOP, "name": "shop"},
    {"channel": "instagram", "id": OTHER, "name": "other", "desk": "connect"},
]
ALICE = f"CONV#instagram#{SHOP}#alice"


def row(pk: str, sk: str, **fields: str | int) -> dict[str, Any]:
    typed = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in fields.items()}
    return {"pk": {"S": pk}, "sk": {"S": sk}, **typed}


def said(number: int, text: str, **more: Any) -> dict[str, Any]:
    """An exchange with the bot, as its memory has it."""
    told = {"id": f"e{number}", "text": text, "at_ms": 1000 * number, "number": number} | more
    return {"pk": {"S": ALICE}, "sk": {"S": f"MEMO#bot:talk:t:e{number}"}, "memo": {"B": json.dumps(told).encode()}}


def event(text: str, mid: str = "m1", customer: str = "alice") -> Event:
    said = {
        "sender": {"id": customer},
        "recipient": {"id": SHOP},
        "timestamp": 5,
        "message": {"mid": mid, "text": text},
    }
    raw = msgspec.Raw(json.dumps(said).encode())
    return Event(source="instagram", account=SHOP, party=customer, id=f"message:{mid}", received_ms=5,
                 section="messaging", raw=raw)  # fmt: skip


class Stores:
    """A table, a queue and a bucket in memory."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.lying = [*rows]
        self.queued: list[Event] = []
        self.aside: list[Event] = []
        self.given: dict[str, dict[str, Any]] = {f"instagram#{SHOP}": {"guards": {}}}

    def fronts(self) -> dict[str, dict[str, Any]]:
        return self.given

    def put_front(self, account: Account, front: Mapping[str, Any] | None) -> None:
        others = {key: given for key, given in self.given.items() if key != f"{account['channel']}#{account['id']}"}
        self.given = others | ({f"{account['channel']}#{account['id']}": dict(front)} if front else {})

    def rows(self) -> list[Mapping[str, Any]]:
        return [*self.lying]

    def waiting(self) -> list[Event]:
        return self.queued

    def guarded(self) -> list[Event]:
        return self.aside


def talks(stores: Stores) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Fronts(ACCOUNTS, stores, {}, lambda: None).told()["talks"]
    return found


@pytest.mark.parametrize(
    ("state", "holder"),
    [
        ({}, ""),
        ({"generation": 3}, ""),
        ({"desk": "c1"}, "genesys"),
        ({"desk": "c1", "seat_desk": "connect", "generation": 1}, "connect"),
        ({"desk": "t1", "seat_desk": "bot", "bot_until": 1}, "bot"),
        ({"desk": "c1", "holder": "us"}, "genesys"),
        ({"desk": "c1", "holder": "890000000000001"}, "app"),
        ({"holder": "890000000000001"}, "app"),
        ({"holder": "nobody"}, ""),
    ],
    ids=["new", "over", "first desk", "other desk", "bot", "ours", "taken by an app", "an app's", "nobody's"],
)
def test_who_has_a_conversation(state: dict[str, str | int], holder: str) -> None:
    [talk] = talks(Stores(row(ALICE, "STATE", **state)))
    assert (talk["channel"], talk["account"], talk["customer"]) == ("instagram", SHOP, "alice")
    assert talk["holder"] == holder


def test_an_account_without_a_front_tells_nothing_until_it_has_had_one() -> None:
    stores = Stores(row(f"CONV#instagram#{OTHER}#bob", "STATE", desk="c2"), row("ACCOUNT", f"instagram#{OTHER}"))
    assert talks(stores) == []
    stores.given = {f"instagram#{OTHER}": {"guards": {}}}
    fronts = Fronts(ACCOUNTS, stores, {}, lambda: None)
    assert [one["holder"] for one in fronts.told()["talks"]] == ["connect"]
    stores.given = {}
    assert [one["customer"] for one in fronts.told()["talks"]] == ["bob"]
    fronts.reset()
    assert fronts.told()["talks"] == []


def test_an_answer_that_nobody_began_to_send_was_never_said() -> None:
    answer = {"text": "We are open.", "confidence": 90}
    talk = [said(2, "And now?", said=answer), said(1, "Hello", said=answer), said(3, "A person!", why="request")]
    sent = row(ALICE, "OUT#bot:e6512f2267902cd836d8abd85df00191#1")  # the claim of the second's first part
    stores = Stores(*talk, sent)
    [found] = talks(stores)
    assert [(one["text"], one["answer"], one["why"]) for one in found["bot"]] == [
        ("Hello", "", ""),
        ("And now?", "We are open.", ""),
        ("A person!", "", "request"),
    ]


def test_what_is_held_or_parked_waits_and_what_is_on_its_way_does_not() -> None:
    held = row(ALICE, "TALK", step="hold", why="loop:same+ours", until=100)
    stores = Stores()
    stores.queued = [event("first", "m1"), event("another's", "m9", "bob")]
    assert [one["waiting"] for one in talks(stores)] == []
    stores.lying = [held]
    stores.aside = [event("parked", "m0")]
    [talk] = talks(stores)
    assert talk["guard"] == {"step": "hold", "why": "loop:same+ours", "until_ms": 100_000}
    assert [(one["text"], one["step"]) for one in talk["waiting"]] == [("first", "hold"), ("parked", "park")]
    stores.aside.append(event("first", "m1"))  # it is being put aside just now
    [talk] = talks(stores)
    assert [(one["text"], one["step"]) for one in talk["waiting"]] == [("parked", "park"), ("first", "park")]


def test_a_conversation_is_told_of_by_what_was_put_aside_alone() -> None:
    stores = Stores()
    stores.aside = [event("parked")]
    [talk] = talks(stores)
    assert (talk["customer"], talk["holder"], talk["guard"], len(talk["waiting"])) == ("alice", "", None, 1)


def test_what_cannot_be_read_is_nobodys() -> None:
    stores = Stores(row(ALICE, "TALK", step="hold", why="w", until=100))
    stores.queued = [msgspec.structs.replace(event("x"), raw=msgspec.Raw(b"[]"), section="changes")]
    [talk] = talks(stores)
    assert talk["waiting"] == []
