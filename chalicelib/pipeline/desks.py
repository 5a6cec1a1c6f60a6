"""The deployment's desks, and at which of them a conversation sits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from chalicelib.errors import Misconfigured
from chalicelib.pipeline.ports import Ledger
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import BOT, Account, Conversation, Seat

if TYPE_CHECKING:
    from chalicelib.pipeline.front.bot import Bot

ADVICE = "name one of the desks that are set up ({desks}) in the account's desk in Terraform's accounts, and apply it"


class Desks:
    """By name; the first is that of every seat and account that names none.

    A conversation that is open stays where it sits, a new one goes to its account's desk. Where the deployment has
    several desks, or one that is stateful, the seat has to be read for that; a single desk that finds its customers'
    conversations itself is never asked where they sit, unless the account had another integration there before, or has
    a bot before it: then a new conversation may begin there.
    """

    def __init__(self, desks: Mapping[str, Desk], ledger: Ledger, bot: Callable[[], Bot] | None = None) -> None:
        """`bot` makes the one that accounts may have before their desk, when one of them first needs it; None where
        nobody talks to customers."""
        self._desks = desks
        self._bot = bot
        self._first = next(iter(desks))
        self._ledger = ledger
        self.read = len(desks) > 1 or desks[self._first].capabilities.stateful
        """Whether a conversation's seat is read before anything is shown in it."""
        self.tells_reads = any(desk.capabilities.reads for desk in desks.values())
        """Whether there is a desk that can be told what customers have read."""

    def seat(self, desk: str, conversation: str) -> Seat:
        """The seat at a desk of that name, as it is remembered."""
        return Seat("" if desk == self._first else desk, conversation)

    def name(self, seat: Seat) -> str:
        """What the seat's desk is called."""
        return seat.desk or self._first

    def listed(self, seat: Seat) -> bool:
        """Whether it is remembered whose the seat's conversation is: its desk tells no customer."""
        return self.at(seat).capabilities.stateful

    def at(self, seat: Seat) -> Desk:
        """The seat's desk. Raises Misconfigured where the deployment has none of that name."""
        desk = self._desks.get(seat.desk or self._first)
        if self._bot is not None and seat.desk == BOT:
            return self._bot()
        if desk is None:
            names = ", ".join(self._desks)
            raise Misconfigured(f"there is no desk {seat.desk[:40]}", ADVICE.format(desks=names))
        return desk

    def remembered(self, account: Account, conversation: Conversation) -> Seat | None:
        """Where the account's conversation sits, None where nobody has to know that. Raises Retryable."""
        known = self.read or account.former_integrations or self._has_bot(account)
        return self._ledger.thread(conversation).seat if known else None

    def taken(self, account: Account, before: Seat | None) -> Seat:
        """Where the customer's next message goes, of a conversation that sits there. A seat at a desk that the
        deployment has not any more is nobody's."""
        if before and self.has(before) and (before.desk != BOT or self._has_bot(account)):
            return before
        seat = self.seat(account.desk, "")
        return msgspec.structs.replace(seat, generation=before.generation if before else 0)

    def has(self, seat: Seat) -> bool:
        """Whether somebody has the conversation at this seat."""
        there = (seat.desk or self._first) in self._desks or (self._bot is not None and seat.desk == BOT)
        return bool(seat.conversation) and there

    def begun(self, account: Account, conversation: Conversation, seat: Seat, bots: bool, tried_s: float = 0.0) -> Seat:
        """Where a message goes that would go to this seat: to the account's bot, where it has one that begins
        conversations now. What is not the bot's to answer takes the conversation from it. `tried_s` is when an
        earlier try of the message began (epoch s), 0 where there was none. Raises Retryable."""
        if self._bot is None or account.front.bot is None:
            return seat
        if seat.desk == BOT and not bots:
            self._bot().hand_over(account, conversation, seat, "content")
            return self.taken(account, self._ledger.thread(conversation).seat)
        if not bots or seat.conversation or not self._bot().takes(account, conversation, seat, tried_s):
            return seat
        return Seat(BOT, generation=seat.generation)

    def worded(self, account: Account, conversation: Conversation, seat: Seat, message: DeskMessage) -> DeskMessage:
        """The message as people at that seat are shown it, with what the account's bot said before. Raises
        Retryable."""
        if self._bot is None or account.front.bot is None or seat.desk == BOT:
            return message
        return self._bot().told(account, conversation, seat, message)

    def person_wrote(self, account: Account, conversation: Conversation) -> None:
        """Somebody has written to the customer beside us: where the bot has the conversation, people take over. Raises
        Retryable."""
        if self._bot is None or account.front.bot is None:
            return
        seat = self._ledger.thread(conversation).seat
        if seat.desk == BOT and seat.conversation:
            self._bot().hand_over(account, conversation, seat, "person")

    def _has_bot(self, account: Account) -> bool:
        return self._bot is not None and account.front.bot is not None

    def current(self, conversation: Conversation, seat: Seat) -> Seat:
        """The seat with all that is remembered of it, where the conversation still sits there. Raises Retryable."""
        before = self._ledger.thread(conversation).seat if self.read else None
        return before if before and before.place == seat.place else seat
