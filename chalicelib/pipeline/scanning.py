"""Our copies and a malware scanner: nothing of a file is handed on before its verdict."""

from __future__ import annotations

from chalicelib.errors import BeingScanned, Unfetched
from chalicelib.observability import Metrics, log
from chalicelib.pipeline.budgets import Budgets
from chalicelib.pipeline.ports import Clock, Turn, Verdicts
from chalicelib.rules.scanning import NONE_YET, Policy, fate

LOOK_S = 2.0


class Scanning:
    """Asks for verdicts; where nobody scans (no policy) every file may go."""

    def __init__(
        self, verdicts: Verdicts, policy: Policy | None, budgets: Budgets, clock: Clock, metrics: Metrics
    ) -> None:
        self._verdicts = verdicts
        self._policy = policy
        self._budgets = budgets
        self._clock = clock
        self._metrics = metrics

    def clear(self, turn: Turn, key: str, there: bool) -> None:
        """Returns where the copy may be handed on, or where nothing lies there unless it is known to be `there`: a role
        that may not read verdicts is told the same. Raises Unfetched where it must not be handed on, BeingScanned while
        nobody knows, Retryable."""
        if self._policy is None:
            return
        verdict = self._verdicts.verdict(key)
        if verdict is None and not there:
            return
        became = fate(verdict or NONE_YET, self._waited_s(turn, key) if not verdict else 0.0, self._policy)
        if became == "waits":
            raise BeingScanned("the file is being scanned", LOOK_S)
        if there or became != "clean":
            self._metrics.count("scanned", outcome=became)
        if became != "clean":
            log.warning("file withheld", key=key, reason=became, detail=verdict or "no verdict")
            raise Unfetched(f"media_{became}", verdict or "no verdict")

    def _waited_s(self, turn: Turn, key: str) -> float:
        """Since it was first asked; that is written down, and spends no budget."""
        return self._clock() - self._budgets.tried(turn, f"scan {key[-34:]}").first_s
