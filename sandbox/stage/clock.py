"""One clock for the bridge and the simulators, so that a test can move both through time together."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Epoch seconds, shifted by `offset_s` seconds (negative: the past). Call it to read the time."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def __call__(self) -> float:
        return time.time() + self.offset_s


def iso(epoch_s: float) -> str:
    """`epoch_s` (seconds) as `yyyy-MM-ddTHH:mm:ss.mmmZ`, in UTC."""
    moment = datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
