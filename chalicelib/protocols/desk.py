"""What a desk is, in the halves that the workers load; webhook.py has the edge's."""

from __future__ import annotations

from typing import Protocol

from chalicelib.vocabulary.messages import DeskMessage, Source
from chalicelib.vocabulary.records import Account, Event
from chalicelib.vocabulary.replies import DeskEvent, File, Receipt


class DeskTranslator(Protocol):
    """The outbound worker's half: pure, no network."""

    def parse(self, event: Event) -> DeskEvent:
        """What the agent did, in the bridge's words. Raises Malformed where it cannot be read."""


class Desk(Protocol):
    """The workers' half. Misconfigured, which is a Retryable, names what an operator has to set right."""

    @property
    def lag_s(self) -> float:
        """How long after a message entered a conversation that is not known `find` may not see it yet (seconds)."""

    def deliver(self, account: Account, message: DeskMessage, now: float) -> str:
        """Shows the customer's message to the agents and answers the desk's conversation id. A tap is told as the
        answer to what was offered, or as text where the desk does not know that any more.

        Raises Retryable (not done), Misconfigured, Refused (never), AlreadyThere (409), Uncertain (nobody knows).
        """

    def find(self, account: Account, message: str, customer: str, known: str, since: float, now: float) -> str | None:
        """The conversation that holds the message that was delivered under this id, None where none does.

        Reads `known` (a desk conversation id, may be "") and whatever conversations the customer had
        since `since` (epoch s). A None is worth something `lag_s` after the message may have entered, and no sooner.

        Raises Retryable where it cannot be read now, Misconfigured where we may not, Refused where the desk will
        not tell: none of them means that it is not there.
        """

    def report(self, account: Account, receipt: Receipt, now: float) -> None:
        """Tells what became of an agent's message. May be repeated. Raises Retryable, Misconfigured or Refused."""

    def is_open(self, account: Account, customer: str, conversation: str) -> bool:
        """Whether the desk's conversation still goes on, so that something may be shown in it without opening
        one. Raises Retryable where it cannot be read now, Misconfigured where we may not, Refused where the desk will
        not tell: the last two pass by no waiting, and what is optional is given up at once."""

    def source(self, file: File) -> Source:
        """Where an agent's file can be fetched now. Raises Retryable."""
