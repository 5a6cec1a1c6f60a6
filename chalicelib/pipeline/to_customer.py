"""An agent's message on its way to the customer, and what became of it on its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from chalicelib.channels.base import Client
from chalicelib.desks.base import Desk, DeskTranslator
from chalicelib.errors import (
    AccountStopped,
    Malformed,
    RateLimited,
    Reason,
    Refused,
    Retryable,
    TokenRefused,
    Uncertain,
    Unfetched,
)
from chalicelib.messages import Account, Claim, Conversation, Event, Ignored, Thread, digest
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.enclosing import Enclosing
from chalicelib.pipeline.notices import Notices
from chalicelib.pipeline.parking import fetched, park
from chalicelib.pipeline.ports import Clock, Ledger, Secrets, Shelf
from chalicelib.replies import (
    AgentMessage,
    AgentTyping,
    Author,
    CardsPart,
    ChoicesPart,
    DeskReceipt,
    File,
    MediaPart,
    Part,
    Receipt,
    Recipient,
    TextPart,
)
from chalicelib.rules import windows
from chalicelib.rules.planning import offer_key, offers, plan

LEASE_S = 90.0
# How long a send of unknown outcome waits for its echo, and how often it is looked for.
ECHO_WAIT_S = 60.0
LOOK_S = 5.0
# After this the agent is told that the message did not go out; a later success would surprise both sides.
GIVE_UP_S = 15 * 60.0
# How long a refused access token may be on its way to being renewed.
TOKEN_WAIT_S = 60.0
# A receipt that Genesys does not take must not hold up the next reply.
RECEIPT_ATTEMPTS = 5
# Who types is not typing any more after this.
TYPING_S = 10.0
UNCONFIRMED = "the platform did not confirm it; it may have been delivered, so it was not sent again"
RECONNECT = "log the account in again and store its token in the secret {secret}"


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's message, where it goes, and when the bridge was given it (epoch s)."""

    account: Account
    said: AgentMessage
    conversation: Conversation
    thread: Thread
    received_s: float


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
        enclosing: Enclosing,
        notices: Notices,
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
        self._enclosing = enclosing
        self._notices = notices
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
        if isinstance(said, DeskReceipt):
            self._metrics.count("desk_receipt", reason=said.reason)
            log.error("desk receipt", event=said.message, integration=said.integration, reason=said.reason,
                      detail=said.detail, status=said.status, desk_conversation=said.desk_conversation)  # fmt: skip
            return
        account = self._accounts.of_integration(said.integration)
        if account is None:
            advice = f"no account has the integration {said.integration}; add it to Terraform's accounts, then replay"
            park(self._shelf, self._metrics, whole, "unknown_account", advice)
        elif isinstance(said, AgentTyping):
            self._typing(account, said, event)
        else:
            self._report(account, said, self._send(account, said, event), attempt)

    def _typing(self, account: Account, typing: AgentTyping, event: Event) -> None:
        """Shown at once or not at all: it is worth no retry."""
        client = self._clients[account.channel]
        conversation = Conversation(account.channel, account.id, typing.customer)
        if self._clock() - event.received_ms / 1000 > TYPING_S or not client.capabilities.typing:
            self._metrics.count("ignored", reason="typing_late")
            return
        thread = self._ledger.thread(conversation)
        allowed = self._decide(account, thread, "human")
        if not isinstance(allowed, windows.Allow) or allowed.comment:
            self._metrics.count("ignored", reason="typing_window_closed")
            return
        self._act(account, typing.customer, thread, "typing")

    def _act(self, account: Account, customer: str, thread: Thread, action: Literal["typing", "seen"]) -> bool:
        to = Recipient(customer=customer, thread=thread.platform)
        try:
            self._clients[account.channel].act(account, to, action)
        except (Retryable, Refused, Uncertain) as error:
            self._metrics.count("action_failed", action=action, channel=account.channel)
            log.info("action failed", account=account.id, kind=action, detail=str(error))
            return False
        self._metrics.count("action", action=action, channel=account.channel)
        return True

    def _decide(self, account: Account, thread: Thread, author: Author) -> windows.Allow | windows.Closed:
        policy = self._clients[account.channel].capabilities.window
        return windows.decide(policy, thread, author, account.human_agent, int(self._clock() * 1000))

    # --- sending

    def _send(self, account: Account, said: AgentMessage, event: Event) -> Receipt:
        """Sends what is not sent yet, part by part. Raises Retryable where a part has to wait."""
        conversation = Conversation(account.channel, account.id, said.customer)
        reply = _Reply(
            account=account,
            said=said,
            conversation=conversation,
            thread=self._ledger.thread(conversation),
            received_s=event.received_ms / 1000,
        )
        try:
            self._parts(reply)
        except Refused as no:
            self._metrics.count("refused", channel=account.channel, reason=no.reason)
            log.warning("not delivered", message=said.id, account=account.id, reason=no.reason, detail=no.detail)
            if isinstance(no, AccountStopped):
                self._metrics.count("account_stopped", account=account.id)
                log.error("account stopped", account=account.id, detail=no.detail, advice=no.advice)
            return Receipt(message=said.id, customer=said.customer, delivered=False, reason=no.reason, detail=no.detail)
        self._after(reply)
        log.info("sent", message=said.id, account=account.id, desk_conversation=said.desk_conversation)
        return Receipt(message=said.id, customer=said.customer, delivered=True)

    def _parts(self, reply: _Reply) -> None:
        said, can = reply.said, self._clients[reply.account.channel].capabilities
        if said.unsupported:
            raise Refused("unsupported", f"cannot be carried to {reply.account.channel}: {said.unsupported}")
        planned = plan(can, said, reply.account.language)
        if not planned:
            raise Refused("unsupported", "the message has no content")
        files = self._files(reply, planned)
        if any(isinstance(part, (ChoicesPart, CardsPart)) for part in planned):
            self._ledger.offer(reply.conversation, offer_key(said.id), self._clock(), offers(said))
        for number, one in enumerate(planned, start=1):
            part = files[number] if isinstance(one, File) else one
            item = f"OUT#{said.id}#{number}"
            claim = self._ledger.claim(reply.conversation, item, self._clock(), LEASE_S, digest(_echoed(part)))
            if self._to_be_sent(reply.conversation, item, claim):
                self._send_part(reply, item, part, len(planned))

    def _files(self, reply: _Reply, planned: Sequence[File | Part]) -> dict[int, Part]:
        """The agent's files, fetched before anything is sent: the desk does not keep them for long."""
        try:
            return {
                number: self._enclosing.part(
                    reply.account, reply.conversation, reply.said.id, number, one, reply.received_s
                )
                for number, one in enumerate(planned, start=1)
                if isinstance(one, File)
            }
        except Unfetched as error:
            raise Refused("media_refused", f"{error.reason}: {error.detail}") from error
        except (Retryable, Uncertain) as error:
            if self._too_late(reply):
                raise Refused("media_refused", f"given up: {error.reason}") from error
            raise Retryable(f"the agent's file: {error.reason}") from error

    def _too_late(self, reply: _Reply) -> bool:
        return self._clock() - reply.received_s > GIVE_UP_S

    def _to_be_sent(self, conversation: Conversation, item: str, claim: Claim) -> bool:
        """Whether this part has to go out. Raises Refused, or Retryable where its fate is not known yet."""
        now = self._clock()
        if claim.state == "refused":
            raise Refused(msgspec.convert(claim.reason or "other", Reason), claim.detail)
        if claim.state == "busy":
            raise Retryable("another worker is at this part", max(1.0, claim.until_s - now))
        if claim.state == "lapsed":  # a worker died over it: it may have gone out
            self._ledger.doubt(conversation, item)
        if claim.state in {"lapsed", "doubt"}:
            if now - claim.since_s < ECHO_WAIT_S:
                raise Retryable("waiting for the echo of a send of unknown outcome", LOOK_S)
            self._metrics.count("unconfirmed", channel=conversation.channel)
            self._refuse(conversation, item, Refused("unconfirmed", UNCONFIRMED))
        return claim.state == "fresh"

    def _send_part(self, reply: _Reply, item: str, part: Part, parts: int) -> None:
        """One send. Raises Refused where it will not happen, Retryable where it may later."""
        account, conversation = reply.account, reply.conversation
        try:
            to = self._recipient(reply, parts)
            platform_id = self._sent(account, to, part)
        except Retryable as error:
            renewed = isinstance(error, TokenRefused) and self._renewed(account)
            given_up = None if renewed else self._given_up(reply, error)
            if given_up:
                self._refuse(conversation, item, given_up)
                return
            self._ledger.release(conversation, item)
            error.after_s = 1.0 if renewed else error.after_s
            raise
        except Uncertain as error:
            self._ledger.doubt(conversation, item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Retryable(f"did it go out? {error.reason}", LOOK_S) from error
        except Refused as no:
            self._refuse(conversation, item, no)
        else:
            self._ledger.sent(conversation, item, self._clock(), platform_id, to.comment)
            self._metrics.count("sent", channel=account.channel)

    def _recipient(self, reply: _Reply, parts: int) -> Recipient:
        """To whom, and under which tag. Raises Refused where the window is closed."""
        allowed = self._decide(reply.account, reply.thread, reply.said.author)
        if isinstance(allowed, windows.Allow) and allowed.comment and parts > 1:
            # a comment takes one message as its answer; plain ones are left where the customer wrote, too
            plain = msgspec.structs.replace(reply.thread, comment="")
            allowed = self._decide(reply.account, plain, reply.said.author)
            if isinstance(allowed, windows.Closed) or not reply.thread.customer_ms:
                raise Refused("one_message", f"a comment takes one message as its answer, this would be {parts}")
        if isinstance(allowed, windows.Closed):
            raise Refused(allowed.reason, "refused before it was sent")
        return Recipient(
            customer=reply.said.customer, thread=reply.thread.platform, tag=allowed.tag, comment=allowed.comment
        )

    def _sent(self, account: Account, to: Recipient, part: Part) -> str:
        """Sends it; a file that the platform does not take here goes as a link, where links may go."""
        client = self._clients[account.channel]
        try:
            with new_codes(self._metrics, account.channel):
                return client.send(account, to, part)
        except Refused as no:
            instead = part.instead if isinstance(part, MediaPart) else ""
            if no.reason not in {"media_refused", "media_too_big"} or not instead:
                raise
            self._metrics.count("media", outcome="linked", channel=account.channel)
            return client.send(account, to, TextPart(instead))

    def _renewed(self, account: Account) -> bool:
        """Whether the account has another access token than the one that was refused."""
        before = self._secrets.get(account.secret)
        return self._secrets.refresh(account.secret) and self._secrets.get(account.secret) != before

    def _given_up(self, reply: _Reply, error: Retryable) -> Refused | None:
        """What becomes of a part that cannot be sent now, once it has waited long enough."""
        waited = self._clock() - reply.received_s
        if isinstance(error, TokenRefused) and waited > TOKEN_WAIT_S:
            return AccountStopped(error.reason, RECONNECT.format(secret=reply.account.secret))
        if waited > GIVE_UP_S:
            return Refused("rate_limited" if isinstance(error, RateLimited) else "other", f"given up: {error.reason}")
        return None

    def _refuse(self, conversation: Conversation, item: str, no: Refused) -> None:
        """Raises the refusal, unless an echo has told meanwhile that the part did go out."""
        if self._ledger.refuse(conversation, item, self._clock(), no.reason, no.detail):
            raise no

    # --- afterwards

    def _after(self, reply: _Reply) -> None:
        """The customer sees that they were read; the operator, that the platform's cap is near."""
        account, thread = reply.account, reply.thread
        can = self._clients[account.channel].capabilities
        unseen = thread.customer_ms > thread.seen_ms and reply.said.author == "human"
        if account.mark_seen and can.seen and unseen and self._act(account, reply.said.customer, thread, "seen"):
            self._ledger.seen(reply.conversation, self._clock(), thread.customer_ms)
        if can.window.cap and thread.replies + 1 >= can.window.cap:
            self._metrics.count("reply_cap", channel=account.channel)
            log.warning("reply cap", account=account.id, message=reply.said.id, count=thread.replies + 1)

    def _report(self, account: Account, said: AgentMessage, receipt: Receipt, attempt: int) -> None:
        outcome = "Delivered" if receipt.delivered else "Failed"
        try:
            self._desk.report(account, receipt, self._clock())
            if not receipt.delivered:
                self._notices.tell(account, said, msgspec.convert(receipt.reason, Reason))
        except (Retryable, Refused) as error:
            if isinstance(error, Retryable) and attempt < RECEIPT_ATTEMPTS:
                raise
            self._metrics.count("receipt_lost", channel=account.channel)
            log.error("receipt lost", message=receipt.message, detail=str(error), status=outcome)
            return
        self._metrics.count("receipt", status=outcome)


def _echoed(part: Part) -> str:
    """The text by which the part's echo is told; media, cards and what opens a page come back without one."""
    if isinstance(part, ChoicesPart):
        return "" if any(choice.url for choice in part.choices) else part.text
    return part.text if isinstance(part, TextPart) else ""
