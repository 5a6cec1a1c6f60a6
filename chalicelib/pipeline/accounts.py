"""The brand's accounts, found from either side."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.messages import Account
from chalicelib.pipeline.ports import Clock, Ledger

LIFETIME_S = 60.0
# An event of an unknown account may be the first after a deployment; a flood of them must not be a flood of reads.
SOONEST_RELOAD_S = 5.0


class Accounts:
    """All accounts, read together and cached for a minute."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._loaded_s = float("-inf")
        self._accounts: list[Account] = []

    def of_channel(self, channel: str, identifier: str) -> Account | None:
        """The account by the platform's id. Raises Retryable."""
        return self._find(lambda one: (one.channel, one.id) == (channel, identifier))

    def of_integration(self, integration: str) -> Account | None:
        """The account by the desk's integration id. Raises Retryable."""
        return self._find(lambda one: one.integration == integration)

    def _find(self, wanted: Callable[[Account], bool]) -> Account | None:
        age = abs(self._clock() - self._loaded_s)
        if age > LIFETIME_S:
            self._load()
        found = next(filter(wanted, self._accounts), None)
        if found is None and SOONEST_RELOAD_S < age <= LIFETIME_S:
            self._load()
            found = next(filter(wanted, self._accounts), None)
        return found

    def _load(self) -> None:
        self._accounts = self._ledger.accounts()
        self._loaded_s = self._clock()
