"""Who the customers are: asked of the platform once a week, never waited for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.observability import Metrics, where
from chalicelib.pipeline.inbound.asking import HOUR_S, Asking
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Account, Profile
from chalicelib.vocabulary.replies import Recipient

REMEMBERED = 10_000


class Profiles:
    """Profiles by conversation: for an hour in memory, for a week in the table."""

    def __init__(self, clients: Mapping[str, Client], ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._clients = clients
        self._ledger = ledger
        self._clock = clock
        self._asking: Asking[Profile] = Asking("profile", HOUR_S, REMEMBERED, clock, metrics)

    def enrich(self, draft: Draft) -> Draft:
        """The draft with who wrote it. Never raises."""
        return msgspec.structs.replace(draft, profile=self.of(draft.account, draft.message))

    def of(self, account: Account, message: CustomerMessage) -> Profile | None:
        """The customer's profile, None where it is not to be had now. Never raises: a message does not wait for it.

        Who has only commented has not consented to be known; their first message is the consent, so that whatever
        the platform said of a commenter holds for comments only.
        """
        wrote = message.starts_window and not message.comment
        return self._asking.get(account, (message.conversation.key, wrote), lambda: self._asked(account, message))

    def _asked(self, account: Account, message: CustomerMessage) -> Profile | None:
        """What came with the message, else what the table has, else what the platform tells. The table's failure is
        not the platform's."""
        now = self._clock()
        if message.profile is not None:
            self._keep(account, message, now, message.profile)
            return message.profile
        try:
            kept = self._ledger.profile(message.conversation, now)
        except Exception as error:
            self._asking.failed(account, where(error))
            kept = None
        if kept is not None:
            return kept
        to = Recipient(customer=message.conversation.customer, thread=message.platform_thread)
        profile = self._clients[account.channel].profile(account, to)
        if profile is not None:
            self._keep(account, message, now, profile)
        return profile

    def _keep(self, account: Account, message: CustomerMessage, now: float, profile: Profile) -> None:
        try:
            self._ledger.keep_profile(message.conversation, now, profile)
        except Exception as error:
            self._asking.failed(account, where(error))
