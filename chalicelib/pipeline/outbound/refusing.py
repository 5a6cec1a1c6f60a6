"""A part that will not go out: written down, counted, and an alarm where somebody has to act."""

from __future__ import annotations

from chalicelib.errors import AccountStopped, Refused
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Ledger


class Refusing:
    """Ends the claims of parts that are refused."""

    def __init__(self, ledger: Ledger, clock: Clock, metrics: Metrics) -> None:
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    def refuse(self, reply: Reply, item: str, no: Refused, *, raising: bool = True) -> None:
        """Raises the refusal, unless an echo has told meanwhile that the part did go out."""
        if not self._ledger.refuse(reply.conversation, item, self._clock(), no.reason, no.detail):
            return
        account = reply.account
        self._metrics.count("refused", channel=account.channel, reason=no.reason)
        log.warning("not delivered", message=reply.message.id, account=account.id, reason=no.reason, detail=no.detail,
                    part=item, conversation=reply.conversation.key)  # fmt: skip
        if isinstance(no, AccountStopped):
            self._metrics.count("account_stopped", account=account.id)
            log.error("account stopped", account=account.id, detail=no.detail, advice=no.advice)
        if raising:
            raise no
