"""What a function's container remembers for a while: so many answers by key, the latest ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """Answers, and until when each holds (epoch s); None is an answer, too."""

    def __init__(self, most: int) -> None:
        """`most` is how many keys are remembered."""
        self._most = most
        self._known: OrderedDict[Hashable, tuple[float, Found | None]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> tuple[float, Found | None]:
        """Until when the last answer holds, and the answer, however old; 0 and None where there is none."""
        return self._known.get(key, (0.0, None))

    def keep(self, key: Hashable, answer: Found | None, until: float) -> Found | None:
        """The answer, kept."""
        with self._lock:
            self._known[key] = (until, answer)
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return answer
