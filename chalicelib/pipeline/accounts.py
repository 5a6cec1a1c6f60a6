"""The brand's accounts, found from either side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from chalicelib.errors import Retryable, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.sharing import Shared
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account, Away, Direction, Unreadable

LIFETIME_S = 60.0
# An event of an unknown account may be the first after a deployment; a flood of them must not be a flood of reads.
SOONEST_RELOAD_S = 1.0
# Where the table cannot be read, it is not asked again for so long while an older list serves, which it does for an
# hour: accounts seldom change, and nothing is sent for one that is gone, as its secret is gone with it.
PAUSE_S = 10.0
STALE_S = 3600.0
ADVICE = "correct the account's entry in Terraform's variable accounts and apply it: the others go on without it"


class Accounts:
    """All accounts, read together and cached for a minute."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
        channels: Mapping[str, About],
        desks: Mapping[str, About],
    ) -> None:
        """`channels` and `desks` are those that there are, by their names."""
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._channels = channels
        self._desks = desks
        self._loaded_s = self._asked_s = float("-inf")
        self._problem: Retryable | None = None
        self._accounts: list[Account] = []
        self._paused: set[tuple[str, str, Direction]] = set()
        self._away: dict[str, Away] = {}
        self._loading: Shared[None] = Shared()

    def of_channel(self, channel: str, identifier: str) -> Account | None:
        """The account by the platform's id, None where there is none now. Raises Retryable."""
        return self._find(lambda account: (account.channel, account.id) == (channel, identifier))

    def of_integration(self, integration: str) -> Account | None:
        """The account by one of its integrations at the desk, as the conversations of that one know it; None where
        there is none now. Raises Retryable."""
        account = self._find(lambda account: integration in {account.integration, *account.former_integrations})
        if account is None or account.integration == integration:
            return account
        now = next((one for one in self._accounts if one.integration == integration), account)
        return msgspec.structs.replace(now, integration=integration)

    def paused(self, channel: str, identifier: str, direction: Direction) -> bool:
        """Whether an operator has the account's events of the direction wait, as was known within the last minute.
        Raises Retryable where that could never be read."""
        self._load_if_due(self._clock())
        if self._problem and self._loaded_s == float("-inf"):
            raise self._problem.with_traceback(None)
        return (channel, identifier, direction) in self._paused

    def away(self, desk: str) -> Away | None:
        """Whether the desk was away, as was known when all this was read last. Never raises, and reads nothing."""
        return self._away.get(desk)

    def ready(self, channel: str, identifier: str, direction: Direction) -> None:
        """Raises Waiting while the account is paused: its events rest where they are, and nothing of them is spent."""
        if self.paused(channel, identifier, direction):
            raise Waiting("an operator has paused the account", LIFETIME_S)

    def _find(self, wanted: Callable[[Account], bool]) -> Account | None:
        now = self._clock()
        due = self._load_if_due(now)
        account = next(filter(wanted, self._accounts), None)
        if account is None and not due:
            self._load(now)
            account = next(filter(wanted, self._accounts), None)
        # an account that an old list lacks may be there all the same
        if self._problem and (account is None or abs(now - self._loaded_s) > STALE_S):
            raise self._problem.with_traceback(None)
        return account

    def _load_if_due(self, now: float) -> bool:
        due = abs(now - self._loaded_s) > LIFETIME_S
        if due:
            self._load(now)
        return due

    def _load(self, now: float) -> None:
        self._loading(lambda: self._read(now))

    def _read(self, now: float) -> None:
        """Reads the accounts, unless that was tried just now and there is an older list."""
        ever = self._loaded_s > float("-inf")
        if ever and abs(now - self._asked_s) < (PAUSE_S if self._problem else SOONEST_RELOAD_S):
            return
        self._asked_s = now
        try:
            rows, (pauses, away) = self._ledger.accounts(), self._ledger.held(now)
        except Retryable as problem:
            self._problem = problem
            if ever:
                self._metrics.count("accounts_stale")
            log.warning("accounts not read", reason=problem.reason)
            return
        self._accounts = readable(rows, self._channels, self._desks, self._metrics)
        self._paused = {(pause.channel, pause.account, pause.direction) for pause in pauses}
        self._away = {one.desk: one for one in away}
        self._loaded_s, self._problem = now, None


def readable(
    listed: Sequence[Account | Unreadable],
    channels: Mapping[str, About],
    desks: Mapping[str, About],
    metrics: Metrics,
) -> list[Account]:
    """The accounts that can be worked with; each other one is counted, and told with what to do."""
    rows = [judged(row, channels, desks) for row in listed]
    for row in rows:
        if isinstance(row, Unreadable):
            metrics.count("account_unreadable", account=row.key)
            log.error("account not read", account=row.key, detail=row.problem, advice=ADVICE)
    return [row for row in rows if isinstance(row, Account)]


def workable(
    listed: Sequence[Account | Unreadable], channels: Mapping[str, About], desks: Mapping[str, About]
) -> list[Account]:
    """The same without a word: of the others, whoever works for all of them tells."""
    rows = [judged(row, channels, desks) for row in listed]
    return [row for row in rows if isinstance(row, Account)]


def judged(
    row: Account | Unreadable, channels: Mapping[str, About], desks: Mapping[str, About]
) -> Account | Unreadable:
    """The account with the options that its channel and its desk know, or why it cannot be worked with."""
    if isinstance(row, Unreadable):
        return row
    key = f"{row.channel}#{row.id}"
    if row.channel not in channels:
        return Unreadable(key, f"there is no channel {row.channel[:40]}")
    if row.front.routing is not None and not channels[row.channel].routes:
        return Unreadable(key, f"front.routing: {channels[row.channel].title} gives conversations to no other app")
    desk = desks.get(row.desk or next(iter(desks)))
    parts = [channels[row.channel], *([desk] if desk else [])]
    try:
        options = [msgspec.convert(row.options, part.options) for part in parts]
    except msgspec.ValidationError as error:
        return Unreadable(key, str(error))
    known = {name: value for told in options for name, value in msgspec.to_builtins(told).items()}
    return msgspec.structs.replace(row, options=known)
