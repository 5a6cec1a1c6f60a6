"""Something is shown to the agents once, whoever tries, however often."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.errors import AlreadyThere, Misconfigured, Refused, Retryable, Uncertain, Waiting
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.pipeline.presenting import desk_id
from chalicelib.protocols.desk import Desk
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.messages import DeskMessage
from chalicelib.vocabulary.records import Account, Claim, Conversation, Thread

# No worker is at a message longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0
# A desk needs a moment to show what it took.
DOUBT_S = 5.0
# A first message is found by the desk's search only, which lags (`Desk.lag_s`): so long is a post without an answer
# looked for before it is sent again. One that was answered by an error, which seldom hides a success, this long (s).
ANSWERED_S = 20.0
# The same after a worker died: it posted, if it did, while its lease lasted.
DIED_S = 30.0
LOOK_S = 10.0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be shown: its claim, how it is put into the desk's words, what is remembered of it.

    `build` is given the claim and may raise Retryable; `thread` is given the desk's conversation id. `words` is how it
    begins, by which a quote or a reaction names it later; `since_ms` is
    when the bridge was given it (epoch ms), 0 where nobody waits for it.
    """

    conversation: Conversation
    id: str
    build: Callable[[Claim], DeskMessage]
    thread: Callable[[str], Thread]
    words: str = ""
    since_ms: int = 0

    @property
    def item(self) -> str:
        return claims.inbound(self.id)


class Delivering:
    """Claims, posts, and after an unknown outcome reads back before it posts again."""

    def __init__(self, *, desk: Desk, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._desk = desk
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def once(self, account: Account, work: Delivery, died: Callable[[], None] = lambda: None) -> str:
        """Delivers what nobody has delivered; answers the claim's result where somebody has. `died` is told that
        a worker began it and never came back.

        Raises Retryable, or Refused (with the claim given back) where the desk takes it in no form.
        """
        claim = self._ledger.claim(work.conversation, work.item, self._clock(), LEASE_S)
        if claim.state in {"done", "refused"}:
            self._metrics.count("duplicate", channel=account.channel)
            return claim.result
        if claim.state == "busy":
            raise Waiting("another worker is at this message", max(1.0, claim.until_s - self._clock()))
        if claim.state == "lapsed":
            died()
        desk = self._shown(account, work, claim)
        self._ledger.delivered(work.conversation, work.item, self._clock(), work.thread(desk), work.words)
        self._metrics.count("delivered", channel=account.channel)
        if work.since_ms:
            self._metrics.measure("latency_ms", self._clock() * 1000 - work.since_ms, direction="inbound")
        log.info("delivered", event=work.id, account=account.id, desk_conversation=desk)
        return ""

    def _shown(self, account: Account, work: Delivery, claim: Claim) -> str:
        """The desk's conversation that holds the message, found or posted. Leaves the claim as the outcome is."""
        try:
            found = self._read_back(account, work, claim) if claim.state != "fresh" else None
            return found or self._tried(account, work, claim)
        except Refused:  # so that a replay is not taken for a duplicate
            self._ledger.release(work.conversation, work.item)
            raise
        except Retryable:
            if claim.state == "fresh":
                self._ledger.release(work.conversation, work.item)
            elif claim.state == "lapsed":  # a retry finds out first, and need not wait for this lease too
                self._doubt(work, claim.until_s + DIED_S, self._known(work))
            raise
        except Uncertain as error:
            lag_s = self._desk.lag_s
            self._doubt(work, self._clock() + (min(ANSWERED_S, lag_s) if error.answered else lag_s), self._known(work))
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did the desk take it? {error.reason}", DOUBT_S) from error
        except Exception:  # nobody foresaw it, so nobody knows whether the desk has it
            self._doubt(work, self._clock() + self._desk.lag_s, self._known(work))
            raise

    def _tried(self, account: Account, work: Delivery, claim: Claim) -> str:
        """Posts the message. One that is in doubt is put into a new one first: how this try ends may not be written."""
        if claim.state != "doubt":
            return self._deliver(account, work, claim)
        self._doubt(work, self._clock() + self._desk.lag_s, self._known(work))
        try:
            return self._deliver(account, work, claim)
        except Retryable:  # it did not happen, so that nobody has to wait for it
            self._doubt(work, claim.until_s, claim.desk)
            raise

    def _doubt(self, work: Delivery, until_s: float, desk: str) -> None:
        self._ledger.doubt(work.conversation, work.item, self._clock(), until_s, desk)

    def _known(self, work: Delivery) -> str:
        """The desk's conversation that is known while the message is posted, "" where that cannot be told."""
        try:
            return self._ledger.thread(work.conversation).desk
        except Retryable:
            return ""

    def _deliver(self, account: Account, work: Delivery, claim: Claim) -> str:
        """Posts the message; answers the desk's conversation id."""
        message = self._built(work, claim)
        try:
            return self._posted(account, message)
        except AlreadyThere as error:
            return self._already_there(account, work, claim, error)

    def _built(self, work: Delivery, claim: Claim) -> DeskMessage:
        """Nothing has left the machine yet: whatever fails here gives a fresh claim back."""
        try:
            return work.build(claim)
        except Exception:
            if claim.state == "fresh":
                self._ledger.release(work.conversation, work.item)
            raise

    def _posted(self, account: Account, message: DeskMessage) -> str:
        """A file that the desk does not take (its content profile decides) goes as a link."""
        try:
            return self._desk.deliver(account, message, self._clock())
        except Refused as no:
            if message.attachment is None:
                raise
            self._metrics.count("media", outcome="linked", channel=account.channel)
            log.warning("the desk refuses a file", account=account.id, detail=no.detail)
            text = "\n".join(part for part in (message.text, message.attachment.url) if part)
            return self._desk.deliver(
                account, msgspec.structs.replace(message, attachment=None, text=text), self._clock()
            )

    def _already_there(self, account: Account, work: Delivery, claim: Claim, error: AlreadyThere) -> str:
        """A 409: delivered if the desk holds it, or if we have tried before; else it is tried once more."""
        found = self._find(account, work, claim, self._ledger.thread(work.conversation).desk)
        if found is not None:
            return found
        if claim.state == "fresh":
            raise Uncertain(f"the desk conflicts, and does not hold the message: {error.detail}", answered=True)
        self._metrics.count("conflict_taken_as_delivered", channel=account.channel)
        log.warning("conflict taken as delivered", event=work.id, account=account.id, detail=error.detail)
        return ""

    def _read_back(self, account: Account, work: Delivery, claim: Claim) -> str | None:
        """Somebody tried before and the outcome is unknown: what does the desk hold? Raises Retryable."""
        known = self._ledger.thread(work.conversation).desk
        found = self._find(account, work, claim, known)
        if found is None:
            self._search_is_over(account, work, claim, known)
        self._metrics.count("found_at_desk" if found is not None else "sent_again", channel=account.channel)
        return found

    def _search_is_over(self, account: Account, work: Delivery, claim: Claim, known: str) -> None:
        """Raises Waiting while the message may be in a conversation that the desk's search does not show yet; one
        that was known when it was posted, and is open since, would hold it, and was read."""
        ends_s = claim.until_s + (DIED_S if claim.state == "lapsed" else 0.0)
        left_s = ends_s - self._clock()
        same = claim.state == "lapsed" or claim.desk == known
        if left_s > 0 and not (same and self._open(account, work, known)):
            raise Waiting("the desk's search may not show the message yet", min(LOOK_S, left_s))

    def _open(self, account: Account, work: Delivery, known: str) -> bool:
        try:
            return bool(known) and self._desk.is_open(account, work.conversation.customer, known)
        except (Refused, Misconfigured):
            return False

    def _find(self, account: Account, work: Delivery, claim: Claim, known: str) -> str | None:
        """The desk's conversation that holds the message, None where none does or where we may not look: an agent
        who reads a line twice beats a customer who is never heard."""
        wanted, customer = desk_id(account, work.id), work.conversation.customer
        try:
            for desk in {known, claim.desk or known}:  # it may have been another when the message was posted
                found = self._desk.find(account, wanted, customer, desk, claim.since_s, self._clock())
                if found is not None:
                    return found
        except Misconfigured as error:
            self._metrics.count("misconfigured")
            log.error("misconfigured", reason=error.reason, advice=error.advice, account=account.id)
        except Refused as no:
            log.warning("not looked at", detail=no.detail, account=account.id)
        return None
