"""Customers are put into the register of the desk that keeps one: once a week, behind their message."""

from __future__ import annotations

import msgspec

from chalicelib.errors import Misconfigured
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.inbound.asking import HOUR_S, Asking
from chalicelib.pipeline.inbound.profiles import Profiles
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.desk import Desk
from chalicelib.rules import harmless
from chalicelib.rules.participant import nickname
from chalicelib.vocabulary.messages import CustomerMessage
from chalicelib.vocabulary.records import Account, Conversation, Profile

REMEMBERED = 10_000


class Introducing:
    """Remembers for an hour in memory whom a desk knows, for a week in the table."""

    def __init__(self, profiles: Profiles, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._profiles = profiles
        self._ledger = ledger
        self._clock = clock
        self._asking: Asking[bool] = Asking("introduction", HOUR_S, REMEMBERED, clock, metrics)

    def introduce(self, account: Account, message: CustomerMessage, name: str, desk: Desk) -> None:
        """Tells the desk of that name who wrote. Never raises: whom it is not told of now, it is with a later message.

        Who has only commented has not consented to be known; of whom nobody knows a name there is nothing to tell.
        """
        if not message.starts_window or message.comment:
            return
        known = self._profiles.of(account, message) or Profile()
        who = msgspec.structs.replace(
            known, name=nickname(message, known), username=harmless.name(message.username or known.username)
        )
        if who.name:
            whose = message.conversation
            self._asking.get(account, (whose.key, name), lambda: self._told(account, whose, who, name, desk))

    def _told(self, account: Account, whose: Conversation, who: Profile, name: str, desk: Desk) -> bool:
        """That the desk knows them. A worker that dies before that is written tells it once more, which changes nothing
        there."""
        if not self._ledger.introduced(whose, name, self._clock()):
            try:
                desk.introduce(account, whose.customer, who)
            except Misconfigured as error:
                log.warning("not introduced", reason=error.reason, advice=error.advice, account=account.id)
                raise
            self._ledger.introduce(whose, name, self._clock())
        return True
