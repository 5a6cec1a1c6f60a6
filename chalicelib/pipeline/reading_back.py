"""Somebody tried before, and nobody knows how that ended: what does the desk hold?"""

from __future__ import annotations

from chalicelib.errors import AlreadyThere, Misconfigured, Refused, Uncertain, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.delivery import Attempt
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.pipeline.presenting import desk_id
from chalicelib.vocabulary.records import Seat

# A worker that died posted, if it did, while its lease lasted: so long after that is its post looked for.
DIED_S = 30.0
LOOK_S = 10.0


class ReadingBack:
    """Looks for messages at their desks."""

    def __init__(self, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def found(self, attempt: Attempt) -> Seat | None:
        """The seat that holds the message, None where it has to be posted again. Raises Retryable."""
        if attempt.desk.capabilities.idempotent:
            return None
        known = self._known(attempt)
        # what was shown at another desk, which does not have the conversation any more, has to be shown here
        moved = attempt.claim.state == "doubt" and attempt.claim.seat.desk != known.desk
        seat = None if moved else self._find(attempt, known)
        if seat is None and not moved:
            self._search_is_over(attempt, known)
        channel = attempt.account.channel
        self._metrics.count("found_at_desk" if seat is not None else "sent_again", channel=channel)
        return seat

    def conflict(self, attempt: Attempt, error: AlreadyThere) -> Seat:
        """The desk says that it knows the message (409): delivered if it holds it, or if we have tried before. Raises
        Uncertain where it is to be tried once more, and Retryable."""
        account = attempt.account
        seat = self._find(attempt, self._known(attempt))
        if seat is not None:
            return seat
        if attempt.claim.state == "fresh":
            raise Uncertain(f"the desk conflicts, and does not hold the message: {error.detail}", answered=True)
        self._metrics.count("conflict_taken_as_delivered", channel=account.channel)
        log.warning("conflict taken as delivered", event=attempt.work.id, account=account.id, detail=error.detail)
        return attempt.seat

    def _known(self, attempt: Attempt) -> Seat:
        return self._ledger.thread(attempt.work.conversation).seat if attempt.before is None else attempt.seat

    def _search_is_over(self, attempt: Attempt, known: Seat) -> None:
        """Raises Waiting while the message may be in a conversation that the desk's search does not show yet; one
        that was known when it was posted, and is open since, would hold it, and was read."""
        claim = attempt.claim
        ends_s = claim.until_s + (DIED_S if claim.state == "lapsed" else 0.0)
        left_s = ends_s - self._clock()
        same = claim.state == "lapsed" or claim.seat.place == known.place
        if left_s > 0 and not (same and self._open(attempt, known)):
            raise Waiting("the desk's search may not show the message yet", min(LOOK_S, left_s))

    def _open(self, attempt: Attempt, known: Seat) -> bool:
        try:
            customer = attempt.work.conversation.customer
            return bool(known.conversation) and attempt.desk.is_open(attempt.account, customer, known)
        except (Refused, Misconfigured):
            return False

    def _find(self, attempt: Attempt, known: Seat) -> Seat | None:
        """The seat that holds the message, None where none does or where we may not look: an agent who reads a line
        twice beats a customer who is never heard."""
        account, claim, work = attempt.account, attempt.claim, attempt.work
        wanted, customer = desk_id(account, work.shown_as or work.id), work.conversation.customer
        earlier = claim.seat if claim.seat.conversation and claim.seat.desk == known.desk else known
        try:
            # it may have been another when the message was posted
            for seat in (known, *([earlier] if earlier.place != known.place else [])):
                holding = attempt.desk.find(account, wanted, customer, seat, claim.since_s, self._clock())
                if holding is not None:
                    return holding
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=account.id)
        except Refused as no:
            log.warning("not looked at", detail=no.detail, account=account.id)
        return None
