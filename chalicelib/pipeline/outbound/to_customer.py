"""An agent's message on its way to the customer, and what became of it on its way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from chalicelib.errors import Refused, Retryable, Throttled, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.intake import Intake
from chalicelib.pipeline.outbound import ending
from chalicelib.pipeline.outbound.acts import Acts
from chalicelib.pipeline.outbound.bots import Bots
from chalicelib.pipeline.outbound.ending import Ending
from chalicelib.pipeline.outbound.reply import Outcome, Reply
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.outbound.telling import SECTION, Telling, Told
from chalicelib.pipeline.outbound.whose import Whose
from chalicelib.pipeline.parking import UNKNOWN_ACCOUNT
from chalicelib.pipeline.ports import Clock, Ledger, Turn
from chalicelib.protocols.channel import Client
from chalicelib.rules import closing
from chalicelib.rules.budgets import BUDGETS
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.front import THANKS
from chalicelib.vocabulary.messages import Ignored
from chalicelib.vocabulary.records import BOT, Account, Claim, Conversation, Event, Seat, Thread
from chalicelib.vocabulary.replies import (
    AgentMessage,
    AgentRead,
    AgentTyping,
    DeskEnded,
    DeskEvent,
    DeskReceipt,
    FromDesk,
    Uttered,
)

if TYPE_CHECKING:
    from chalicelib.pipeline.front.thanks import Thanking

UNKNOWN_S = 5.0
# What the bridge itself has put on the queue.
_OURS = {SECTION, THANKS, ending.SECTION, BOT}
# How soon the end of a customer's first message, which is on its way to the desk, is looked for again.
COMMIT_S = 1.0


class ToCustomer:
    """The outbound worker's use case."""

    def __init__(
        self,
        *,
        intake: Intake[DeskEvent],
        accounts: Accounts,
        desks: Desks,
        clients: Mapping[str, Client],
        whose: Whose,
        bots: Bots,
        ledger: Ledger,
        sending: Sending,
        acts: Acts,
        ending: Ending,
        telling: Telling,
        thanking: Callable[[], Thanking],
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`thanking` is asked for when somebody is first to be thanked."""
        self._intake = intake
        self._accounts = accounts
        self._desks = desks
        self._clients = clients
        self._whose = whose
        self._bots = bots
        self._ledger = ledger
        self._sending = sending
        self._acts = acts
        self._ending = ending
        self._telling = telling
        self._thanking = thanking
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, turn: Turn) -> None:
        """One event of the outbound queue. Raises Retryable."""
        if event.section == SECTION:
            self._telling.again(self._intake.whole(event), turn)
            return
        if event.section == THANKS:
            self._thanking().thank(self._intake.whole(event), turn)
            return
        if event.section == BOT:
            self._by_bot(event, turn)
            return
        happened = ending.told(event) if event.section == ending.SECTION else self._intake.read(event, turn)
        if isinstance(happened, Ignored):
            self._metrics.count("ignored", reason=happened.reason)
        elif happened is not None:
            self._told(happened, event, turn)

    def _told(self, told: FromDesk, event: Event, turn: Turn) -> None:
        seat = self._seat(told, event)
        account, told = self._whose.of(told, seat)
        if account is not None and event.signer not in {"", account.key}:
            self._foreign(account, event, turn)
        elif isinstance(told, DeskReceipt):
            self._about_a_customers(told, account, seat)
        elif account is None:
            self._unknown(event, turn, told, seat)
        elif isinstance(told, (AgentTyping, AgentRead)):
            self._act(account, told, seat, event)
        elif isinstance(told, DeskEnded):
            self._accounts.ready(account.channel, account.id, "outbound")
            self._ending.end(account, told.customer, seat, event.received_ms / 1000, turn)
        elif told.author == "flow" and not account.flow_texts:
            self._metrics.count("ignored", reason="flow_text")
        else:
            self._message(account, told, seat, event, turn)

    def _by_bot(self, event: Event, turn: Turn) -> None:
        """The bot before the desk says something, or types."""
        uttered = msgspec.json.decode(self._intake.whole(event).raw, type=Uttered)
        told, account = uttered.told, self._accounts.of_integration(uttered.told.integration)
        if account is None:
            self._metrics.count("ignored", reason="bot_unknown_account")
        elif isinstance(told, AgentMessage):
            seat = Seat(BOT, told.desk_conversation, generation=uttered.generation)
            self._message(account, told, seat, event, turn, uttered)
        elif self._accounts.paused(account.channel, account.id, "outbound"):
            self._metrics.count("ignored", reason="typing_paused")
        else:
            self._acts.typing(account, told, event, uttered.wrote_ms)

    def _act(self, account: Account, told: AgentTyping | AgentRead, seat: Seat, event: Event) -> None:
        if self._accounts.paused(account.channel, account.id, "outbound"):
            self._metrics.count("ignored", reason=f"{_act_of(told)}_paused")
        elif isinstance(told, AgentTyping):
            self._acts.typing(account, told, event)
        else:
            self._acts.read(account, told, seat, event)

    def _seat(self, told: FromDesk, event: Event) -> Seat:
        return self._desks.seat(event.source, told.desk_conversation)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """Buries the event; the agent of a message reads that it was not delivered. Raises Retryable."""
        self._intake.bury(event, turn, reason)
        self._not_delivered(event, f"the bridge failed: {reason}")

    def let_go(self, event: Event) -> None:
        """The agent of a message reads that it was not delivered: its customer was erased. Of one that comes back from
        the shelf they were told when it was given up. Raises Retryable."""
        if not event.order:
            self._not_delivered(event, "the customer was erased")

    def _not_delivered(self, event: Event, detail: str) -> None:
        told = self._intake.read_again(event) if event.section not in _OURS else None
        if isinstance(told, AgentMessage):
            seat = self._seat(told, event)
            account, message = self._whose.of(told, seat)
            outcome = Outcome(refused=Refused("other", detail), news=True)
            self._tell(account or _stranger(message.integration), message, seat, outcome)

    def _unknown(
        self, event: Event, turn: Turn, told: AgentMessage | AgentTyping | AgentRead | DeskEnded, seat: Seat
    ) -> None:
        """An account may just have been added, and what tells whose a conversation is may not be written yet; a message
        is told to its agent and kept for its return."""
        if isinstance(told, (AgentTyping, AgentRead)):
            self._metrics.count("ignored", reason=f"{_act_of(told)}_unknown_account")
            return
        # an integration of others, whose conversations end as well
        if isinstance(told, DeskEnded) and told.integration and told.customer:
            self._metrics.count("ignored", reason="desk_ended_unknown")
            return
        missing = f"integration {told.integration}" if told.integration else f"conversation {told.desk_conversation}"
        # whose a conversation is may be written by a worker that has died, and is tried again
        waits = "account" if told.integration or isinstance(told, DeskEnded) else "seat"
        if not self._budgets.spent(turn, waits):
            raise Retryable(f"no account with the {missing} yet", UNKNOWN_S)
        if isinstance(told, DeskEnded):
            self._metrics.count("ignored", reason="desk_ended_unknown")
            return
        advice = f"no account has the {missing}; add it to Terraform's accounts, then replay"
        self._intake.park(event, turn, UNKNOWN_ACCOUNT, advice)
        no = Refused("account_disconnected", "no account of the bridge has this integration")
        self._tell(_stranger(told.integration), told, seat, Outcome(refused=no, news=True))

    def _foreign(self, account: Account, event: Event, turn: Turn) -> None:
        """Who knows one account's secret speaks for another: nobody is written to, and nobody is told."""
        advice = (
            f"it speaks for {account.key} and is signed with the webhook secret of {event.signer}: "
            "unless the two were mixed up, somebody knows that secret; change it"
        )
        self._intake.park(event, turn, "foreign_signature", advice)

    def _about_a_customers(self, told: DeskReceipt, account: Account | None, seat: Seat) -> None:
        """The desk says that a customer's message did not get through: an alarm, and a line for the agent."""
        self._metrics.count("desk_receipt", reason=told.reason)
        log.error("desk receipt", event=told.message, integration=told.integration, reason=told.reason,
                  detail=told.detail, status=told.status, desk_conversation=told.desk_conversation)  # fmt: skip
        if account is not None:
            self._telling.trouble(account, told, seat)

    def _message(
        self,
        account: Account,
        message: AgentMessage,
        seat: Seat,
        event: Event,
        turn: Turn,
        uttered: Uttered | None = None,
    ) -> None:
        """An agent's message, or what the bot has `uttered`."""
        self._accounts.ready(account.channel, account.id, "outbound")
        conversation = Conversation(account.channel, account.id, message.customer)
        begun = None
        if uttered is None:
            begun, thread = self._begun(account, conversation, message, event, turn)
        else:
            held = self._bots.thread(conversation, uttered, event.received_ms / 1000, turn)
            if held is None:
                self._metrics.count("ignored", reason="bot_overtaken")
                return
            thread = held
        reply = Reply(
            account=account,
            message=message,
            seat=thread.seat if thread.seat.place == seat.place else seat,
            conversation=conversation,
            thread=thread,
            received_s=event.received_ms / 1000,
            turn=turn,
            said_ms=event.sent_ms,
            turn_of_bot=uttered.turn if uttered else 0,
            begun=begun,
        )
        try:
            outcome = self._sending.send(reply)
        except Throttled as later:
            self._telling.late(reply, later)
            raise
        if not outcome.news:
            self._metrics.count("duplicate", channel=account.channel)
            return
        self._ended(reply, outcome, seat, event, uttered)

    def _ended(self, reply: Reply, outcome: Outcome, seat: Seat, event: Event, uttered: Uttered | None) -> None:
        """Who has to know is told what became of it."""
        account, message = reply.account, reply.message
        if uttered is None:  # a bot needs no receipts
            self._tell(account, message, seat, outcome)
        elif outcome.refused is not None:
            self._metrics.count("bot_unsaid", channel=account.channel, reason=outcome.refused.reason)
            log.info("not said", message=message.id, account=account.id, detail=outcome.refused.detail)
        if reply.overtaken and outcome.arrived:
            self._metrics.count("overtaken", channel=account.channel)
        if outcome.refused is None:
            self._metrics.measure("latency_ms", self._clock() * 1000 - event.received_ms, direction="outbound")
            log.info("sent", message=message.id, account=account.id, desk_conversation=message.desk_conversation,
                     conversation=reply.conversation.key)  # fmt: skip
            self._acts.seen(reply, noted=outcome.seen)
            self._near_the_cap(reply, outcome.arrived)

    def _begun(
        self, account: Account, conversation: Conversation, message: AgentMessage, event: Event, turn: Turn
    ) -> tuple[Claim | None, Thread]:
        """What is remembered of the conversation, and the claim of the message's first part where one call makes both:
        of text that is certainly new. Raises Waiting."""
        text = self._sending.opening(account, message) if event.made_ms else None
        if text is None:
            return None, self._thread(conversation, event, self._ledger.thread(conversation))
        item, now = claims.outbound(message.id, 1), self._clock()
        again = turn.again or event.order != "" or event.late
        begun, thread = self._ledger.begin(conversation, item, now, LEASE_S, event.made_ms, text, again=again)
        return begun, thread if begun else self._thread(conversation, event, thread)

    def _thread(self, conversation: Conversation, event: Event, thread: Thread) -> Thread:
        """What is remembered of the conversation, as it is when the customer has written. An answer may overtake the
        end of their first message: as long as one is under way, nothing is decided from an empty thread. Raises
        Waiting."""
        if thread.customer_ms or thread.comment:
            return thread
        now = self._clock()
        fresh = now - event.received_ms / 1000 < BUDGETS["reply"].for_s
        if not self._ledger.under_way(conversation, now):
            return self._ledger.thread(conversation)  # it may have ended between the two looks
        if fresh:
            raise Waiting("the customer's first message is on its way to the desk", COMMIT_S)
        # they have written, and nobody can say when: the platform judges
        return msgspec.structs.replace(thread, customer_ms=int(now * 1000))

    def _tell(self, account: Account, message: AgentMessage, seat: Seat, outcome: Outcome) -> None:
        no = outcome.refused
        told = Told(
            account=account,
            message=message.id,
            customer=message.customer,
            desk_conversation=seat.conversation,
            desk=seat.desk,
            author=message.author,
            delivered=no is None,
            reason=no.reason if no else "",
            detail=no.detail if no else "",
            arrived=outcome.arrived,
            rest=outcome.rest,
            left_out=", ".join(outcome.left_out) if not outcome.rest else "",
        )
        self._telling.tell(told)

    def _near_the_cap(self, reply: Reply, parts: int) -> None:
        """The operator sees that the platform's cap is near, and the upkeep tells supervisors."""
        account, cap = reply.account, self._clients[reply.account.channel].capabilities.window.cap
        if not cap or reply.thread.replies + parts < cap - closing.LEFT[0]:
            return
        with suppress(Retryable):  # a warning less; the reply has been sent
            thread = self._ledger.thread(reply.conversation)  # a reply that came twice is counted once
            if thread.replies >= cap:
                self._metrics.count("reply_cap", channel=account.channel)
                log.warning("reply cap", account=account.id, message=reply.message.id, count=thread.replies)
            left = closing.crossed(cap, thread.replies - parts, thread.replies)
            if left is not None and account.closing != "off":
                self._ledger.spend(reply.conversation, self._clock(), left, thread.customer_ms)


def _act_of(told: AgentTyping | AgentRead) -> str:
    return "typing" if isinstance(told, AgentTyping) else "agent_read"


def _stranger(integration: str) -> Account:
    """An integration that no account has: as much of one as it takes to tell its agents, now or later."""
    return Account(channel="unknown", id="unknown", integration=integration or "unknown", secret="unknown")  # noqa: S106 — the name of a secret, and of none
