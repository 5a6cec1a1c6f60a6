"""One part of an agent's message goes out to the customer, once, whoever tries, however often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.errors import (
    SECRET_MENDS,
    AccountStopped,
    Misconfigured,
    RateLimited,
    Reason,
    Refused,
    Retryable,
    Throttled,
    TokenRefused,
    Uncertain,
    Waiting,
)
from chalicelib.http import LONGEST_CALL_S
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.bots import Holding
from chalicelib.pipeline.outbound.finding_out import LOOK_S, FindingOut
from chalicelib.pipeline.outbound.refusing import Refusing
from chalicelib.pipeline.outbound.reply import Outcome, Reply
from chalicelib.pipeline.ports import Clock, Ledger, SecretCache
from chalicelib.protocols.channel import Client
from chalicelib.rules.parts import echoed, remembered
from chalicelib.vocabulary.claims import LEASE_S
from chalicelib.vocabulary.guarding import Said
from chalicelib.vocabulary.records import Account
from chalicelib.vocabulary.replies import File, MediaPart, Part, Planned, Recipient, TextPart
from chalicelib.wire import digest

if TYPE_CHECKING:
    from chalicelib.pipeline.front.owning import Owning

# A part is begun only with time for its send, for a link in place of a refused file, and for what is written then.
PART_S = 2 * LONGEST_CALL_S + 5
RECONNECT = "log the account in again and store its token in the secret {secret}"


def fingerprint(part: object) -> str:
    """Of its text, by which its echo is told; "" where it has none."""
    text = echoed(part)
    return digest(text) if text else ""


class Parts:
    """Claims and sends; after an unknown outcome has it found out."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        ledger: Ledger,
        addressing: Addressing,
        finding_out: FindingOut,
        refusing: Refusing,
        holding: Holding,
        budgets: Budgets,
        secrets: SecretCache,
        fingerprint: Callable[[str], str],
        owning: Callable[[], Owning],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`fingerprint` is `MediaStore.fingerprint`, `owning` is asked for where an account shares conversations with
        other apps."""
        self._owning = owning
        self._fingerprint = fingerprint
        self._clients = clients
        self._ledger = ledger
        self._addressing = addressing
        self._finding_out = finding_out
        self._refusing = refusing
        self._holding = holding
        self._budgets = budgets
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics

    def send(self, reply: Reply, number: int, part: Planned | Part | Refused, parts: int, outcome: Outcome) -> None:
        """The part of that number among so many, unless it has been sent. Raises Refused, or Retryable where it has
        to wait."""
        item, begun = reply.item(number), reply.begun if number == 1 else None
        if reply.turn.remaining_s() < PART_S:
            if begun:
                self._ledger.release(reply.conversation, item)
            raise Waiting("the worker has no time left for a part", 0)
        claim = begun or self._ledger.claim(reply.conversation, item, self._clock(), LEASE_S, fingerprint(part))
        outcome.news |= reply.is_news(claim)
        if claim.state == "refused":
            raise Refused(msgspec.convert(claim.reason or "other", Reason), claim.detail)
        if claim.state == "busy":
            raise Waiting("another worker is at this part", max(1.0, claim.until_s - self._clock()))
        if claim.state in {"lapsed", "doubt"}:
            self._finding_out.find_out(reply, item, part, claim)
        elif claim.state == "fresh":
            if isinstance(part, Refused):
                self._refusing.refuse(reply, item, part)
            elif isinstance(part, File):  # begun before the files were looked at, and given back since
                self._ledger.release(reply.conversation, item)
                raise Waiting("another worker has given this part back", 1.0)
            else:
                with self._holding.floor(reply, item):
                    outcome.seen = self._send(reply, item, part, parts, whole=number == parts and not outcome.refused)

    def _send(self, reply: Reply, item: str, part: Part, parts: int, *, whole: bool) -> bool:
        """One send, by which the `whole` message has gone out; whether it is noted that the customer sees that they
        were read. Raises Refused where it will not happen, Retryable where it may later."""
        account, conversation = reply.account, reply.conversation
        used = self._held(account)
        try:
            to = self._addressing.recipient(reply, item, parts)
            routing = account.front.routing
            if routing is None or to.comment:  # a private reply is in nobody's conversation
                platform_id = self._sent(account, to, part)
            else:
                platform_id = self._owning().sent(routing, reply, partial(self._sent, account, to, part))
        except Retryable as error:
            renewed = isinstance(error, SECRET_MENDS) and self._renewed(account, used)
            given_up = None if renewed else self._given_up(reply, error)
            if given_up:
                self._refusing.refuse(reply, item, given_up)
                return False
            self._ledger.release(conversation, item)
            error.after_s = 1.0 if renewed else error.after_s
            raise
        except Uncertain as error:
            self._finding_out.doubt(reply, item)
            self._metrics.count("uncertain", channel=account.channel)
            raise Waiting(f"did it go out? {error.reason}", LOOK_S) from error
        except Refused as no:
            self._refusing.refuse(reply, item, no)
            return False
        except Exception:  # nobody foresaw it, so nobody knows whether it went out
            self._finding_out.doubt(reply, item)
            raise
        else:
            can = self._clients[account.channel].capabilities
            sealed, seen_ms = can.sealed(to.thread), reply.seen_ms(can) if whole else 0
            words = "" if sealed else remembered(account.language, part)
            at_ms, said = reply.newest
            turned = self._said(reply, "" if sealed else echoed(part))
            self._ledger.sent(
                conversation, item, self._clock(), platform_id, to.comment, words, at_ms, said, turned, seen_ms
            )
            self._metrics.count("sent", channel=account.channel)
            log.info("part sent", message=reply.message.id, part=item, key=platform_id, conversation=conversation.key)
            return seen_ms > 0

    def _said(self, reply: Reply, text: str) -> Said | None:
        """How the guards remember it, where the account has any. Never raises."""
        if reply.account.front.guards is None:
            return None
        from chalicelib.pipeline.front.turns import ours

        return ours(reply.account, reply.conversation, reply.message.author, text, self._clock(), self._fingerprint)

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

    def _held(self, account: Account) -> dict[str, Any] | None:
        """What the account's secret holds, as far as it is known; None where it cannot be read."""
        try:
            return self._secrets.get(account.secret)
        except Retryable:
            return None

    def _renewed(self, account: Account, used: dict[str, Any] | None) -> bool:
        """Whether the account's secret holds something else than what did not work: what was read anew since, be it
        for another conversation or as the copy's time was over, too."""
        self._secrets.refresh(account.secret)
        return self._held(account) not in (None, used)

    def _given_up(self, reply: Reply, error: Retryable) -> Refused | None:
        """What becomes of a part that cannot be sent now, once its budget is used up."""
        if isinstance(error, TokenRefused):
            if self._budgets.spent(reply.turn, "token"):
                return AccountStopped(error.reason, error.advice or RECONNECT.format(secret=reply.account.secret))
        elif isinstance(error, Throttled):
            if self._budgets.spent(reply.turn, "throttled", reply.received_s):
                return Refused("rate_limited", f"given up: {error.reason}")
        elif type(error) is Waiting:  # how long the platform works on a file, its client judges
            return None
        elif self._budgets.spent(reply.turn, "reply", reply.received_s):
            if isinstance(error, Misconfigured):
                return AccountStopped(error.reason, error.advice)
            return Refused("rate_limited" if isinstance(error, RateLimited) else "other", f"given up: {error.reason}")
        return None
