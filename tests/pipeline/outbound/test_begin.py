"""An agent's plain text is claimed by the call that reads its conversation; all else is looked up first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import RateLimited, Refused, Retryable, Uncertain, Waiting
from chalicelib.vocabulary.records import Thread
from tests.fakes import START, turn
from tests.pipeline.outbound.test_to_customer import CAN, CONVERSATION, EVENT, SAID, SHORT, THREE, WITH_FILE, Kit

WROTE_MS = int(START * 1000)
DATED = msgspec.structs.replace(EVENT, made_ms=WROTE_MS + 1000)


class Watched:
    """The ledger, and which of its methods were called."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._ledger, name)
        if not callable(held):
            return held

        def call(*args: Any, **named: Any) -> Any:
            if name not in {"accounts", "held"}:  # which are looked at once a minute
                self.calls.append(name)
            return held(*args, **named)

        return call


def watched(kit: Kit) -> list[str]:
    """Of what the worker asks from now on."""
    watch = Watched(kit.ledger)
    for one in _holders(kit.work):
        one._ledger = watch
    return watch.calls


def _holders(work: Any) -> list[Any]:
    """Everything of the worker that holds the ledger, once."""
    found: list[Any] = []
    looked = [work]
    while looked:
        one = looked.pop()
        if any(one is other for other in found):
            continue
        held = (
            list(vars(one).values())
            if hasattr(one, "__dict__") and type(one).__module__.startswith("chalicelib")
            else []
        )
        found += [one] if "_ledger" in getattr(one, "__dict__", {}) else []
        looked += [part for part in held if type(part).__module__.startswith("chalicelib.pipeline")]
    return found


def test_a_plain_text_takes_one_call_before_it_is_sent_and_one_after() -> None:
    kit = Kit()
    calls = watched(kit)
    kit.handle(DATED)
    assert calls == ["begin", "sent"]
    assert kit.client.texts == [SAID.text]
    assert kit.state() == "done"


@pytest.mark.parametrize(
    "event", [EVENT, msgspec.structs.replace(DATED, late=True), msgspec.structs.replace(DATED, order="7")]
)
def test_what_tells_no_time_or_comes_back_is_looked_up(event: Any) -> None:
    kit = Kit()
    calls = watched(kit)
    kit.handle(event)
    assert "claim" in calls
    assert kit.client.texts == [SAID.text]


def test_what_is_handed_out_again_is_looked_up() -> None:
    kit = Kit()
    calls = watched(kit)
    kit.work.handle(DATED, turn(received=2))
    assert calls == ["begin", "claim", "sent"]


def test_the_parts_behind_the_first_are_claimed_by_themselves() -> None:
    kit = Kit(THREE, limit=5)
    calls = watched(kit)
    kit.handle(DATED)
    assert calls == ["begin", "sent", "claim", "sent", "claim", "sent"]


def test_what_is_fetched_first_is_not_begun_before() -> None:
    """Who dies over a download has sent nothing."""
    kit = Kit(msgspec.structs.replace(SAID, files=WITH_FILE.files))
    calls = watched(kit)
    kit.handle(DATED)
    assert "begin" not in calls
    assert kit.client.texts[:1] == [SAID.text]


def test_a_worker_without_time_gives_it_back() -> None:
    kit = Kit()
    kit.remaining_s = 1.0
    assert isinstance(kit.later(DATED), Waiting)
    assert kit.state() == ""
    kit.remaining_s = 600.0
    kit.handle(DATED)
    assert kit.client.texts == [SAID.text]


@pytest.mark.parametrize("error", [Retryable("HTTP 503"), RateLimited("HTTP 429")])
def test_what_did_not_go_out_goes_out_once(error: Retryable) -> None:
    kit = Kit()
    kit.client.answers = [error]
    kit.later(DATED)
    assert kit.state() == ""
    kit.clock.advance(60)
    kit.handle(DATED)
    assert kit.client.texts[-1:] == [SAID.text]
    assert kit.state() == "done"


def test_what_nobody_knows_of_is_found_out() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    kit.later(DATED)
    assert kit.state() == "doubt"
    kit.until(DATED)
    assert len(kit.client.sent) == 1
    assert kit.state() == "refused"


def test_a_copy_is_not_sent_again() -> None:
    kit = Kit()
    kit.handle(DATED)
    for event in (DATED, msgspec.structs.replace(DATED, made_ms=DATED.made_ms + 5)):
        kit.handle(event, life="another")
    assert len(kit.client.sent) == 1


def unseen(kit: Kit) -> None:
    kit.ledger.threads[CONVERSATION.key] = Thread(customer_ms=WROTE_MS)


def test_that_they_were_read_is_noted_with_the_answer() -> None:
    kit = Kit(SHORT, can=CAN)
    unseen(kit)
    calls = watched(kit)
    kit.handle(DATED)
    assert kit.client.acts == ["seen"]
    assert calls == ["begin", "sent"]
    assert kit.ledger.thread(CONVERSATION).seen_ms == WROTE_MS


def test_where_the_sign_fails_the_next_answer_shows_it() -> None:
    kit = Kit(SHORT, can=CAN)
    unseen(kit)
    kit.client.act_error = Refused("other", "no")
    kit.handle(DATED)
    assert kit.ledger.thread(CONVERSATION).seen_ms == 0
    kit.client.act_error = None
    kit.says.said = msgspec.structs.replace(SHORT, id="gen-2")
    kit.handle(msgspec.structs.replace(DATED, id="gen-2", made_ms=DATED.made_ms + 1000))
    assert kit.client.acts[-1:] == ["seen"]
    assert kit.ledger.thread(CONVERSATION).seen_ms == WROTE_MS


def test_half_an_answer_is_no_sign() -> None:
    kit = Kit(THREE, can=CAN)
    unseen(kit)
    kit.client.answers = ["mid-1", Refused("other", "no")]
    kit.handle(DATED)
    assert kit.state(2) == "refused"
    assert kit.client.acts == []
    assert kit.ledger.thread(CONVERSATION).seen_ms == 0
