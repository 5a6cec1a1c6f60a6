"""What a message is about, by a classifier: asked once for each message, and never waited for longer than that takes at
most. The customer's words leave only here, and only where an account has it switched on (docs/front.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import uuid4

import msgspec

from chalicelib.errors import Malformed, Retryable, Uncertain
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.front.asking import WITHIN_S, Careful
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.pipeline.ports import Clock
from chalicelib.protocols.asking import Classifier, Question
from chalicelib.protocols.memory import Memory
from chalicelib.rules import answers
from chalicelib.rules import triage as rules
from chalicelib.vocabulary.front import Triage
from chalicelib.wire import digest

# A message that comes again later than this was parked for its age, and is judged anew (s).
KEPT_S = 7 * 86_400.0


class _Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a message: who began, and what was told, None while nobody knows."""

    by: str
    facts: dict[str, str] | None = None


class Judging:
    """Implements `pipeline.front.asking.Asked`."""

    def __init__(
        self,
        classifiers: Mapping[bool, Classifier],
        memory: Memory,
        clock: Clock,
        metrics: Metrics,
        fresh: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """`classifiers` are that of a model (True) and that of an endpoint (False). `fresh` makes what nobody
        guesses."""
        self._classifiers = classifiers
        self._memory = memory
        self._fresh = fresh
        self._careful = Careful("triage", Breaker(clock), metrics)

    def wanted(self, draft: Draft) -> bool:
        """Words that came encrypted were meant for nobody else."""
        said = draft.message
        return draft.account.front.triage is not None and bool(said.text.strip()) and not said.sealed

    def facts(self, draft: Draft) -> dict[str, str]:
        """What the message is about. Never raises."""
        triage = draft.account.front.triage
        assert triage is not None
        mine = _Verdict(by=self._fresh())
        name = f"front:triage:{digest(draft.message.id)[:40]}"
        held = self._begun(draft, name, mine)
        if held is None or held.by != mine.by:  # an earlier try asked: whatever came of it, it was asked once
            return (held.facts if held else None) or {}
        told = self._careful.ask(draft.account, lambda: self._told(triage, draft))
        self._keep(draft, name, msgspec.structs.replace(mine, facts=told or {}))
        return told or {}

    def _told(self, triage: Triage, draft: Draft) -> dict[str, str]:
        question = asked(triage, draft.message.text, draft.account.language, self._fresh())
        answer = self._classifiers[bool(triage.model)](triage, question, WITHIN_S)
        told = rules.facts(triage, answer)
        if told is None:
            raise Malformed("triage: an answer outside of its shape")
        return told

    def _begun(self, draft: Draft, name: str, mine: _Verdict) -> _Verdict | None:
        """Whoever began first; None where that cannot be told, and nobody is asked."""
        try:
            told = msgspec.json.encode(mine)
            held = self._memory.keep_first(draft.message.conversation, name, told, KEPT_S)
            return msgspec.json.decode(held, type=_Verdict)
        except (Retryable, Uncertain, msgspec.MsgspecError):
            return None

    def _keep(self, draft: Draft, name: str, verdict: _Verdict) -> None:
        try:
            self._memory.keep(draft.message.conversation, name, msgspec.json.encode(verdict), KEPT_S)
        except (Retryable, Uncertain) as error:  # a later try goes without
            log.warning("not kept", kind="triage", account=draft.account.id, detail=error.reason)


def asked(triage: Triage, text: str, language: str, mark: str) -> Question:
    """What is asked of a text of the account's; `mark` is made for this call."""
    said = rules.judged(triage, text)
    return Question(
        instructions=rules.instructions(triage.intents, mark),
        text=said,
        fenced=rules.fenced(said, mark),
        schema=answers.schema(rules.shape(triage)),
        intents=triage.intents,
        language=language,
    )


class Endpoint:
    """A classifier of the company's own, behind an endpoint that is called as its CRM is."""

    def __init__(self, calls: Signed) -> None:
        self._signed = calls

    def __call__(self, triage: Triage, question: Question, within_s: float) -> object:
        """See `protocols.asking.Classifier`."""
        body = msgspec.json.encode({"text": question.text, "intents": question.intents, "language": question.language})
        return self._signed.ask(triage.url, triage.secret, body, within_s)
