"""A customer's event on its way to the agents."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import msgspec

from chalicelib.errors import (
    SECRET_MENDS,
    Malformed,
    Misconfigured,
    Refused,
    Retryable,
    Uncertain,
    Waiting,
)
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.delivering import Delivering, Delivery
from chalicelib.pipeline.inbound.composing import Composing
from chalicelib.pipeline.inbound.leads import Leads
from chalicelib.pipeline.inbound.mentions import Mentions
from chalicelib.pipeline.media import MediaStore
from chalicelib.pipeline.parking import Parking
from chalicelib.pipeline.ports import Arrival, Clock, Ledger, Redelivery, SecretCache, Turn
from chalicelib.pipeline.presenting import line_message, remembered, words
from chalicelib.protocols.channel import Client, Translator
from chalicelib.protocols.desk import Desk
from chalicelib.rules.catalogue import say
from chalicelib.rules.echoes import own_part
from chalicelib.rules.quoting import beginning, worded
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import (
    CustomerEvent,
    CustomerMessage,
    DeskMessage,
    Echo,
    Ignored,
    Led,
    Line,
    Note,
    Trouble,
    Unseen,
)
from chalicelib.vocabulary.records import PREVENTED, Account, Claim, Conversation, Edited, Event, Thread
from chalicelib.wire import LATEST_MS, bounded

# An echo may overtake the answer of the send that it belongs to.
ECHO_WAIT_S = 2.0
UNKNOWN_S = 5.0
# An unsend is the last of a message's edits: one that it overtook is not shown after it.
LAST_EDIT = LATEST_MS + 1


class ToDesk:
    """The inbound worker's use case."""

    def __init__(
        self,
        *,
        translators: Mapping[str, Translator],
        clients: Mapping[str, Client],
        desk: Desk,
        accounts: Accounts,
        ledger: Ledger,
        composing: Composing,
        leads: Leads,
        mentions: Mentions,
        media: MediaStore,
        delivering: Delivering,
        budgets: Budgets,
        secrets: SecretCache,
        parking: Parking,
        queue: Redelivery,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._translators = translators
        self._clients = clients
        self._desk = desk
        self._accounts = accounts
        self._ledger = ledger
        self._composing = composing
        self._leads = leads
        self._mentions = mentions
        self._media = media
        self._delivering = delivering
        self._budgets = budgets
        self._secrets = secrets
        self._parking = parking
        self._queue = queue
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, turn: Turn) -> None:
        """One event of the inbound queue. Raises Retryable."""
        whole = self._parking.fetched(event)
        try:
            happened = self._translators[event.source].parse(whole)
        except Malformed as error:
            self._parking.park(whole, turn, "unreadable", str(error))
            return
        known: list[CustomerEvent] = [one for one in happened if not isinstance(one, Ignored)]
        for one in happened:
            if isinstance(one, Ignored):
                self._ignored(one.reason)
        if not known:
            return
        account = self._accounts.of_channel(event.source, event.account)
        if account is not None:
            self._all(Arrival(event=event, turn=turn, account=account), known)
        elif self._budgets.spent(turn, "account"):
            advice = f"add the {event.source} account {event.account} to Terraform's accounts, then replay"
            self._parking.park(whole, turn, "unknown_account", advice)
        else:
            raise Retryable(f"no account {event.account} of {event.source} yet", UNKNOWN_S)

    def give_up(self, event: Event, turn: Turn, reason: str) -> None:
        """Buries the event, and shows the agents that a message of the customer's is missing. Raises Retryable."""
        account = self._accounts.of_channel(event.source, event.account)
        if account is not None:
            for said in self._messages(event):
                self._missing(account, said)
        self._bury(event, turn, reason)

    def _messages(self, event: Event) -> list[CustomerMessage]:
        """The messages of an event that nobody can deal with: none where even reading it fails."""
        try:
            happened = self._translators[event.source].parse(self._parking.fetched(event))
        except Retryable:
            raise
        except Exception as error:
            log.error("what is given up cannot be read", error=where(error), event=event.id)
            return []
        return [one for one in happened if isinstance(one, CustomerMessage)]

    def _all(self, arrival: Arrival, happened: list[CustomerEvent]) -> None:
        """In order. What the customer took back before it came is left out with all its parts."""
        for one in happened:
            if isinstance(one, CustomerMessage):
                if self._message(arrival, one) == PREVENTED:
                    return
            elif isinstance(one, Note):
                self._note(arrival, one)
            elif isinstance(one, Echo):
                self._echo(arrival, one)
            elif isinstance(one, Led):
                self._leads.keep(one)
            elif isinstance(one, Unseen):
                self._unseen(arrival, one)
            elif isinstance(one, Trouble):
                self._metrics.count("account_stopped", account=arrival.account.id)
                log.error("account stopped", account=arrival.account.id, reason=one.reason, advice=one.advice)

    # --- what the customer wrote

    def _message(self, arrival: Arrival, said: CustomerMessage) -> str:
        account = arrival.account
        said = self._leads.told(self._mentions.told(account, said))
        if not said.starts_window and self._is_own(account, said):
            self._ignored(f"{account.channel}_own")
            return ""
        if any(line.key == "unknown" for line in said.lines):
            self._metrics.count("unknown_kind", channel=account.channel)
        work = Delivery(
            conversation=said.conversation,
            id=said.id,
            build=partial(self._composing.message, arrival, said),
            thread=partial(remembered, said),
            words=beginning(account.language, said.text, said.media.kind if said.media else ""),
            since_ms=arrival.event.received_ms,
        )
        try:
            result = self._delivering.once(account, work, partial(self._died, arrival))
            self._leads.over(said)
            return result
        except Refused as no:
            self._missing(account, said)
            self._bury(arrival.event, arrival.turn, str(no))
            log.error("the desk refuses a message", event=said.id, detail=no.detail, account=account.id)
            return ""

    def _is_own(self, account: Account, said: CustomerMessage) -> bool:
        return self._clients[account.channel].own(account, said.conversation.customer, said.username)

    def _died(self, arrival: Arrival) -> None:
        """A worker began this and never came back; what does that again and again is given up."""
        if self._budgets.spent(arrival.turn, "died"):
            raise Refused("other", "workers died over it, again and again")

    def _missing(self, account: Account, said: CustomerMessage) -> None:
        """A line in the place of a message that is given up: what comes after it is read with that in mind."""
        if not self._ledger.buried(said.conversation, claims.inbound(said.id), self._clock()):
            return  # it was shown after all
        identifier = f"missing:{said.id}"
        text = say(account.language, "missing")

        def build(claim: Claim) -> DeskMessage:
            return line_message(account, identifier, said.conversation.customer, said.sent_ms, text)

        work = Delivery(conversation=said.conversation, id=identifier, build=build, thread=partial(remembered, said))
        with suppress(Refused):
            self._delivering.once(account, work)

    def _bury(self, event: Event, turn: Turn, reason: str) -> None:
        self._queue.bury(event, reason, turn.life, turn.order)
        self._metrics.count("dead_letter", source=event.source)

    def _unseen(self, arrival: Arrival, missing: Unseen) -> None:
        account = arrival.account
        try:
            with new_codes(self._metrics, account.channel):
                said = self._clients[account.channel].unseen(account, missing)
        except (Retryable, Uncertain) as error:
            if isinstance(error, SECRET_MENDS):
                self._secrets.refresh(account.secret)
            if not self._budgets.spent(arrival.turn, "unseen"):
                raise Retryable(f"looking up a message: {error.reason}") from error
            said = None
        except Refused:
            said = None
        if said is None and missing.told:
            advice = "the platform told of it without saying whose it is, and lets nobody read it; look in its app"
            self._parking.park(self._parking.fetched(arrival.event), arrival.turn, "unseen_unreadable", advice)
        elif said is None:
            self._ignored("unseen_unreadable")
        else:
            self._message(arrival, said)

    # --- what belongs to an open conversation

    def _note(self, arrival: Arrival, note: Note) -> None:
        if note.removes:
            self._media.forget(note.conversation, note.removes)
        if note.prevents and self._prevented(note):
            self._ignored("unsent_before_shown")
        elif note.kind == "read" and not arrival.account.show_reads:
            self._ignored("read")
        elif note.edit and self._edit(note) == "older":
            self._ignored("edit_overtaken")
        else:
            lines = worded(note.lines, self._composing.words(note.conversation, note.about))
            self._show(arrival, note, words(arrival.account, lines, note.text), note.kind)

    def _prevented(self, note: Note) -> bool:
        """Whether agents have seen nothing of the message that was taken back, and never will."""
        item, now = claims.inbound(note.prevents), self._clock()
        if self._ledger.forestall(note.conversation, item, now):
            return True
        self._ledger.edited(note.conversation, item, now, LAST_EDIT, "")
        return False

    def _edit(self, note: Note) -> Edited:
        """Whether this is the newest text of its message. It is kept for a message that has not come yet, too."""
        event = self._clients[note.conversation.channel].capabilities.message_event.format(note.about)
        item = claims.inbound(bounded(event))
        return self._ledger.edited(note.conversation, item, self._clock(), note.edit, note.text)

    def _show(self, arrival: Arrival, one: Note | Echo, text: str, kind: str) -> None:
        """Into the conversation if it is open; it is never opened for this, and nothing waits long for it."""
        account, conversation = arrival.account, one.conversation
        open_desk = self._ledger.thread(conversation).desk
        if not open_desk or not self._is_open(arrival, conversation, open_desk):
            self._ignored(f"{kind}_no_open_conversation")
            return

        def build(claim: Claim) -> DeskMessage:
            return line_message(account, one.id, conversation.customer, one.sent_ms, text)

        work = Delivery(conversation=conversation, id=one.id, build=build, thread=lambda desk: Thread(desk=desk))
        try:
            self._delivering.once(account, work, partial(self._died, arrival))
        except Refused as no:
            self._ignored(f"{kind}_refused")
            log.warning("the desk refuses a line", event=one.id, detail=no.detail, account=account.id)

    def _is_open(self, arrival: Arrival, conversation: Conversation, desk: str) -> bool:
        """Whether the conversation goes on; no, where that cannot be told."""
        try:
            return self._desk.is_open(arrival.account, conversation.customer, desk)
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=arrival.account.id)
        except Refused as no:
            log.warning("not looked at", detail=no.detail, account=arrival.account.id)
        except Retryable:
            if not self._budgets.spent(arrival.turn, "note"):
                raise
        return False

    def _echo(self, arrival: Arrival, echo: Echo) -> None:
        """What the brand's account sent: ours is known by its id, by its mark, or by the send that is under way."""
        account, conversation = arrival.account, echo.conversation
        if self._ledger.is_ours(conversation, echo.id):
            self._ignored("echo_own")
            return
        flights = self._ledger.in_flight(conversation, self._clock())
        same = own_part(conversation, echo, flights)
        under_way = any(not flight.given_up for flight in flights.values())
        if same:
            self._ledger.sent(conversation, same, self._clock(), echo.id)
            self._ignored("echo_own")
            self._metrics.count("confirmed_by_echo", channel=conversation.channel)
            if flights[same].given_up:
                self._arrived_after_all(arrival, echo)
        elif under_way and not self._budgets.spent(arrival.turn, "echo", arrival.event.received_ms / 1000):
            raise Waiting("an echo while a send is under way", ECHO_WAIT_S)
        elif self._ledger.is_ours(conversation, echo.id):  # the send has ended between the two looks
            self._ignored("echo_own")
        else:
            self._metrics.count("echo_elsewhere", channel=conversation.channel)
            shown = msgspec.structs.replace(echo, id=f"echo:{echo.id}")
            self._show(arrival, shown, words(account, echo.lines, echo.text), "echo")

    def _arrived_after_all(self, arrival: Arrival, echo: Echo) -> None:
        """The agent was told that nobody knows; now somebody does."""
        self._metrics.count("arrived_after_all", channel=echo.conversation.channel)
        shown = msgspec.structs.replace(echo, id=f"arrived:{echo.id}")
        self._show(arrival, shown, words(arrival.account, [Line("arrived_after_all")], echo.text), "arrived")

    def _ignored(self, reason: str) -> None:
        self._metrics.count("ignored", reason=reason)
