"""The judge sees whatever should not be, and nothing where all is well."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.simulators.x.dms import Message
from tests.chaos.processes.town import shown
from tests.chaos.tally import Said, Talk, counted
from tests.chaos.world import PICTURE

A, B = Said("m-1", ["a"], 1.0, 2.0), Said("m-2", ["b"], 3.0, 4.0)
TWO, LONG = Said("gen-1", ["yes"], 1.0, 2.0), Said("gen-2", ["x", "y"], 3.0, 4.0)
TOLD = {"gen-1": ["Delivered"], "gen-2": ["Delivered"]}
FAILED = TOLD | {"gen-2": ["Failed"]}
NOTICE = "[Your reply was not delivered. Nobody knows why.]"
WELL: dict[str, Any] = {
    "wrote": [A, B],
    "shown": ["a", "b"],
    "answers": [TWO, LONG],
    "got": ["yes", "x", "y"],
    "told": TOLD,
}
SAME = [Said("gen-1", ["ok"], 1.0, 2.0), Said("gen-2", ["ok"], 3.0, 4.0)]

CASES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "all is well": ({}, {}),
    "lost to the desk": ({"shown": ["a"]}, {"to the desk: lost": 1}),
    "told in its place": ({"shown": ["a", "[A message of the customer's could not be shown here.]"]}, {}),
    "shown twice": ({"shown": ["a", "b", "a"]}, {"to the desk: doubled": 1}),
    "shown in another order": ({"shown": ["b", "a"]}, {"to the desk: out_of_order": 1}),
    "late, and told to be": ({"shown": ["b", "[This message comes late:]\na"]}, {}),
    "the webhooks overlapped": ({"shown": ["b", "a"], "wrote": [Said("m-1", ["a"], 1.0, 3.5), B]}, {}),
    "nobody knows when the second was told": (
        {"shown": ["b", "a"], "wrote": [A, Said("m-2", ["b"])]}, {},
    ),
    "an echo taken for another's": (
        {"shown": ["a", "b", "[Sent from the app:]\nyes"]}, {"to the desk: told_as_from_elsewhere": 1},
    ),
    "lost to the customer": ({"got": ["yes"]}, {"to customers: lost": 1}),
    "half of it lost": ({"got": ["yes", "x"]}, {"to customers: lost": 1}),
    "failed and told": ({"got": ["yes"], "told": FAILED, "shown": ["a", "b", NOTICE]}, {}),
    "failed and told by no notice": ({"got": ["yes"], "told": FAILED}, {"to customers: untold": 1}),
    "received twice": ({"got": ["yes", "x", "y", "yes"]}, {"to customers: doubled": 1}),
    "received in another order": ({"got": ["x", "y", "yes"]}, {"to customers: out_of_order": 1}),
    "received, and nobody told": ({"told": {"gen-1": ["Delivered"]}}, {"to customers: untold": 1}),
    "told failed, but received": (
        {"told": FAILED, "shown": ["a", "b", NOTICE]}, {"to customers: failed_but_received": 1},
    ),
    "told both": (
        {"told": TOLD | {"gen-1": ["Failed", "Delivered"]}, "shown": ["a", "b", NOTICE]},
        {"to customers: receipts_of_both_kinds": 1, "to customers: failed_but_received": 1,
         "to customers: receipts_again": 1},
    ),
    "told twice": ({"told": TOLD | {"gen-1": ["Delivered"] * 2}}, {"to customers: receipts_again": 1}),
    "a notice twice": (
        {"got": ["yes"], "told": FAILED, "shown": ["a", "b", NOTICE, NOTICE]}, {"to customers: notices_again": 1},
    ),
    "the same words, one of which failed": (
        {"answers": SAME, "got": ["ok"], "told": FAILED, "shown": ["a", "b", NOTICE]}, {},
    ),
    "the same words, one too many": ({"answers": SAME, "got": ["ok"] * 3}, {"to customers: doubled": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_should_not_be_is_counted_and_named(name: str) -> None:
    changed, faults = CASES[name]
    found = counted([Talk(**(WELL | changed))])
    assert found.faults == faults
    assert (found.inbound.sent, found.outbound.sent) == (2, 2)
    assert len(found.named()) == len(found.faults)
    assert found.named([name for name, _ in found.named()]) == []


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"text": "yes", "tag": "HUMAN_AGENT", "attachments": []}, "yes"),
        ({"type": "TEXT", "text": {"body": "yes"}}, "yes"),
        ({"message": Message("1", "2", "yes", by_app="3")}, "yes"),
        ({"attachments": ["…"]}, PICTURE),
        ({"type": "IMAGE", "image": {}}, PICTURE),
    ],
)
def test_phones_show_what_each_platform_was_given(said: dict[str, Any], read: str) -> None:
    assert shown(said) == read
