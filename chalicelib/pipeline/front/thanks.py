"""Who mentions the brand in a story, or comments, is thanked without anybody's doing.

The inbound worker shows what came as ever, and only then puts what is due on the queue to customers, where nothing
waits for it: neither the mention, nor what the customer writes next, nor what an agent answers. There it goes out as a
bot's message does, under a claim of its own. Nobody misses a thank-you as much as two annoy: where it cannot be told
whether one is due, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import msgspec
from dateutil.tz import gettz

from chalicelib.errors import Misconfigured, Refused, Retryable, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.inbound.showing import Showing
from chalicelib.pipeline.lines import Lines, Shown, forgotten
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.outbound.sending import Sending
from chalicelib.pipeline.ports import Arrival, Clock, Ledger, Outbox, Turn
from chalicelib.pipeline.presenting import remembered
from chalicelib.pipeline.presenting import words as shown_words
from chalicelib.protocols.channel import Client
from chalicelib.protocols.memory import Memory, of_account
from chalicelib.rules import thanks as rules
from chalicelib.rules.catalogue import say
from chalicelib.rules.quoting import beginning
from chalicelib.rules.text import split
from chalicelib.rules.thanks import Due
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.front import THANKS, Thanks
from chalicelib.vocabulary.messages import CustomerEvent, CustomerMessage
from chalicelib.vocabulary.records import Account, Event, Profile, Thread
from chalicelib.vocabulary.replies import AgentMessage, Recipient
from chalicelib.wire import bounded, digest

# Two tellings of one mention come within a day. An account's day has as much, and is looked at no longer.
DAY_S = 86_400.0
ADVICE = 'name a time zone of the IANA database, like "Europe/Berlin", in the account\'s front.thanks.zone'

Show = Callable[[Arrival, Sequence[CustomerEvent]], Sequence[str]]

_TOLD = {"story": "thanked_story", "comment": "thanked_comment"}


class Offering:
    """The inbound worker's half."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        showing: Showing,
        ledger: Ledger,
        outbox: Outbox,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`outbox` is the queue to customers."""
        self._clients = clients
        self._showing = showing
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._metrics = metrics

    def around(self, thanks: Thanks, arrival: Arrival, happened: Sequence[CustomerEvent], show: Show) -> Sequence[str]:
        """Has the event shown, and then asks for what is due for it. Answers and raises what `show` does."""
        due = rules.due(thanks, happened)
        if due is None or self._is_own(arrival.account, due):
            return show(arrival, happened)
        no = self._held(due)  # what is shown now may open the conversation
        taken: Sequence[str] = ()
        if thanks.opens or not rules.only_mentions(happened):
            taken = show(arrival, happened)
        else:
            self._noted(arrival, happened)
        if no:
            self._count(due, no)
        else:
            self._ask(due)
        return taken

    def _is_own(self, account: Account, due: Due) -> bool:
        return self._clients[account.channel].own(account, due.conversation.customer, due.username)

    def _held(self, due: Due) -> str:
        """Why nobody is to be thanked: somebody at the desk has the customer's conversation, or that cannot be told.
        Never raises."""
        try:
            return "held" if self._ledger.thread(due.conversation).seat.conversation else ""
        except Exception as error:  # whatever it is, the event is shown
            self._failed(due, "unknown", error)
            return "unknown"

    def _noted(self, arrival: Arrival, happened: Sequence[CustomerEvent]) -> None:
        """Shows the mentions where a conversation is open, and opens none. Raises Retryable."""
        for message in happened:
            if isinstance(message, CustomerMessage):
                text = shown_words(arrival.account, message.lines, message.text)
                line = Shown(conversation=message.conversation, id=message.id, sent_ms=message.sent_ms, text=text)
                self._showing.show(arrival, line, "mention", partial(remembered, message))

    def _ask(self, due: Due) -> None:
        """Never raises: what the customer sent has been dealt with."""
        there = due.conversation
        event = Event(
            source=there.channel,
            account=there.account,
            party=bounded(there.customer),
            id=bounded(due.event),
            received_ms=int(self._clock() * 1000),
            sent_ms=due.sent_ms,
            section=THANKS,
            raw=msgspec.Raw(msgspec.json.encode(due)),
        )
        try:
            self._outbox.put([event])
        except Exception as error:
            self._failed(due, "not_queued", error)
            self._count(due, "not_queued")

    def _failed(self, due: Due, outcome: str, error: Exception) -> None:
        log.warning(
            "not thanked", event=due.event, account=due.conversation.account, reason=outcome, error=where(error)
        )

    def _count(self, due: Due, outcome: str) -> None:
        self._metrics.count("thanks", channel=due.conversation.channel, kind=due.kind, outcome=outcome)


class Thanking:
    """The outbound worker's half."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        clients: Mapping[str, Client],
        sending: Sending,
        lines: Lines,
        ledger: Ledger,
        memory: Memory,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._accounts = accounts
        self._clients = clients
        self._sending = sending
        self._lines = lines
        self._ledger = ledger
        self._memory = memory
        self._clock = clock
        self._metrics = metrics

    def thank(self, event: Event, turn: Turn) -> None:
        """Thanks for what the event tells, once, or not at all. Raises Retryable."""
        due = msgspec.json.decode(event.raw, type=Due)
        account = self._accounts.of_channel(due.conversation.channel, due.conversation.account)
        thanks = account.front.thanks if account else None
        if account is None or thanks is None:
            outcome = "off"
        else:
            self._accounts.ready(account.channel, account.id, "outbound")
            outcome = self._outcome(account, thanks, due, event, turn)
        self._metrics.count("thanks", channel=due.conversation.channel, kind=due.kind, outcome=outcome)
        log.info("thanks", event=due.event, account=due.conversation.account, kind=due.kind, reason=outcome)

    def _outcome(self, account: Account, thanks: Thanks, due: Due, event: Event, turn: Turn) -> str:
        thread = self._ledger.thread(due.conversation)
        # what was begun is brought to its end, whatever the hour is by now
        begun = turn.again and bool(self._ledger.begun(due.conversation, claims.parts(due.message)))
        no = None if begun else self._refusal(account, thanks, due, thread)
        if no:
            return no
        reply = Reply(
            account=account,
            message=self._message(account, thanks, due),
            seat=thread.seat,
            conversation=due.conversation,
            thread=rules.addressed(due, thread),
            received_s=event.received_ms / 1000,
            turn=turn,
        )
        outcome = self._sending.send(reply)
        if not outcome.news:
            return "duplicate"
        if outcome.refused:
            return outcome.refused.reason
        self._tell(reply, due)
        return "sent"

    def _refusal(self, account: Account, thanks: Thanks, due: Due, thread: Thread) -> str | None:
        now, zone = self._clock(), gettz(thanks.zone)
        if zone is None:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason="no such time zone", advice=ADVICE, account=account.id)
            return "zone_unknown"
        local = datetime.fromtimestamp(now, UTC).astimezone(zone)
        held = self._memory.under(due.conversation, f"{THANKS}-") if due.kind == "story" else {}
        before = {name.removeprefix(f"{THANKS}-"): told.decode() for name, told in held.items()}
        no = rules.refusal(thanks, due, thread, before, int(now * 1000), local)
        if no or not self._has_place(account, thanks, due, f"{THANKS}-{local:%Y%m%d}-"):
            return no or "cap"
        if due.kind == "story":
            self._memory.keep(due.conversation, f"{THANKS}-{due.story}", due.event.encode(), DAY_S)
        return None

    def _has_place(self, account: Account, thanks: Thanks, due: Due, day: str) -> bool:
        """Whether it is one of the account's first of the day: each has a place, and the same one on every try."""
        own = digest(due.conversation.key, due.message)[:32].encode()
        places = self._memory.under(of_account(account), day)
        if own in places.values():
            return True
        free = (f"{day}{number}" for number in range(thanks.most_a_day))
        return any(
            self._memory.keep_first(of_account(account), place, own, 2 * DAY_S) == own
            for place in free
            if place not in places
        )

    def _message(self, account: Account, thanks: Thanks, due: Due) -> AgentMessage:
        name = self._name(account, due) if rules.wants_name(thanks, due, account.language) else ""
        can = self._clients[account.channel].capabilities
        text = rules.words(thanks, due, account.language, name)
        return AgentMessage(
            id=due.message,
            text=split(text, can.text_limit, can.text_unit)[0],
            author="bot",
            integration=account.integration,
            customer=due.conversation.customer,
        )

    def _name(self, account: Account, due: Due) -> str:
        """What the customer is called, "" where nobody tells. Of who only commented the platform tells no more."""
        known = self._ledger.profile(due.conversation, self._clock())
        if known is None and due.kind == "story":
            known = self._asked(account, due)
        known = known or Profile()
        return known.name or known.username or due.username

    def _asked(self, account: Account, due: Due) -> Profile | None:
        with suppress(Retryable, Refused, Uncertain):
            to = Recipient(customer=due.conversation.customer, thread=due.platform_thread)
            return self._clients[account.channel].profile(account, to)
        return None

    def _tell(self, reply: Reply, due: Due) -> None:
        """The agents read what the customer was told, where a conversation is open. Never raises."""
        account, seat = reply.account, reply.seat
        begins = beginning(account.language, reply.message.text, "")
        text = say(account.language, _TOLD[due.kind], words=begins)
        line = Shown(conversation=due.conversation, id=due.message, sent_ms=int(self._clock() * 1000), text=text)
        try:
            if self._lines.is_open(account, due.conversation, seat):
                self._lines.put(account, line, seat, forgotten)
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=account.id)
        except Exception as error:  # the customer was thanked
            log.info("not told that they were thanked", event=due.event, account=account.id, error=where(error))
