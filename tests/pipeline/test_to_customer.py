"""An agent's message on its way to the customer: never twice, never silently lost."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from chalicelib.channels.base import Capabilities
from chalicelib.errors import Malformed, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.messages import AgentMessage, Conversation, DeskEvent, Event, Ignored, Receipt, Thread, digest
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.to_customer import (
    ECHO_WAIT_S,
    GIVE_UP_S,
    LEASE_S,
    LOOK_S,
    RECEIPT_ATTEMPTS,
    UNCONFIRMED,
    ToCustomer,
)
from tests.fakes import (
    INSTAGRAM,
    START,
    TIKTOK,
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeLedger,
    FakeMetrics,
    FakeSecrets,
    FakeShelf,
)

CONVERSATION = Conversation("instagram", INSTAGRAM.id, "55501")
SAID = AgentMessage(
    id="gen-1",
    integration=INSTAGRAM.integration,
    customer="55501",
    desk_conversation="desk-1",
    text="It is, since Monday.",
    author="human",
)
THREE = msgspec.structs.replace(SAID, text="aaaa bbbb cccc")
DELIVERED = Receipt(message="gen-1", customer="55501", delivered=True)
EVENT = Event(
    source="genesys",
    account=INSTAGRAM.integration,
    party="55501",
    id="gen-1",
    received_ms=int(START * 1000),
    raw=msgspec.Raw(b'{"any": "thing"}'),
)


def item(number: int = 1) -> str:
    return f"OUT#gen-1#{number}"


def failed(code: str, detail: str) -> Receipt:
    return Receipt(message="gen-1", customer="55501", delivered=False, code=code, detail=detail)


class Says:
    def __init__(self, said: DeskEvent) -> None:
        self.said = said
        self.error: Malformed | None = None
        self.given: list[Event] = []

    def parse(self, event: Event) -> DeskEvent:
        self.given.append(event)
        if self.error:
            raise self.error
        return self.said


class Kit:
    """The worker over fakes. The clients take 5 bytes at once, so that THREE is three parts."""

    def __init__(self, said: DeskEvent = SAID, limit: int = 1000) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.shelf = FakeShelf()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.client = FakeClient(Capabilities(text_limit=limit, text_unit="bytes"))
        self.tiktok = FakeClient()
        self.secrets = FakeSecrets()
        self.says = Says(said)
        self.work = ToCustomer(
            translator=self.says,
            clients={"instagram": self.client, "tiktok": self.tiktok},
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock),
            ledger=self.ledger,
            secrets=self.secrets,
            shelf=self.shelf,
            clock=self.clock,
            metrics=self.metrics,
        )

    def handle(self, attempt: int = 1, event: Event = EVENT) -> None:
        self.work.handle(event, attempt)

    def later(self, attempt: int = 1) -> Retryable:
        with pytest.raises(Retryable) as caught:
            self.handle(attempt)
        return caught.value

    def state(self, number: int = 1) -> str:
        return self.ledger.state(CONVERSATION, item(number))


# Sending


def test_a_message_is_sent_once_and_reported_delivered() -> None:
    kit = Kit()
    kit.handle()
    assert kit.client.sent == [("55501", "", "It is, since Monday.")]
    assert kit.desk.reported == [DELIVERED]
    assert kit.state() == "done"
    assert kit.ledger.is_ours(CONVERSATION, "platform-1")
    assert kit.metrics.totals() == {"sent": 1, "receipt": 1}


def test_the_platforms_thread_is_passed_on() -> None:
    kit = Kit(msgspec.structs.replace(SAID, integration=TIKTOK.integration))
    kit.ledger.threads[Conversation("tiktok", TIKTOK.id, "55501").key] = Thread(platform="conv+1/a==")
    kit.handle()
    assert kit.tiktok.sent == [("55501", "conv+1/a==", "It is, since Monday.")]
    assert kit.client.sent == []


def test_the_same_event_again_sends_nothing_and_repeats_the_receipt() -> None:
    kit = Kit()
    for attempt in (1, 2, 3):
        kit.handle(attempt)
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == [DELIVERED] * 3


def test_a_long_message_goes_in_parts_in_order_and_is_reported_once() -> None:
    kit = Kit(THREE, limit=5)
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb ", "cccc"]
    assert [kit.state(number) for number in (1, 2, 3)] == ["done"] * 3
    assert kit.desk.reported == [DELIVERED]


def test_a_retry_goes_on_at_the_part_that_was_not_sent() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = ["p1", Retryable("rate limit", 9)]
    assert kit.later().after_s == 9
    assert [kit.state(number) for number in (1, 2, 3)] == ["done", "", ""]
    assert kit.desk.reported == []
    kit.handle(2)
    assert kit.client.texts == ["aaaa ", "bbbb ", "bbbb ", "cccc"]
    assert kit.desk.reported == [DELIVERED]


def test_a_worker_that_died_between_two_parts_is_taken_over_without_sending_the_first_again() -> None:
    kit = Kit(THREE, limit=5)

    class Killed(BaseException): ...

    def die(text: str) -> None:
        if text.startswith("bbbb"):
            raise Killed

    kit.client.on_send = die
    with pytest.raises(Killed):
        kit.handle()
    kit.client.on_send = lambda text: None
    assert [kit.state(number) for number in (1, 2, 3)] == ["done", "leased", ""]
    # the second part may have gone out: it waits for its lease, then is never sent again
    assert kit.later(2).after_s == LEASE_S
    kit.clock.advance(LEASE_S + 1)
    kit.handle(3)
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert kit.desk.reported == [failed("GeneralError", UNCONFIRMED)]


def test_a_part_that_another_worker_holds_waits_for_its_lease() -> None:
    kit = Kit()
    kit.ledger.claim(CONVERSATION, item(), START, LEASE_S)
    kit.clock.advance(LEASE_S - 0.5)
    assert kit.later().after_s == 1.0
    assert kit.client.sent == []


def test_a_claim_carries_the_texts_fingerprint_so_that_an_echo_can_be_told() -> None:
    kit = Kit(THREE, limit=5)
    seen: list[list[str]] = []
    kit.client.on_send = lambda text: seen.append(list(kit.ledger.in_flight(CONVERSATION, START).values()))
    kit.handle()
    assert seen == [[digest("aaaa ")], [digest("bbbb ")], [digest("cccc")]]


def test_a_platform_that_gives_no_id_still_ends_the_part() -> None:
    kit = Kit()
    kit.client.answers = [""]
    kit.handle()
    assert kit.state() == "done"
    assert kit.ledger.ours == set()


# Not now


def test_a_call_that_did_not_happen_is_released_and_repeated() -> None:
    kit = Kit()
    kit.client.answers = [Retryable("no connection")]
    kit.later()
    assert kit.state() == ""
    assert kit.secrets.refreshed == []
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize(("refreshable", "wait"), [(True, 1.0), (False, 60)])
def test_a_refused_token_is_read_anew(refreshable: bool, wait: float) -> None:
    kit = Kit()
    kit.secrets.refreshable = refreshable
    kit.client.answers = [TokenRefused("access token refused", 60)]
    assert kit.later().after_s == wait
    assert kit.secrets.refreshed == ([INSTAGRAM.secret] if refreshable else [])
    assert kit.state() == ""
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize("error", [Retryable("rate limit", 1), TokenRefused("access token refused", 60)])
def test_after_a_quarter_of_an_hour_the_agent_is_told(error: Retryable) -> None:
    kit = Kit()
    kit.clock.advance(GIVE_UP_S)
    kit.client.answers = [error, error]
    kit.later()
    kit.clock.advance(1)
    kit.handle(2)
    assert kit.desk.reported == [failed("GeneralError", f"given up: {error.reason}")]
    assert kit.state() == "refused"
    kit.clock.advance(86_400)
    kit.handle(3)
    assert len(kit.client.sent) == 2
    assert kit.metrics.total("refused", channel="instagram", code="GeneralError") == 2


def test_giving_up_on_a_later_part_does_not_send_the_rest() -> None:
    kit = Kit(THREE, limit=5)
    kit.clock.advance(GIVE_UP_S + 1)
    kit.client.answers = ["p1", Retryable("rate limit")]
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert [receipt.code for receipt in kit.desk.reported] == ["GeneralError"]


def test_an_echo_that_comes_while_giving_up_wins() -> None:
    kit = Kit()
    kit.clock.advance(GIVE_UP_S + 1)
    kit.client.answers = [Retryable("rate limit")]
    kit.client.on_send = lambda text: kit.ledger.sent(CONVERSATION, item(), START, "p-echo")
    kit.later()
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


# Nobody knows


def test_an_uncertain_send_waits_for_its_echo_and_is_never_sent_again() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    assert kit.later().after_s == LOOK_S
    assert kit.state() == "doubt"
    attempt = 2
    while kit.clock() < START + ECHO_WAIT_S - LOOK_S:
        kit.clock.advance(LOOK_S)
        assert kit.later(attempt).after_s == LOOK_S
        attempt += 1
    kit.clock.advance(LOOK_S)
    kit.handle(attempt)
    assert kit.desk.reported == [failed("GeneralError", UNCONFIRMED)]
    kit.handle(attempt + 1)
    assert kit.desk.reported == [failed("GeneralError", UNCONFIRMED)] * 2
    assert len(kit.client.sent) == 1
    assert kit.metrics.total("uncertain", channel="instagram") == 1
    assert kit.metrics.total("unconfirmed", channel="instagram") == 1


def test_an_uncertain_send_whose_echo_comes_is_delivered() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    kit.ledger.sent(CONVERSATION, item(), kit.clock(), "p-echo")
    kit.clock.advance(LOOK_S)
    kit.handle(2)
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == [DELIVERED]


def test_an_uncertain_part_holds_back_the_next_ones_until_its_echo() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    assert kit.client.texts == ["aaaa "]
    kit.ledger.sent(CONVERSATION, item(1), kit.clock(), "p-echo")
    kit.handle(2)
    assert kit.client.texts == ["aaaa ", "bbbb ", "cccc"]
    assert kit.desk.reported == [DELIVERED]


def test_an_echo_that_comes_while_doubt_ends_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    kit.clock.advance(ECHO_WAIT_S)
    refuse = kit.ledger.refuse

    def echo_first(conversation: Conversation, name: str, now: float, code: str, detail: str) -> bool:
        kit.ledger.sent(conversation, name, now, "p-echo")
        return refuse(conversation, name, now, code, detail)

    monkeypatch.setattr(kit.ledger, "refuse", echo_first)
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


# Never


@pytest.mark.parametrize("code", ["MessageNotAllowed", "RecipientOptedOut", "InvalidDestination"])
def test_the_platforms_refusal_becomes_a_failed_receipt_with_its_code(code: str) -> None:
    kit = Kit()
    kit.client.answers = [Refused(code, "Instagram 10/2534022, HTTP 403")]
    kit.handle()
    kit.handle(2)
    assert kit.desk.reported == [failed(code, "Instagram 10/2534022, HTTP 403")] * 2
    assert len(kit.client.sent) == 1
    assert kit.metrics.total("refused", channel="instagram", code=code) == 2


def test_a_refused_part_stops_the_rest() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = ["p1", Refused("MessageNotAllowed", "closed")]
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert kit.desk.reported == [failed("MessageNotAllowed", "closed")]


@pytest.mark.parametrize("text", ["", "and a text"])
def test_content_that_cannot_be_carried_fails_and_nothing_is_sent(text: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=text, unsupported="Attachment"))
    kit.handle()
    assert kit.desk.reported == [failed("UnsupportedMessage", "cannot be carried to instagram: Attachment")]
    assert kit.client.sent == []


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_a_message_without_text_fails(text: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=text))
    kit.handle()
    assert kit.desk.reported == [failed("InvalidMessageStructure", "the message has no text")]
    assert kit.client.sent == []


# Receipts


@pytest.mark.parametrize("outcome", [DELIVERED, failed("GeneralError", "no")])
def test_a_lost_receipt_is_repeated_then_given_up_and_does_not_block(outcome: Receipt) -> None:
    kit = Kit()
    if not outcome.delivered:
        kit.client.answers = [Refused("GeneralError", "no")]
    kit.desk.report_answers = [Retryable("HTTP 503")] * RECEIPT_ATTEMPTS
    for attempt in range(1, RECEIPT_ATTEMPTS):
        kit.later(attempt)
    kit.handle(RECEIPT_ATTEMPTS)
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == []
    assert kit.metrics.total("receipt_lost", channel="instagram") == 1
    assert kit.metrics.total("receipt") == 0


def test_a_receipt_that_comes_through_at_the_second_try_is_counted_with_its_outcome() -> None:
    kit = Kit()
    kit.client.answers = [Refused("GeneralError", "no")]
    kit.desk.report_answers = [Retryable("HTTP 503"), None]
    kit.later()
    kit.handle(2)
    assert kit.desk.reported == [failed("GeneralError", "no")]
    assert kit.metrics.total("receipt", status="Failed") == 1


def test_a_refused_receipt_is_given_up_at_once() -> None:
    kit = Kit()
    kit.desk.report_answers = [Refused("GeneralError", "HTTP 400")]
    kit.handle()
    assert kit.metrics.total("receipt_lost") == 1


# What is not sent


def test_an_ignored_event_is_counted() -> None:
    kit = Kit(Ignored("genesys_receipt"))
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "genesys_receipt"})]
    assert kit.ledger.reads == 0


def test_a_message_of_an_unknown_integration_is_parked_whole() -> None:
    kit = Kit(msgspec.structs.replace(SAID, integration="int-unknown"))
    kit.handle()
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unknown_account/genesys/2027-01-15/{EVENT.dedup}"
    assert msgspec.json.decode(body, type=Event) == EVENT
    assert kit.client.sent == []
    assert kit.desk.reported == []


def test_an_unreadable_message_is_parked_whole() -> None:
    kit = Kit()
    kit.says.error = Malformed("Genesys event: ValidationError")
    kit.handle()
    [(key, body)] = kit.shelf.kept.items()
    assert key == f"parked/unreadable/genesys/2027-01-15/{EVENT.dedup}"
    assert msgspec.json.decode(body, type=Event) == EVENT


def test_a_message_that_waits_in_the_bucket_is_fetched() -> None:
    kit = Kit()
    kit.shelf.kept["aside/genesys/x"] = b'{"big": 1}'
    kit.handle(event=msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/genesys/x"))
    assert bytes(kit.says.given[0].raw) == b'{"big": 1}'
    assert len(kit.client.sent) == 1


def _down(kit: Kit) -> None:
    kit.ledger.down = True


def _no_accounts(kit: Kit) -> None:
    kit.work.handle(EVENT, 1)  # accounts are cached now
    kit.client.sent.clear()
    kit.ledger.claims.clear()
    kit.ledger.down = True


@pytest.mark.parametrize("fault", [_down, _no_accounts])
def test_a_ledger_that_is_down_means_later_and_nothing_is_sent(fault: Callable[[Kit], None]) -> None:
    kit = Kit()
    fault(kit)
    kit.later()
    assert kit.client.sent == []
