"""Conversations are raised at their desk, gently: what a desk takes a minute it takes for messages, too."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import Misconfigured, Refused, Retryable
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.ports import Clock
from chalicelib.vocabulary.records import BOT, Account, Conversation, Seat, Urged

# In a run, of some calls each: some desks let a client make 300 calls a minute, for messages too, and a run of
# three calls each is half of that, and a tenth of what the client may make until the next start.
MOST = 50


class Raising:
    """One run's calls. A desk that takes none now is left alone until the next run."""

    def __init__(self, desks: Desks, clock: Clock, metrics: Metrics) -> None:
        self._desks = desks
        self._clock = clock
        self._metrics = metrics
        self.begin(0.0)

    def begin(self, until_s: float) -> None:
        """Another run, in which nothing is begun after then (epoch s)."""
        self._until_s = until_s
        self._made = 0
        self._resting: set[str] = set()

    def urge(
        self, account: Account, conversation: Conversation, seat: Seat, priority: int, marks: Mapping[str, str]
    ) -> Urged | None:
        """What became of it (see `Desk.urge`), "" where the desk raises nobody or will not; None where a later run has
        to try."""
        if seat.desk == BOT:  # nobody waits in its queue
            return ""
        try:
            desk = self._desks.at(seat)
            if not desk.capabilities.priorities:
                return ""
            if seat.desk in self._resting or self._made >= MOST or self._clock() > self._until_s:
                return None
            self._made += 1
            urged = desk.urge(account, conversation.customer, seat, priority, marks)
        except Refused as no:
            self._note(account, conversation, "refused", no.detail)
            return ""
        except Retryable as error:
            self._resting.add(seat.desk)
            advice = error.advice if isinstance(error, Misconfigured) else "the next start tries again"
            if isinstance(error, Misconfigured):
                self._metrics.count("misconfigured")
            self._note(account, conversation, "failed", error.reason, advice)
            return None
        except Exception as error:  # an odd answer: it is the one conversation's, and supervisors are told all the same
            self._metrics.count("failed")
            log.error("failed", conversation=conversation.key, detail=where(error))
            return ""
        self._metrics.count("window_raised", channel=account.channel, outcome=urged)
        return urged

    def _note(self, account: Account, conversation: Conversation, outcome: str, detail: str, advice: str = "") -> None:
        self._metrics.count("window_raised", channel=account.channel, outcome=outcome)
        log.error("not raised", account=account.id, conversation=conversation.key, detail=detail, advice=advice)
