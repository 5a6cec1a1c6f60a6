"""A reply goes out where the platform lets our app write: what may have changed without a word is looked up before the
send, and a conversation that another app has is taken back, or asked for, where the account says so. Whether it can be
taken or only asked for is the platform's state and no setting, so both are tried, in this order.

Once the desk's conversation is over, another app may have it (`Routing.after_end`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain, Waiting
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.front.routing import Record
from chalicelib.pipeline.lines import Lines, Shown, forgotten
from chalicelib.pipeline.outbound.parts import PART_S
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Ledger, Routes, Turn
from chalicelib.pipeline.presenting import words
from chalicelib.protocols.routing import Threads
from chalicelib.rules import routing as rules
from chalicelib.vocabulary.front import Routing
from chalicelib.vocabulary.records import NOBODY, SOMEBODY, US, Account, Conversation, Thread

# An app that is asked for a conversation gives it at once or does not (s).
ASKED_S = 120.0
LOOK_S = 10.0


class Owning:
    """The outbound worker's half."""

    def __init__(
        self,
        *,
        routes: Routes,
        record: Record,
        threads: Callable[[str], Threads],
        lines: Lines,
        ledger: Ledger,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`threads` answers a channel's, by its name."""
        self._routes = routes
        self._record = record
        self._threads = threads
        self._lines = lines
        self._ledger = ledger
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics
        self._breaker = Breaker(clock)

    def sent(self, routing: Routing, reply: Reply, send: Callable[[], str]) -> str:
        """What `send` answers. Raises what it does; Refused where another app keeps the conversation, Waiting while it
        is asked, Retryable where nobody can tell, and in all of these nothing was sent."""
        held = reply.thread
        standing = rules.standing(routing, held, int(self._clock() * 1000))
        regained = standing == "theirs"
        if standing == "theirs":
            self._regain(routing, reply)
        elif standing == "lapsed":
            self._renewed(reply)
        if standing != "ours":
            self._in_time(reply)
        try:
            sent = send()
        except Refused as no:
            if no.reason != "other_app" or regained:
                raise
            held = self._routes.held(reply.conversation, SOMEBODY, rules.moment(self._clock(), held), self._clock())
            self._regain(routing, reply)
            self._in_time(reply)
            regained, sent = True, send()
        self._ours(routing, reply, held, regained)
        return sent

    def over(self, account: Account, conversation: Conversation, turn: Turn) -> None:
        """The desk's conversation is over, and nobody has it. Raises Retryable for a short while."""
        routing = account.front.routing
        if routing is None or routing.after_end == "keep":
            return
        thread = self._ledger.thread(conversation)  # the customer may have written again
        if thread.seat.conversation or thread.holder not in {"", US}:
            return
        threads, who = self._threads(account.channel), conversation.customer
        gives, app = routing.after_end == "pass", routing.pass_to
        try:
            with new_codes(self._metrics, account.channel):
                if gives:
                    threads.give(account, who, app)
                else:
                    threads.release(account, who)
        except Refused as no:
            self._failed(account, routing.after_end, no.detail)
        except (Retryable, Uncertain) as error:
            if not self._budgets.spent(turn, "routing"):
                raise Retryable(f"giving a conversation back: {error.reason}") from error
            self._failed(account, routing.after_end, error.reason)
        else:
            by = (app or SOMEBODY) if gives and not routing.primary else NOBODY
            self._routes.held(conversation, by, rules.moment(self._clock(), thread), self._clock())
            self._metrics.count("thread_given_back", channel=account.channel)

    # before a send

    def _regain(self, routing: Routing, reply: Reply) -> None:
        """It is another app's, as far as we know. Raises Refused, Waiting, Retryable."""
        if reply.message.author != "human" or not routing.takes:
            raise Refused("other_app", "another app has the conversation")
        account, who = reply.account, reply.message.customer
        threads = self._threads(account.channel)
        try:
            with new_codes(self._metrics, account.channel):
                if threads.owns(account, who):
                    return
                if not (self._taken(threads, account, who) or self._asked(threads, reply)):
                    raise self._not_yet(reply)
        except Refused as no:
            self._failed(account, "take", no.detail)
            raise Refused("other_app", no.detail) from no
        except Uncertain as error:  # nothing of the reply has left
            raise Retryable(f"taking a conversation: {error.reason}") from error
        self._metrics.count("thread_taken", channel=account.channel)

    def _in_time(self, reply: Reply) -> None:
        """Raises Waiting where what was asked has left no time for the send: the next try asks less."""
        if reply.turn.remaining_s() < PART_S:
            raise Waiting("the worker has no time left for a part", 0)

    def _taken(self, threads: Threads, account: Account, customer: str) -> bool:
        try:
            threads.take(account, customer)
        except Refused:  # routing is off, where it can only be asked for, or we may not
            return False
        return True

    def _asked(self, threads: Threads, reply: Reply) -> bool:
        """Whether it is ours once it was asked for, which it is once for each message."""
        account, whose, message = reply.account, reply.conversation, reply.message.id
        if not self._record.was_asked(whose, message):
            threads.request(account, whose.customer)
            self._record.asked(whose, message)
        return bool(threads.owns(account, whose.customer))

    def _not_yet(self, reply: Reply) -> Refused | Waiting:
        if self._clock() - reply.received_s < ASKED_S:
            return Waiting("another app was asked for the conversation", LOOK_S)
        return Refused("other_app", "another app was asked for the conversation and keeps it")

    def _renewed(self, reply: Reply) -> None:
        """It has lapsed, as far as we know, or was released: it is had again where that can be had. Whatever comes of
        it, the send follows, and the platform judges that. Never raises."""
        if reply.message.author != "human":
            return
        account, who = reply.account, reply.message.customer
        threads = self._threads(account.channel)
        with suppress(Refused, Retryable, Uncertain), new_codes(self._metrics, account.channel):
            if threads.owns(account, who) is False and not self._taken(threads, account, who):
                threads.request(account, who)

    # behind a send

    def _ours(self, routing: Routing, reply: Reply, held: Thread, regained: bool) -> None:
        """The platform let us write. Never raises: the reply has been sent, and what is not written down now is looked
        up before the next one."""
        account, whose = reply.account, reply.conversation
        try:
            if (regained and self._is_shown(reply)) or held.holder == NOBODY:
                held = self._routes.held(whose, US, rules.moment(self._clock(), held), self._clock())
            now_ms = int(self._clock() * 1000)
            left_s = rules.extends_s(routing, held, now_ms)
            if left_s and reply.message.author == "human" and self._breaker.admits(account.key):
                self._threads(account.channel).extend(account, whose.customer, left_s)
                self._breaker.worked(account.key)
                self._routes.prolonged(whose, now_ms + left_s * 1000)
        except Exception as error:  # whatever it is
            self._breaker.failed(account.key, long=isinstance(error, (Refused, Misconfigured)))
            self._failed(account, "extend", where(error))

    def _is_shown(self, reply: Reply) -> bool:
        """Shows what was said meanwhile where the agent is; False where that cannot be: it comes with the customer's
        next message then. Raises Retryable or Refused."""
        account, whose, seat = reply.account, reply.conversation, reply.seat
        told = self._record.untold(account, whose)
        if not told.lines:
            return True
        if not self._lines.is_open(account, whose, seat):
            return False
        line = Shown(conversation=whose, id=told.id, sent_ms=told.said_ms, text=words(account, told.lines, ""))
        self._lines.put(account, line, seat, forgotten)
        self._record.was_told(whose, f"reply:{reply.message.id}", told)
        return True

    def _failed(self, account: Account, what: str, reason: str) -> None:
        self._metrics.count("control_failed", channel=account.channel, call=what)
        log.info("control failed", account=account.id, kind=what, reason=reason)
