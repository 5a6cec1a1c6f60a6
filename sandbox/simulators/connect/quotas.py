"""How many calls Amazon Connect takes: buckets that fill again by the clock.

docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OTHERS = (2.0, 5.0)
# Calls a second, and how many at once. Those that share a bucket have one name.
RATES: dict[str, tuple[float, float]] = {
    "StartChatContact": (5.0, 8.0),
    "StartContactStreaming": (5.0, 8.0),
    "StopContactStreaming": (5.0, 8.0),
    "CreateParticipantConnection": (6.0, 9.0),
    "messages": (10.0, 15.0),
    "StartAttachmentUpload": (2.0, 5.0),
    "CompleteAttachmentUpload": (2.0, 5.0),
    "GetAttachment": (8.0, 12.0),
    "GetTranscript": (8.0, 12.0),
    "DisconnectParticipant": (3.0, 5.0),
}
_SHARED = {"SendMessage": "messages", "SendEvent": "messages"}


@dataclass
class _Bucket:
    rate: float
    burst: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        # a clock that was put back fills nothing
        self.left = min(self.burst, self.left + max(0.0, now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Rates:
    """The buckets of one account. `clock` answers epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, operation: str) -> bool:
        """Whether the operation may be called now; a call that may counts."""
        name, now = _SHARED.get(operation, operation), self._clock()
        if name not in self._buckets:
            rate, burst = RATES.get(name, OTHERS)
            self._buckets[name] = _Bucket(rate, burst, burst, now)
        return self._buckets[name].take(now)

    def forget(self) -> None:
        """All are full again."""
        self._buckets.clear()
