"""Does what platforms' data deletion callbacks ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from chalicelib.observability import Metrics, log
from chalicelib.pipeline.erasing import Certificate, Objects, Shelf
from chalicelib.pipeline.ports import Clock
from chalicelib.vocabulary.deletion import REQUESTS, Deletion
from chalicelib.vocabulary.records import Account, Conversation, Unreadable

# An erasure takes a quarter of a minute where nothing is under way: another is begun only as long after the start (s).
BEGIN_S = 30.0
ADVICE = (
    "whoever connected this account wants its data deleted: take it out of Terraform's accounts, which deletes its "
    "token, and erase its customers (dmdesk erase)"
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

    def __init__(
        self, *, accounts: Accounts, objects: Objects, shelf: Shelf, erasing: Erases, clock: Clock, metrics: Metrics
    ) -> None:
        self._accounts = accounts
        self._objects = objects
        self._shelf = shelf
        self._erasing = erasing
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Every request that is open, while there is time. Raises Retryable."""
        for key, deletion in self._open():
            if self._clock() - now > BEGIN_S:
                return
            self._do(key, deletion, now)

    def _open(self) -> Iterator[tuple[str, Deletion]]:
        for key in self._objects.keys(REQUESTS):
            try:
                deletion = msgspec.json.decode(self._shelf.fetch(key), type=Deletion)
            except LookupError:
                continue
            if not deletion.ended_ms:
                yield key, deletion

    def _do(self, key: str, deletion: Deletion, now: float) -> None:
        rows = [row for row in self._accounts.accounts() if isinstance(row, Account)]
        for account in [row for row in rows if row.channel == deletion.channel and row.id not in deletion.done]:
            if self._clock() - now > BEGIN_S:
                return
            if account.id == deletion.user:
                self._metrics.count("account_stopped", account=account.id)
                log.error("account stopped", account=account.id, reason="deletion asked", advice=ADVICE)
                deletion = msgspec.structs.replace(deletion, operators=True)
            else:
                self._erasing.erase(Conversation(account.channel, account.id, deletion.user), account.integration)
            deletion = msgspec.structs.replace(deletion, done=(*deletion.done, account.id))
            self._keep(key, deletion)
        self._keep(key, msgspec.structs.replace(deletion, user="", ended_ms=int(self._clock() * 1000)))
        self._metrics.count("deletion_done", channel=deletion.channel)

    def _keep(self, key: str, deletion: Deletion) -> None:
        self._shelf.keep(key, msgspec.json.encode(deletion))
