"""Those who are asked beside a message's way, side by side: the slowest of them is what the message waits for, and none
is waited for longer than its own time. What they tell comes after what the bridge itself knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, Protocol

import msgspec

from chalicelib.errors import Malformed, Misconfigured, Retryable, Uncertain
from chalicelib.observability import Metrics, log, where
from chalicelib.pipeline.front.breaker import Breaker
from chalicelib.pipeline.inbound.composing import Draft
from chalicelib.rules.answers import PRIORITY
from chalicelib.vocabulary.records import Account

Feature = Literal["crm", "triage"]
WITHIN_S = 0.8
"""How long a call may take as a whole: address, connection, request and answer (s)."""


class Asked(Protocol):
    """Who is asked."""

    def wanted(self, draft: Draft) -> bool:
        """Whether there is anything to ask for this message."""

    def facts(self, draft: Draft) -> dict[str, str]:
        """What was told, as participant data. Never raises."""


class Asking:
    """Asks whom the account has."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        """In this order what they tell is put behind what is known."""
        self._asked = asked

    def enrich(self, draft: Draft) -> Draft:
        """The draft with what was told. Never raises."""
        wanted = [one for one in self._asked if one.wanted(draft)]
        if len(wanted) > 1:
            with ThreadPoolExecutor(len(wanted)) as threads:
                told = list(threads.map(partial(_safely, draft), wanted))
        else:
            told = [_safely(draft, one) for one in wanted]
        return msgspec.structs.replace(draft, facts=together(draft.facts, told)) if any(told) else draft


def _safely(draft: Draft, asked: Asked) -> dict[str, str]:
    """What was told; nothing where even what is never to be raised is."""
    try:
        return asked.facts(draft)
    except Exception as error:
        log.error("not told", account=draft.account.id, event=draft.message.id, error=where(error))
        return {}


def together(known: dict[str, str], told: Sequence[dict[str, str]]) -> dict[str, str]:
    """What is known, then what was told: nothing of the former is replaced; of several priorities the highest holds."""
    urgent = max((int(facts[PRIORITY]) for facts in told if PRIORITY in facts), default=None)
    facts = dict(known)
    if urgent is not None:
        facts.setdefault(PRIORITY, str(urgent))
    for more in told:
        facts |= {name: value for name, value in more.items() if name not in facts}
    return facts


class Careful:
    """One call of a feature, whose failure is counted, told and nobody's trouble."""

    def __init__(self, feature: Feature, breaker: Breaker, metrics: Metrics) -> None:
        self._feature = feature
        self._breaker = breaker
        self._metrics = metrics

    def ask(self, account: Account, call: Callable[[], dict[str, str]]) -> dict[str, str] | None:
        """What the call answers; None where it was not made, or failed."""
        if not self._breaker.admits(account.key):
            self._metrics.count("front_unasked", feature=self._feature)
            return None
        try:
            told = call()
        except Misconfigured as error:
            self._failed(account, error.reason, error.advice)
        except (Retryable, Uncertain) as error:
            self._failed(account, error.reason)
        except Malformed as error:
            self._failed(account, str(error))
        except Exception as error:  # nothing that is asked beside the way may hold up a message
            self._failed(account, where(error))
        else:
            self._breaker.worked(account.key)
            self._metrics.count("front_asked", feature=self._feature)
            return told
        return None

    def _failed(self, account: Account, detail: str, advice: str = "") -> None:
        """`detail` holds nobody's words."""
        self._breaker.failed(account.key, long=bool(advice))
        self._metrics.count("front_failed", feature=self._feature)
        tell = log.error if advice else log.warning
        tell(
            "not told", kind=self._feature, account=account.id, detail=detail, **({"advice": advice} if advice else {})
        )
