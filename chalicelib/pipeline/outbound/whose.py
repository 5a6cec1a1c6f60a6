"""Of which customer a desk tells, and of which account."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.ports import Ledger
from chalicelib.vocabulary.records import Account, Seat
from chalicelib.vocabulary.replies import FromDesk

Told = TypeVar("Told", bound=FromDesk)


class Whose:
    """Knows it by what the desk tells, else by its conversation."""

    def __init__(self, accounts: Accounts, ledger: Ledger) -> None:
        self._accounts = accounts
        self._ledger = ledger

    def of(self, told: Told, seat: Seat) -> tuple[Account | None, Told]:
        """The account, None where there is none or nobody knows it now, and what was told, with whose it is. `seat` is
        where it was told. Raises Retryable."""
        if told.customer and told.integration:
            return self._accounts.of_integration(told.integration), told
        conversation = self._ledger.seated(*seat.place)
        if conversation is None:
            return None, told
        account = self._accounts.of_channel(conversation.channel, conversation.account)
        if account is None:
            return None, told
        known = msgspec.structs.replace(told, customer=conversation.customer, integration=account.integration)
        return account, known
