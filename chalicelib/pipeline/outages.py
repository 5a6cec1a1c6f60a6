"""Which desks do not answer, and since when: shared by a row in the table, and learned without a call of its own.

Who is not answered writes the row, who is answered empties it. That somebody else wrote it is seen where the accounts
are read: once a minute, in the same look as the pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from chalicelib.errors import AlreadyThere, Refused, Retryable, Uncertain, Unreachable
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary.capabilities import DeskCapabilities
from chalicelib.vocabulary.messages import DeskMessage, Source
from chalicelib.vocabulary.records import Account, Away, Profile, Seat, Urged
from chalicelib.vocabulary.replies import File, Receipt

# A container notes this often (s) that a desk is still away.
EVERY_S = 30.0
# What it has met tells for so long (s); after that, what all have noted does.
MET_S = 60.0


class Outages:
    """What this container has met, and what others have noted."""

    def __init__(self, ledger: Ledger, accounts: Accounts, clock: Clock, metrics: Metrics) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._clock = clock
        self._metrics = metrics
        self._met: dict[str, Away] = {}
        self._back_s: dict[str, float] = {}
        self._noting = Lock()

    def failed(self, desk: str) -> None:
        """The desk did not answer. Never raises."""
        with self._noting:
            self._note(desk, self._clock())

    def _note(self, desk: str, now: float) -> None:
        met = self._met.get(desk)
        if met is not None and abs(now - met.last_s) < EVERY_S:
            return
        try:
            met = self._met[desk] = self._ledger.away(desk, now)
        except Retryable as error:
            log.info("not noted as away", kind=desk, reason=error.reason)
            return
        minutes = int((now - met.since_s) / 60)
        if minutes:
            self._metrics.count("desk_away_minutes", minutes, desk=desk)
            log.warning("desk away", kind=desk, count=minutes)

    def answered(self, desk: str) -> None:
        """The desk took something, or said why it does not. Never raises; where nobody has noted that it is away, it
        calls nobody."""
        if self._known(desk) is not None:
            with self._noting:
                self._ended(desk)

    def _known(self, desk: str) -> Away | None:
        return self._met.get(desk) or self._noted(desk)

    def _ended(self, desk: str) -> None:
        away = self._known(desk)
        if away is None:
            return
        try:
            self._ledger.back(desk)
        except Retryable as error:
            log.info("not noted as back", kind=desk, reason=error.reason)
            return
        self._met.pop(desk, None)
        self._back_s[desk] = self._clock()
        minutes = int((self._clock() - away.since_s) / 60)
        if minutes:
            log.info("desk back", kind=desk, count=minutes)

    def since_s(self, desk: str) -> float | None:
        """Since when the desk is away (epoch s), None where it is not."""
        met = self._met.get(desk)
        away = met if met and abs(self._clock() - met.last_s) <= MET_S else self._noted(desk)
        return away.since_s if away else None

    def _noted(self, desk: str) -> Away | None:
        told = self._accounts.away(desk)  # up to a minute old
        return told if told and told.last_s > self._back_s.get(desk, float("-inf")) else None


class Watched:
    """A desk, of which it is noted whether it answers. Only what it is to show tells that it is back: who can be read
    may still take nothing."""

    def __init__(self, name: str, desk: Desk, outages: Outages) -> None:
        self._name = name
        self._desk = desk
        self._outages = outages

    @property
    def capabilities(self) -> DeskCapabilities:
        return self._desk.capabilities

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """See `Desk.deliver`."""
        try:
            with self._asked():
                after = self._desk.deliver(account, message, seat, now)
        except (AlreadyThere, Refused):
            self._outages.answered(self._name)
            raise
        self._outages.answered(self._name)
        return after

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """See `Desk.find`."""
        with self._asked():
            return self._desk.find(account, message, customer, seat, since, now)

    def report(self, account: Account, receipt: Receipt, seat: Seat, now: float) -> None:
        """See `Desk.report`."""
        with self._asked():
            self._desk.report(account, receipt, seat, now)

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """See `Desk.is_open`."""
        with self._asked():
            return self._desk.is_open(account, customer, seat)

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """See `Desk.urge`."""
        with self._asked():
            return self._desk.urge(account, customer, seat, priority, marks)

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """See `Desk.introduce`. A register that is away says nothing of the desk."""
        self._desk.introduce(account, customer, profile)

    def source(self, file: File, seat: Seat) -> Source:
        """See `Desk.source`."""
        return self._desk.source(file, seat)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Throttling, what is set wrong and what is refused are answers; neither tells that the desk is away."""
        try:
            yield
        except (Unreachable, Uncertain):
            self._outages.failed(self._name)
            raise
