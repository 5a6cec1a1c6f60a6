"""An agent's message on its way to the customer: never twice, never silently lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest

from chalicelib.capabilities import DAY_S, Capabilities, ChoicesLimit, MediaLimit, WindowPolicy
from chalicelib.errors import (
    AccountStopped,
    Malformed,
    RateLimited,
    Reason,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
)
from chalicelib.messages import Conversation, Event, Fetched, Ignored, Thread, digest
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.enclosing import Enclosing
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.notices import Notices
from chalicelib.pipeline.to_customer import (
    ECHO_WAIT_S,
    GIVE_UP_S,
    LEASE_S,
    LOOK_S,
    RECEIPT_ATTEMPTS,
    TOKEN_WAIT_S,
    TYPING_S,
    UNCONFIRMED,
    ToCustomer,
)
from chalicelib.replies import (
    AgentMessage,
    AgentTyping,
    Choice,
    ChoicesPart,
    DeskEvent,
    File,
    MediaPart,
    Receipt,
    Recipient,
    TextPart,
)
from chalicelib.rules.planning import offer_key, token
from tests.fakes import (
    INSTAGRAM,
    START,
    TIKTOK,
    WINDOW,
    FakeClient,
    FakeClock,
    FakeDesk,
    FakeFetch,
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


def failed(reason: Reason, detail: str) -> Receipt:
    return Receipt(message="gen-1", customer="55501", delivered=False, reason=reason, detail=detail)


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

    def __init__(self, said: DeskEvent = SAID, limit: int = 1000, can: Capabilities | None = None) -> None:
        self.clock = FakeClock()
        self.metrics = FakeMetrics()
        self.shelf = FakeShelf()
        self.ledger = FakeLedger()
        self.desk = FakeDesk()
        self.client = FakeClient(can or Capabilities(text_limit=limit, text_unit="bytes", window=WINDOW))
        self.tiktok = FakeClient()
        self.fetch = FakeFetch()
        clients = {"instagram": self.client, "tiktok": self.tiktok}
        media = MediaStore(
            shelf=self.shelf,
            fetch=self.fetch,
            keys=lambda: ["key"],
            public_url="https://bridge.example/v1",
            days=90,
            clock=self.clock,
        )
        self.secrets = FakeSecrets()
        self.says = Says(said)
        self.work = ToCustomer(
            translator=self.says,
            clients=clients,
            desk=self.desk,
            accounts=Accounts(self.ledger, self.clock, self.metrics, ("instagram", "tiktok")),
            ledger=self.ledger,
            enclosing=Enclosing(clients, self.desk, media),
            notices=Notices(self.desk, self.ledger, self.clock, self.metrics),
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
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)]


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


@pytest.mark.parametrize(("renewed", "wait"), [(True, 1.0), (False, None)])
def test_a_refused_token_is_read_anew(renewed: bool, wait: float | None) -> None:
    kit = Kit()
    kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "old"}
    kit.secrets.get(INSTAGRAM.secret)
    if renewed:
        kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
    kit.client.answers = [TokenRefused("access token refused")]
    assert kit.later().after_s == wait
    assert kit.secrets.refreshed == [INSTAGRAM.secret]
    assert kit.state() == ""
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]


def test_a_token_that_stays_refused_stops_the_account_with_an_alarm() -> None:
    kit = Kit()
    kit.clock.advance(TOKEN_WAIT_S + 1)
    kit.client.answers = [TokenRefused("access token refused: 190/460")]
    kit.handle()
    assert kit.desk.reported == [failed("account_disconnected", "access token refused: 190/460")]
    assert kit.metrics.total("account_stopped", account=INSTAGRAM.id) == 1


def test_a_late_message_is_sent_with_the_token_that_was_renewed_meanwhile() -> None:
    kit = Kit()
    kit.clock.advance(TOKEN_WAIT_S + 1)
    kit.secrets.get(INSTAGRAM.secret)
    kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
    kit.client.answers = [TokenRefused("access token refused")]
    assert kit.later().after_s == 1.0
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize(
    ("error", "reason"), [(RateLimited("rate limit", 1), "rate_limited"), (Retryable("maintenance"), "other")]
)
def test_after_a_quarter_of_an_hour_the_agent_is_told(error: Retryable, reason: Reason) -> None:
    kit = Kit()
    kit.clock.advance(GIVE_UP_S)
    kit.client.answers = [error, error]
    kit.later()
    kit.clock.advance(1)
    kit.handle(2)
    assert kit.desk.reported == [failed(reason, f"given up: {error.reason}")]
    assert kit.state() == "refused"
    kit.clock.advance(60)
    kit.handle(3)
    assert len(kit.client.sent) == 2
    assert kit.metrics.total("refused", channel="instagram", reason=reason) == 2


def test_giving_up_on_a_later_part_does_not_send_the_rest() -> None:
    kit = Kit(THREE, limit=5)
    kit.clock.advance(GIVE_UP_S + 1)
    kit.client.answers = ["p1", Retryable("rate limit")]
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert [receipt.reason for receipt in kit.desk.reported] == ["other"]


def test_an_echo_that_comes_while_giving_up_wins() -> None:
    kit = Kit()
    kit.clock.advance(GIVE_UP_S + 1)
    kit.client.answers = [Retryable("rate limit")]
    kit.client.on_send = lambda text: kit.ledger.sent(CONVERSATION, item(), START, "p-echo")
    kit.handle()
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
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)]
    kit.handle(attempt + 1)
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)] * 2
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

    def echo_first(conversation: Conversation, name: str, now: float, reason: str, detail: str) -> bool:
        kit.ledger.sent(conversation, name, now, "p-echo")
        return refuse(conversation, name, now, reason, detail)

    monkeypatch.setattr(kit.ledger, "refuse", echo_first)
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


# Never


@pytest.mark.parametrize("reason", get_args(Reason))
def test_the_platforms_refusal_becomes_a_failed_receipt_with_its_reason_and_a_notice(reason: Reason) -> None:
    kit = Kit()
    kit.client.answers = [Refused(reason, "Instagram 10/2534022, HTTP 403")]
    kit.handle()
    kit.handle(2)
    assert kit.desk.reported == [failed(reason, "Instagram 10/2534022, HTTP 403")] * 2
    assert len(kit.client.sent) == 1
    assert kit.metrics.total("refused", channel="instagram", reason=reason) == 2
    [notice] = kit.desk.delivered
    assert notice.text.startswith("[Your reply was not delivered. ")
    assert (notice.customer, notice.attributes) == ("55501", {})


def test_a_refused_part_stops_the_rest() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = ["p1", Refused("window_closed", "closed")]
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert kit.desk.reported == [failed("window_closed", "closed")]


@pytest.mark.parametrize("text", ["", "and a text"])
def test_content_that_cannot_be_carried_fails_and_nothing_is_sent(text: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=text, unsupported="Attachment"))
    kit.handle()
    assert kit.desk.reported == [failed("unsupported", "cannot be carried to instagram: Attachment")]
    assert kit.client.sent == []


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_a_message_without_text_fails(text: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=text))
    kit.handle()
    assert kit.desk.reported == [failed("unsupported", "the message has no content")]
    assert kit.client.sent == []


# Receipts


@pytest.mark.parametrize("outcome", [DELIVERED, failed("other", "no")])
def test_a_lost_receipt_is_repeated_then_given_up_and_does_not_block(outcome: Receipt) -> None:
    kit = Kit()
    if not outcome.delivered:
        kit.client.answers = [Refused("other", "no")]
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
    kit.client.answers = [Refused("other", "no")]
    kit.desk.report_answers = [Retryable("HTTP 503"), None]
    kit.later()
    kit.handle(2)
    assert kit.desk.reported == [failed("other", "no")]
    assert kit.metrics.total("receipt", status="Failed") == 1


def test_a_refused_receipt_is_given_up_at_once() -> None:
    kit = Kit()
    kit.desk.report_answers = [Refused("other", "HTTP 400")]
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
    kit.client.parts.clear()
    kit.ledger.claims.clear()
    kit.ledger.down = True


@pytest.mark.parametrize("fault", [_down, _no_accounts])
def test_a_ledger_that_is_down_means_later_and_nothing_is_sent(fault: Callable[[Kit], None]) -> None:
    kit = Kit()
    fault(kit)
    kit.later()
    assert kit.client.sent == []


# Windows

POLICY = WindowPolicy(open_s=DAY_S, human_agent_s=7 * DAY_S, comment_s=7 * DAY_S, cap=10)
CAN = Capabilities(text_limit=5, text_unit="bytes", window=POLICY)


def wrote(kit: Kit, hours: float, **thread: object) -> None:
    """The customer wrote that many hours ago."""
    ms = int((START - hours * 3600) * 1000)
    kit.ledger.threads[CONVERSATION.key] = msgspec.convert({"desk": "desk-1", "customer_ms": ms} | thread, Thread)


def approved(kit: Kit) -> None:
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, human_agent=True)]


SHORT = msgspec.structs.replace(SAID, text="Hi.")


def test_a_late_reply_of_a_person_is_tagged_where_the_account_is_approved() -> None:
    kit = Kit(SHORT, can=CAN)
    approved(kit)
    wrote(kit, 25)
    kit.handle()
    assert kit.client.parts == [(Recipient(customer="55501", tag="HUMAN_AGENT"), TextPart("Hi."))]


@pytest.mark.parametrize(("author", "is_approved"), [("human", False), ("bot", True), ("bot", False)])
def test_any_other_late_reply_is_refused_before_it_is_sent(author: str, is_approved: bool) -> None:
    kit = Kit(msgspec.structs.replace(SHORT, author=author), can=CAN)
    if is_approved:
        approved(kit)
    wrote(kit, 25)
    kit.handle()
    assert kit.client.parts == []
    assert [one.reason for one in kit.desk.reported] == ["window_closed"]


def test_a_bot_is_given_no_notice_which_it_would_answer() -> None:
    kit = Kit(msgspec.structs.replace(SHORT, author="bot"), can=CAN)
    wrote(kit, 25)
    kit.handle()
    assert kit.desk.delivered == []


def test_an_account_may_do_without_notices() -> None:
    kit = Kit(SHORT, can=CAN)
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, notices=False)]
    wrote(kit, 25)
    kit.handle()
    assert kit.desk.delivered == []


def test_a_notice_opens_no_conversation() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 25)
    kit.desk.open = False
    kit.handle()
    assert kit.desk.delivered == []
    assert kit.metrics.total("notice", outcome="conversation_over") == 1


def test_a_notice_is_in_the_accounts_language() -> None:
    kit = Kit(SHORT, can=CAN)
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, language="es")]
    wrote(kit, 25)
    kit.handle()
    assert kit.desk.delivered[0].text.startswith("[Tu respuesta no se entregó. Pasó demasiado tiempo")


def test_a_notice_whose_outcome_is_unknown_is_not_repeated() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 25)
    kit.desk.answers = [Uncertain("no answer")]
    kit.handle()
    kit.handle(2)
    assert len(kit.desk.delivered) == 1


def test_a_notice_that_cannot_be_given_now_is_given_later() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 25)
    kit.desk.answers = [Retryable("rate limit")]
    kit.later()
    kit.handle(2)
    assert len(kit.desk.delivered) == 2
    assert kit.metrics.total("notice", outcome="told") == 1


def test_the_first_reply_to_a_comment_answers_it_and_the_second_waits_for_the_person() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1, customer_ms=0, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    assert kit.client.parts == [(Recipient(customer="55501", comment="c-1"), TextPart("Hi."))]
    kit.says.said = msgspec.structs.replace(SHORT, id="gen-2")
    kit.handle(event=msgspec.structs.replace(EVENT, id="gen-2"))
    assert len(kit.client.parts) == 1
    assert [(one.message, one.reason) for one in kit.desk.reported] == [("gen-1", ""), ("gen-2", "awaiting_answer")]


def test_the_answer_to_a_comment_is_reported_delivered_on_a_second_try_too() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1, customer_ms=0, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    kit.handle(2)
    assert kit.desk.reported == [DELIVERED] * 2


def test_a_comment_takes_one_message_so_a_longer_answer_is_refused_whole() -> None:
    kit = Kit(THREE, can=CAN)
    wrote(kit, 1, customer_ms=0, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    assert kit.client.parts == []
    assert [one.reason for one in kit.desk.reported] == ["one_message"]


def test_a_longer_answer_to_a_comment_goes_plainly_where_the_person_wrote_too() -> None:
    kit = Kit(THREE, can=CAN)
    wrote(kit, 1, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    assert [to.comment for to, _ in kit.client.parts] == [""] * 3
    assert kit.desk.reported == [DELIVERED]


def test_the_platforms_refusal_wins_over_our_own_count() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1)
    kit.client.answers = [Refused("window_closed", "10/2534022")]
    kit.handle()
    assert [one.reason for one in kit.desk.reported] == ["window_closed"]


def test_the_platforms_cap_only_warns() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1, replies=9)
    kit.handle()
    assert kit.desk.reported == [DELIVERED]
    assert kit.metrics.total("reply_cap", channel="instagram") == 1


def test_a_stopped_account_is_an_alarm() -> None:
    kit = Kit()
    kit.client.answers = [AccountStopped("368/0", "open the app dashboard")]
    kit.handle()
    assert [one.reason for one in kit.desk.reported] == ["account_disconnected"]
    assert kit.metrics.total("account_stopped", account=INSTAGRAM.id) == 1


# Typing and seen


def typing_kit(hours: float = 1.0) -> Kit:
    kit = Kit(AgentTyping(integration=INSTAGRAM.integration, customer="55501"), can=CAN)
    wrote(kit, hours)
    return kit


def test_typing_is_shown() -> None:
    kit = typing_kit()
    kit.handle()
    assert kit.client.acts == ["typing"]
    assert kit.desk.reported == []


def test_typing_that_comes_late_is_not_shown() -> None:
    kit = typing_kit()
    kit.clock.advance(TYPING_S + 1)
    kit.handle()
    assert kit.client.acts == []


def test_nobody_is_shown_typing_outside_the_window() -> None:
    kit = typing_kit(25)
    kit.handle()
    assert kit.client.acts == []


@pytest.mark.parametrize("error", [Retryable("HTTP 429"), Refused("window_closed", "x"), Uncertain("no answer")])
def test_typing_that_fails_is_counted_and_not_repeated(error: Exception) -> None:
    kit = typing_kit()
    kit.client.act_error = error
    kit.handle()
    assert kit.metrics.total("action_failed", action="typing") == 1


def test_the_customers_messages_are_marked_seen_when_a_person_first_answers() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1)
    kit.handle()
    kit.says.said = msgspec.structs.replace(SHORT, id="gen-2")
    kit.handle(event=msgspec.structs.replace(EVENT, id="gen-2"))
    assert kit.client.acts == ["seen"]


@pytest.mark.parametrize(("author", "mark_seen"), [("bot", True), ("human", False)])
def test_nothing_is_marked_seen_for_a_bot_or_against_the_setting(author: str, mark_seen: bool) -> None:
    kit = Kit(msgspec.structs.replace(SHORT, author=author), can=CAN)
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, mark_seen=mark_seen)]
    wrote(kit, 1)
    kit.handle()
    assert kit.client.acts == []


def test_a_mark_that_fails_does_not_undo_the_reply() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1)
    kit.client.act_error = Retryable("HTTP 500")
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


# Files and choices

PICTURE = File(url="https://downloads.desk.example/1", kind="image", mime="image/png", name="tea.png")
WITH_FILE = msgspec.structs.replace(SAID, text="", files=(PICTURE,))
CARRIES = Capabilities(
    text_limit=1000, text_unit="bytes", window=WINDOW, media={"image": MediaLimit(("image/png",), 1000)}
)
LINKS = msgspec.structs.replace(CARRIES, media={})
NEITHER = msgspec.structs.replace(LINKS, links=False)


def test_an_agents_file_goes_out_as_what_it_is() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.handle()
    [(_, part)] = kit.client.parts
    assert isinstance(part, MediaPart)
    assert (part.kind, part.mime, part.name) == ("image", "image/png", "tea.png")
    assert part.url.startswith("https://bucket.example/media/")
    assert kit.desk.reported == [DELIVERED]


def test_a_channel_that_takes_uploads_is_given_the_bytes() -> None:
    kit = Kit(WITH_FILE, can=msgspec.structs.replace(CARRIES, media_by="upload"))
    kit.handle()
    [(_, part)] = kit.client.parts
    assert isinstance(part, MediaPart)
    assert (part.url, part.body) == ("", FakeFetch.PICTURE)


SMALL = msgspec.structs.replace(CARRIES, media={"image": MediaLimit(("image/png",), 9)})


@pytest.mark.parametrize("can", [LINKS, SMALL])
def test_a_file_that_the_channel_cannot_carry_goes_as_a_link_to_our_copy(can: Capabilities) -> None:
    kit = Kit(WITH_FILE, can=can)
    kit.handle()
    [text] = kit.client.texts
    assert text.startswith("tea.png: https://bridge.example/v1/api/media/")
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize(
    ("can", "reason"),
    [(NEITHER, "media_refused"), (msgspec.structs.replace(SMALL, links=False), "media_too_big")],
)
def test_a_file_is_refused_where_links_are_not_taken_either(can: Capabilities, reason: str) -> None:
    kit = Kit(WITH_FILE, can=can)
    kit.handle()
    assert kit.client.parts == []
    assert [one.reason for one in kit.desk.reported] == [reason]


def test_a_file_that_the_platform_refuses_after_all_goes_as_a_link() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.client.answers = [Refused("media_refused", "100/2018047")]
    kit.handle()
    assert kit.client.texts[1].startswith("tea.png: https://bridge.example/v1/api/media/")
    assert kit.desk.reported == [DELIVERED]


def test_a_file_is_fetched_before_anything_is_sent_and_once() -> None:
    kit = Kit(msgspec.structs.replace(WITH_FILE, text="Look"), can=CARRIES)
    kit.fetch.answers = [Retryable("HTTP 503")]
    kit.later()
    assert kit.client.parts == []
    kit.client.answers = ["p1", Retryable("rate limit")]
    kit.later(2)
    kit.handle(3)
    assert len(kit.fetch.asked) == 2
    assert kit.client.texts == ["Look", "", ""]


def test_a_file_that_cannot_be_had_is_told() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.fetch.answers = [Unfetched("media_gone", "desk.example HTTP 404")]
    kit.handle()
    assert [one.reason for one in kit.desk.reported] == ["media_refused"]


def test_a_page_that_claims_to_be_a_picture_is_not_passed_on() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.fetch.answers = [Fetched(body=b"<html><script>", mime="image/png")]
    kit.handle()
    assert kit.client.parts == []
    assert [one.reason for one in kit.desk.reported] == ["media_refused"]


def test_choices_are_offered_under_our_tokens_and_remembered() -> None:
    limit = ChoicesLimit(count=3, text=100, title=20)
    said = msgspec.structs.replace(
        SAID, text="Tea?", author="bot", choices=(Choice(text="Yes", payload="Y"), Choice(text="No", payload="N"))
    )
    kit = Kit(said, can=msgspec.structs.replace(LINKS, quick_replies=limit))
    kit.handle()
    [(_, part)] = kit.client.parts
    assert isinstance(part, ChoicesPart)
    assert [choice.payload for choice in part.choices] == [token("gen-1", 0), token("gen-1", 1)]
    second = kit.ledger.offered(CONVERSATION, offer_key("gen-1"), 1)
    assert second is not None
    assert (second.message, second.text, second.payload) == ("gen-1", "No", "N")
