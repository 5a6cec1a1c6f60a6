"""Customers whose window closes while the desk is away are told so once: by the worker whose message waits, since a
message that waits is known to the queue alone. Nothing holds up on this, and nothing of it is sent twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from chalicelib.errors import Refused, Retryable, Uncertain
from chalicelib.http import LONGEST_CALL_S
from chalicelib.observability import Metrics, log, new_codes, where
from chalicelib.pipeline.accounts import Accounts
from chalicelib.pipeline.desks import Desks
from chalicelib.pipeline.outages import Outages
from chalicelib.pipeline.ports import Arrival, Clock, Ledger
from chalicelib.pipeline.presenting import remembered
from chalicelib.protocols.channel import Client
from chalicelib.rules.catalogue import say
from chalicelib.rules.echoes import mark_of
from chalicelib.rules.outages import is_due
from chalicelib.rules.quoting import beginning
from chalicelib.rules.text import split
from chalicelib.vocabulary import claims
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.messages import CustomerMessage, Line
from chalicelib.vocabulary.records import Account, Acknowledged, Conversation, Thread
from chalicelib.vocabulary.replies import Recipient, TextPart
from chalicelib.wire import digest

# How long (s) a send of unknown outcome is left to its echo.
ECHO_S = 60.0
# A send is begun only with time for its call, and for what is written then.
NEEDED_S = LONGEST_CALL_S + 5


class Acknowledging:
    """Tells customers, and agents of that. `least_s` is how long (s) a desk is away at least before anybody is told,
    `fingerprint` is `MediaStore.fingerprint`."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        desks: Desks,
        outages: Outages,
        accounts: Accounts,
        ledger: Ledger,
        least_s: float,
        fingerprint: Callable[[str], str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._fingerprint = fingerprint
        self._clients = clients
        self._desks = desks
        self._outages = outages
        self._accounts = accounts
        self._ledger = ledger
        self._least_s = least_s
        self._clock = clock
        self._metrics = metrics

    def waits(self, arrival: Arrival, message: CustomerMessage) -> None:
        """The message cannot be shown now: its customer is told, if that is due. Never raises."""
        if not (self._is_late(arrival) and message.starts_window) or arrival.turn.remaining_s() < NEEDED_S:
            return
        try:
            self._tell_if_due(arrival.account, message)
        except Retryable as error:
            log.info("not acknowledged", event=message.id, account=arrival.account.id, reason=error.reason)
        except Exception as error:  # whatever it is, the message waits as it did
            log.error("not acknowledged", event=message.id, account=arrival.account.id, error=where(error))

    def told(self, arrival: Arrival, message: CustomerMessage) -> tuple[CustomerMessage, int]:
        """The message, with a line for the agents where its customer was told while it waited; and how many messages
        of ours the platform has counted since. Raises Retryable: the message needs the table for its claim anyway, and
        who answers without knowing what the customer was told answers something else."""
        if not self._is_late(arrival):
            return message, 0
        told = self._ledger.acknowledged(message.conversation)
        if told is None or told.at_ms < message.sent_ms:
            return message, 0
        outcome = self._outcome(message.conversation, told)
        if outcome and told.message == message.id:
            words = beginning(arrival.account.language, self._text(arrival.account), "")
            line = Line(outcome, {"at": str(told.at_ms), "words": words})
            message = msgspec.structs.replace(message, lines=(line, *message.lines))
        return message, 1 if outcome else 0

    def _is_late(self, arrival: Arrival) -> bool:
        waited_s = self._clock() - arrival.event.received_ms / 1000
        return arrival.account.outage_reply and waited_s >= self._least_s

    def _tell_if_due(self, account: Account, message: CustomerMessage) -> None:
        conversation, client = message.conversation, self._clients[account.channel]
        thread = self._ledger.thread(conversation)
        since_s = self._outages.since_s(self._desks.name(self._desks.taken(account, thread.seat)))
        if since_s is None or client.own(account, conversation.customer, message.username):
            return
        now, known = self._clock(), _with(thread, message)
        if not is_due(client.window(account), known, int(now * 1000), now - since_s, self._least_s):
            return
        if self._accounts.paused(account.channel, account.id, "outbound"):
            return
        told = Acknowledged(outage_s=int(since_s), message=message.id, at_ms=int(now * 1000))
        if self._ledger.acknowledge(conversation, told, message.sent_ms):
            self._tell(account, conversation, told, known.platform)
        else:
            before = self._ledger.acknowledged(conversation)
            if before is not None:
                self._outcome(conversation, before)

    def _tell(self, account: Account, conversation: Conversation, told: Acknowledged, platform: str) -> None:
        """One send, under a claim of its own, by which its echo is known. Raises Retryable where nothing was sent."""
        item, text = claims.acknowledgement(told.outage_s), self._text(account)
        claim = self._ledger.claim(conversation, item, self._clock(), LEASE_S, digest(text))
        if claim.state != "fresh":
            return
        to = Recipient(customer=conversation.customer, thread=platform, mark=mark_of(conversation, item))
        outcome = "unknown"
        try:
            with new_codes(self._metrics, account.channel):
                name = self._clients[account.channel].send(account, to, TextPart(text))
        except Retryable:
            self._ledger.release(conversation, item)
            self._ledger.unacknowledge(conversation, told)
            raise
        except Refused as no:
            outcome = "refused"
            self._ledger.refuse(conversation, item, self._clock(), no.reason, no.detail)
            log.warning("acknowledgement refused", event=told.message, account=account.id, detail=no.detail)
        except Exception as error:  # nobody knows whether it went out, and it is never sent again
            self._ledger.doubt(conversation, item, self._clock(), self._clock() + ECHO_S)
            reason = error.reason if isinstance(error, Uncertain) else where(error)
            log.warning("was it acknowledged?", event=told.message, account=account.id, reason=reason)
        else:
            outcome = "sent"
            words, said = beginning(account.language, text, ""), self._said(account, conversation, text)
            self._ledger.sent(conversation, item, self._clock(), name, words=words, turned=said)
            log.info("acknowledged", event=told.message, account=account.id, conversation=conversation.key)
        self._metrics.count("acknowledgement", channel=account.channel, outcome=outcome)

    def _said(self, account: Account, conversation: Conversation, text: str) -> Said | None:
        """How the guards remember it, where the account has any. Never raises."""
        if account.front.guards is None:
            return None
        from chalicelib.pipeline.front.turns import ours

        return ours(account, conversation, "bot", text, self._clock(), self._fingerprint)

    def _outcome(self, conversation: Conversation, told: Acknowledged) -> str:
        """What agents are told of it, as the catalogue's key, "" where nothing was sent. What is unknown for longer
        than an echo takes is left at that, so that no other echo waits for it. Raises Retryable."""
        item, now = claims.acknowledgement(told.outage_s), self._clock()
        claim = self._ledger.claim(conversation, item, now, LEASE_S)
        if claim.state == "fresh":  # whoever noted it died before the send
            self._ledger.refuse(conversation, item, now, "other", "it was never sent")
            return ""
        if claim.state == "lapsed" or (claim.state == "doubt" and claim.until_s <= now):
            self._ledger.refuse(conversation, item, now, "unconfirmed", "the platform did not confirm it")
            return "acknowledged_unsure"
        if claim.state == "refused":
            return "acknowledged_unsure" if claim.reason == "unconfirmed" else ""
        return "acknowledged" if claim.state == "done" else "acknowledged_unsure"

    def _text(self, account: Account) -> str:
        """The account's own words, or ours in its language: as much as the channel takes at once."""
        can = self._clients[account.channel].capabilities
        text = account.outage_text.strip() or say(account.language, "outage")
        return split(text, can.text_limit, can.text_unit)[0]


def _with(thread: Thread, message: CustomerMessage) -> Thread:
    """What is remembered, and what the message will add to it."""
    new = remembered(message)
    return msgspec.structs.replace(
        thread,
        platform=new.platform or thread.platform,
        customer_ms=max(new.customer_ms, thread.customer_ms),
        ad_ms=max(new.ad_ms, thread.ad_ms),
    )
