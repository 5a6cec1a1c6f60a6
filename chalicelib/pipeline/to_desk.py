"""A customer's event on its way to the agents."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.channels.base import Translator
from chalicelib.desks.base import Desk
from chalicelib.errors import AlreadyThere, Malformed, Refused, Retryable, Uncertain
from chalicelib.messages import (
    Account,
    Claim,
    CustomerMessage,
    DeskMessage,
    Echo,
    Event,
    Ignored,
    Thread,
    digest,
    iso,
)  # fmt: skip
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.parking import fetched, park
from chalicelib.pipeline.ports import Clock, Ledger, Redelivery, Shelf

# No worker is at a message longer than this: the deployed function's timeout is below it.
LEASE_S = 90.0
# Genesys needs a moment to show what it took.
DOUBT_S = 5.0
# An echo may overtake the answer of the send that it belongs to.
ECHO_WAIT_S = 2.0
ECHO_ATTEMPTS = 5

SOURCES = {"instagram": "Instagram_DM", "tiktok": "TikTok_DM"}


class ToDesk:
    """The inbound worker's use case."""

    def __init__(
        self,
        *,
        translators: Mapping[str, Translator],
        desk: Desk,
        accounts: Accounts,
        ledger: Ledger,
        queue: Redelivery,
        shelf: Shelf,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._translators = translators
        self._desk = desk
        self._accounts = accounts
        self._ledger = ledger
        self._queue = queue
        self._shelf = shelf
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, attempt: int) -> None:
        """One event of the inbound queue. Raises Retryable."""
        whole = fetched(self._shelf, event)
        try:
            happened = self._translators[event.source].parse(whole)
        except Malformed as error:
            park(self._shelf, self._metrics, whole, "unreadable", str(error))
            return
        for one in happened:
            if isinstance(one, Ignored):
                self._metrics.count("ignored", reason=one.reason)
            else:
                self._known(whole, one, attempt)

    def _known(self, event: Event, one: CustomerMessage | Echo, attempt: int) -> None:
        account = self._accounts.of_channel(event.source, event.account)
        if account is None:
            advice = f"add the {event.source} account {event.account} to Terraform's accounts, then replay"
            park(self._shelf, self._metrics, event, "unknown_account", advice)
        elif isinstance(one, Echo):
            self._echo(one, attempt)
        else:
            self._message(event, account, one)

    def _message(self, event: Event, account: Account, said: CustomerMessage) -> None:
        message = desk_message(account, said)
        item = f"IN#{said.id}"
        claim = self._ledger.claim(said.conversation, item, self._clock(), LEASE_S)
        if claim.state in {"done", "refused"}:
            self._metrics.count("duplicate", channel=account.channel)
            return
        if claim.state == "busy":
            raise Retryable("another worker is at this message", max(1.0, claim.until_s - self._clock()))
        if claim.state == "lapsed":  # from here on a retry finds out first, and need not wait for the lease
            self._ledger.doubt(said.conversation, item)
        try:
            found = self._read_back(account, said, message, claim) if claim.state != "fresh" else None
            desk = found or self._deliver(account, said, message, item, claim)
        except Refused as no:
            self._queue.bury(event, str(no))
            self._ledger.release(said.conversation, item)  # so that a replay is not taken for a duplicate
            self._metrics.count("dead_letter", source=event.source)
            log.error("the desk refuses a message", event=event.id, detail=no.detail, account=account.id)
            return
        thread = Thread(desk=desk, platform=said.platform_thread, customer_ms=said.sent_ms)
        self._ledger.delivered(said.conversation, item, self._clock(), thread)
        self._metrics.count("delivered", channel=account.channel)
        log.info("delivered", event=event.id, account=account.id, desk_conversation=desk, message=message.id)

    def _deliver(self, account: Account, said: CustomerMessage, message: DeskMessage, item: str, claim: Claim) -> str:
        """Posts the message; answers the desk's conversation id."""
        try:
            return self._desk.deliver(account, message, self._clock())
        except Retryable:
            if claim.state == "fresh":
                self._ledger.release(said.conversation, item)
            raise
        except Uncertain as error:
            self._ledger.doubt(said.conversation, item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did the desk take it? {error.reason}", DOUBT_S) from error
        except AlreadyThere as error:
            return self._already_there(account, said, message, item, claim, error)

    def _already_there(
        self, account: Account, said: CustomerMessage, message: DeskMessage, item: str, claim: Claim,
        error: AlreadyThere,
    ) -> str:  # fmt: skip
        """A 409: delivered if the desk holds it, or if we have tried before; else it is tried once more."""
        found = self._find(account, said, message, claim)
        if found is not None:
            return found
        if claim.state == "fresh":
            self._ledger.doubt(said.conversation, item)
            raise Retryable(f"the desk conflicts, and does not hold the message: {error.detail}", DOUBT_S)
        self._metrics.count("conflict_taken_as_delivered", channel=account.channel)
        log.warning("conflict taken as delivered", event=said.id, account=account.id, detail=error.detail)
        return ""

    def _read_back(self, account: Account, said: CustomerMessage, message: DeskMessage, claim: Claim) -> str | None:
        """Somebody tried before and the outcome is unknown: what does the desk hold?"""
        found = self._find(account, said, message, claim)
        self._metrics.count("found_at_desk" if found is not None else "sent_again", channel=account.channel)
        return found

    def _find(self, account: Account, said: CustomerMessage, message: DeskMessage, claim: Claim) -> str | None:
        known = self._ledger.thread(said.conversation).desk
        return self._desk.find(account, message, known, claim.since_s, self._clock())

    def _echo(self, echo: Echo, attempt: int) -> None:
        """What the brand's account sent: ours is known by its id, or by the send that is under way."""
        conversation = echo.conversation
        if self._ledger.is_ours(conversation, echo.id):
            self._metrics.count("ignored", reason="echo_own")
            return
        under_way = self._ledger.in_flight(conversation, self._clock())
        same = [item for item, text in under_way.items() if text == digest(echo.text)]
        if same:
            self._ledger.sent(conversation, same[0], self._clock(), echo.id)
            self._metrics.count("ignored", reason="echo_own")
            self._metrics.count("confirmed_by_echo", channel=conversation.channel)
        elif under_way and attempt < ECHO_ATTEMPTS:
            raise Retryable("an echo while a send is under way", ECHO_WAIT_S)
        elif self._ledger.is_ours(conversation, echo.id):  # the send has ended between the two looks
            self._metrics.count("ignored", reason="echo_own")
        else:
            self._metrics.count("ignored", reason="echo_elsewhere")


def desk_message(account: Account, said: CustomerMessage) -> DeskMessage:
    """The message under an id of 40 characters that is the same on every try.

    The platform's own ids are up to 255 characters long, and Genesys tells no limit.
    """
    return DeskMessage(
        id=digest(account.channel, account.id, said.id)[:40],
        customer=said.conversation.customer,
        sent_ms=said.sent_ms,
        text=said.text,
        nickname=said.username,
        attributes={
            "source": SOURCES.get(account.channel, account.channel),
            "accountId": account.id,
            "sentAt": iso(said.sent_ms),
            "profileUrl": said.profile_url,
            "username": said.username,
        },
    )
