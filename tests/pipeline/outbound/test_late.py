"""A reply that waits for a platform's limit: in its order, for as long as it takes, and its agent knows."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.errors import Misconfigured, Refused, Retryable, Throttled, Uncertain, Waiting
from chalicelib.pipeline.outbound.telling import LATE_TRIES
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary.capabilities import Capabilities, WindowPolicy
from tests.fakes import INSTAGRAM, START
from tests.pipeline.outbound.test_to_customer import DELIVERED, SAID, Kit, failed

# As the settings have it by default.
LATE_S = 300.0


def throttled(after_s: float = 60.0) -> Throttled:
    return Throttled("no more for now", after_s)


def test_a_reply_waits_as_long_as_the_platform_says_and_spends_nothing() -> None:
    kit = Kit()
    kit.client.answers = [throttled(3600.0) for _ in range(12)]
    kit.until(most=20)
    assert kit.clock() - START > 10 * 3600, "far beyond what a reply is tried for"
    assert kit.desk.reported == [DELIVERED]
    assert kit.state() == "done"


def test_its_agent_reads_once_that_it_waits_as_soon_as_that_takes_long() -> None:
    kit = Kit()
    kit.client.answers = [throttled(3600.0) for _ in range(6)]
    assert kit.later().after_s == LATE_S, "and no later"
    assert kit.desk.delivered == []
    kit.clock.advance(LATE_S)
    assert kit.later().after_s == 3600.0
    [line] = kit.desk.delivered
    assert "Your reply waits: Instagram accepts no more messages" in line.text
    assert line.opens is False
    kit.until()
    assert kit.desk.delivered == [line]


def test_a_reply_that_goes_out_before_that_is_nothing_to_tell() -> None:
    kit = Kit()
    kit.client.answers = [throttled(), throttled()]
    kit.until()
    assert kit.desk.delivered == []
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize("author", ["bot", "flow"])
def test_a_bot_is_told_nothing_which_it_would_answer(author: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, author=author))
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, flow_texts=True)]
    kit.client.answers = [throttled(3600.0) for _ in range(6)]
    kit.until()
    assert kit.desk.delivered == []


def test_an_account_without_notices_has_none() -> None:
    kit = Kit()
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, notices=False)]
    kit.client.answers = [throttled(3600.0) for _ in range(6)]
    kit.until()
    assert kit.desk.delivered == []


@pytest.mark.parametrize(
    "error", [Retryable("HTTP 503"), Misconfigured("HTTP 403", "grant it"), Refused("other", "no"),
              Uncertain("no answer"), KeyError("surprise")],
)  # fmt: skip
def test_a_desk_that_cannot_be_told_holds_up_no_reply(error: Exception) -> None:
    kit = Kit()
    kit.desk.open_error = error
    kit.client.answers = [throttled() for _ in range(20)]
    kit.until()
    assert kit.desk.reported == [DELIVERED]
    assert kit.desk.looks <= LATE_TRIES


def test_a_day_is_the_end_and_told() -> None:
    kit = Kit(can=Capabilities(text_limit=1000, text_unit="bytes", window=WindowPolicy(open_s=None)))
    kit.client.answers = [throttled(3600.0) for _ in range(60)]
    kit.until()
    assert kit.clock() - START >= BUDGETS["throttled"].for_s
    assert kit.desk.reported == [failed("rate_limited", "given up: no more for now")]
    assert [line.text.partition(" ")[0] for line in kit.desk.delivered] == ["[Your", "[Your"]
    assert kit.state() == "refused"


def test_what_a_platform_works_on_is_waited_for_without_end_as_its_client_judges() -> None:
    kit = Kit()
    kit.client.answers = [Waiting("the platform works on a file", 60.0) for _ in range(60)]
    kit.until()
    assert kit.clock() - START > BUDGETS["reply"].for_s
    assert kit.desk.reported == [DELIVERED]


def test_a_fault_of_configuration_is_given_up_as_before() -> None:
    kit = Kit()
    kit.client.answers = [Misconfigured("no token", "store one")] * 60
    kit.until()
    assert kit.desk.reported == [failed("account_disconnected", "no token")]
