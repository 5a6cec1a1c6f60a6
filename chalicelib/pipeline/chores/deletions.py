"""Does what platforms' data deletion callbacks ask for."""

from __future__ import annotations

from typing import Protocol

import msgspec

from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.erasing import Certificate, Shelf
from chalicelib.pipeline.ports import Clock
from chalicelib.vocabulary.deletion import REQUESTS, Deletion
from chalicelib.vocabulary.records import Account, Conversation, Unreadable

# An erasure takes three quarters of a minute, and up to five minutes where much is under way: another is begun only
# as long after the start (s) as leaves one its time before the function's end (terraform/modules/aws/functions.tf).
BEGIN_S = 570.0
ADVICE = (
    "whoever connected this account wants its data deleted: take it out of Terraform's accounts, which deletes its "
    "token, and erase its customers (dmdesk erase)"
)
# Meta's id is that of who logged in, and no document says that it is always the account's: docs/doubts.md
UNKNOWN = (
    "somebody who once logged in to the app wants their data deleted, and no account has this id: if they connected "
    "one of the accounts, take that out of Terraform's accounts, and erase its customers (dmdesk erase)"
)


class Accounts(Protocol):
    """The table's accounts. Raises Retryable."""

    def accounts(self) -> list[Account | Unreadable]: ...


class Erases(Protocol):
    """Erases a customer of an account. Raises Retryable."""

    def erase(self, conversation: Conversation, integration: str) -> Certificate: ...


class Deletions:
    """The chore. What it does not get through, it does an hour later: each step is written down."""

    name = "deletions"
    every_s = 3600.0

    def __init__(self, *, accounts: Accounts, shelf: Shelf, erasing: Erases, clock: Clock, metrics: Metrics) -> None:
        self._accounts = accounts
        self._shelf = shelf
        self._erasing = erasing
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Every request that is open, while there is time; one's trouble is no other's. Raises what the last one's
        was."""
        failed: Exception | None = None
        for key in self._shelf.keys(REQUESTS):
            try:
                self._one(key, now)
            except Exception as error:  # whatever it is, the next request's turn comes
                log.error("deletion failed", key=key, error=where(error))
                failed = error
        if failed:
            raise failed

    def _one(self, key: str, now: float) -> None:
        try:
            deletion = msgspec.json.decode(self._shelf.fetch(key), type=Deletion)
        except LookupError:
            return
        if not deletion.ended_ms and self._done(key, deletion, now):
            self._metrics.count("deletion_done", channel=deletion.channel)

    def _done(self, key: str, deletion: Deletion, now: float) -> bool:
        """Whether all of it is done; what is not goes on in an hour."""
        known = [row for row in self._accounts.accounts() if isinstance(row, Account)]
        accounts = [row for row in known if row.channel == deletion.channel]
        if not deletion.done and all(account.id != deletion.user for account in accounts):
            self._stopped(deletion.user, UNKNOWN)
        for account in accounts:
            if account.id in deletion.done:
                continue
            if self._clock() - now > BEGIN_S:
                return False
            if account.id == deletion.user:
                self._stopped(account.id, ADVICE)
                deletion = msgspec.structs.replace(deletion, operators=True)
            else:
                self._erasing.erase(Conversation(account.channel, account.id, deletion.user), account.integration)
            deletion = msgspec.structs.replace(deletion, done=(*deletion.done, account.id))
            self._keep(key, deletion)
        self._keep(key, msgspec.structs.replace(deletion, user="", ended_ms=int(self._clock() * 1000)))
        return True

    def _stopped(self, user: str, advice: str) -> None:
        self._metrics.count("account_stopped", account=user)
        log.error("account stopped", account=user, reason="deletion asked", advice=advice)

    def _keep(self, key: str, deletion: Deletion) -> None:
        self._shelf.keep(key, msgspec.json.encode(deletion))
