"""Who has failed again and again is left alone for a while: by account and feature, in this container's memory."""

from __future__ import annotations

from threading import Lock

from chalicelib.pipeline.ports import Clock

FAILURES = 3
WITHIN_S = 60.0
OPEN_S = 30.0
# What somebody has to set right is not right again in half a minute.
LONG_S = 300.0


class Breaker:
    """Open after three failures within a minute, for half a minute; then one call may try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, list[float]] = {}
        self._open: dict[str, float] = {}
        self._lock = Lock()

    def admits(self, key: str) -> bool:
        """Whether the call may be made. Of those who ask once the time is over, only one may."""
        with self._lock:
            until_s, now = self._open.get(key, 0.0), self._clock()
            if now < until_s:
                return False
            if until_s:
                self._open[key] = now + OPEN_S
            return True

    def worked(self, key: str) -> None:
        """It is well."""
        self._failed.pop(key, None)
        self._open.pop(key, None)

    def failed(self, key: str, *, long: bool = False) -> None:
        """It failed; `long` where it will until somebody sets something right."""
        with self._lock:
            now = self._clock()
            recent = [at for at in self._failed.get(key, []) if now - at < WITHIN_S] + [now]
            self._failed[key] = recent[-FAILURES:]
            if long or key in self._open or len(recent) >= FAILURES:
                self._open[key] = now + (LONG_S if long else OPEN_S)
