"""A customer's message becomes what the desk takes, by way of everybody who has something to add to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.pipeline.ports import Arrival
from chalicelib.pipeline.presenting import desk_message
from chalicelib.vocabulary.messages import Attachment, CustomerMessage, DeskMessage, Tap
from chalicelib.vocabulary.records import Account, Claim, Profile


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is so far: the customer's words, who wrote them, our copy of the file, the choice that was tapped,
    and the facts that become participant data."""

    arrival: Arrival
    claim: Claim
    message: CustomerMessage
    profile: Profile | None = None
    attachment: Attachment | None = None
    tap: Tap | None = None
    facts: dict[str, str] = {}

    @property
    def account(self) -> Account:
        return self.arrival.account


Enricher = Callable[[Draft], Draft]
"""Passes a draft on as it is, or changed. It holds the message by raising Retryable (Waiting, where that spends nothing
of its budget), and keeps it from ever being shown by raising Dropped; any other exception gives the message back."""


def switched(on: Callable[[Account], bool], made: Callable[[], Enricher]) -> Enricher:
    """The enricher for the accounts that have it switched on: `made` when a message of theirs needs it first."""

    def enrich(draft: Draft) -> Draft:
        return made()(draft) if on(draft.account) else draft

    return enrich


class Composing:
    """The enrichers, in the order in which each builds on what the ones before it have found."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        self._enrichers = enrichers

    def message(self, arrival: Arrival, message: CustomerMessage, claim: Claim) -> DeskMessage:
        """The message as the desk takes it. Raises Retryable, or Dropped where it takes none."""
        draft = Draft(arrival=arrival, claim=claim, message=message)
        for enrich in self._enrichers:
            draft = enrich(draft)
        return desk_message(draft.account, draft.message, draft.facts, draft.profile, draft.attachment, draft.tap)
