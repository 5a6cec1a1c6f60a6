"""An agent's message on its way to the customer, and what became of it on its way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.channels.base import Client
from chalicelib.desks.base import Desk, DeskTranslator
from chalicelib.errors import Malformed, Refused, Retryable, TokenRefused, Uncertain
from chalicelib.messages import Account, AgentMessage, Claim, Conversation, Event, Ignored, Receipt, digest
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.parking import fetched, park
from chalicelib.pipeline.ports import Clock, Ledger, Secrets, Shelf
from chalicelib.rules.text import split

LEASE_S = 90.0
# How long a send of unknown outcome waits for its echo, and how often it is looked for.
ECHO_WAIT_S = 60.0
LOOK_S = 5.0
# After this the agent is told that the message did not go out; a later success would surprise both sides.
GIVE_UP_S = 15 * 60.0
# A receipt that Genesys does not take must not hold up the next reply.
RECEIPT_ATTEMPTS = 5
UNCONFIRMED = "the platform did not confirm it; it may have been delivered, so it was not sent again"


class ToCustomer:
    """The outbound worker's use case."""

    def __init__(
        self,
        *,
        translator: DeskTranslator,
        clients: Mapping[str, Client],
        desk: Desk,
        accounts: Accounts,
        ledger: Ledger,
        secrets: Secrets,
        shelf: Shelf,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._translator = translator
        self._clients = clients
        self._desk = desk
        self._accounts = accounts
        self._ledger = ledger
        self._secrets = secrets
        self._shelf = shelf
        self._clock = clock
        self._metrics = metrics

    def handle(self, event: Event, attempt: int) -> None:
        """One event of the outbound queue. Raises Retryable."""
        whole = fetched(self._shelf, event)
        try:
            said = self._translator.parse(whole)
        except Malformed as error:
            park(self._shelf, self._metrics, whole, "unreadable", str(error))
            return
        if isinstance(said, Ignored):
            self._metrics.count("ignored", reason=said.reason)
            return
        account = self._accounts.of_integration(said.integration)
        if account is None:
            advice = f"no account has the integration {said.integration}; add it to Terraform's accounts, then replay"
            park(self._shelf, self._metrics, whole, "unknown_account", advice)
            return
        self._report(account, self._send(account, said, event), attempt)

    def _send(self, account: Account, said: AgentMessage, event: Event) -> Receipt:
        """Sends what is not sent yet, part by part. Raises Retryable where a part has to wait."""
        client = self._clients[account.channel]
        conversation = Conversation(account.channel, account.id, said.customer)
        parts = split(said.text, client.capabilities.text_limit, client.capabilities.text_unit)
        try:
            if said.unsupported:
                raise Refused("UnsupportedMessage", f"cannot be carried to {account.channel}: {said.unsupported}")
            if not parts:
                raise Refused("InvalidMessageStructure", "the message has no text")
            thread = self._ledger.thread(conversation).platform
            for number, part in enumerate(parts, start=1):
                item = f"OUT#{said.id}#{number}"
                claim = self._ledger.claim(conversation, item, self._clock(), LEASE_S, digest(part))
                if self._to_be_sent(conversation, item, claim):
                    send = partial(client.send_text, account, said.customer, thread, part)
                    self._send_part(send, account, conversation, item, event)
        except Refused as no:
            self._metrics.count("refused", channel=account.channel, code=no.code)
            log.warning("not delivered", message=said.id, account=account.id, code=no.code, detail=no.detail)
            return Receipt(message=said.id, customer=said.customer, delivered=False, code=no.code, detail=no.detail)
        log.info("sent", message=said.id, account=account.id, desk_conversation=said.desk_conversation)
        return Receipt(message=said.id, customer=said.customer, delivered=True)

    def _to_be_sent(self, conversation: Conversation, item: str, claim: Claim) -> bool:
        """Whether this part has to go out. Raises Refused, or Retryable where its fate is not known yet."""
        now = self._clock()
        if claim.state == "refused":
            raise Refused(claim.code, claim.detail)
        if claim.state == "busy":
            raise Retryable("another worker is at this part", max(1.0, claim.until_s - now))
        if claim.state == "lapsed":  # a worker died over it: it may have gone out
            self._ledger.doubt(conversation, item)
        if claim.state in {"lapsed", "doubt"}:
            if now - claim.since_s < ECHO_WAIT_S:
                raise Retryable("waiting for the echo of a send of unknown outcome", LOOK_S)
            self._metrics.count("unconfirmed", channel=conversation.channel)
            self._refuse(conversation, item, Refused("GeneralError", UNCONFIRMED))
        return claim.state == "fresh"

    def _send_part(
        self, send: Callable[[], str], account: Account, conversation: Conversation, item: str, event: Event
    ) -> None:
        """One send. Raises Refused where it will not happen, Retryable where it may later."""
        try:
            platform_id = send()
        except Retryable as error:
            if self._clock() - event.received_ms / 1000 > GIVE_UP_S:
                self._refuse(conversation, item, Refused("GeneralError", f"given up: {error.reason}"))
            self._ledger.release(conversation, item)
            if isinstance(error, TokenRefused) and self._secrets.refresh(account.secret):
                error.after_s = 1.0
            raise
        except Uncertain as error:
            self._ledger.doubt(conversation, item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did it go out? {error.reason}", LOOK_S) from error
        except Refused as no:
            self._refuse(conversation, item, no)
        else:
            self._ledger.sent(conversation, item, self._clock(), platform_id)
            self._metrics.count("sent", channel=account.channel)

    def _refuse(self, conversation: Conversation, item: str, no: Refused) -> None:
        """Raises the refusal, unless an echo has told meanwhile that the part did go out."""
        if self._ledger.refuse(conversation, item, self._clock(), no.code, no.detail):
            raise no

    def _report(self, account: Account, receipt: Receipt, attempt: int) -> None:
        outcome = "Delivered" if receipt.delivered else "Failed"
        try:
            self._desk.report(account, receipt, self._clock())
        except (Retryable, Refused) as error:
            if isinstance(error, Retryable) and attempt < RECEIPT_ATTEMPTS:
                raise
            self._metrics.count("receipt_lost", channel=account.channel)
            log.error("receipt lost", message=receipt.message, detail=str(error), status=outcome)
            return
        self._metrics.count("receipt", status=outcome)
