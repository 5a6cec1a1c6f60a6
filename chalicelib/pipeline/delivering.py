"""Something is shown to the agents once, whoever tries, however often."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.errors import AlreadyThere, Refused, Retryable, Uncertain, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.delivery import Attempt, Delivery, Dropped, HandedOver, Together
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.pipeline.posting import Posting
from chalicelib.pipeline.reading_back import DIED_S, ReadingBack
from chalicelib.rules import seating
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import BOT, NOBODYS, Account, Claim, Seat

# A desk needs a moment to show what it took.
DOUBT_S = 5.0
# A first message is found by the desk's search only, which lags (`DeskCapabilities.lag_s`): so long is a post without
# an answer looked for before it is sent again. One that was answered by an error, which seldom hides a success, this
# long (s).
ANSWERED_S = 20.0
# How often the end of a delivery is written at once where others move the conversation at the same time.
MOVES = 3
# How soon (s) what was shown where the conversation does not sit any more is shown where it does.
MOVED_S = 1.0


class Delivering:
    """Claims, posts, and after an unknown outcome reads back before it posts again."""

    def __init__(
        self,
        *,
        desks: Desks,
        posting: Posting,
        reading_back: ReadingBack,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._desks = desks
        self._posting = posting
        self._reading_back = reading_back
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def once(self, account: Account, work: Delivery, died: Callable[[], None] = lambda: None) -> str:
        """Delivers what nobody has delivered; answers the claim's result where somebody has. `died` is told that
        a worker began it and never came back.

        Raises Retryable, or Refused (with the claim given back) where the desk takes it in no form; Together where it
        is not to be shown with these others.
        """
        claim = self._ledger.claim(work.conversation, work.item, self._clock(), LEASE_S, folded=tuple(work.also))
        if claim.state in {"done", "refused"}:
            if work.also:  # what is done with it finds that out by itself
                raise Together
            self._metrics.count("duplicate", channel=account.channel)
            return claim.result
        if claim.state == "busy":
            raise Waiting("another worker is at this message", max(1.0, claim.until_s - self._clock()))
        if claim.state == "lapsed" or claim.buried:  # who was giving it up may have died over that
            died()
        work = self._as_noted(work, claim)
        attempt = self._joined(self._attempt(account, work, claim))
        try:
            try:
                after = self._shown(attempt)
            except HandedOver:
                attempt = self._handed_over(attempt)
                after = self._shown(attempt)
        except Dropped as dropped:
            for item in work.items:
                self._ledger.refuse(work.conversation, item, self._clock(), "dropped", dropped.reason)
            self._metrics.count("ignored", reason=dropped.reason)
            return ""
        self._end(attempt, after)
        self._told(attempt, after)
        if work.introduces and attempt.desk.capabilities.registers:
            work.introduces(self._desks.name(attempt.seat), attempt.desk)
        return ""

    def _handed_over(self, attempt: Attempt) -> Attempt:
        """The try at people's desk, with the same claims: nobody else has shown it meanwhile. Raises Retryable."""
        work, claim = attempt.work, attempt.claim
        try:
            return msgspec.structs.replace(self._attempt(attempt.account, work, claim), claim=claim)
        except Retryable:
            if claim.state == "fresh":
                self._release(work)
            raise

    def _told(self, attempt: Attempt, after: Seat) -> None:
        """What the operator reads of it."""
        account, work = attempt.account, attempt.work
        self._metrics.count("delivered", channel=account.channel)
        if work.late:
            self._metrics.count("brought_late", channel=account.channel)
        if work.since_ms:
            self._metrics.measure("latency_ms", self._clock() * 1000 - work.since_ms, direction="inbound")
        log.info("delivered", event=work.id, account=account.id, desk_conversation=after.conversation,
                 conversation=work.conversation.key)  # fmt: skip

    def _as_noted(self, work: Delivery, claim: Claim) -> Delivery:
        """The delivery with what is noted on its claim. Raises Together, Waiting."""
        if work.apart or claim.folded == tuple(work.also):
            return work
        try:
            if work.noted is None:
                raise Together
            return work.noted(claim.folded)
        except Waiting:
            if claim.state == "lapsed":  # nobody has to wait for a lease that ends here
                seat, until_s = self._ledger.thread(work.conversation).seat, claim.until_s + DIED_S
                self._ledger.doubt(work.conversation, work.item, self._clock(), until_s, seat)
            raise

    def _joined(self, attempt: Attempt) -> Attempt:
        """The attempt, once all that is shown with its message is claimed too: before anything is sent, so that where
        one of them has been done by itself, this never was. Raises Together where it is not to be shown so, Retryable.
        """
        work, claim = attempt.work, attempt.claim
        taken: list[str] = []
        try:
            others = tuple([self._beside(attempt, item, taken) for item in work.others])
        except Retryable as no:
            if claim.state == "fresh" or isinstance(no, Together):
                for item in (*taken, work.item):
                    self._ledger.release(work.conversation, item)
            elif claim.state == "lapsed":  # nobody has to wait for a lease that ends here
                self._doubt(attempt, claim.until_s + DIED_S, self._known(attempt))
            raise
        return msgspec.structs.replace(attempt, claim=msgspec.structs.replace(claim, others=others))

    def _beside(self, attempt: Attempt, item: str, taken: list[str]) -> str:
        """Claims what is shown with the message; answers its newest text. Raises Together, Waiting."""
        work, first = attempt.work, attempt.claim.state == "fresh"
        other = self._ledger.claim(work.conversation, item, self._clock(), LEASE_S)
        if other.state == "busy" and not first:
            raise Waiting("another worker is at what is shown with it", max(1.0, other.until_s - self._clock()))
        if other.state == "lapsed" or (other.state == "fresh" and not first):
            until_s = max(attempt.claim.until_s, other.until_s) + DIED_S
            self._ledger.doubt(work.conversation, item, self._clock(), until_s, self._known(attempt))
        if other.state != "fresh" and (first or other.state in {"done", "refused"}):
            raise Together
        taken.append(item)
        return other.edited

    def _release(self, work: Delivery) -> None:
        for item in work.items:
            self._ledger.release(work.conversation, item)

    def _attempt(self, account: Account, work: Delivery, claim: Claim) -> Attempt:
        """Where it is to be shown. Raises Retryable where that cannot be told now; a fresh claim is given back."""
        try:
            if work.seat is None:
                before = self._desks.remembered(account, work.conversation)
                seat = self._desks.taken(account, before)
                tried_s = 0.0 if claim.state == "fresh" else claim.since_s
                begun = self._desks.begun(account, work.conversation, seat, work.bots, tried_s)
                if seat.desk == BOT != begun.desk:  # it was taken from the bot
                    before = begun
                seat = begun
            else:
                before = work.seat if self._desks.read else None
                seat = work.seat
            desk = self._desks.at(seat)
        except Retryable:
            if claim.state == "fresh":
                self._ledger.release(work.conversation, work.item)
            raise
        return Attempt(account=account, work=work, claim=claim, before=before, seat=seat, desk=desk)

    def _shown(self, attempt: Attempt) -> Seat:
        """Where the conversation sits once it was found or posted. Leaves the claim as the outcome is."""
        work, claim = attempt.work, attempt.claim
        lag_s = attempt.desk.capabilities.lag_s
        try:
            held = self._reading_back.found(attempt) if claim.state != "fresh" else None
            return self._seat(attempt, held or self._tried(attempt))
        except (Dropped, HandedOver):
            raise
        except Refused:  # so that a replay is not taken for a duplicate
            self._release(work)
            raise
        except Retryable:
            if claim.state == "fresh":
                self._release(work)
            elif claim.state == "lapsed":  # a retry finds out first, and need not wait for this lease too
                self._doubt(attempt, claim.until_s + DIED_S, self._known(attempt))
            raise
        except Uncertain as error:
            waits_s = min(ANSWERED_S, lag_s) if error.answered else lag_s
            self._doubt(attempt, self._clock() + waits_s, self._known(attempt))
            self._metrics.count("uncertain", channel=attempt.account.channel)
            raise Retryable(f"did the desk take it? {error.reason}", DOUBT_S) from error
        except Exception:  # nobody foresaw it, so nobody knows whether the desk has it
            self._doubt(attempt, self._clock() + lag_s, self._known(attempt))
            raise

    def _seat(self, attempt: Attempt, answered: Seat) -> Seat:
        """What the desk answers, as it is remembered. A desk speaks for no other."""
        answered = msgspec.structs.replace(answered, desk=attempt.seat.desk)
        return answered if attempt.before is None else seating.taken(attempt.seat, answered)

    def _tried(self, attempt: Attempt) -> Seat:
        """Posts the message. One that is in doubt is put into a new one first: how this try ends may not be written."""
        claim = attempt.claim
        if claim.state != "doubt":
            return self._deliver(attempt)
        self._doubt(attempt, self._clock() + attempt.desk.capabilities.lag_s, self._known(attempt))
        try:
            return self._deliver(attempt)
        except Retryable:  # it did not happen, so that nobody has to wait for it
            self._doubt(attempt, claim.until_s, claim.seat)
            raise

    def _doubt(self, attempt: Attempt, until_s: float, seat: Seat) -> None:
        for item in attempt.work.items:
            self._ledger.doubt(attempt.work.conversation, item, self._clock(), until_s, seat)

    def _known(self, attempt: Attempt) -> Seat:
        """The seat that is known while the message is posted, nobody's where that cannot be told."""
        if attempt.before is not None:
            return attempt.seat
        try:
            return self._ledger.thread(attempt.work.conversation).seat
        except Retryable:
            return NOBODYS

    def _deliver(self, attempt: Attempt) -> Seat:
        """Posts the message; answers the desk's seat."""
        message, work = self._built(attempt), attempt.work
        log.info("posting", event=work.id, key=message.id, conversation=work.conversation.key)
        try:
            return self._posting.post(attempt.desk, attempt.account, message, attempt.seat)
        except AlreadyThere as error:
            return self._reading_back.conflict(attempt, error)

    def _built(self, attempt: Attempt) -> DeskMessage:
        """Nothing has left the machine yet: whatever fails here gives a fresh claim back."""
        work, claim = attempt.work, attempt.claim
        try:
            message = self._with_past(attempt, work.build(claim))
            return self._desks.worded(attempt.account, work.conversation, attempt.seat, message)
        except Dropped:
            raise
        except Exception:
            if claim.state == "fresh":
                self._release(work)
            raise

    def _with_past(self, attempt: Attempt, message: DeskMessage) -> DeskMessage:
        """With what the desk goes on with, where it opens another conversation."""
        if attempt.seat.conversation or not attempt.desk.capabilities.continues:
            return message
        past = self._ledger.standing(attempt.work.conversation)
        return msgspec.structs.replace(message, former=past.ended, former_ms=past.ended_ms)

    def _end(self, attempt: Attempt, after: Seat) -> None:
        """Writes down that it was shown, and where the conversation sits. Whoever has moved it meanwhile is not
        overwritten. Raises Retryable where it sits elsewhere by now, where nobody has seen this."""
        work, before, seat = attempt.work, attempt.before, after
        for _ in range(MOVES):
            listed = attempt.desk.capabilities.stateful and seat.conversation != "" and seat.place != attempt.seat.place
            thread = work.thread(seat)
            if self._ledger.delivered(
                work.conversation, work.item, self._clock(), thread, work.words, before, listed, work.others, work.said
            ):
                return
            now = self._ledger.thread(work.conversation).seat
            self._metrics.count("moved_meanwhile", channel=attempt.account.channel)
            held = self._desks.has(now) and not (now.desk == BOT != after.desk)  # a bot that is switched off
            verdict = seating.settled(attempt.seat, after, now if held else NOBODYS)
            if after.desk == BOT and now.place != after.place:  # people have taken over, who have not seen it
                verdict = "again"
            if verdict == "again":
                self._release(work)
                raise Waiting("the conversation sits elsewhere by now", MOVED_S)
            before = now
            seat = msgspec.structs.replace(after, generation=now.generation + 1) if verdict == "take" else NOBODYS
        raise Retryable("the conversation is moved again and again")
