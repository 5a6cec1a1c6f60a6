"""Somebody tried to send a part, and nobody knows how that ended: it is found out, and never sent again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from chalicelib.errors import Refused, Retryable, Uncertain, Unfetched, Waiting
from chalicelib.observability import Metrics, log, new_codes
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.outbound.addressing import Addressing
from chalicelib.pipeline.outbound.refusing import Refusing
from chalicelib.pipeline.outbound.reply import Reply
from chalicelib.pipeline.ports import Clock, Ledger
from chalicelib.protocols.channel import Client
from chalicelib.vocabulary.records import Claim, Conversation
from chalicelib.vocabulary.replies import File, MediaPart, Part, Planned

# How long a send of unknown outcome waits for its echo, and how often it is looked for.
ECHO_WAIT_S = 60.0
LOOK_S = 5.0
# From then on the platform's own history is asked as well, each time after as long again.
HISTORY_S = 15.0
UNCONFIRMED = "the platform did not confirm it; it may have been delivered, so it was not sent again"


class FindingOut:
    """Waits for echoes, and asks the platforms' histories."""

    def __init__(
        self,
        *,
        clients: Mapping[str, Client],
        ledger: Ledger,
        addressing: Addressing,
        refusing: Refusing,
        budgets: Budgets,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._addressing = addressing
        self._refusing = refusing
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def doubt(self, reply: Reply, item: str) -> None:
        """Somebody has to find out, from now on. Raises Retryable."""
        now = self._clock()
        self._ledger.doubt(reply.conversation, item, now, now + ECHO_WAIT_S)

    def find_out(self, reply: Reply, item: str, part: Planned | Part | Refused, claim: Claim) -> None:
        """Its echo may come, or the platform's history may have it. Raises Waiting until then, Refused once it has been
        waited for long enough."""
        if claim.state == "lapsed":  # a worker died over it: it may have gone out just before its lease ended
            self.doubt(reply, item)
            raise Waiting("finding out what a worker that died has sent", 1.0)
        waited_s = self._clock() - claim.tried_s
        over = self._clock() >= claim.until_s
        if waited_s >= HISTORY_S and not isinstance(part, Refused):
            try:
                arrived = self._in_history(reply, item, part, claim)
            except (Retryable, Uncertain) as error:
                if type(error) is Waiting:  # not the history's, see `_taken`
                    raise
                log.info("history not read", account=reply.account.id, reason=error.reason)
                over = self._budgets.spent(reply.turn, "history", claim.tried_s) and over
            else:
                if arrived:
                    self._ledger.sent(reply.conversation, item, self._clock(), arrived)
                    self._metrics.count("confirmed_by_history", channel=reply.account.channel)
                    return
        if not over:
            raise Waiting("did it go out?", LOOK_S if waited_s < HISTORY_S else HISTORY_S)
        self._metrics.count("unconfirmed", channel=reply.account.channel)
        self._refusing.refuse(reply, item, Refused("unconfirmed", UNCONFIRMED))

    def _in_history(self, reply: Reply, item: str, part: Planned | Part, claim: Claim) -> str | None:
        """The platform's id of the part, None where its history does not have it, or is not for us to read. Raises
        Retryable or Uncertain where it cannot be read now."""
        to = self._addressing.to(reply, item)
        sent = MediaPart(kind=part.kind, mime=part.mime, name=part.name) if isinstance(part, File) else part
        try:
            taken = partial(self._taken, reply.conversation)
            with new_codes(self._metrics, reply.account.channel):
                client = self._clients[reply.account.channel]
                return client.arrived(reply.account, to, sent, claim.since_s, taken)
        except (Refused, Unfetched) as error:
            log.info("history not read", account=reply.account.id, error=type(error).__name__)
            return None

    def _taken(self, conversation: Conversation, platform_id: str) -> bool:
        try:
            return self._ledger.is_ours(conversation, platform_id)
        except Retryable as error:  # the table's trouble is not the history's
            raise Waiting(error.reason, LOOK_S) from error
