"""What has happened, as a stream that anybody may follow: the newest events, and whoever waits for the next."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal

KEPT = 5000
HEARTBEAT_S = 15.0
_TOGETHER = 200
Name = Literal["road", "customer", "desk", "metrics", "reset"]


class Journal:
    """The newest `kept` events of each name, numbered from 1: the road's many push out no message. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._rings: dict[str, deque[tuple[int, bytes]]] = {}
        self._number = 0
        self._emptied = 0  # the number of the latest reset
        self._followers = 0
        self._closed = False
        self._news = threading.Condition()

    @property
    def followed(self) -> bool:
        """Whether anybody listens now."""
        return self._followers > 0

    def put(self, name: Name, data: dict[str, Any]) -> None:
        """One event; `data` is JSON."""
        # a text may hold half an emoji, which UTF-8 cannot
        line = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        with self._news:
            self._number += 1
            if name == "reset":
                self._rings.clear()
                self._emptied = self._number
            ring = self._rings.setdefault(name, deque(maxlen=self._kept))
            ring.append((self._number, b"id: %d\nevent: %b\ndata: %b\n\n" % (self._number, name.encode(), line)))
            self._news.notify_all()

    def reset(self) -> None:
        """Forgets everything, and says so; the numbers go on."""
        self.put("reset", {})

    def close(self) -> None:
        """Ends every stream, so that their server can stop."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def follow(self, after: int = 0, heartbeat_s: float = HEARTBEAT_S) -> Iterator[bytes]:
        """Server-sent events (html.spec.whatwg.org/multipage/server-sent-events.html): what is kept of those after
        number `after`, then each as it comes; a comment when nothing came for `heartbeat_s` seconds.

        A number that was not given out yet is another sandbox's: the stream begins with what is kept. Who begins with
        nothing has nothing to forget: a reset of before would empty what they have begun meanwhile.
        """
        with self._news:
            self._followers += 1
            last = after if after <= self._number else 0
            last = last if after else self._emptied
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                found = self._later(last, heartbeat_s)
                last = found[-1][0] if found else last
                yield from _pieces(found) or [b": still here\n\n"]
        finally:
            with self._news:
                self._followers -= 1

    def _later(self, last: int, heartbeat_s: float) -> list[tuple[int, bytes]]:
        deadline = time.monotonic() + heartbeat_s
        with self._news:
            while not (self._closed or self._number > last):
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                self._news.wait(left)
            return sorted(event for ring in self._rings.values() for event in _after(ring, last))


def _after(ring: deque[tuple[int, bytes]], last: int) -> Iterator[tuple[int, bytes]]:
    """The ring's events after number `last`, newest first."""
    return itertools.takewhile(lambda event: event[0] > last, reversed(ring))


def _pieces(found: list[tuple[int, bytes]]) -> list[bytes]:
    """The events, joined a few hundred at a time."""
    lines = [line for _, line in found]
    return [b"".join(lines[at : at + _TOGETHER]) for at in range(0, len(lines), _TOGETHER)]
