"""An agent's message on its way to the customer: never twice, never silently lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from chalicelib.errors import (
    AccountStopped,
    Malformed,
    Misconfigured,
    RateLimited,
    Reason,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
    Waiting,
)
from chalicelib.pipeline.outbound import finding_out
from chalicelib.pipeline.outbound.acts import TYPING_S
from chalicelib.pipeline.outbound.finding_out import ECHO_WAIT_S, HISTORY_S, UNCONFIRMED
from chalicelib.pipeline.outbound.parts import PART_S
from chalicelib.pipeline.outbound.reply import SAME_S
from chalicelib.pipeline.outbound.telling import PAUSE_S
from chalicelib.rules.budgets import BUDGETS
from chalicelib.rules.echoes import mark_of
from chalicelib.rules.planning import offer_key, token
from chalicelib.rules.scanning import Policy
from chalicelib.vocabulary.capabilities import DAY_S, Capabilities, ChoicesLimit, MediaLimit, WindowPolicy
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import Fetched, Ignored
from chalicelib.vocabulary.records import Conversation, Event, Parked, Pause, Seat, Thread
from chalicelib.vocabulary.replies import (
    AgentMessage,
    AgentTyping,
    Choice,
    ChoicesPart,
    DeskEvent,
    DeskReceipt,
    File,
    MediaPart,
    Receipt,
    TextPart,
)
from chalicelib.wire import digest
from tests.fakes import (
    INSTAGRAM,
    START,
    TIKTOK,
    WINDOW,
    FakeClient,
    FakeDesk,
    FakeFetch,
    FakeSecrets,
    turn,
)
from tests.kits import Bench

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
        self.error: Exception | None = None
        self.given: list[Event] = []

    def parse(self, event: Event) -> DeskEvent:
        self.given.append(event)
        if self.error:
            raise self.error
        return self.said


class Kit:
    """The worker over fakes. The clients take 5 bytes at once, so that THREE is three parts."""

    def __init__(
        self,
        said: DeskEvent = SAID,
        limit: int = 1000,
        can: Capabilities | None = None,
        scan: Policy | None = None,
    ) -> None:
        self.desk = FakeDesk()
        self.client = FakeClient(can or Capabilities(text_limit=limit, text_unit="bytes", window=WINDOW))
        self.tiktok = FakeClient()
        self.secrets = FakeSecrets()
        bench = Bench({"instagram": self.client, "tiktok": self.tiktok}, self.desk, self.secrets, scan=scan)
        self.clock, self.metrics, self.ledger = bench.clock, bench.metrics, bench.ledger
        self.shelf, self.fetch, self.queue = bench.shelf, bench.fetch, bench.outbound
        self.ledger.threads[CONVERSATION.key] = Thread(customer_ms=int(START * 1000), seen_ms=int(START * 1000))
        self.says = Says(said)
        self.work = bench.to_customer(self.says)
        self.remaining_s = 600.0

    def handle(self, event: Event = EVENT, life: str = "life-1") -> None:
        self.work.handle(event, turn(life, remaining_s=self.remaining_s))

    def later(self, event: Event = EVENT, life: str = "life-1") -> Retryable:
        with pytest.raises(Retryable) as caught:
            self.handle(event, life)
        return caught.value

    def until(self, event: Event = EVENT, life: str = "life-1", *, step_s: float = 5.0, most: int = 100) -> int:
        """Handles an event until it has ended; answers how often it had to come again."""
        tries = 0
        while True:
            try:
                self.handle(event, life)
            except Retryable as later:
                tries += 1
                assert tries < most
                self.clock.advance(max(step_s, later.after_s or 0.0))
            else:
                return tries

    def told(self) -> list[Event]:
        """What was put on the queue to be told later; it is taken off."""
        events, self.queue.events = self.queue.events, []
        return events

    def state(self, number: int = 1) -> str:
        return self.ledger.state(CONVERSATION, item(number))


# Sending


def test_who_has_never_written_is_not_written_to_whoever_signs_for_the_desk() -> None:
    kit = Kit(msgspec.structs.replace(SAID, customer="a stranger"))
    kit.desk.open = False
    kit.handle()
    assert kit.client.sent == []
    [receipt] = kit.desk.reported
    assert (receipt.delivered, receipt.reason) == (False, "no_conversation")
    assert kit.metrics.total("refused") == 1


@pytest.mark.parametrize("parts", [25, 26, 1000])
def test_a_reply_is_at_most_25_messages_and_the_rest_is_told(parts: int) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=" ".join(f"{number:04}" for number in range(parts))), limit=5)
    kit.handle()
    assert [text.strip() for text in kit.client.texts] == [f"{number:04}" for number in range(min(parts, 25))]
    [receipt] = kit.desk.reported
    assert (receipt.delivered, receipt.reason) == ((True, "") if parts == 25 else (False, "too_long"))
    assert ["0025" in line.text for line in kit.desk.delivered] == ([] if parts == 25 else [True])


@pytest.mark.parametrize("said", [SAID, AgentTyping(integration=INSTAGRAM.integration, customer="55501")])
def test_what_another_accounts_secret_signed_is_parked_and_reaches_nobody(said: DeskEvent) -> None:
    kit = Kit(said)
    kit.handle(msgspec.structs.replace(EVENT, signer=f"tiktok#{TIKTOK.id}"))
    assert (kit.client.parts, kit.client.acts, kit.desk.reported, kit.desk.delivered) == ([], [], [], [])
    assert parked(kit).reason == "foreign_signature"
    assert parked(kit).event == msgspec.structs.replace(EVENT, signer=f"tiktok#{TIKTOK.id}")


def test_what_the_accounts_own_secret_signed_is_sent() -> None:
    kit = Kit()
    kit.handle(msgspec.structs.replace(EVENT, signer=f"instagram#{INSTAGRAM.id}"))
    assert len(kit.client.sent) == 1


def test_a_message_is_sent_once_and_reported_delivered() -> None:
    kit = Kit()
    kit.handle()
    assert kit.client.sent == [("55501", "", "It is, since Monday.")]
    assert kit.desk.reported == [DELIVERED]
    assert kit.state() == "done"
    assert kit.ledger.is_ours(CONVERSATION, "platform-1")
    assert kit.metrics.totals() == {"sent": 1, "receipt": 1}
    assert [to.mark for to, _ in kit.client.parts] == [mark_of(CONVERSATION, item())]


def test_the_platforms_thread_is_passed_on() -> None:
    kit = Kit(msgspec.structs.replace(SAID, integration=TIKTOK.integration))
    kit.ledger.threads[Conversation("tiktok", TIKTOK.id, "55501").key] = Thread(
        customer_ms=int(START * 1000), platform="conv+1/a=="
    )
    kit.handle()
    assert kit.tiktok.sent == [("55501", "conv+1/a==", "It is, since Monday.")]
    assert kit.client.sent == []


def test_the_same_event_again_sends_nothing_and_repeats_the_receipt() -> None:
    kit = Kit()
    for _ in range(3):
        kit.handle()
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == [DELIVERED] * 3


@pytest.mark.parametrize("said", [SAID, THREE])
@pytest.mark.parametrize("outcome", ["done", "refused"])
def test_a_redelivery_after_it_has_ended_tells_nothing_again(said: AgentMessage, outcome: str) -> None:
    kit = Kit(said, limit=5 if said is THREE else 1000)
    if outcome == "refused":
        kit.client.answers = [Refused("window_closed", "closed")]
    kit.handle()
    told, notices = list(kit.desk.reported), len(kit.desk.delivered)
    for age_s in (SAME_S + 301, 3600, 86_400, 14 * 86_400):
        late = msgspec.structs.replace(EVENT, received_ms=int((START + age_s) * 1000))
        kit.clock.now = START + age_s
        kit.handle(late, life=f"after {age_s} s")
    assert (kit.desk.reported, len(kit.desk.delivered)) == (told, notices)
    assert kit.metrics.total("duplicate") == 4


def test_a_worker_that_dies_before_it_told_leaves_it_to_the_next() -> None:
    kit = Kit()

    class Killed(BaseException): ...

    kit.desk.report_answers = [Killed()]
    with pytest.raises(Killed):
        kit.handle()
    kit.clock.advance(86_400)  # the queue hands the same event out again, however late
    kit.handle()
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


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
    kit.handle()
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
    assert kit.later().after_s == LEASE_S
    kit.clock.advance(LEASE_S + 1)
    assert isinstance(kit.later(), Waiting)
    kit.clock.advance(ECHO_WAIT_S)
    kit.handle()
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

    def look(text: str) -> None:
        seen.append([flight.text for flight in kit.ledger.in_flight(CONVERSATION, START).values()])

    kit.client.on_send = look
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
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize(
    ("error", "renewed", "wait"),
    [
        (TokenRefused("access token refused"), True, 1.0), (TokenRefused("access token refused"), False, None),
        (Misconfigured("the secret holds no access_token", "store it", 60), True, 1.0),
        (Misconfigured("the header Authorization cannot be sent", "store it", 60), True, 1.0),
        (Misconfigured("the secret holds no access_token", "store it", 60), False, 60),
    ],
)  # fmt: skip
def test_a_token_that_does_not_work_is_read_anew(error: Retryable, renewed: bool, wait: float | None) -> None:
    kit = Kit()
    kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "old"}
    kit.secrets.get(INSTAGRAM.secret)
    if renewed:
        kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
    kit.client.answers = [error]
    assert kit.later().after_s == wait
    assert kit.secrets.refreshed == [INSTAGRAM.secret]
    assert kit.state() == ""
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize("refreshable", [True, False])
def test_a_token_that_was_read_anew_while_the_old_one_was_refused_is_used(
    monkeypatch: pytest.MonkeyPatch, refreshable: bool
) -> None:
    """By another conversation, or since the copy's time was over; and the store is not asked twice in a moment."""

    def refused(*_: object) -> str:
        kit.secrets.cached[INSTAGRAM.secret] = kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
        raise TokenRefused("access token refused")

    kit = Kit()
    kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "old"}
    kit.secrets.refreshable = refreshable
    with monkeypatch.context() as patched:
        patched.setattr(kit.client, "send", refused)
        assert kit.later().after_s == 1.0
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize("error", [Misconfigured("it cannot be used", "restore it"), Retryable("aws: Throttling")])
def test_a_part_whose_secret_cannot_be_read_is_given_back(monkeypatch: pytest.MonkeyPatch, error: Retryable) -> None:
    """Nothing was sent, so nothing is to be found out once it can be read."""

    def away(name: str) -> dict[str, Any]:
        raise error

    kit = Kit()
    kit.client.answers = [Misconfigured("it cannot be used", "restore it")]
    with monkeypatch.context() as patched:
        patched.setattr(kit.secrets, "get", away)
        kit.later()
    assert kit.state() == ""
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


def test_a_token_that_stays_refused_stops_the_account_with_an_alarm() -> None:
    kit = Kit()
    kit.clock.advance(3600)  # what it waited for others
    kit.client.answers = [TokenRefused("access token refused: 190/460")] * 50
    assert kit.until() + 1 >= BUDGETS["token"].tries
    assert kit.clock() - START >= 3600 + BUDGETS["token"].for_s
    assert kit.desk.reported == [failed("account_disconnected", "access token refused: 190/460")]
    assert kit.metrics.total("account_stopped", account=INSTAGRAM.id) == 1


def test_a_late_message_is_sent_with_the_token_that_was_renewed_meanwhile() -> None:
    kit = Kit()
    kit.clock.advance(3600)
    kit.secrets.get(INSTAGRAM.secret)
    kit.secrets.stored[INSTAGRAM.secret] = {"access_token": "new"}
    kit.client.answers = [TokenRefused("access token refused")]
    assert kit.later().after_s == 1.0
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize(
    ("error", "reason"), [(RateLimited("rate limit", 1), "rate_limited"), (Retryable("maintenance"), "other")]
)
def test_after_a_quarter_of_an_hour_the_agent_is_told_once(error: Retryable, reason: Reason) -> None:
    kit = Kit()
    kit.client.answers = [error] * 500
    kit.until(most=500)
    assert kit.clock() - START >= BUDGETS["reply"].for_s
    assert kit.desk.reported == [failed(reason, f"given up: {error.reason}")]
    assert len(kit.desk.delivered) == 1
    assert kit.state() == "refused"
    sends = len(kit.client.sent)
    kit.clock.advance(60)
    kit.handle()
    assert len(kit.client.sent) == sends
    assert kit.metrics.total("refused", channel="instagram", reason=reason) == 1


def test_a_token_that_nobody_stores_waits_a_quarter_of_an_hour_then_stops_the_account() -> None:
    kit = Kit()
    kit.client.answers = [Misconfigured("no token in s/ig", "store one")] * 500
    kit.until(most=500)
    assert kit.clock() - START >= BUDGETS["reply"].for_s
    assert kit.desk.reported == [failed("account_disconnected", "no token in s/ig")]
    assert kit.metrics.total("account_stopped", account=INSTAGRAM.id) == 1


@pytest.mark.parametrize("waited_s", [1000.0, 6 * 3600.0])
def test_a_reply_that_waited_for_others_has_tries_of_its_own(waited_s: float) -> None:
    kit = Kit()
    kit.clock.advance(waited_s)
    kit.client.answers = [Retryable("HTTP 503")] * (BUDGETS["reply"].tries - 1)
    assert kit.until() == BUDGETS["reply"].tries - 1
    assert kit.desk.reported == [DELIVERED]


def test_giving_up_on_a_later_part_does_not_send_the_rest_and_tells_where_it_ends() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = ["p1", *[Retryable("maintenance")] * 500]
    kit.until(most=500)
    assert set(kit.client.texts) == {"aaaa ", "bbbb "}
    assert [receipt.reason for receipt in kit.desk.reported] == ["other"]
    assert "arrived only in part. Not delivered, from here on: “bbbb ”" in kit.desk.delivered[0].text


def test_an_echo_that_comes_while_giving_up_wins() -> None:
    kit = Kit()
    kit.clock.advance(BUDGETS["reply"].for_s + 1)
    kit.client.answers = [Retryable("rate limit")] * BUDGETS["reply"].tries
    sends: list[str] = []

    def echo_at_last(text: str) -> None:
        sends.append(text)
        if len(sends) == BUDGETS["reply"].tries:
            kit.ledger.sent(CONVERSATION, item(), START, "p-echo")

    kit.client.on_send = echo_at_last
    kit.until()
    assert kit.desk.reported == [DELIVERED]


# Nobody knows


def test_an_uncertain_send_waits_for_its_echo_and_is_never_sent_again() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    assert kit.later().after_s == finding_out.LOOK_S
    assert kit.state() == "doubt"
    assert kit.until() > 3
    assert ECHO_WAIT_S <= kit.clock() - START <= ECHO_WAIT_S + HISTORY_S + finding_out.LOOK_S
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)]
    assert len(kit.client.sent) == 1
    assert kit.metrics.total("uncertain", channel="instagram") == 1
    assert kit.metrics.total("unconfirmed", channel="instagram") == 1


@pytest.mark.parametrize("said", [SAID, msgspec.structs.replace(SAID, text="¡Sí! 🫖")])
def test_the_platforms_history_is_read_before_anybody_is_told(said: AgentMessage) -> None:
    kit = Kit(said)
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    kit.client.history = "platform-77"
    kit.until()
    assert kit.clock() - START <= HISTORY_S + finding_out.LOOK_S
    assert kit.desk.reported == [DELIVERED]
    assert kit.ledger.is_ours(CONVERSATION, "platform-77")
    [(to, part, since_s)] = kit.client.asked_history
    assert (to.mark, part, since_s) == (mark_of(CONVERSATION, item()), TextPart(said.text), START)


@pytest.mark.parametrize("error", [Retryable("HTTP 503"), Refused("other", "10/3"), Uncertain("no answer")])
def test_a_history_that_cannot_be_read_changes_nothing(error: Exception) -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    kit.client.history = error
    kit.until()
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)]
    assert len(kit.client.sent) == 1


def test_many_replies_to_a_silent_platform_are_told_each_once() -> None:
    kit = Kit()
    for number in range(12):
        kit.says.said = msgspec.structs.replace(SAID, id=f"gen-{number}")
        kit.client.answers = [Uncertain("no answer")]
        kit.until(msgspec.structs.replace(EVENT, id=f"gen-{number}"), life=f"life-{number}")
    assert [(one.message, one.reason) for one in kit.desk.reported] == [
        (f"gen-{number}", "unconfirmed") for number in range(12)
    ]
    assert len(kit.client.sent) == 12
    assert kit.queue.buried == []


@pytest.mark.parametrize("error", [KeyError("surprise"), UnicodeError(), ValueError()])
def test_an_unforeseen_error_of_a_send_is_an_unknown_outcome_and_does_not_hold_its_lease(error: Exception) -> None:
    kit = Kit()
    kit.client.answers = [error]
    with pytest.raises(type(error)):
        kit.handle()
    assert kit.state() == "doubt"
    kit.until()
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == [failed("unconfirmed", UNCONFIRMED)]


def test_no_part_is_begun_without_time_for_it() -> None:
    kit = Kit(THREE, limit=5)
    left = iter([600.0, 600.0, PART_S - 1])
    with pytest.raises(Waiting):
        kit.work.handle(EVENT, msgspec.structs.replace(turn(), remaining_s=lambda: next(left)))
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert kit.state(3) == ""
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb ", "cccc"]
    assert kit.ledger.tries == {}
    assert kit.desk.reported == [DELIVERED]


@pytest.mark.parametrize("thread", [Thread(), Thread(seat=Seat(conversation="desk-1"))])
def test_an_answer_that_overtakes_the_first_messages_end_waits_for_it(thread: Thread) -> None:
    kit = Kit()
    kit.ledger.threads[CONVERSATION.key] = thread
    kit.ledger.claim(CONVERSATION, "IN#message:mid-1", START, LEASE_S)
    assert isinstance(kit.later(), Waiting)
    assert kit.client.sent == []
    kit.ledger.delivered(
        CONVERSATION, "IN#message:mid-1", START, Thread(seat=Seat(conversation="desk-1"), customer_ms=int(START * 1000))
    )
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


def test_a_first_message_that_ends_between_two_looks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()
    kit.ledger.threads.clear()
    kit.ledger.claim(CONVERSATION, "IN#message:mid-1", START, LEASE_S)
    under_way = kit.ledger.under_way

    def ended_first(conversation: Conversation, now: float) -> bool:
        wrote = Thread(seat=Seat(conversation="desk-1"), customer_ms=int(START * 1000))
        kit.ledger.delivered(conversation, "IN#message:mid-1", START, wrote)
        return under_way(conversation, now)

    monkeypatch.setattr(kit.ledger, "under_way", ended_first)
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


def test_an_answer_does_not_wait_for_ever_for_a_message_that_hangs() -> None:
    """Its customer has written, so the platform judges."""
    kit = Kit()
    kit.ledger.threads.clear()
    kit.ledger.claim(CONVERSATION, "IN#message:mid-1", START, LEASE_S)
    kit.until(step_s=60)
    assert kit.desk.reported == [DELIVERED]


def test_an_uncertain_send_whose_echo_comes_is_delivered() -> None:
    kit = Kit()
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    kit.ledger.sent(CONVERSATION, item(), kit.clock(), "p-echo")
    kit.clock.advance(finding_out.LOOK_S)
    kit.handle()
    assert len(kit.client.sent) == 1
    assert kit.desk.reported == [DELIVERED]


def test_an_uncertain_part_holds_back_the_next_ones_until_its_echo() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = [Uncertain("no answer")]
    kit.later()
    assert kit.client.texts == ["aaaa "]
    kit.ledger.sent(CONVERSATION, item(1), kit.clock(), "p-echo")
    kit.handle()
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
    kit.handle()
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


# Never


@pytest.mark.parametrize("reason", get_args(Reason))
def test_the_platforms_refusal_becomes_a_failed_receipt_with_its_reason_and_a_notice(reason: Reason) -> None:
    kit = Kit()
    kit.client.answers = [Refused(reason, "Instagram 10/2534022, HTTP 403")]
    kit.handle()
    kit.handle()
    assert kit.desk.reported == [failed(reason, "Instagram 10/2534022, HTTP 403")] * 2
    assert len(kit.client.sent) == 1
    assert kit.metrics.total("refused", channel="instagram", reason=reason) == 1
    [notice] = kit.desk.delivered
    assert notice.text.startswith("[Your reply was not delivered. ")
    assert (notice.customer, notice.attributes) == ("55501", {})


def test_a_refused_part_stops_the_rest() -> None:
    kit = Kit(THREE, limit=5)
    kit.client.answers = ["p1", Refused("window_closed", "closed")]
    kit.handle()
    assert kit.client.texts == ["aaaa ", "bbbb "]
    assert kit.desk.reported == [failed("window_closed", "closed")]


def test_content_that_cannot_be_carried_fails_and_nothing_is_sent() -> None:
    kit = Kit(msgspec.structs.replace(SAID, text="", unsupported="Attachment"))
    kit.handle()
    assert kit.desk.reported == [failed("unsupported", "cannot be carried to instagram: Attachment")]
    assert kit.client.sent == []
    assert kit.desk.delivered[0].text.startswith("[Your reply was not delivered. ")


@pytest.mark.parametrize("unsupported", ["RichLink", "Location, Form"])
def test_what_can_go_goes_and_what_cannot_is_named(unsupported: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, unsupported=unsupported))
    kit.handle()
    assert kit.client.texts == [SAID.text]
    assert kit.desk.reported == [failed("unsupported", f"cannot be carried to instagram: {unsupported}")]
    assert kit.desk.delivered[0].text.startswith(f"[Your reply arrived without this: {unsupported}. ")


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_a_message_without_text_fails(text: str) -> None:
    kit = Kit(msgspec.structs.replace(SAID, text=text))
    kit.handle()
    assert kit.desk.reported == [failed("unsupported", "the message has no content")]
    assert kit.client.sent == []


# Telling


def test_a_receipt_that_cannot_be_given_now_is_an_event_of_its_own_and_holds_up_no_reply() -> None:
    kit = Kit()
    kit.desk.report_answers = [Retryable("HTTP 503")]
    kit.handle()
    kit.says.said = msgspec.structs.replace(SAID, id="gen-2")
    kit.handle(msgspec.structs.replace(EVENT, id="gen-2"))  # the desk is left alone for a moment
    assert kit.client.texts == [SAID.text] * 2
    first, second = kit.told()
    assert first.group != second.group != EVENT.group
    assert kit.desk.reported == []
    for told in (first, second, first):  # a receipt may come twice
        kit.handle(told)
    assert [one.message for one in kit.desk.reported] == ["gen-1", "gen-2", "gen-1"]


ERRORS = [Retryable("HTTP 503"), RateLimited("HTTP 429", 60), Misconfigured("HTTP 403", "grant it"),
          Uncertain("no answer"), KeyError("surprise")]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("way", ["receipt", "notice"])
def test_neither_way_of_telling_needs_the_other(way: str, error: Exception) -> None:
    kit = Kit()
    kit.client.answers = [Refused("window_closed", "closed")]
    if way == "receipt":
        kit.desk.report_answers = [error]
    else:
        kit.desk.open_error = error
    kit.handle()
    kit.desk.open_error = None
    for told in kit.told():
        kit.handle(told, life=told.id)
    assert kit.desk.reported == [failed("window_closed", "closed")]
    assert [one.text[:31] for one in kit.desk.delivered] == ["[Your reply was not delivered. "]


def test_a_refused_receipt_is_lost_and_the_notice_comes_all_the_same() -> None:
    kit = Kit()
    kit.client.answers = [Refused("window_closed", "closed")]
    kit.desk.report_answers = [Refused("other", "HTTP 400")]
    kit.handle()
    assert kit.metrics.total("receipt_lost", channel="instagram") == 1
    assert len(kit.desk.delivered) == 1
    assert kit.told() == []


def test_a_desk_that_is_away_for_hours_is_told_in_the_end() -> None:
    kit = Kit()
    kit.desk.report_answers = [Retryable("HTTP 503")] * 40
    kit.handle()
    [told] = kit.told()
    kit.until(told, step_s=600)
    assert kit.clock() - START > 6 * 3600
    assert kit.desk.reported == [DELIVERED]


def test_what_cannot_be_told_for_a_day_is_lost_with_an_alarm() -> None:
    kit = Kit()
    kit.desk.report_answers = [Retryable("HTTP 503")] * 1000
    kit.handle()
    [told] = kit.told()
    kit.until(told, step_s=600, most=1000)
    assert kit.clock() - START >= BUDGETS["receipt"].for_s
    assert kit.metrics.total("receipt_lost") == 1


def test_what_can_be_told_neither_now_nor_later_is_told_with_the_reply() -> None:
    kit = Kit()
    kit.desk.report_answers = [Retryable("HTTP 503")]
    kit.queue.refuses = True
    kit.later()
    kit.clock.advance(PAUSE_S)
    kit.handle()
    assert kit.desk.reported == [DELIVERED]
    assert len(kit.client.sent) == 1


def test_a_reply_that_is_given_up_is_buried_and_told() -> None:
    kit = Kit()
    kit.work.give_up(EVENT, turn(), "KeyError at somewhere:1")
    assert kit.queue.buried == [(EVENT, "KeyError at somewhere:1")]
    assert [(one.delivered, one.reason) for one in kit.desk.reported] == [(False, "other")]
    assert len(kit.desk.delivered) == 1


@pytest.mark.parametrize("error", [Malformed("odd"), KeyError("surprise")])
def test_what_cannot_even_be_read_is_buried_all_the_same(error: Exception) -> None:
    kit = Kit()
    kit.says.error = error
    kit.work.give_up(EVENT, turn(), "reason")
    assert kit.queue.buried == [(EVENT, "reason")]
    assert kit.desk.reported == []


def test_the_agent_is_told_of_a_reply_that_is_let_go_with_its_customer() -> None:
    kit = Kit()
    kit.work.let_go(EVENT)
    assert (kit.queue.buried, kit.client.sent) == ([], [])
    assert [(one.delivered, one.reason) for one in kit.desk.reported] == [(False, "other")]


def test_of_a_reply_that_comes_back_they_were_told_when_it_was_given_up() -> None:
    kit = Kit()
    kit.work.let_go(msgspec.structs.replace(EVENT, order="7"))
    assert kit.desk.reported == []


# What the desk tells of customers' messages

TROUBLE = DeskReceipt(
    integration=INSTAGRAM.integration, customer="55501", message="m-1", status="Failed", reason="MediaTypeNotAllowed",
    desk_conversation="desk-1",
)  # fmt: skip


def test_what_did_not_reach_the_agents_is_an_alarm_and_a_line_for_them() -> None:
    kit = Kit(TROUBLE)
    kit.handle()
    assert kit.metrics.total("desk_receipt", reason="MediaTypeNotAllowed") == 1
    [line] = kit.desk.delivered
    assert "did not reach you" in line.text
    assert kit.desk.reported == []


def test_a_desk_that_refuses_the_line_too_is_not_told_for_ever() -> None:
    kit = Kit(TROUBLE)
    for number in range(50):
        kit.says.said = msgspec.structs.replace(TROUBLE, message=f"m-{number}")
        kit.handle()
    assert len(kit.desk.delivered) == 1
    assert kit.metrics.total("desk_receipt") == 50


@pytest.mark.parametrize("error", [Misconfigured("403", "grant"), Refused("other", "400"), Retryable("503")])
def test_a_line_of_trouble_that_cannot_be_shown_holds_nothing_up(error: Exception) -> None:
    kit = Kit(TROUBLE)
    kit.desk.open_error = error
    kit.handle()
    assert kit.desk.delivered == []


def test_trouble_of_an_integration_that_nobody_knows_is_counted() -> None:
    kit = Kit(msgspec.structs.replace(TROUBLE, integration="int-unknown"))
    kit.handle()
    assert kit.metrics.total("desk_receipt") == 1


# What is not sent


def test_an_ignored_event_is_counted() -> None:
    kit = Kit(Ignored("genesys_receipt"))
    kit.handle()
    assert kit.metrics.lines == [("ignored", 1, {"reason": "genesys_receipt"})]
    assert kit.ledger.reads == 0


def parked(kit: Kit) -> Parked:
    [(key, body)] = kit.shelf.kept.items()
    assert key.startswith("parked/")
    return msgspec.json.decode(body, type=Parked)


def test_a_message_of_an_unknown_integration_waits_for_minutes_then_is_parked_whole_and_told() -> None:
    kit = Kit(msgspec.structs.replace(SAID, integration="int-unknown"))
    assert kit.until() > 3
    assert kit.clock() - START >= BUDGETS["account"].for_s
    kept = parked(kit)
    assert (kept.event, kept.queue, kept.reason, kept.order) == (EVENT, "outbound", "unknown_account", "1")
    assert kit.client.sent == []
    assert [(one.message, one.reason) for one in kit.desk.reported] == [("gen-1", "account_disconnected")]
    assert len(kit.desk.delivered) == 1


def test_an_account_that_is_added_a_little_later_carries_the_reply() -> None:
    kit = Kit()
    listed, kit.ledger.listed = kit.ledger.listed, []
    kit.later()
    kit.ledger.listed = listed
    kit.clock.advance(61)
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


def test_typing_for_an_unknown_account_is_worth_no_retry() -> None:
    kit = Kit(AgentTyping(integration="int-unknown", customer="55501"))
    kit.handle()
    assert kit.shelf.kept == {}


def test_an_unreadable_message_is_parked_whole() -> None:
    kit = Kit()
    kit.says.error = Malformed("Genesys event: ValidationError")
    kit.handle()
    assert (parked(kit).event, parked(kit).reason) == (EVENT, "unreadable")


def test_a_message_that_waits_in_the_bucket_is_fetched() -> None:
    kit = Kit()
    kit.shelf.kept["aside/genesys/x"] = b'{"big": 1}'
    kit.handle(msgspec.structs.replace(EVENT, raw=msgspec.Raw(b"null"), aside="aside/genesys/x"))
    assert bytes(kit.says.given[0].raw) == b'{"big": 1}'
    assert len(kit.client.sent) == 1


def _down(kit: Kit) -> None:
    kit.ledger.down = True


def _no_accounts(kit: Kit) -> None:
    kit.handle()  # accounts are cached now
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

POLICY = WindowPolicy(open_s=DAY_S, human_agent_s=7 * DAY_S, human_agent_tag="HUMAN_AGENT", comment_s=7 * DAY_S, cap=10)
CAN = Capabilities(text_limit=5, text_unit="bytes", window=POLICY)


def wrote(kit: Kit, hours: float, **thread: object) -> None:
    """The customer wrote that many hours ago."""
    ms = int((START - hours * 3600) * 1000)
    kit.ledger.threads[CONVERSATION.key] = msgspec.convert(
        {"seat": {"conversation": "desk-1"}, "customer_ms": ms} | thread, Thread
    )


def approved(kit: Kit) -> None:
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, options={"human_agent": True})]


SHORT = msgspec.structs.replace(SAID, text="Hi.")


def test_a_late_reply_of_a_person_is_tagged_where_the_account_is_approved() -> None:
    kit = Kit(SHORT, can=CAN)
    approved(kit)
    wrote(kit, 25)
    kit.handle()
    [(to, part)] = kit.client.parts
    assert (to.customer, to.tag, part) == ("55501", "HUMAN_AGENT", TextPart("Hi."))


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


@pytest.mark.parametrize("held", [True, False])
def test_a_notice_whose_outcome_is_unknown_is_read_back(held: bool) -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 25)
    kit.desk.answers = [Uncertain("no answer")]
    kit.handle()
    [told] = kit.told()
    kit.desk.holds = {kit.desk.delivered[0].id: "desk-1"} if held else {}
    kit.clock.advance(6)
    kit.until(told)
    assert len(kit.desk.delivered) == (1 if held else 2)
    assert len(kit.desk.reported) == 1


def test_a_notice_that_cannot_be_given_now_is_given_later() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 25)
    kit.desk.answers = [Retryable("rate limit")]
    kit.handle()
    [told] = kit.told()
    kit.handle(told)
    assert len(kit.desk.delivered) == 2
    assert kit.metrics.total("notice", outcome="told") == 1


def test_the_first_reply_to_a_comment_answers_it_and_the_second_waits_for_the_person() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1, customer_ms=0, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    [(to, part)] = kit.client.parts
    assert (to.customer, to.comment, part) == ("55501", "c-1", TextPart("Hi."))
    kit.says.said = msgspec.structs.replace(SHORT, id="gen-2")
    kit.handle(msgspec.structs.replace(EVENT, id="gen-2"))
    assert len(kit.client.parts) == 1
    assert [(one.message, one.reason) for one in kit.desk.reported] == [("gen-1", ""), ("gen-2", "awaiting_answer")]


def test_the_answer_to_a_comment_is_reported_delivered_on_a_second_try_too() -> None:
    kit = Kit(SHORT, can=CAN)
    wrote(kit, 1, customer_ms=0, comment="c-1", comment_ms=int(START * 1000) - 5)
    kit.handle()
    kit.handle()
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


@pytest.mark.parametrize(
    ("replies", "closing", "told"), [(6, "warn", [3]), (7, "warn", []), (9, "raise", [0]), (6, "off", [])]
)
def test_that_few_messages_may_follow_is_written_down_as_each_number_is_reached(
    replies: int, closing: Any, told: list[int]
) -> None:
    kit = Kit(SHORT, can=CAN)
    kit.ledger.listed = [msgspec.structs.replace(INSTAGRAM, closing=closing)]
    wrote(kit, 1, replies=replies)
    kit.handle()
    kit.handle()
    assert {left for _, left, _ in kit.ledger.spends} == set(told)


def test_that_it_cannot_be_written_down_holds_up_no_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Retryable("table busy")

    kit = Kit(SHORT, can=CAN)
    monkeypatch.setattr(kit.ledger, "spend", busy)
    wrote(kit, 1, replies=6)
    kit.handle()
    assert kit.desk.reported == [DELIVERED]


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


def hold(kit: Kit) -> None:
    """An operator has paused what goes to the account's customers."""
    now = kit.clock()
    kit.ledger.paused = [
        Pause(channel="instagram", account=INSTAGRAM.id, direction="outbound", since_s=now, until_s=now + 86_400)
    ]


def test_a_paused_accounts_reply_waits_spends_nothing_and_is_sent_then() -> None:
    kit = Kit()
    hold(kit)
    for _ in range(20):
        assert isinstance(kit.later(), Waiting)
        kit.clock.advance(61)
    assert (kit.client.sent, kit.queue.buried, kit.ledger.tries, kit.ledger.claims) == ([], [], {}, {})
    kit.ledger.paused = []
    kit.clock.advance(61)
    kit.handle()
    assert len(kit.client.sent) == 1


def test_a_paused_accounts_typing_is_dropped() -> None:
    kit = typing_kit()
    hold(kit)
    kit.handle()
    assert kit.client.acts == []
    assert kit.metrics.total("ignored", reason="typing_paused") == 1


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
    kit.handle(msgspec.structs.replace(EVENT, id="gen-2"))
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
    kit.later()
    kit.handle()
    assert len(kit.fetch.asked) == 2
    assert kit.client.texts == ["Look", "", ""]


def test_a_file_is_not_fetched_again_while_its_send_is_looked_for() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.client.answers = [Uncertain("no answer")]
    kit.until()
    assert len(kit.fetch.asked) == 1
    assert [one.reason for one in kit.desk.reported] == ["unconfirmed"]


@pytest.mark.parametrize("fault", [Unfetched("media_gone", "HTTP 404"), Unfetched("media_not_allowed", "host")])
def test_a_text_beside_a_dead_file_goes_and_the_file_is_named(fault: Unfetched) -> None:
    kit = Kit(msgspec.structs.replace(WITH_FILE, text="Look"), can=CARRIES)
    kit.fetch.answers = [fault]
    kit.handle()
    assert kit.client.texts == ["Look"]
    assert [one.reason for one in kit.desk.reported] == ["file_gone"]
    assert kit.desk.delivered[0].text.startswith("[Your reply arrived without this: tea.png. ")


def test_a_file_that_cannot_be_had_is_told() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.fetch.answers = [Unfetched("media_gone", "desk.example HTTP 404")]
    kit.handle()
    assert [one.reason for one in kit.desk.reported] == ["file_gone"]


def test_a_page_that_claims_to_be_a_picture_is_not_passed_on() -> None:
    kit = Kit(WITH_FILE, can=CARRIES)
    kit.fetch.answers = [Fetched(body=b"<html><script>", mime="image/png")]
    kit.handle()
    assert kit.client.parts == []
    assert [one.reason for one in kit.desk.reported] == ["file_gone"]


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
