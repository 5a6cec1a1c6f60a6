"""What a desk is, in the halves that the workers load; webhook.py has the edge's.

A desk's folder holds `webhook.WEBHOOK`, `translate.TRANSLATOR` and `client.open_desk`, and as data `about.ABOUT` and
`capabilities.CAPABILITIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from chalicelib.credentials import Secrets
from chalicelib.http import Outgoing
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.messages import DeskMessage, Source
from chalicelib.vocabulary.records import Account, Event, Profile, Seat, Urged
from chalicelib.vocabulary.replies import DeskEvent, File, Receipt


class DeskTranslator(Protocol):
    """The outbound worker's half: pure, no network."""

    def parse(self, event: Event) -> DeskEvent:
        """What the agent did, in the bridge's words. Raises Malformed where it cannot be read."""


class Desk(Protocol):
    """The workers' half. Misconfigured, which is a Retryable, names what an operator has to set right; Unreachable,
    which is one too, tells that the desk is away, as Uncertain does.

    Each call is given the seat that is remembered of the customer's conversation, or the agent's. A desk that is not
    stateful may be given one without a conversation, though there is one.
    """

    @property
    def capabilities(self) -> DeskCapabilities: ...

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """Shows the customer's message to the agents and answers where the customer sits after that: the same seat, or
        one with another conversation or state; without a conversation where the desk tells none. Only a seat without
        a conversation, or one that is over, opens another. A tap is told as the answer to what was offered, or as text
        where the desk does not know that any more. The message's id is the same on every try.

        Raises Retryable (not done), Misconfigured, Refused (never), AlreadyThere (409), Uncertain (nobody knows).
        """

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """Where the message sits that was delivered under this id, None where no conversation holds it.

        Reads the seat's conversation (there may be none) and whatever conversations the customer had since `since`
        (epoch s). A None is worth something `capabilities.lag_s` after the message may have entered, and no sooner.

        Raises Retryable where it cannot be read now, Misconfigured where we may not, Refused where the desk will
        not tell: none of them means that it is not there.
        """

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        """Tells what became of an agent's message that was written at the seat; asked only where the capabilities
        have receipts, and that it was read only where they have reads. May be repeated. Raises Retryable, Misconfigured
        or Refused."""

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """Whether the seat's conversation still goes on, so that something may be shown in it without opening
        one. Raises Retryable where it cannot be read now, Misconfigured where we may not, Refused where the desk will
        not tell: the last two pass by no waiting, and what is optional is given up at once."""

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """Gives the seat's conversation at least that priority (one point counts as a minute of waiting; 0: leaves it
        as it is), where it waits in a queue, and writes the marks into its participant data, unless it is over; answers
        how it stands. Asked only where the capabilities have priorities. May be repeated.

        Raises Retryable (RateLimited where the desk takes no more calls), Misconfigured where we may not, or Refused.
        """

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """Puts the customer, of whom so much is known, into the desk's register. Asked only where the capabilities
        say that it registers; waits no longer than two seconds for an answer. May be repeated. Raises Retryable,
        Misconfigured or Refused."""

    def source(self, file: File, seat: Seat) -> Source:
        """Where a file of the agent's, written at the seat, can be fetched now. Raises Retryable, or Refused where it
        is not to be had any more."""


class OpenDesk(Protocol):
    """How a desk is opened, once per container: `client.open_desk` of its folder."""

    def __call__(
        self,
        http: Outgoing,
        secrets: Secrets,
        refresh: Callable[[str], bool],
        setting: Callable[[str], str],
        clock: Callable[[], float],
    ) -> Desk:
        """The desk over that session. `refresh` loads a secret again, and answers whether it did; `setting` answers
        an address or a secret's name by its field of the settings; `clock` tells epoch seconds."""
