"""Files that are searched for malware, both ways: nothing of one is handed on before its verdict.

The scanner is a part of the test: it says of each copy in the bucket what it finds, as the tag of the real one does.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import BeingScanned, Retryable
from chalicelib.rules.scanning import Policy
from chalicelib.vocabulary.messages import Fetched
from chalicelib.vocabulary.replies import MediaPart
from tests.fakes import FakeShelf
from tests.pipeline.inbound import test_to_desk as inbound
from tests.pipeline.outbound import test_to_customer as outbound
from tests.pipeline.test_media import Bench as Links
from tests.pipeline.test_media import Container, request

# eicar.org/download-anti-malware-testfile, in two halves: nobody's scanner is to find this file
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
INFECTED = Fetched(body=b"%PDF-1.4\n1 0 obj\nstream\n" + EICAR + b"\nendstream", mime="application/pdf")
LOCKED = Fetched(body=b"%PDF-1.4\n<< /Encrypt 5 0 R >>", mime="application/pdf")
SCAN = Policy(wait_s=60.0)


def scan(shelf: FakeShelf) -> None:
    """What the scanner says of all that lies there."""
    for key in shelf.files:
        body = shelf.kept[key]
        shelf.verdicts[key] = (
            "THREATS_FOUND" if EICAR in body else "UNSUPPORTED" if b"/Encrypt" in body else "NO_THREATS_FOUND"
        )


def customers(file: Fetched | None = None, policy: Policy = SCAN, **says: Any) -> inbound.Kit:
    kit = inbound.Kit(msgspec.structs.replace(inbound.PICTURE, **says), scan=policy)
    kit.fetch.answers = [file] if file else []
    return kit


def agents(file: Fetched | None = None, policy: Policy = SCAN, **says: Any) -> outbound.Kit:
    kit = outbound.Kit(msgspec.structs.replace(outbound.WITH_FILE, **says), can=outbound.CARRIES, scan=policy)
    kit.fetch.answers = [file] if file else []
    return kit


def waits(kit: inbound.Kit | outbound.Kit) -> Retryable:
    later = kit.later()
    assert isinstance(later, BeingScanned)
    assert later.after_s == 2.0
    return later


# A customer's file


def test_a_customers_file_waits_for_its_verdict_and_is_shown_when_it_is_clean() -> None:
    kit = customers()
    waits(kit)
    kit.clock.advance(2)
    with pytest.raises(BeingScanned):
        kit.handle(again=True)
    assert kit.desk.delivered == []
    scan(kit.shelf)
    kit.handle(again=True)
    [message] = kit.desk.delivered
    assert message.attachment is not None
    assert len(kit.fetch.asked) == 1
    assert kit.metrics.total("scanned", outcome="clean") == 1


def test_a_customers_infected_pdf_becomes_a_line_and_its_text_is_shown() -> None:
    kit = customers(INFECTED, text="Our order")
    waits(kit)
    scan(kit.shelf)
    kit.handle(again=True)
    [message] = kit.desk.delivered
    assert message.attachment is None
    assert sorted(message.text.splitlines()) == [
        "Our order",
        "[A file (image) that is withheld: malware was found in it]",
    ]
    assert kit.metrics.total("scanned", outcome="threat") == 1
    assert kit.metrics.total("media", outcome="media_threat") == 1


@pytest.mark.parametrize(("unscannable", "shown"), [("refuse", False), ("allow", True)])
def test_a_locked_pdf_is_shown_only_where_that_is_set(unscannable: Any, shown: bool) -> None:
    kit = customers(LOCKED, Policy(wait_s=60, unscannable=unscannable))
    waits(kit)
    scan(kit.shelf)
    kit.handle(again=True)
    [message] = kit.desk.delivered
    assert (message.attachment is not None) == shown
    assert ("could not be searched for malware" in message.text) != shown


@pytest.mark.parametrize(("without", "shown"), [("refuse", False), ("allow", True)])
def test_without_a_verdict_it_waits_so_long_and_no_longer(without: Any, shown: bool) -> None:
    kit = customers(policy=Policy(wait_s=60, without_verdict=without))
    waits(kit)
    kit.clock.advance(59)
    with pytest.raises(BeingScanned):
        kit.handle(again=True)
    kit.clock.advance(1)
    kit.handle(again=True)
    assert [message.attachment is not None for message in kit.desk.delivered] == [shown]


def test_where_it_is_held_it_waits_on_and_is_shown_once_it_is_clean() -> None:
    kit = customers(policy=Policy(wait_s=60, without_verdict="hold"))
    waits(kit)
    kit.clock.advance(3 * 3600)
    with pytest.raises(BeingScanned):
        kit.handle(again=True)
    scan(kit.shelf)
    kit.handle(again=True)
    assert kit.desk.delivered[0].attachment is not None


def test_a_role_that_may_not_read_verdicts_hands_nothing_on() -> None:
    """The bucket answers it as if nothing lay there."""
    kit = customers()
    kit.shelf.verdict = lambda key: None  # type: ignore[method-assign]  # a bucket that shows no tags
    waits(kit)
    kit.clock.advance(61)
    kit.handle(again=True)
    [message] = kit.desk.delivered
    assert message.attachment is None


def test_where_nobody_scans_nobody_asks() -> None:
    kit = inbound.Kit(inbound.PICTURE)
    kit.shelf.verdict = None  # type: ignore[assignment, method-assign]  # to be asked would raise
    kit.handle()
    assert kit.desk.delivered[0].attachment is not None


# An agent's file


def test_an_agents_file_is_held_before_anything_of_its_message_is_sent() -> None:
    kit = agents(text="Look")
    waits(kit)
    assert kit.client.parts == []
    scan(kit.shelf)
    kit.handle()
    assert kit.client.texts[0] == "Look"
    assert isinstance(kit.client.parts[1][1], MediaPart)
    assert kit.desk.reported == [outbound.DELIVERED]
    assert len(kit.fetch.asked) == 1


@pytest.mark.parametrize(
    ("file", "reason", "why"),
    [(INFECTED, "media_threat", "Malware was found"), (LOCKED, "media_unchecked", "could not be searched for malware")],
)
def test_an_agents_file_that_is_withheld_is_told_by_receipt_and_line(file: Fetched, reason: str, why: str) -> None:
    kit = agents(file, text="Look")
    waits(kit)
    scan(kit.shelf)
    kit.handle()
    assert kit.client.texts == ["Look"]
    assert [(told.delivered, told.reason) for told in kit.desk.reported] == [(False, reason)]
    [line] = kit.desk.delivered
    assert why in line.text
    assert not any("/api/media/" in text for text in kit.client.texts)


def test_an_agents_file_that_waits_for_hours_is_not_given_up_as_a_reply_is() -> None:
    kit = agents(policy=Policy(wait_s=60, without_verdict="hold"))
    waits(kit)
    kit.clock.advance(3600)
    waits(kit)
    scan(kit.shelf)
    kit.handle()
    assert kit.desk.reported == [outbound.DELIVERED]


# The door


def door(links: Links, policy: Policy, verdict: str | None) -> Any:
    """One that asks for verdicts, over the same bucket."""
    links.shelf.verdict = lambda key: verdict  # type: ignore[method-assign]  # the scanner says one thing of all
    made: Container = links.container()
    made.door._scan = policy
    return made.door


@pytest.mark.parametrize(
    ("verdict", "policy", "status"),
    [
        ("NO_THREATS_FOUND", SCAN, 302),
        ("THREATS_FOUND", SCAN, 404),
        ("THREATS_FOUND", Policy(wait_s=60, without_verdict="allow", unscannable="allow"), 404),
        ("UNSUPPORTED", SCAN, 404),
        ("UNSUPPORTED", Policy(wait_s=60, unscannable="allow"), 302),
        ("", SCAN, 503),
        ("", Policy(wait_s=60, without_verdict="hold"), 503),
        ("", Policy(wait_s=60, without_verdict="allow"), 302),
        (None, SCAN, 503),
    ],
)
def test_a_link_opens_only_what_is_clean(verdict: str | None, policy: Policy, status: int) -> None:
    links = Links()
    token = links.token()
    assert door(links, policy, verdict).answer(request("GET"), token).status == status


def test_a_link_to_what_is_gone_is_not_found() -> None:
    links = Links()
    token = links.token()
    links.shelf.files.clear()
    assert door(links, SCAN, None).answer(request("GET"), token).status == 404
