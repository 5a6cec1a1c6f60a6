"""Conversations that ended without anybody telling: their desks are asked, so many an hour, the longest due first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from chalicelib.errors import RateLimited, Refused
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import workable
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.outbound.ending import found
from chalicelib.pipeline.ports import Clock, Outbox, UpkeepLedger
from chalicelib.vocabulary.about import About
from chalicelib.vocabulary.records import Account, Conversation, Thread

# So many conversations are looked at in a run, shared among the accounts: desks have limits that messages need, too.
MOST = 120
# A run takes no longer than this: the other chores' time is the function's as well.
LONGEST_S = 40.0
# A desk is asked this long after the customer last wrote, and as long again after it said that the talk goes on.
QUIET_S = 6 * 3600.0
# What was put on the queue and ended nothing is asked about again after this.
AGAIN_S = 3600.0


class Ends:
    """The chore that asks. An end goes the way of those that a desk tells: onto the outbound queue, in the order of the
    customer's replies."""

    name = "ends"
    every_s = 3600.0

    def __init__(
        self,
        *,
        desks: Desks,
        channels: Mapping[str, About],
        known_desks: Mapping[str, About],
        ledger: UpkeepLedger,
        outbox: Outbox,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`channels` and `known_desks` are those that there are, by their names."""
        self._desks = desks
        self._channels = channels
        self._known_desks = known_desks
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._metrics = metrics

    def run(self, now: float) -> None:
        """Asks about what is due. A desk that wants no more calls for now is left alone. Raises Retryable."""
        accounts = workable(self._ledger.accounts(), self._channels, self._known_desks)
        share = max(1, MOST // max(1, len(accounts)))
        began_s = self._clock()
        try:
            for account in accounts:
                for conversation in self._due(account, now, share):
                    if self._clock() - began_s > LONGEST_S:
                        return
                    self._look(account, conversation, now)
        except RateLimited as error:
            log.info("asked no more", kind=self.name, reason=error.reason)

    def _due(self, account: Account, now: float, share: int) -> Iterable[Conversation]:
        # read first: what is asked about leaves its place in the index
        return list(islice(self._ledger.sitting(account, now), share))

    def _look(self, account: Account, conversation: Conversation, now: float) -> None:
        """At one conversation: asks its desk, unless the customer wrote not long ago."""
        thread = self._ledger.thread(conversation)
        quiet_s = max(thread.customer_ms, thread.comment_ms) / 1000 + QUIET_S
        if quiet_s > now:
            self._ledger.ask(conversation, quiet_s)
        elif self._goes_on(account, conversation, thread):
            self._ledger.ask(conversation, now + QUIET_S)
        else:
            self._outbox.put([found(self._desks.name(thread.seat), account, conversation, thread.seat, now)])
            self._ledger.ask(conversation, now + AGAIN_S)
            self._metrics.count("end_found", channel=account.channel)

    def _goes_on(self, account: Account, conversation: Conversation, thread: Thread) -> bool:
        """Whether the desk says so, or does not say. Raises Retryable where nobody can be asked now."""
        if not self._desks.has(thread.seat):
            return True
        try:
            return self._desks.at(thread.seat).is_open(account, conversation.customer, thread.seat)
        except Refused as no:
            log.warning("not looked at", detail=no.detail, account=account.id)
            return True
