"""What became of an agent's message is told in two ways: a receipt, and a line in the conversation, because desks
do not show agents why a message failed. Neither waits for the other, and no reply waits for either: what cannot be
told at once becomes an event of its own on the outbound queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from chalicelib.errors import Misconfigured, Reason, Refused, Retryable, Throttled, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.lines import Lines, Shown, forgotten
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Outbox, Turn
from chalicelib.rules.catalogue import say
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account, Conversation, Event, Seat
from chalicelib.vocabulary.replies import Author, DeskReceipt, Receipt
from chalicelib.wire import bounded

# A desk that has just failed to be told is left alone for a moment: its silence must not hold up replies.
PAUSE_S = 10.0
# How often it is tried to tell that a reply waits.
LATE_TRIES = 3
SECTION = "telling"
Way = Literal["receipt", "notice"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one message, at the desk and in the conversation where it was written. `arrived` parts reached
    the customer; `rest` is how the first that did not begins; `left_out` names what could not go, while the rest
    did."""

    account: Account
    message: str
    customer: str
    desk_conversation: str
    desk: str = ""
    author: Author
    delivered: bool
    reason: str = ""
    detail: str = ""
    arrived: int = 0
    rest: str = ""
    left_out: str = ""
    way: Way = "receipt"

    @property
    def receipt(self) -> Receipt:
        return Receipt(
            message=self.message,
            customer=self.customer,
            delivered=self.delivered,
            reason=self.reason,
            detail=self.detail,
        )

    @property
    def seat(self) -> Seat:
        return Seat(self.desk, self.desk_conversation)

    @property
    def conversation(self) -> Conversation:
        return Conversation(self.account.channel, self.account.id, self.customer)


class Telling:
    """Tells at once where it can, and later else."""

    def __init__(
        self,
        *,
        channels: Mapping[str, About],
        desks: Desks,
        lines: Lines,
        outbox: Outbox,
        budgets: Budgets,
        late_s: float,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`late_s` is after how long an agent is told that a reply waits for a platform's limit."""
        self._late_s = late_s
        self._channels = channels
        self._desks = desks
        self._lines = lines
        self._outbox = outbox
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics
        self._quiet_until = float("-inf")

    def tell(self, told: Told) -> None:
        """In the ways that the desk has. Raises Retryable only where it can be told neither now nor later."""
        can = self._desks.at(told.seat).capabilities
        ways: list[Way] = ["receipt"] if can.receipts else []
        # a bot would take the notice for the customer's answer, and answer it
        if not told.delivered and can.notices and told.account.notices and told.author == "human":
            ways.append("notice")
        for way in ways:
            self._tell(msgspec.structs.replace(told, way=way))

    def trouble(self, account: Account, told: DeskReceipt, seat: Seat) -> None:
        """Shows the agent that a customer's message did not get through: at once or not at all, and once an hour at
        the most, since the desk may refuse the line too, and tell that."""
        identifier = f"desk_receipt:{int(self._clock() // 3600)}"
        text = say(account.language, "desk_receipt", reason=told.reason)
        conversation = Conversation(account.channel, account.id, told.customer)
        try:
            self._line(account, conversation, seat, identifier, text)
        except (Refused, Retryable) as error:
            log.info("desk receipt not shown", event=told.message, account=account.id, reason=error.reason)

    def late(self, reply: Reply, later: Throttled) -> None:
        """A platform's limit holds a reply up. Its agent reads that it waits, once, as soon as that has taken so long:
        until then the reply's next look comes no later. Never raises."""
        account, message, now = reply.account, reply.message, self._clock()
        left_s = reply.received_s + self._late_s - now
        if left_s > 0:
            later.after_s = left_s if later.after_s is None else min(later.after_s, left_s)
            return
        if message.author != "human" or not account.notices:
            return
        if self._budgets.tried(reply.turn, "late").count > LATE_TRIES:
            return
        channel = self._channels.get(account.channel)
        text = say(account.language, "notice_late", platform=channel.title if channel else "")
        try:
            self._line(account, reply.conversation, reply.seat, f"late:{message.id}", text)
        except Exception as error:  # whatever it is, the reply goes out in its time
            log.info("not told that it waits", message=message.id, account=account.id, error=type(error).__name__)

    def again(self, event: Event, turn: Turn) -> None:
        """What could not be told at once. Raises Retryable until its budget is used up."""
        told = msgspec.json.decode(event.raw, type=Told)
        try:
            self._by(told)
        except Refused as no:
            self._lost(told, no.detail)
        except (Retryable, Uncertain) as error:
            if self._budgets.spent(turn, told.way, event.received_ms / 1000):
                self._lost(told, error.reason)
            elif isinstance(error, Retryable):
                raise
            else:
                raise Retryable(error.reason) from error

    def _tell(self, told: Told) -> None:
        if self._clock() >= self._quiet_until:
            try:
                self._by(told)
                return
            except Refused as no:
                self._lost(told, no.detail)
                return
            except (Retryable, Uncertain) as error:
                self._quiet_until = self._clock() + PAUSE_S
                log.info("told later", message=told.message, kind=told.way, reason=error.reason)
                if isinstance(error, Misconfigured):
                    self._metrics.count("misconfigured")
            except Exception as error:  # telling is no reason for a reply to be handled again
                log.error("told later", message=told.message, kind=told.way, error=where(error))
        self._outbox.put([self._event(told)])
        self._metrics.count("told_later", way=told.way)

    def _event(self, told: Told) -> Event:
        """In a group of its own, because it names no party."""
        status = "delivered" if told.delivered else "failed"
        return Event(
            source=told.account.channel,
            account=told.account.integration,
            party="",
            id=f"{told.way}:{told.message}:{status}",
            received_ms=int(self._clock() * 1000),
            section=SECTION,
            raw=msgspec.Raw(msgspec.json.encode(told)),
            about=bounded(told.customer),
        )

    def _by(self, told: Told) -> None:
        if told.way == "receipt":
            stateful = self._desks.at(told.seat).capabilities.stateful  # else it wants nothing that is remembered
            seat = self._desks.current(told.conversation, told.seat) if stateful else told.seat
            self._desks.at(seat).report(told.account, told.receipt, seat, self._clock())
            self._metrics.count("receipt", status="Delivered" if told.delivered else "Failed")
        else:
            self._notice(told)

    def _notice(self, told: Told) -> None:
        account, channel = told.account, self._channels.get(told.account.channel)
        text = notice(told, channel.title if channel else "")
        if not self._line(account, told.conversation, told.seat, f"notice:{told.message}", text):
            self._metrics.count("notice", outcome="conversation_over", channel=account.channel)
            return
        self._metrics.count("notice", outcome="told", channel=account.channel)
        log.info("notice", message=told.message, account=account.id, reason=told.reason)

    def _line(self, account: Account, conversation: Conversation, seat: Seat, identifier: str, text: str) -> bool:
        """Once, if the conversation is open; it is never opened for this. Nothing is remembered of it: what is known
        of the customer is not more for a line of ours. Raises Retryable or Refused."""
        seat = self._desks.current(conversation, seat)
        if not self._lines.is_open(account, conversation, seat):
            return False
        line = Shown(conversation=conversation, id=identifier, sent_ms=int(self._clock() * 1000), text=text)
        self._lines.put(account, line, seat, forgotten)
        return True

    def _lost(self, told: Told, detail: str) -> None:
        self._metrics.count("receipt_lost" if told.way == "receipt" else "notice_lost", channel=told.account.channel)
        status = "Delivered" if told.delivered else "Failed"
        log.error("not told", message=told.message, kind=told.way, detail=detail, status=status)


def notice(told: Told, platform: str) -> str:
    """The line that the agent reads: why, and what of the message arrived."""
    language = told.account.language
    reason = say(language, f"why_{msgspec.convert(told.reason, Reason)}", platform=platform)
    if told.left_out:
        return say(language, "notice_left_out", reason=reason, what=told.left_out)
    if told.arrived:
        return say(language, "notice_rest", reason=reason, words=told.rest)
    return say(language, "notice", reason=reason)
