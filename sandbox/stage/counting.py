"""The product's metrics, counted in memory."""

from __future__ import annotations

import threading
from collections import Counter


class CountingMetrics:
    """Counts for GET /state: each name, and each name with its labels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        with self._lock:
            self._counts[name] += value
            if labels:
                self._counts[":".join([name, *(f"{label}={labels[label]}" for label in sorted(labels))])] += value

    def measure(self, name: str, milliseconds: float, **labels: str) -> None:
        """Counts how often something was measured."""
        self.count(name, 1, **labels)

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._counts.items()))
