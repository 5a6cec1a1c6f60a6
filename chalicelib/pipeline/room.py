"""How many large files are held in memory at a time: conversations are dealt with beside each other, and a function has
as much memory as it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, local

from chalicelib.errors import NoRoom

# A file of 25 MB (fetching.py) takes 35 MB, and an encrypted one up to four times its size: docs/performance.md has
# the figures, for functions of 512 MB.
MOST = 4
# So long (s) is waited for another one to go; then the event comes again.
PATIENCE_S = 2.0
AGAIN_S = 1.0


class Room:
    """For so many files at a time; who has room needs no more for what it does meanwhile."""

    def __init__(self, most: int = MOST, patience_s: float = PATIENCE_S) -> None:
        self._free = BoundedSemaphore(most)
        self._patience_s = patience_s
        self._mine = local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While a file is held. Raises NoRoom where others are for too long."""
        if getattr(self._mine, "taken", False):
            yield
            return
        if not self._free.acquire(timeout=self._patience_s):
            raise NoRoom("other files are held in memory", AGAIN_S)
        self._mine.taken = True
        try:
            yield
        finally:
            self._mine.taken = False
            self._free.release()
