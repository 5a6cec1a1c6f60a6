"""The proof: it has to see what is lost and what is doubled, and to take nothing else for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace as replaced

from chalicelib.vocabulary.records import Event
from sandbox.show.naming import Passage
from sandbox.show.proof import Findings, Taken, Witness, keys_of, prove, taken
from sandbox.stage.clock import Clock
from tests.sandbox.kit import names as known_names


def event(trace: str, key: str = "") -> Passage:
    return Passage(trace, "in", "instagram", "customer", key or f"key of {trace}")


def reply(trace: str) -> Passage:
    return Passage(trace, "out", "instagram", "customer", f"key of {trace}")


def keyed(*found: Passage) -> dict[str, Passage]:
    return {one.key: one for one in found}


def keys(*traces: str) -> frozenset[str]:
    return frozenset(f"key of {trace}" for trace in traces)


WELL = Findings(
    customers=keyed(event("message:1"), event("message:2")),
    agents=keyed(reply("r1")),
    delivered=keys("message:1", "message:2", "r1"),
    at_desk=(Taken("message:1", "1", "id-1"), Taken("message:2", "1", "id-2")),
    at_platform=(Taken("r1", "1", "Hello"),),
)


def test_all_is_well() -> None:
    assert prove(WELL) == {
        "customers_sent": 2, "agents_saw": 2, "agents_sent": 1, "customers_got": 1, "refused_and_told": 0,
        "ignored": {}, "parked": 0, "in_flight": 0, "lost": 0, "doubled": 0,
        "out_of_order": 0,
    }  # fmt: skip


def test_a_message_that_never_arrived_is_lost() -> None:
    proof = prove(replace(WELL, at_desk=WELL.at_desk[:1]))
    assert (proof["agents_saw"], proof["lost"]) == (1, 1)


def test_a_reply_that_never_arrived_is_lost() -> None:
    proof = prove(replace(WELL, at_platform=()))
    assert (proof["customers_got"], proof["lost"]) == (0, 1)


def test_a_message_that_agents_see_twice_is_doubled() -> None:
    assert prove(replace(WELL, at_desk=(*WELL.at_desk, Taken("message:1", "2", "id-1"))))["doubled"] == 1


def test_a_reply_that_customers_get_twice_is_doubled() -> None:
    assert prove(replace(WELL, at_platform=(*WELL.at_platform, Taken("r1", "2", "Hello"))))["doubled"] == 1


@pytest.mark.parametrize(
    "parts",
    [
        (Taken("r1", "1", "aaa"), Taken("r1", "1", "aaa")),  # one attempt sends each of its parts once
        (Taken("r1", "1", "one"), Taken("r1", "2", "two")),
        (Taken("r1", "1", "Thanks"), Taken("r2", "1", "Thanks")),
    ],
    ids=["parts alike", "parts at two attempts", "two replies alike"],
)
def test_these_are_not_doubled(parts: tuple[Taken, ...]) -> None:
    assert prove(replace(WELL, at_platform=parts))["doubled"] == 0


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"waiting": keys("message:2")}, {"in_flight": 1}),
        ({"delivered": keys("message:1", "r1")}, {"in_flight": 1}),  # the platform has yet to deliver it
        ({"delivered": keys("message:1", "r1"), "given_up": keys("message:2")}, {"lost": 1}),
        ({"parked": keys("message:2")}, {"parked": 1}),
        ({"ignored": {"key of message:2": "read"}}, {"ignored": {"read": 1}}),
    ],
    ids=["in a queue", "not delivered yet", "given up by the platform", "parked", "left out on purpose"],
)
def test_where_a_message_that_agents_do_not_see_is(changed: dict[str, Any], expected: dict[str, Any]) -> None:
    proof = prove(replace(WELL, at_desk=WELL.at_desk[:1], **changed))
    fate = {"ignored": {}, "parked": 0, "in_flight": 0, "lost": 0} | expected
    assert {name: proof[name] for name in fate} == fate


def test_a_reply_whose_failure_was_told_is_not_lost() -> None:
    proof = prove(replace(WELL, at_platform=(), told=frozenset({"r1"})))
    assert (proof["refused_and_told"], proof["lost"]) == (1, 0)


def test_a_message_taken_back_before_it_was_shown_is_not_lost() -> None:
    both = keyed(event("message:1"), event("deleted:1"))
    found = Findings(customers=both, agents={}, delivered=keys("message:1", "deleted:1"), ignored={
        "key of deleted:1": "unsent_before_shown"
    })  # fmt: skip
    proof = prove(found)
    assert (proof["ignored"], proof["lost"]) == ({"unsent_before_shown": 2}, 0)


def test_what_a_simulator_took_is_told_by_the_workers_header() -> None:
    calls = [{"trace": "im%3A1/3", "id": "a"}, {"id": "b"}, {"trace": "x/1", "id": ""}]
    assert taken(calls, lambda call: str(call["id"])) == (Taken("im:1", "3", "a"),)


def test_an_event_delivered_twice_was_sent_once_and_an_echo_never() -> None:
    witness = Witness(known_names(), Clock())
    for said in ('{"mid":"m1","text":"x"}', '{"mid":"m1","text":"x"}', '{"mid":"m2","text":"x","is_echo":true}'):
        told = f'{{"sender":{{"id":"1"}},"recipient":{{"id":"2"}},"message":{said}}}'
        witness.saw("instagram", f'{{"entry":[{{"id":"2","messaging":[{told}]}}]}}'.encode())
    assert [one.trace for one in witness.events().values()] == ["message:m1"]


def test_whatever_a_platform_delivers_is_accounted_for() -> None:
    witness = Witness(known_names(), Clock())
    witness.saw("tiktok", b"no json")
    assert len(witness.events()) == 1


# --- the order


def written(trace: str, at_ms: int, *, customer: str = "customer", direction: Literal["in", "out"] = "in") -> Passage:
    key = f"key of {trace}"
    return Passage(trace, direction, "instagram", customer, key, account="1", written_ms=at_ms)


def arrived(*traces: str) -> tuple[Taken, ...]:
    return tuple(Taken(trace, "1", f"id of {trace} at {number}") for number, trace in enumerate(traces))


def late(*traces: str, sent: tuple[Passage, ...]) -> int:
    """Out of order, if these arrived in this order: at the desk, and likewise at a platform."""
    empty = Findings(customers={}, agents={})
    inward = prove(replace(empty, customers=keyed(*sent), at_desk=arrived(*traces)))
    outward = prove(replace(empty, agents=keyed(*sent), at_platform=arrived(*traces)))
    assert inward["out_of_order"] == outward["out_of_order"]
    return int(inward["out_of_order"])


THREE = (written("a", 1), written("b", 2), written("c", 3))


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        ("abc", 0),
        ("acb", 1),
        ("cab", 2),
        ("bca", 1),
        ("ac", 0),  # what never arrived is lost, and not late
        ("abcb", 0),  # a second time is doubled, and not late
        ("xabc", 0),  # nobody wrote it: an echo, a line of the bridge's own
    ],
)
def test_what_arrives_after_something_that_was_written_later_is_counted(traces: str, expected: int) -> None:
    assert late(*traces, sent=THREE) == expected


def test_each_conversation_has_its_own_order() -> None:
    sent = (written("a", 1), written("b", 2, customer="another"), written("c", 3)._replace(account="2"))
    assert late("c", "b", "a", sent=sent) == 0


def test_the_same_moment_and_an_inexact_one_are_never_late() -> None:
    sent = (written("a", 5), written("b", 5), written("c", 0))
    assert late("b", "a", "c", sent=sent) == 0


def test_both_ways_are_counted_together() -> None:
    replies = (written("r1", 1, direction="out"), written("r2", 2, direction="out"))
    found = Findings(
        customers=keyed(*THREE), agents=keyed(*replies), at_desk=arrived("b", "a"), at_platform=arrived("r2", "r1")
    )
    assert prove(found)["out_of_order"] == 2


def test_the_platforms_own_time_counts_and_a_moved_clock_does_not() -> None:
    clock = Clock()
    witness = Witness(known_names(), clock)

    def write(mid: str, at_ms: int) -> None:
        said = f'{{"sender":{{"id":"9"}},"recipient":{{"id":"1"}},"timestamp":{at_ms},"message":{{"mid":"{mid}"}}}}'
        witness.saw("instagram", f'{{"entry":[{{"id":"1","messaging":[{said}]}}]}}'.encode())

    write("first", 1_790_000_000_500)
    clock.offset_s = 3600
    write("second", 1_790_000_000_900 + 3_600_000)
    clock.offset_s = 0
    write("third", 1_790_000_001_300)
    times = {one.trace: one.written_ms for one in witness.events().values()}
    assert times == {
        "message:first": 1_790_000_000_500, "message:second": 1_790_000_000_900, "message:third": 1_790_000_001_300,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "raw", "written_ms"),
    [
        ("tiktok", {"event": "im_receive_msg", "content": '{"timestamp":1790000000500}'}, 1790000000500),
        ("tiktok", {"event": "im_receive_msg", "content": "no json"}, 0),
        # comments have whole seconds only: within one, nothing says which came first
        ("instagram", {"entry": [{"id": "1", "time": 1790000000, "changes": [{"field": "comments", "value": {}}]}]}, 0),
    ],
)  # fmt: skip
def test_only_a_time_to_the_millisecond_tells_the_order(source: str, raw: dict[str, Any], written_ms: int) -> None:
    (found,) = known_names().passages(source, json.dumps(raw).encode())
    assert found.written_ms == written_ms


def queued(*names: str) -> Event:
    one, *more = [
        Event(source="instagram", account="1", party="2", id=name, received_ms=1, raw=msgspec.Raw(b"{}"))
        for name in names
    ]
    return replaced(one, id="bundle", bundle=(one, *more)) if more else one


@pytest.mark.parametrize("names", [("a",), ("a", "b", "c")], ids=["an event", "several of a conversation"])
def test_what_lies_in_a_queue_is_told_by_its_events_whatever_the_messages_own_id(names: tuple[str, ...]) -> None:
    message = {"Body": msgspec.json.encode(queued(*names)).decode(), "MessageDeduplicationId": "the burial's own"}
    by_hand = {"Body": "no event"}
    assert keys_of([message, by_hand]) == {queued(name).dedup for name in names}
