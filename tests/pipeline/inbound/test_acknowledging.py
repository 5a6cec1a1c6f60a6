"""A customer whose window closes while the desk is away is told so once, and the agents read that."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.errors import (
    Misconfigured,
    RateLimited,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unreachable,
)
from chalicelib.rules.catalogue import say
from chalicelib.rules.echoes import mark_of
from chalicelib.vocabulary.capabilities import HOUR_S, Capabilities, WindowPolicy
from chalicelib.vocabulary.messages import CustomerEvent, Echo, Note
from chalicelib.vocabulary.records import Acknowledged, Event, Pause, Thread
from tests.fakes import INSTAGRAM, START, turn
from tests.pipeline.inbound.test_to_desk import CONVERSATION, EVENT, SAID
from tests.pipeline.inbound.test_to_desk import Kit as Base

ON = msgspec.structs.replace(INSTAGRAM, outage_reply=True)
HELLO = say("en", "outage")
TWELVE_H = 12 * HOUR_S


class Kit(Base):
    """The desk is away."""

    def __init__(self, *happened: CustomerEvent, account: Any = ON, **window: Any) -> None:
        super().__init__(*(happened or [SAID]))
        policy = WindowPolicy(**({"open_s": 24 * HOUR_S} | window))
        self.client._capabilities = Capabilities(text_limit=1000, text_unit="bytes", window=policy)
        self.ledger.listed = [account]
        self.away: Exception | None = Unreachable("no connection")

    def meet(self, event: Event = EVENT, *, remaining_s: float = 600.0) -> Retryable | None:
        """The message comes up once."""
        self.desk.answers = [self.away] if self.away else []
        try:
            self.work.handle(event, turn(self.life, remaining_s=remaining_s))
        except Retryable as later:
            return later
        return None

    def wait(self, seconds: float, step_s: float = 300.0, event: Event = EVENT) -> None:
        """So much time goes by, and the message comes up again and again."""
        end_s = self.clock() + seconds
        while self.clock() < end_s:
            self.meet(event)
            self.clock.advance(step_s)

    @property
    def item(self) -> str:
        return f"OUT#outage:{int(START)}#1"


def test_it_is_told_once_untagged_and_in_time_and_the_agent_reads_it_with_the_message() -> None:
    kit = Kit()
    kit.wait(TWELVE_H - 600)
    assert kit.client.parts == []
    kit.wait(11 * HOUR_S)
    [(to, _)] = kit.client.parts
    assert (to.customer, to.tag, to.comment, to.mark) == ("55501", "", "", mark_of(CONVERSATION, kit.item))
    assert kit.client.texts == [HELLO]
    kit.away = None
    assert kit.meet() is None
    [*_, shown] = kit.desk.delivered
    first, *rest = shown.text.splitlines()
    assert first.startswith("[You could not be reached, and the customer was told so automatically, ")
    assert "Thank you for your message." in first
    assert rest == ["Is it back?"]
    assert kit.ledger.thread(CONVERSATION).replies == 1  # as the platform counts
    assert kit.metrics.total("acknowledgement", channel="instagram", outcome="sent") == 1


def test_its_echo_is_ours_and_shown_to_nobody() -> None:
    kit = Kit()
    kit.wait(13 * HOUR_S)
    kit.away = None
    kit.meet()
    shown = kit.posted
    kit.says.happened = [Echo(id="platform-1", conversation=CONVERSATION, sent_ms=1, text=HELLO, lines=())]
    kit.work.handle(msgspec.structs.replace(EVENT, id="echo", section="echo"), turn("echo"))
    assert kit.posted == shown
    assert kit.metrics.total("ignored", reason="echo_own") == 1


@pytest.mark.parametrize(
    "account",
    [INSTAGRAM, msgspec.structs.replace(ON, options={"human_agent": True})],
    ids=["not asked for", "people may answer for a week"],
)
def test_who_need_not_be_told_is_not(account: Any) -> None:
    kit = Kit(account=account, human_agent_s=7 * 24 * HOUR_S, human_agent_tag="HUMAN_AGENT")
    kit.wait(30 * HOUR_S)
    assert kit.client.parts == []


@pytest.mark.parametrize(
    "happening",
    [
        msgspec.structs.replace(SAID, starts_window=False, comment="c-1", username="ana"),
        msgspec.structs.replace(SAID, username="tea.shop"),
        Note(id="n", kind="reaction", conversation=CONVERSATION, sent_ms=1, lines=(), text="x"),
    ],
    ids=["a comment", "the brand's own", "no message"],
)
def test_only_a_customers_message_is_answered(happening: CustomerEvent) -> None:
    kit = Kit(happening)
    kit.wait(23 * HOUR_S)
    assert kit.client.parts == []


@pytest.mark.parametrize(
    "error", [RateLimited("429", 1), Misconfigured("403", "a permission"), Retryable("table busy")]
)
def test_what_is_no_outage_tells_nobody(error: Exception) -> None:
    kit = Kit()
    kit.away = error
    kit.wait(23 * HOUR_S)
    assert kit.client.parts == []


def test_a_message_that_alone_is_not_taken_is_no_outage() -> None:
    kit = Kit()
    other = msgspec.structs.replace(EVENT, id="other")
    for _ in range(200):
        kit.meet()
        kit.says.happened = [msgspec.structs.replace(SAID, id=f"o-{kit.clock()}")]
        kit.away = None
        kit.meet(other)
        kit.says.happened, kit.away = [SAID], Unreachable("only this one")
        kit.clock.advance(400)
    assert kit.client.parts == []


def test_what_was_not_sent_is_told_later_and_what_was_refused_never() -> None:
    for error, texts in ((TokenRefused("190"), 2), (RateLimited("613"), 2), (Refused("window_closed", "10"), 1)):
        kit = Kit()
        kit.client.answers = [error]
        kit.wait(14 * HOUR_S)
        assert kit.client.texts == [HELLO] * texts
        kit.away = None
        kit.meet()
        assert ("told so" in kit.desk.delivered[-1].text) is (texts == 2)


@pytest.mark.parametrize("error", [Uncertain("no answer"), LookupError("odd")])
def test_an_unknown_outcome_is_never_sent_again_and_holds_up_no_echo_for_long(error: Exception) -> None:
    kit = Kit()
    kit.client.answers = [error]
    kit.wait(23 * HOUR_S)
    assert kit.client.texts == [HELLO]
    assert kit.ledger.in_flight(CONVERSATION, kit.clock())[kit.item].given_up
    kit.away = None
    kit.meet()
    assert kit.desk.delivered[-1].text.startswith("[You could not be reached. The customer may have been told so")


def test_the_echo_of_an_unknown_one_tells_that_it_arrived() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    while not kit.client.parts:
        kit.wait(300)
    kit.says.happened = [Echo(id="p-1", conversation=CONVERSATION, sent_ms=1, text=HELLO, lines=())]
    kit.work.handle(msgspec.structs.replace(EVENT, id="echo", section="echo"), turn("echo"))
    kit.says.happened, kit.away = [SAID], None
    kit.meet()
    assert "the customer was told so automatically" in kit.desk.delivered[-1].text


@pytest.mark.parametrize("call", ["acknowledged", "claim"])
def test_a_table_that_cannot_be_asked_keeps_nothing_from_the_agents(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.wait(13 * HOUR_S)
    kit.away = None

    def throttled(*_: Any, **__: Any) -> None:
        raise Retryable("aws: Throttling")

    with monkeypatch.context() as patched:
        patched.setattr(kit.ledger, call, throttled)
        assert kit.meet() is not None
    assert kit.meet() is None
    assert "the customer was told so automatically" in kit.desk.delivered[-1].text
    assert kit.ledger.thread(CONVERSATION).replies == 1


@pytest.mark.parametrize("step", ["acknowledge", "claim", "send", "sent"])
def test_a_worker_that_dies_at_it_sends_nothing_twice(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.wait(TWELVE_H - 600)
    owner: Any = kit.client if step == "send" else kit.ledger
    real = getattr(owner, step)

    def dying(*args: Any, **named: Any) -> Any:
        if step == "claim" and not str(args[1]).startswith("OUT#"):
            return real(*args, **named)
        real(*args, **named)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, dying)
        with pytest.raises(SystemExit):
            kit.wait(2 * HOUR_S)
    kit.wait(9 * HOUR_S)
    assert len(kit.client.parts) == (0 if step in {"acknowledge", "claim"} else 1)
    kit.away = None
    kit.clock.advance(100)
    assert kit.meet() is None
    assert kit.desk.delivered[-1].text.endswith("Is it back?")


def test_the_next_outage_tells_again_only_who_wrote_since() -> None:
    kit = Kit()
    kit.wait(13 * HOUR_S)
    kit.ledger.aways.clear()  # a moment's answer to somebody else
    kit.clock.advance(61)
    kit.wait(10 * HOUR_S)
    assert kit.client.texts == [HELLO]
    kit.away = None
    kit.meet()
    later = msgspec.structs.replace(SAID, id="message:mid-2", sent_ms=int(kit.clock() * 1000) + 1)
    kit.says.happened, kit.away = [later], Unreachable("x")
    event = msgspec.structs.replace(EVENT, id="message:mid-2", received_ms=int(kit.clock() * 1000))
    kit.wait(14 * HOUR_S, event=event)
    assert kit.client.texts == [HELLO] * 2


def test_an_account_has_words_of_its_own_within_what_the_channel_takes() -> None:
    kit = Kit(account=msgspec.structs.replace(ON, outage_text="We are moving. " * 100, language="es"))
    kit.wait(13 * HOUR_S)
    [text] = kit.client.texts
    assert text.startswith("We are moving. We are")
    assert len(text.encode()) <= 1000
    kit = Kit(account=msgspec.structs.replace(ON, language="es"))
    kit.wait(13 * HOUR_S)
    assert kit.client.texts[0].startswith("Gracias por tu mensaje.")


def test_a_paused_account_sends_nothing() -> None:
    kit = Kit()
    kit.ledger.paused = [
        Pause(channel="instagram", account=INSTAGRAM.id, direction="outbound", since_s=START, until_s=START + 1e6)
    ]
    kit.wait(23 * HOUR_S)
    assert kit.client.parts == []


def test_without_time_left_it_is_told_by_the_next_worker() -> None:
    kit = Kit()
    kit.wait(TWELVE_H - 600)
    kit.clock.advance(1200)
    kit.meet(remaining_s=20)
    assert kit.client.parts == []
    kit.meet()
    assert kit.client.texts == [HELLO]


def test_messages_that_were_written_before_it_count_it_and_later_ones_do_not() -> None:
    told = Acknowledged(outage_s=int(START), message="another", at_ms=SAID.sent_ms + 10)
    for sent_ms, replies in ((SAID.sent_ms, 1), (SAID.sent_ms + 11, 0)):
        kit = Kit(msgspec.structs.replace(SAID, sent_ms=sent_ms))
        kit.ledger.acknowledgements[CONVERSATION.key] = told
        kit.ledger.claim(CONVERSATION, kit.item, START, 90)
        kit.ledger.sent(CONVERSATION, kit.item, START, "p-1")
        kit.clock.advance(3600)
        kit.away = None
        kit.meet()
        assert kit.desk.delivered[-1].text == "Is it back?"
        assert kit.ledger.thread(CONVERSATION) == Thread(
            seat=kit.ledger.thread(CONVERSATION).seat, customer_ms=sent_ms, replies=replies
        )


def test_who_is_shown_in_time_costs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.away = None

    def looked(*_: Any) -> None:
        raise AssertionError("nobody was to look")

    monkeypatch.setattr(kit.ledger, "acknowledged", looked)
    assert kit.meet() is None
