"""What the company's own CRM knows of the customer: asked of an endpoint of theirs, and never waited for longer than
that takes at most (docs/front.md has what it is sent and may answer).
"""

from __future__ import annotations

import msgspec

from chalicelib.errors import Malformed, Retryable, Uncertain
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.front.asking import WITHIN_S, Careful
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Clock
from chalicelib.protocols.memory import Memory
from chalicelib.rules.answers import facts
from chalicelib.vocabulary.front import Crm

PREFIX = "crm_"
MEMO = "front:crm"
# That nothing is known of the customer, or that it could not be had, holds for so long (s); and what was told last is
# better than nothing while the endpoint is away.
NEGATIVE_S = 120.0
STALE_S = 86_400.0


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was told of a customer at `told_s`, and until when nobody is asked again (epoch s)."""

    until_s: float
    told_s: float
    facts: dict[str, str]


class Lookup:
    """Implements `pipeline.front.asking.Asked`."""

    def __init__(
        self,
        calls: Signed,
        memory: Memory,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._calls = calls
        self._memory = memory
        self._clock = clock
        self._careful = Careful("crm", Breaker(clock), metrics)

    def wanted(self, draft: Draft) -> bool:
        return draft.account.front.crm is not None

    def facts(self, draft: Draft) -> dict[str, str]:
        """What is known of the customer, under the prefix. Never raises."""
        crm = draft.account.front.crm
        assert crm is not None
        known, now = self._remembered(draft), self._clock()
        if now < known.until_s:
            return known.facts
        told = self._careful.ask(draft.account, lambda: self._told(crm, draft))
        if told is not None:
            holds_s = crm.cache_minutes * 60.0 if told else NEGATIVE_S
            self._keep(draft, _Known(until_s=now + holds_s, told_s=now, facts=told), STALE_S)
            return told
        left_s = known.told_s + STALE_S - now
        stale = known.facts if left_s > 0 else {}
        again = _Known(until_s=now + NEGATIVE_S, told_s=known.told_s, facts=stale)
        self._keep(draft, again, max(left_s if stale else 0.0, NEGATIVE_S))
        return stale

    def _told(self, crm: Crm, draft: Draft) -> dict[str, str]:
        told = self._calls.ask(crm.url, crm.secret, asked(draft), WITHIN_S)
        if not isinstance(told, dict):
            raise Malformed("the CRM's answer: no object")
        return facts(told, PREFIX)

    def _remembered(self, draft: Draft) -> _Known:
        """What is held; as good as nothing where that cannot be had."""
        try:
            held = self._memory.get(draft.message.conversation, MEMO)
            return msgspec.json.decode(held or b"{}", type=_Known)
        except (Retryable, Uncertain, msgspec.MsgspecError):
            return _Known(until_s=0.0, told_s=0.0, facts={})

    def _keep(self, draft: Draft, known: _Known, for_s: float) -> None:
        try:
            self._memory.keep(draft.message.conversation, MEMO, msgspec.json.encode(known), for_s)
        except (Retryable, Uncertain) as error:  # then the next message asks again
            log.warning("not kept", kind="crm", account=draft.account.id, detail=error.reason)


def asked(draft: Draft) -> bytes:
    """The body of the call: who writes to whom, and no word of what they write."""
    account, message = draft.account, draft.message
    known = draft.profile.username if draft.profile else ""
    return msgspec.json.encode(
        {
            "channel": account.channel,
            "account": account.id,
            "customerId": message.conversation.customer,
            "username": message.username or known,
            "locale": account.language,
        }
    )
