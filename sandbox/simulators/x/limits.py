"""How often an account may call: counted in windows of a quarter of an hour, told with every answer.

Source: docs.x.com/fundamentals/rate-limits. Those of X Chat are not documented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.simulators.x.schema import XError

WINDOW_S = 900
# X's own for sends and reads of plain messages is 15: generous here, so that nobody waits who does not want to see it.
USUAL = {"dm_send": 900, "dm_read": 900, "chat_send": 900, "chat_read": 900, "media": 900, "other": 900}


@dataclass
class Limits:
    """`clock` in epoch seconds; `most` calls of each kind in a window."""

    clock: Callable[[], float]
    most: dict[str, int] = field(default_factory=lambda: dict(USUAL))
    _windows: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # its end, and how many were made

    def take(self, who: str, kind: str) -> dict[str, str]:
        """One more call; the headers that tell what is left. XError 429 where nothing is."""
        now, most = self.clock(), self.most[kind]
        end, made = self._windows.get((who, kind), (0, 0))
        if not end - WINDOW_S <= now < end:
            end, made = int(now) + WINDOW_S, 0
        left = max(0, most - made - 1)
        headers = {"x-rate-limit-limit": f"{most}", "x-rate-limit-remaining": f"{left}", "x-rate-limit-reset": f"{end}"}
        self._windows[who, kind] = end, made + 1
        if made >= most:
            raise exceeded(headers)
        return headers


def exceeded(headers: dict[str, str]) -> XError:
    """429, as fundamentals/rate-limits shows it."""
    return XError(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, headers)
